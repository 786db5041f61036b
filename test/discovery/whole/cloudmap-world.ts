/**
 * Two namespaces in an emulated account, named by a parameter, with enough services for several
 * pages. Instances are found by either of two calls, so a member needs neither of them.
 */
import { FakeCloudMap, SCRAPED } from '../cloudmap-run.ts';
import { type Fault, makeTrouble } from './faults.ts';
import type { Member, SourceWorld } from './world.ts';

/** Page sizes that split each list in at least two pages. */
const pageSizes = { ListNamespaces: 1, ListServices: 3, ListInstances: 1 };
const LISTED = ['ListServices', 'ListTagsForResource'];

export async function openCloudMapWorld(): Promise<SourceWorld> {
  const map = await FakeCloudMap.start();
  const { cloud, url } = map.aws;
  const { trouble } = cloud;
  const members = new Map<string, Member>();
  const spaces = [await map.createNamespace('other'), await map.createNamespace('ecs-services')];
  const service = async (at: number, name: string, count: number): Promise<void> => {
    const made = await map.createService(spaces[at] ?? { id: '' }, name);
    for (const [i, id] of (await map.register(made, count, members.size)).entries())
      members.set(id, { address: `10.${members.size - i}.0.${i + 1}:9102`, needs: LISTED });
  };
  await service(0, 'a', 2);
  await service(0, 'b', 1);
  await service(1, 'c', 2);
  await map.createService(spaces[1] ?? { id: '' }, 'not-scraped', {});
  const leaving = await map.createService(spaces[1] ?? { id: '' }, 'd', SCRAPED);
  await map.register(leaving, 2, 99);
  for (const [i, id] of ['d-0', 'd-1'].entries())
    members.set(id, { address: `10.99.0.${i + 1}:9102`, needs: LISTED });
  await map.aws.putParameter();
  cloud.takeCalls();
  trouble.set({ pageSizes });
  return {
    config: {
      region: 'us-east-1',
      endpoint: url,
      namespaces_parameter: 'names',
      refresh_interval: '5m',
      call_budget: 1,
    },
    refreshMs: 300_000,
    members: () => [...members.values()],
    async turnOver() {
      await map.deregister(leaving, 'd-0');
      members.delete('d-0');
      await service(0, 'e', 1);
    },
    takeCalls() {
      const calls = new Map<string, number>();
      for (const action of Object.keys(cloud.takeCalls()))
        if (/^(?:List|Discover|Get)/.test(action))
          calls.set(action, trouble.pagesSeen.get(action) ?? 1);
      return calls;
    },
    async strike(...faults: readonly Fault[]) {
      trouble.set({ pageSizes, faults: faults.map(makeTrouble) });
    },
    repair: async () => void trouble.set({ pageSizes }),
    hanging: () => trouble.hanging,
    close: () => map.close(),
  };
}
