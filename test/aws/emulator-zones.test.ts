/** Zones of the emulated ECS: those of subnets and of instances are those of tasks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ecsModel from '@aws-sdk/client-ecs';
import { startEmulatedAws } from '../kit/emulated-aws.ts';
import { onEnd } from '../kit/ending.ts';

/** The subnet of a zone in the default VPC. */
const subnetOf = (letter: string): string => `subnet-0123456789abcdef${'abc'.indexOf(letter)}`;

test('a task is in the zone of its subnet, and on an instance in that of the instance', async (context) => {
  const aws = await startEmulatedAws();
  onEnd(context, () => aws.close());
  const { url: endpoint, credentials } = aws;
  const ecs = new ecsModel.ECSClient({ endpoint, region: 'us-east-1', credentials });
  await ecs.send(new ecsModel.CreateClusterCommand({ clusterName: 'zoned' }));
  await ecs.send(
    new ecsModel.RegisterTaskDefinitionCommand({
      family: 'zoned',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE', 'EC2'],
      cpu: '256',
      memory: '512',
      containerDefinitions: [{ name: 'app', image: 'web:1' }],
    }),
  );
  const both = { awsvpcConfiguration: { subnets: ['a', 'b'].map(subnetOf) } };
  const run = async (launchType: 'EC2' | 'FARGATE'): Promise<readonly ecsModel.Task[]> => {
    const wanted = { cluster: 'zoned', taskDefinition: 'zoned', launchType, count: 4 };
    const command = new ecsModel.RunTaskCommand({ ...wanted, networkConfiguration: both });
    return (await ecs.send(command)).tasks ?? [];
  };
  const placesOf = (tasks: readonly ecsModel.Task[]): Set<string> =>
    new Set(
      tasks.map(({ availabilityZone, attachments }) => {
        const details = attachments?.flatMap((one) => one.details ?? []) ?? [];
        const subnet = details.find(({ name }) => name === 'subnetId')?.value;
        return `${availabilityZone ?? ''} ${subnet ?? ''}`;
      }),
    );
  assert.deepEqual(
    placesOf(await run('FARGATE')),
    new Set(['a', 'b'].map((letter) => `us-east-1${letter} ${subnetOf(letter)}`)),
  );
  const { account } = aws;
  const [instanceId, subnetId] = ['i-000000000000000b1', subnetOf('b')];
  account.ec2.put({ instanceId, subnetId, availabilityZone: 'us-east-1b' });
  account.ecs.addInstance(account.ecs.cluster('zoned'), instanceId);
  assert.deepEqual(placesOf(await run('EC2')), new Set([`us-east-1b ${subnetOf('b')}`]));
  ecs.destroy();
});
