/**
 * A service of three collectors whose queues are on one file system, as tasks of the emulated ECS:
 * one is interrupted as on Fargate Spot, then the service goes down to one, all while the receiver
 * is down. What was scraped comes, each scrape once or more and in order.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import * as ecsModel from '@aws-sdk/client-ecs';
import { onEnd } from '../kit/ending.ts';
import { freePort, startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';
import { StrictReceiver } from './churn/strict-receiver.ts';

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIATASKS', AWS_SECRET_ACCESS_KEY: 'secret-of-tasks' };
const NAMED = { cluster: 'tasks', service: 'collect' };
const STEP_MS = 60_000;
const TARGETS = 12;
/** The test's own address, for a task: localhost is the task itself. */
const HERE = '127.0.0.2';

test('tasks that are interrupted and scaled in leave nothing unsent', { timeout: 300_000 }, async (context) => {
  const counts = Array.from({ length: TARGETS }, () => 0);
  const targets = createServer(({ url = '' }, response) => {
    const target = Number(url.slice(1));
    counts[target] = (counts[target] ?? 0) + 1;
    response.end(`visits ${counts[target]}\n`);
  });
  await new Promise<void>((resolve) => targets.listen(0, HERE, resolve));
  onEnd(context, () => new Promise<void>((resolve) => {
    targets.closeAllConnections();
    targets.close(() => resolve());
  }));
  const receiverPort = await freePort();
  const receiver = new StrictReceiver(`${HERE}:${receiverPort}`);
  await receiver.start();
  onEnd(context, () => receiver.stop());
  const emulator = await startAmperage(context, 'emulate', ['--run-tasks'], {
    EMULATE_ACCESS_KEY: KEYS.AWS_ACCESS_KEY_ID,
    EMULATE_SECRET_KEY: KEYS.AWS_SECRET_ACCESS_KEY,
  });
  const ecs = new ecsModel.ECSClient({
    endpoint: emulator.url,
    region: 'us-east-1',
    credentials: {
      accessKeyId: KEYS.AWS_ACCESS_KEY_ID,
      secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY,
    },
  });
  onEnd(context, async () => ecs.destroy());
  await ecs.send(new ecsModel.CreateClusterCommand({ clusterName: NAMED.cluster }));
  const { port } = targets.address() as AddressInfo;
  const config = JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [
      {
        job_name: 'j',
        static_configs: counts.map((_, target) => ({
          targets: [`${HERE}:${port}`],
          labels: { __metrics_path__: `/${target}`, target: String(target) },
        })),
      },
    ],
    remote_write: [{ url: `http://${HERE}:${receiverPort}/write` }],
  });
  await ecs.send(
    new ecsModel.RegisterTaskDefinitionCommand({
      family: 'collect',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      taskRoleArn: 'arn:aws:iam::000000000000:role/task',
      executionRoleArn: 'arn:aws:iam::000000000000:role/execution',
      containerDefinitions: [
        {
          name: 'collect',
          image: 'amperage:latest',
          command: [
            'collect', '--config.file', 'env:CONFIG', '--storage.path', '/queue',
            '--storage.shared', '--shard', 'ecs', '--stop-timeout', '2s',
          ],
          environment: [{ name: 'CONFIG', value: config }],
          mountPoints: [{ sourceVolume: 'queue', containerPath: '/queue' }],
        },
      ],
      volumes: [{ name: 'queue', efsVolumeConfiguration: { fileSystemId: 'fs-0a1b2c3d' } }],
    }),
  );
  await ecs.send(
    new ecsModel.CreateServiceCommand({
      cluster: NAMED.cluster,
      serviceName: NAMED.service,
      taskDefinition: 'collect',
      desiredCount: 3,
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-0123456789abcdef0'] } },
    }),
  );
  const list = async (): Promise<string[]> => {
    const asked = { cluster: NAMED.cluster, serviceName: NAMED.service };
    return (await ecs.send(new ecsModel.ListTasksCommand(asked))).taskArns ?? [];
  };
  /** Scrapes of all targets that never came, but for those that failed. */
  const missing = (upTo: readonly number[]): number =>
    upTo.reduce((sum, count, target) => {
      const came = [...(receiver.visits.get(target)?.keys() ?? [])];
      const lacks = count - came.filter((visit) => visit <= count).length;
      return sum + Math.max(0, lacks - (receiver.failed.get(target) ?? 0));
    }, 0);
  const isScraped = (times: number) => (): boolean => counts.every((count) => count >= times);
  await until('three run', STEP_MS, async () => (await list()).length === 3);
  await until('all targets are scraped', STEP_MS, isScraped(5));
  receiver.isDown = true;
  const [first = ''] = await list();
  const answer = await fetch(`${emulator.url}/_emulator/ecs/interrupt`, {
    method: 'PUT',
    body: JSON.stringify({ cluster: NAMED.cluster, task: first, seconds: 1 }),
  });
  assert.equal(answer.status, 200);
  await until('another has its place', STEP_MS, async () => {
    const tasks = await list();
    return tasks.length === 3 && !tasks.includes(first);
  });
  await ecs.send(new ecsModel.UpdateServiceCommand({ ...NAMED, desiredCount: 1 }));
  await until('one is left', STEP_MS, async () => (await list()).length === 1);
  const soFar = Math.max(...counts);
  await until('it scrapes all targets', STEP_MS, isScraped(soFar + 2));
  const upTo = [...counts];
  assert.ok(missing(upTo) > 0, 'nothing waits, so nothing is shown');
  receiver.isDown = false;
  await until('all that was scraped has come', 2 * STEP_MS, () => missing(upTo) === 0);
  assert.equal(receiver.refused, 0);
}); // prettier-ignore
