/** RDS as its official client sees it: pages, filters, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { startEmulatedAws } from '../../test/kit/emulated-aws.ts';

test('clusters and instances are described by pages and filters, and what AWS refuses is refused', async (context) => {
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  const { url: endpoint, account, credentials } = aws;
  const client = new RDSClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  const [first = ''] = ['a', 'b', 'c'].map((name) =>
    account.rds.put({
      name,
      engine: name === 'c' ? 'aurora-mysql' : 'aurora-postgresql',
      tags: { team: 'shop' },
      instances: [{ name: `${name}-1`, host: `${name}-1`, isWriter: true }, { name: `${name}-2` }],
    }),
  );
  const names: (string | undefined)[] = [];
  let Marker: string | undefined;
  do {
    const page = await client.send(new DescribeDBClustersCommand({ MaxRecords: 2, Marker }));
    names.push(...(page.DBClusters ?? []).map((one) => one.DBClusterIdentifier));
    ({ Marker } = page);
  } while (Marker !== undefined);
  assert.deepEqual(names, ['a', 'b', 'c']);
  const one = await client.send(new DescribeDBClustersCommand({ DBClusterIdentifier: first }));
  const [cluster] = one.DBClusters ?? [];
  assert.deepEqual(cluster?.DBClusterMembers, [
    { DBInstanceIdentifier: 'a-1', IsClusterWriter: true },
    { DBInstanceIdentifier: 'a-2', IsClusterWriter: false },
  ]);
  assert.deepEqual(cluster?.TagList, [{ Key: 'team', Value: 'shop' }]);
  const list = async (...filters: [string, ...string[]][]) => {
    const Filters = filters.map(([Name, ...Values]) => ({ Name, Values }));
    const page = await client.send(new DescribeDBInstancesCommand({ Filters }));
    return page.DBInstances?.map(({ DBInstanceIdentifier }) => DBInstanceIdentifier);
  };
  assert.equal((await list())?.length, 6);
  assert.deepEqual(await list(['db-cluster-id', first, 'c'], ['engine', 'aurora-mysql']), [
    'c-1',
    'c-2',
  ]);
  assert.deepEqual(await list(['db-instance-id', 'b-2'], ['dbi-resource-id', 'db-b-2']), ['b-2']);
  for (const [command, name] of [
    [new DescribeDBClustersCommand({ DBClusterIdentifier: 'z' }), 'DBClusterNotFoundFault'],
    [new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'z' }), 'DBInstanceNotFoundFault'],
    [
      new DescribeDBInstancesCommand({ Filters: [{ Name: 'x', Values: ['y'] }] }),
      'InvalidParameterValue',
    ],
    [new DescribeDBClustersCommand({ MaxRecords: 101 }), 'InvalidParameterValue'],
    [new DescribeDBClustersCommand({ Marker: 'no' }), 'InvalidParameterValue'],
    [new DescribeDBClustersCommand({ IncludeShared: true }), 'NotImplemented'],
  ] as const)
    await assert.rejects(client.send(command as never), { name });
});
