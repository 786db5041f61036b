/**
 * `npm run bench:discovery`: calls, time and memory for reading an ECS cluster of 100, 1,000 and
 * 10,000 tasks: for the first time, at rest, and while a tenth of the tasks is replaced. The
 * emulator runs in a process of its own and does not enforce AWS's rates. The goal at rest is 2, 11
 * and 105 calls.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ECSClient, RegisterTaskDefinitionCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { CallLimits } from '../src/discovery/call-limits.ts';
import { EcsApi } from '../src/discovery/ecs/api.ts';
import { ClusterState } from '../src/discovery/ecs/cluster.ts';
import { createDefinitionShelf } from '../src/discovery/ecs/details.ts';
import { DEFAULT_DOCKER_LABELS } from '../src/discovery/ecs/rules.ts';
import { makeGroups, judge } from '../src/discovery/ecs/targets.ts';
import type { DiscoveryWorld } from '../src/discovery/mechanism.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { createHttpClient } from '../src/kernel/http-client.ts';
import { silentLogger } from '../src/kernel/logger.ts';
import { Registry } from '../src/kernel/metrics.ts';

const PORT = 14_566;
const URL_BASE = `http://127.0.0.1:${PORT}`;
const KEYS = { accessKeyId: 'AKIABENCH', secretAccessKey: 'bench' };
const TASKS_A_SERVICE = 20;
/** Calls a second; high enough that the reader never waits for its budget. */
const BUDGET = 10_000;
const OPTIONS = {
  profile: 'meta' as const,
  rules: { services: [], definitions: [], dockerLabels: DEFAULT_DOCKER_LABELS, isDynamic: false },
  dropUnhealthy: false,
  jobLabel: 'prometheus_job',
};

process.env['AWS_ACCESS_KEY_ID'] = KEYS.accessKeyId;
process.env['AWS_SECRET_ACCESS_KEY'] = KEYS.secretAccessKey;

async function admin(path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${URL_BASE}${path}`, { method: 'PUT', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

async function fill(ecs: ECSClient, name: string, tasks: number): Promise<string[]> {
  const arns: string[] = [];
  await admin('/_emulator/ecs/instances', {
    cluster: name,
    id: 'i-0123456789abcdef0',
    address: '10.0.0.1',
  });
  for (let i = 0; i < tasks / TASKS_A_SERVICE; i++) {
    const family = `${name}-${i}`;
    const dockerLabels = { PROMETHEUS_EXPORTER_PORT: '9779' };
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family,
        networkMode: 'awsvpc',
        containerDefinitions: [{ name: 'app', image: 'app:1', dockerLabels }],
      }),
    );
    const request = { cluster: name, taskDefinition: family, count: TASKS_A_SERVICE };
    arns.push(...((await admin('/_emulator/ecs/tasks', request)) as string[]));
  }
  return arns;
}

async function measure(ecs: ECSClient, tasks: number): Promise<void> {
  const name = `bench${tasks}`;
  const arns = await fill(ecs, name, tasks);
  const metrics = new Registry();
  const world: DiscoveryWorld = {
    clock: systemClock,
    metrics,
    log: silentLogger,
    http: createHttpClient(),
    mechanism: 'ecs',
    signal: new AbortController().signal,
    baseDirectory: '/',
    callLimits: new CallLimits(systemClock, metrics),
  };
  const access = { region: 'us-east-1', endpoint: URL_BASE, call_budget: BUDGET };
  const api = await EcsApi.open(access, world);
  const state = new ClusterState(
    name,
    api,
    { shelf: createDefinitionShelf(api, 'needed'), use: 'needed' },
    { services: false, interfaces: false },
  );
  const calls = (): number =>
    metrics
      .expose()
      .split('\n')
      .filter((line) => line.startsWith('amperage_aws_calls_total{'))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  const refresh = async (what: string): Promise<void> => {
    const before = calls();
    const startMs = performance.now();
    await state.refresh(systemClock.nowMs());
    const readMs = performance.now() - startMs;
    let targets = 0;
    for (const facts of state.facts()) targets += makeGroups(facts, judge(facts, OPTIONS)).length;
    const allMs = performance.now() - startMs;
    const megabytes = process.memoryUsage().rss / 1e6;
    process.stdout.write(
      `${String(tasks).padStart(6)} tasks  ${what.padEnd(6)} ` +
        `${String(calls() - before).padStart(5)} calls  ${readMs.toFixed(0).padStart(6)} ms to ` +
        `read  ${(allMs - readMs).toFixed(0).padStart(5)} ms for ${targets} targets  ` +
        `${megabytes.toFixed(0)} MB\n`,
    );
  };
  await refresh('cold');
  await refresh('steady');
  await refresh('steady');
  const replaced = arns.slice(0, tasks / 10);
  for (const task of replaced) await ecs.send(new StopTaskCommand({ cluster: name, task }));
  await admin('/_emulator/ecs/tasks', {
    cluster: name,
    taskDefinition: `${name}-0`,
    count: replaced.length,
  });
  await refresh('churn');
  api.close();
}

const emulator = spawn(
  process.execPath,
  ['src/main.ts', 'emulate', '--web.listen-address', `127.0.0.1:${PORT}`, '--log.level', 'error'],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      EMULATE_ACCESS_KEY: KEYS.accessKeyId,
      EMULATE_SECRET_KEY: KEYS.secretAccessKey,
    },
  },
);
try {
  const ready = async (): Promise<boolean> =>
    (await fetch(`${URL_BASE}/-/ready`).catch(() => undefined))?.ok === true;
  while (!(await ready())) await new Promise((resolve) => setTimeout(resolve, 50));
  const ecs = new ECSClient({ endpoint: URL_BASE, region: 'us-east-1', credentials: KEYS });
  for (const tasks of [100, 1_000, 10_000]) await measure(ecs, tasks);
  ecs.destroy();
} finally {
  emulator.kill('SIGTERM');
  await once(emulator, 'exit');
}
process.exit(0);
