/** What the emulated AWS does by itself ends with the emulator, whatever it waits for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { EmulatedCloud } from '../../src/emulator/cloud.ts';
import { rootOf } from '../../src/emulator/identities.ts';
import { createEmulator } from '../../src/emulator/server.ts';
import type { Alarm } from '../../src/kernel/alarms.ts';
import { type Clock, systemClock } from '../../src/kernel/clock.ts';
import { until } from '../kit/waiting.ts';
import { createWorld, openHttp } from '../kit/world.ts';

const region = 'us-east-1';
const credentials = { accessKeyId: 'AKIAEMULATED', secretAccessKey: 'secret' };
/** A service whose tasks do not start is never steady, and the stack waits for it. */
const TEMPLATE = `
Resources:
  Cluster: { Type: AWS::ECS::Cluster }
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: 256
      Memory: 512
      ContainerDefinitions: [{ Name: a, Image: 'a:1' }]
  Service:
    Type: AWS::ECS::Service
    Properties:
      Cluster: !Ref Cluster
      TaskDefinition: !Ref Task
      LaunchType: FARGATE
      NetworkConfiguration: { AwsvpcConfiguration: { Subnets: [subnet-0123456789abcdef0] } }
`;
const FAILED = {
  lastStatus: 'STOPPED',
  desiredStatus: 'STOPPED',
  stopCode: 'TaskFailedToStart',
} as const;
/** The server gives requests so long; none needs it. */
const DEADLINE_MS = 60_000;

/** A clock that counts those who wait. */
class CountingClock implements Clock {
  sleeping = 0;
  readonly nowMs = (): number => systemClock.nowMs();
  readonly elapsedMs = (): number => systemClock.elapsedMs();
  readonly alarm = (ring: () => void): Alarm => systemClock.alarm(ring);
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeping += 1;
    await systemClock.sleep(ms, signal).finally(() => (this.sleeping -= 1));
  }
}

test('a stack, a service and a queue that wait end with the emulator', async (ending) => {
  const clock = new CountingClock();
  const world = createWorld({ clock: systemClock, http: openHttp(ending) });
  const cloud = new EmulatedCloud({ clock, regions: [region], credentials });
  const emulator = createEmulator({ world, listen: '127.0.0.1:0', cloud });
  await emulator.start();
  const { ecs, queues } = cloud.home;
  ecs.runner = { ...ecs.runner, start: (task) => ecs.change(task, FAILED) };
  const context = { caller: rootOf(cloud.accountId), region, headers: {} };
  const stack = { StackName: 'a', TemplateBody: TEMPLATE };
  await cloud.call(context, 'cloudformation', 'CreateStack', stack);
  const sqs = new SQSClient({ endpoint: emulator.url, region, credentials, maxAttempts: 1 });
  const QueueUrl = queues.create('a');
  const received = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await until('all wait', 10_000, () => clock.sleeping >= 3, 10);
  const startedMs = performance.now();
  await emulator.stop(DEADLINE_MS);
  assert.ok(performance.now() - startedMs < 10_000, 'the stop waited for something');
  assert.equal(clock.sleeping, 0);
  assert.deepEqual((await received).Messages, []);
  cloud.takeCalls();
  await systemClock.sleep(300);
  assert.deepEqual(cloud.takeCalls(), {});
  sqs.destroy();
});
