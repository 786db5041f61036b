/** MSK as its official client sees it: pages, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DescribeClusterV2Command,
  KafkaClient,
  ListClustersV2Command,
  ListNodesCommand,
} from '@aws-sdk/client-kafka';
import { startEmulatedAws } from '../../test/kit/emulated-aws.ts';

test('clusters and nodes are listed by pages and filters, and what AWS refuses is refused', async (context) => {
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  const { url: endpoint, account, credentials } = aws;
  const client = new KafkaClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  const [first = ''] = ['a', 'b', 'c'].map((name) =>
    account.kafka.put({ name, brokers: [['b-1'], ['b-2']] }),
  );
  account.kafka.put({ name: 'none', type: 'SERVERLESS' });
  const names: (string | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListClustersV2Command({ MaxResults: 2, NextToken }));
    names.push(...(page.ClusterInfoList ?? []).map(({ ClusterName }) => ClusterName));
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  assert.deepEqual(names, ['a', 'b', 'c', 'none']);
  const filter = { ClusterTypeFilter: 'SERVERLESS' };
  const serverless = await client.send(new ListClustersV2Command(filter));
  assert.deepEqual(
    serverless.ClusterInfoList?.map(({ ClusterName }) => ClusterName),
    ['none'],
  );
  const known = await client.send(new DescribeClusterV2Command({ ClusterArn: first }));
  assert.equal(known.ClusterInfo?.ClusterName, 'a');
  const nodes = await client.send(new ListNodesCommand({ ClusterArn: first, MaxResults: 1 }));
  assert.deepEqual([nodes.NodeInfoList?.length, typeof nodes.NextToken], [1, 'string']);
  const refused: [ListClustersV2Command | ListNodesCommand | DescribeClusterV2Command, string][] = [
    [new DescribeClusterV2Command({ ClusterArn: `${first}x` }), 'NotFoundException'],
    [new DescribeClusterV2Command({ ClusterArn: 'orders' }), 'BadRequestException'],
    [new ListNodesCommand({ ClusterArn: `${first}x` }), 'NotFoundException'],
    [new ListClustersV2Command({ MaxResults: 101 }), 'BadRequestException'],
    [new ListClustersV2Command({ NextToken: 'x' }), 'BadRequestException'],
  ];
  for (const [command, name] of refused)
    await assert.rejects(client.send(command as ListNodesCommand), { name });
  const wrong = { ...credentials, secretAccessKey: 'wrong' };
  const stranger = new KafkaClient({ endpoint, region: 'us-east-1', credentials: wrong });
  await assert.rejects(stranger.send(new ListClustersV2Command({})), /signature/i);
});
