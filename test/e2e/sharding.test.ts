/**
 * Collectors of one ECS service divide their targets: every target has exactly one, a new collector takes its share only,
 * and what was scraped by one that leaves is taken over when it has stopped.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Task } from '../../src/emulator/ecs/shapes.ts';
import { startEmulatedAws } from '../contracts/emulated-aws.ts';
import { type Running, startAmperage, temporaryFolder, until } from './processes.ts';

const TARGETS = 24;

async function listen(
  context: TestContext,
  answer: (url: string, agent: string) => string,
): Promise<string> {
  const server = createServer((request, response) => {
    response.end(answer(request.url ?? '', request.headers['x-collector']?.toString() ?? ''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('membership and discovery of a collector draw from one budget of calls', async (context) => {
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  const { ecs } = aws.account;
  const cluster = ecs.createCluster('collectors');
  ecs.register('collector', [{ name: 'collect', image: 'amperage' }]);
  ecs.createService(cluster, {
    serviceName: 'collect',
    taskDefinition: 'collector',
    desiredCount: 0,
  });
  const { taskArn } = ecs.run(cluster, { taskDefinition: 'collector', group: 'service:collect' });
  const metadata = await listen(context, () =>
    JSON.stringify({ TaskARN: taskArn, Cluster: 'collectors', ServiceName: 'collect' }),
  );
  const folder = temporaryFolder(context);
  const file = path.join(folder, 'prometheus.yml');
  writeFileSync(
    file,
    'scrape_configs: [{ job_name: j, amperage_ecs_sd_configs: [{ clusters: [collectors] }] }]\n',
  );
  const collector = await startAmperage(
    context,
    'collect',
    ['--config.file', file, '--storage.path', path.join(folder, 'queue'), '--shard', 'ecs'],
    {
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
      ECS_CONTAINER_METADATA_URI_V4: `http://${metadata}`,
    },
  );
  const metrics = async (): Promise<string> => (await fetch(`${collector.url}/metrics`)).text();
  await until('both have asked', 15_000, async () => {
    const text = await metrics();
    return /amperage_shard_members 1/.test(text) && /discovered_targets\{config="j"\}/.test(text);
  });
  assert.match(await metrics(), /amperage_sd_call_buckets\{category="cluster_resource_read"\} 1\n/);
});

test('every target has one collector, whoever comes and goes', async (context) => {
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  const { ecs } = aws.account;
  const cluster = ecs.createCluster('collectors');
  ecs.register('collector', [{ name: 'collect', image: 'amperage' }]);
  const service = ecs.createService(cluster, {
    serviceName: 'collect',
    taskDefinition: 'collector',
    desiredCount: 0,
  });
  /** Who scraped a target last, since the last look. */
  const scraped = new Map<string, Set<string>>();
  const host = await listen(context, (url, collector) => {
    const known = scraped.get(url) ?? new Set();
    scraped.set(url, known.add(collector));
    return 'a 1\n';
  });
  const folder = temporaryFolder(context);
  const begin = async (name: string): Promise<{ task: Task; running: Running }> => {
    const task = ecs.run(cluster, {
      taskDefinition: 'collector',
      group: `service:${service.serviceName}`,
    });
    const metadata = await listen(context, () =>
      JSON.stringify({ TaskARN: task.taskArn, Cluster: 'collectors', ServiceName: 'collect' }),
    );
    const file = path.join(folder, `${name}.yml`);
    const configs = Array.from(
      { length: TARGETS },
      (_, i) => `      - { targets: ['${host}'], labels: { __metrics_path__: /${i} } }\n`,
    );
    writeFileSync(
      file,
      `global: { scrape_interval: 250ms, scrape_timeout: 250ms }\nscrape_configs:\n  - job_name: j\n    http_headers: { X-Collector: { values: [${name}] } }\n    static_configs:\n${configs.join('')}`,
    );
    const running = await startAmperage(
      context,
      'collect',
      ['--config.file', file, '--storage.path', path.join(folder, name), '--shard', 'ecs'],
      {
        AWS_REGION: 'us-east-1',
        AWS_ENDPOINT_URL: aws.url,
        AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
        ECS_CONTAINER_METADATA_URI_V4: `http://${metadata}`,
      },
    );
    return { task, running };
  };
  /** Collector → its targets, once every target has had one alone for a while. */
  const settled = async (collectors: number): Promise<Map<string, string[]>> => {
    let shares = new Map<string, string[]>();
    await until(`${collectors} shares`, 30_000, async () => {
      scraped.clear();
      await new Promise((resolve) => setTimeout(resolve, 900));
      shares = new Map();
      for (const [url, collectors] of scraped) {
        const who = [...collectors].join('+');
        shares.set(who, [...(shares.get(who) ?? []), url]);
      }
      const isDivided = [...shares.keys()].every((who) => !who.includes('+'));
      return scraped.size === TARGETS && shares.size === collectors && isDivided;
    });
    return shares;
  };
  const one = await begin('one');
  assert.deepEqual([...(await settled(1)).keys()], ['one']);
  await begin('two');
  const both = await settled(2);
  assert.deepEqual([...both.keys()].toSorted(), ['one', 'two']);
  assert.ok([...both.values()].every((share) => share.length > 4));
  // It leaves: told to stop, and gone a moment later.
  ecs.change(one.task, { desiredStatus: 'STOPPED', lastStatus: 'DEACTIVATING' });
  one.running.child.kill('SIGTERM');
  await one.running.exited;
  scraped.clear();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  assert.equal(scraped.size, both.get('two')!.length, 'nobody takes over before it has stopped');
  ecs.change(one.task, { lastStatus: 'STOPPED' });
  assert.deepEqual([...(await settled(1)).keys()], ['two']);
});
