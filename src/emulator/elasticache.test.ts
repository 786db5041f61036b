/** ElastiCache as its official client sees it: pages, names, tags, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DescribeCacheClustersCommand,
  DescribeServerlessCachesCommand,
  ElastiCacheClient,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-elasticache';
import { startEmulatedAws } from '../../test/kit/emulated-aws.ts';

test('caches are described by pages and names, with their tags, and what AWS refuses is refused', async (context) => {
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  const { url: endpoint, account, credentials } = aws;
  const { elastiCache } = account;
  const client = new ElastiCacheClient({
    endpoint,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
  });
  const nodes = [{ id: '0001', host: 'n1' }, { id: '0002' }];
  const tags = { team: 'shop' };
  const first = elastiCache.putCluster({ name: 'a', engine: 'memcached', nodes, tags });
  elastiCache.putCluster({ name: 'b-001', replicationGroup: 'b', nodes });
  const creating = elastiCache.putCluster({ name: 'c', nodes: [{ id: '0001' }] });
  const serverless = elastiCache.putServerless({
    name: 's',
    host: 's1',
    members: { SecurityGroupIds: ['sg-1', 'sg-2'], SubnetIds: ['subnet-1'] },
  });
  const unready = elastiCache.putServerless({ name: 't' });

  const names: (string | undefined)[] = [];
  let Marker: string | undefined;
  do {
    const page = await client.send(new DescribeCacheClustersCommand({ MaxRecords: 2, Marker }));
    names.push(...(page.CacheClusters ?? []).map((one) => one.CacheClusterId));
    assert.equal(page.CacheClusters?.[0]?.CacheNodes, undefined);
    ({ Marker } = page);
  } while (Marker !== undefined);
  assert.deepEqual(names, ['a', 'b-001', 'c']);
  const outside = await client.send(
    new DescribeCacheClustersCommand({ ShowCacheClustersNotInReplicationGroups: true }),
  );
  assert.deepEqual(
    outside.CacheClusters?.map((one) => one.CacheClusterId),
    ['a', 'c'],
  );
  const one = await client.send(
    new DescribeCacheClustersCommand({ CacheClusterId: 'a', ShowCacheNodeInfo: true }),
  );
  assert.deepEqual(
    one.CacheClusters?.[0]?.CacheNodes?.map((node) => [node.CacheNodeStatus, node.Endpoint]),
    [
      ['available', { Address: 'n1', Port: 6_379 }],
      ['creating', undefined],
    ],
  );
  const cache = await client.send(
    new DescribeServerlessCachesCommand({ ServerlessCacheName: 's' }),
  );
  assert.deepEqual(cache.ServerlessCaches?.[0]?.SecurityGroupIds, ['sg-1', 'sg-2']);
  assert.deepEqual(cache.ServerlessCaches[0].Endpoint, { Address: 's1', Port: 6_379 });
  const page = await client.send(new DescribeServerlessCachesCommand({ MaxResults: 1 }));
  const rest = await client.send(
    new DescribeServerlessCachesCommand({ NextToken: page.NextToken }),
  );
  assert.deepEqual(
    rest.ServerlessCaches?.map((each) => [each.ServerlessCacheName, each.Status]),
    [['t', 'creating']],
  );
  const readTags = async (ResourceName: string) =>
    (await client.send(new ListTagsForResourceCommand({ ResourceName }))).TagList;
  assert.deepEqual(await readTags(first), [{ Key: 'team', Value: 'shop' }]);
  assert.deepEqual(await readTags(serverless), []);

  const tagsOf = (ResourceName: string) => new ListTagsForResourceCommand({ ResourceName });
  const missing = 'CacheClusterNotFoundFault';
  for (const [command, name] of [
    [new DescribeCacheClustersCommand({ CacheClusterId: 'z' }), missing],
    [
      new DescribeServerlessCachesCommand({ ServerlessCacheName: 'z' }),
      'ServerlessCacheNotFoundFault',
    ],
    [new DescribeCacheClustersCommand({ MaxRecords: 101 }), 'InvalidParameterValueException'],
    [new DescribeServerlessCachesCommand({ MaxResults: 51 }), 'InvalidParameterValueException'],
    [new DescribeCacheClustersCommand({ Marker: 'no' }), 'InvalidParameterValueException'],
    [tagsOf('a'), 'InvalidARNFault'],
    [tagsOf(elastiCache.arnOf('z', 'cluster')), missing],
    [tagsOf(creating), missing],
    [tagsOf(elastiCache.arnOf('z', 'serverlesscache')), 'ServerlessCacheNotFoundFault'],
    [tagsOf(unready), 'InvalidServerlessCacheStateFault'],
  ] as const)
    await assert.rejects(client.send(command as never), { name });
});

test('more caches or nodes than the bounds are refused', async (context) => {
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  const { elastiCache } = aws.account;
  const nodes = Array.from({ length: 1_001 }, (_, at) => ({ id: String(at) }));
  assert.throws(() => elastiCache.putCluster({ name: 'a', nodes }), /at most 1000 nodes/);
  for (let at = 0; at < 999; at++) elastiCache.putCluster({ name: `c${at}` });
  elastiCache.putServerless({ name: 's' });
  assert.throws(() => elastiCache.putCluster({ name: 'x' }), /there are 1000 caches/);
  assert.throws(() => elastiCache.putServerless({ name: 'x' }), /there are 1000 caches/);
  elastiCache.putCluster({ name: 'c0', status: 'modifying' });
});
