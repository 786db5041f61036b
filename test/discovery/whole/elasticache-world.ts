/** Clusters and serverless caches of ElastiCache in an emulated account, enough for pages. */
import { startEmulatedAws } from '../../kit/emulated-aws.ts';
import { type Fault, makeTrouble } from './faults.ts';
import type { Member, SourceWorld } from './world.ts';

/** Splits the lists in pages. */
const pageSizes = { DescribeCacheClusters: 2, DescribeServerlessCaches: 1 };

export async function openElastiCacheWorld(): Promise<SourceWorld> {
  const aws = await startEmulatedAws();
  const { elastiCache } = aws.account;
  const { trouble } = aws.cloud;
  const members = new Map<string, Member[]>();
  const add = (name: string, count: number): void => {
    const hosts = Array.from({ length: count }, (_, at) => `n-${at}.${name}.example`);
    const nodes = hosts.map((host, at) => ({ id: `000${at}`, host }));
    elastiCache.putCluster({ name, nodes, tags: { team: name } });
    const needs = ['DescribeCacheClusters', 'ListTagsForResource'];
    members.set(
      name,
      hosts.map((host) => ({ address: `${host}:6379`, needs })),
    );
  };
  const addServerless = (name: string): void => {
    const host = `${name}.serverless.example`;
    elastiCache.putServerless({ name, host, tags: { team: name } });
    const needs = ['DescribeServerlessCaches', 'ListTagsForResource'];
    members.set(name, [{ address: `${host}:6379`, needs }]);
  };
  for (const name of ['a', 'b', 'c']) add(name, 2);
  for (const name of ['s', 't']) addServerless(name);
  trouble.set({ pageSizes });
  return {
    config: {
      region: 'us-east-1',
      endpoint: aws.url,
      refresh_interval: '5m',
      call_budget: 1,
    },
    refreshMs: 300_000,
    members: () => [...members.values()].flat(),
    async turnOver() {
      elastiCache.clusters.delete(elastiCache.arnOf('b', 'cluster'));
      elastiCache.serverless.delete(elastiCache.arnOf('s', 'serverlesscache'));
      for (const name of ['b', 's']) members.delete(name);
      add('d', 2);
      addServerless('u');
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
