/** Instances in an emulated account, enough for several pages, in two zones. */
import { startEmulatedAws } from '../../kit/emulated-aws.ts';
import { type Fault, makeTrouble } from './faults.ts';
import type { Member, SourceWorld } from './world.ts';

/** Splits the list in three pages. */
const pageSizes = { DescribeInstances: 3 };

/** @param role  the keys that choose the role, where the mechanism has several */
export async function openEc2World(role: object = {}): Promise<SourceWorld> {
  const aws = await startEmulatedAws();
  const { ec2 } = aws.account;
  const { trouble } = aws.cloud;
  const members = new Map<string, Member>();
  const add = (at: number): void => {
    const instanceId = `i-0000000${at}`;
    const privateIpAddress = `10.2.0.${at}`;
    const availabilityZone = at % 2 === 0 ? 'us-east-1a' : 'us-east-1b';
    ec2.put({ instanceId, privateIpAddress, availabilityZone, tags: { Name: `node-${at}` } });
    members.set(instanceId, { address: `${privateIpAddress}:9100`, needs: ['DescribeInstances'] });
  };
  for (let at = 1; at <= 7; at++) add(at);
  trouble.set({ pageSizes });
  return {
    config: {
      region: 'us-east-1',
      endpoint: aws.url,
      port: 9100,
      refresh_interval: '5m',
      call_budget: 1,
      ...role,
    },
    refreshMs: 300_000,
    members: () => [...members.values()],
    async turnOver() {
      ec2.change('i-00000002', 'terminated');
      members.delete('i-00000002');
      add(8);
      add(9);
    },
    takeCalls() {
      const calls = new Map<string, number>();
      for (const action of Object.keys(aws.cloud.takeCalls()))
        calls.set(action, trouble.pagesSeen.get(action) ?? 1);
      return calls;
    },
    async strike(...faults: readonly Fault[]) {
      trouble.set({ pageSizes, faults: faults.map(makeTrouble) });
    },
    repair: async () => void trouble.set({ pageSizes }),
    hanging: () => trouble.hanging,
    close: () => aws.close(),
  };
}
