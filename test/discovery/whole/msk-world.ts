/** Clusters of MSK in an emulated account, enough for several pages of clusters and of nodes. */
import { startEmulatedAws } from '../../kit/emulated-aws.ts';
import { type Fault, makeTrouble } from './faults.ts';
import type { Member, SourceWorld } from './world.ts';

/** Splits the lists in pages. */
const pageSizes = { ListClustersV2: 2, ListNodes: 2 };

export async function openMskWorld(): Promise<SourceWorld> {
  const aws = await startEmulatedAws();
  const { kafka } = aws.account;
  const { trouble } = aws.cloud;
  const members = new Map<string, Member[]>();
  const add = (name: string, brokers: number): void => {
    const hosts = Array.from({ length: brokers }, (_, at) => `b-${at}.${name}.example`);
    kafka.put({ name, brokers: hosts.map((host) => [host]) });
    const needs = ['ListClustersV2', 'ListNodes'];
    members.set(
      name,
      hosts.map((host) => ({ address: `${host}:11001`, needs })),
    );
  };
  for (const name of ['a', 'b', 'c']) add(name, 3);
  trouble.set({ pageSizes });
  return {
    config: {
      region: 'us-east-1',
      endpoint: aws.url,
      port: 11_001,
      refresh_interval: '5m',
      call_budget: 1,
    },
    refreshMs: 300_000,
    members: () => [...members.values()].flat(),
    async turnOver() {
      kafka.clusters.delete(kafka.arnOf('b'));
      members.delete('b');
      add('d', 2);
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
