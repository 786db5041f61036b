/** Clusters of RDS in an emulated account, enough for pages of clusters and of instances. */
import { startEmulatedAws } from '../../kit/emulated-aws.ts';
import { type Fault, makeTrouble } from './faults.ts';
import type { Member, SourceWorld } from './world.ts';

/** Splits the lists in pages. */
const pageSizes = { DescribeDBClusters: 2, DescribeDBInstances: 2 };

export async function openRdsWorld(): Promise<SourceWorld> {
  const aws = await startEmulatedAws();
  const { rds } = aws.account;
  const { trouble } = aws.cloud;
  const members = new Map<string, Member[]>();
  const add = (name: string, count: number): void => {
    const hosts = Array.from({ length: count }, (_, at) => `i-${at}.${name}.example`);
    rds.put({ name, instances: hosts.map((host) => ({ name: host, host })) });
    const needs = ['DescribeDBClusters', 'DescribeDBInstances'];
    members.set(
      name,
      hosts.map((host) => ({ address: `${host}:9187`, needs })),
    );
  };
  for (const name of ['a', 'b', 'c']) add(name, 3);
  trouble.set({ pageSizes });
  return {
    config: {
      region: 'us-east-1',
      endpoint: aws.url,
      port: 9_187,
      refresh_interval: '5m',
      call_budget: 1,
    },
    refreshMs: 300_000,
    members: () => [...members.values()].flat(),
    async turnOver() {
      rds.clusters.delete(rds.arnOf('b'));
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
