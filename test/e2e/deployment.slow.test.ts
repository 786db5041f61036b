/**
 * A model of a deployment from an empty account to an empty account, by the command line alone
 * against the emulator: planned, deployed, watched, changed and destroyed. First with tasks that
 * are processes, whose samples and traces arrive; then other models, of whose tasks nothing runs.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { CloudWatchLogsClient, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { signRequest } from '../../src/aws/signing.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { BARE_AWS, MAIN, type Running, type Series, startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';
import { listAccount } from '../kit/account-contents.ts';

const region = 'us-east-1';
const credentials = { accessKeyId: 'AKIADEPLOYER', secretAccessKey: 'secret-of-deployer' };
const STEP_MS = 120_000;
const IMAGE = '000000000000.dkr.ecr.us-east-1.amazonaws.com/amperage:0.1.0';
const WEBAPP = { name: 'webapp', image: 'webapp:1', port: 3_000, traces: true };
const MODEL = {
  name: 'metrics',
  region,
  image: IMAGE,
  network: { create: true },
  services: [WEBAPP],
  traces: true,
};

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

class Place {
  readonly emulator: Running;
  readonly #model: string;

  constructor(emulator: Running, folder: string) {
    this.emulator = emulator;
    this.#model = path.join(folder, 'deployment.yml');
  }

  write(model: object): void {
    writeFileSync(this.#model, JSON.stringify(model));
  }

  async run(command: string, ...flags: string[]): Promise<Ended> {
    const child = spawn(process.execPath, [MAIN, command, this.#model, ...flags], {
      env: {
        ...process.env,
        ...BARE_AWS,
        AWS_ENDPOINT_URL: this.emulator.url,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status, stdout, stderr };
  }

  /** A command that must end well. */
  async done(command: string, ...flags: string[]): Promise<Ended> {
    const ended = await this.run(command, ...flags);
    assert.equal(ended.status, 0, `${command}: ${ended.stdout}${ended.stderr}`);
    return ended;
  }
}

async function openPlace(context: TestContext, ...flags: string[]): Promise<Place> {
  const emulator = await startAmperage(context, 'emulate', flags, {
    EMULATE_ACCESS_KEY: credentials.accessKeyId,
    EMULATE_SECRET_KEY: credentials.secretAccessKey,
  });
  return new Place(emulator, temporaryFolder(context));
}

/** A query of a workspace, signed as Grafana signs it. */
async function ask({ emulator }: Place, workspace: string, query: string): Promise<Series[]> {
  const asked = `query=${encodeURIComponent(query)}`;
  const url = `${emulator.url}/workspaces/${workspace}/api/v1/query?${asked}`;
  const request = { method: 'GET', url, headers: {}, body: '' };
  const headers = signRequest(request, credentials, { region, service: 'aps' }, Date.now());
  const answer = await fetch(url, { headers });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return (JSON.parse(text) as { data: { result: Series[] } }).data.result;
}

async function count(place: Place, workspace: string, query: string): Promise<number> {
  const [first] = await ask(place, workspace, query);
  return Number(first?.value?.[1] ?? 0);
}

const listAll = ({ emulator: { url } }: Place): Promise<Readonly<Record<string, number>>> =>
  listAccount({ url, credentials });

async function scale({ emulator }: Place, desiredCount: number): Promise<void> {
  const ecs = new ECSClient({ endpoint: emulator.url, region, credentials });
  const named = { cluster: 'metrics', service: 'webapp' };
  await ecs.send(new UpdateServiceCommand({ ...named, desiredCount }));
}

test(
  'a model is deployed, followed, changed and destroyed',
  { timeout: 600_000 },
  async (context) => {
    const place = await openPlace(context, '--run-tasks');
    const before = await listAll(place);
    place.write(MODEL);

    const planned = await place.done('plan');
    assert.match(planned.stdout, /42 to add, 0 to change, 0 to replace, 0 to delete/);
    assert.equal((await listAll(place))['stacks'], 0);

    const deployed = await place.done('deploy', '--yes');
    assert.match(deployed.stderr, /CREATE_COMPLETE +CollectorService/);
    const workspace = /WorkspaceId +(ws-\S+)/.exec(deployed.stdout)?.[1] ?? '';
    assert.match((await place.done('deploy', '--yes')).stderr, /no changes/);

    const status = await place.done('status', '--drift');
    assert.match(status.stdout, /service webapp +1 of 1 running/);
    assert.match(status.stdout, /targets of WebappRegistry: 1 registered/);
    assert.doesNotMatch(status.stdout, /resources? differ/);

    await until(
      'samples arrive',
      STEP_MS,
      async () => (await count(place, workspace, 'sum(up)')) === 3,
    );
    await until('traces arrive', STEP_MS, async () => {
      const told = await (await fetch(`${place.emulator.url}/_emulator/xray`)).json();
      return (told as { documents: { stored: number } }).documents.stored > 0;
    });

    const targets = 'count(count by (taskid) (up{service="webapp"} == 1))';
    for (const tasks of [5, 2]) {
      const start = performance.now();
      await scale(place, tasks);
      await until(`${tasks} tasks are scraped`, STEP_MS, async () => {
        return (await count(place, workspace, targets)) === tasks;
      });
      context.diagnostic(`${tasks} tasks: ${((performance.now() - start) / 1_000).toFixed(1)} s`);
    }
    const logs = new CloudWatchLogsClient({ endpoint: place.emulator.url, region, credentials });
    await logs.send(
      new PutRetentionPolicyCommand({ logGroupName: '/ecs/metrics', retentionInDays: 1 }),
    );
    const drifted = (await place.done('status', '--drift')).stdout;
    assert.match(drifted, /Logs \(AWS::Logs::LogGroup\): MODIFIED, \/RetentionInDays/);
    assert.match(drifted, /WebappService .*\/DesiredCount/);
    assert.match(drifted, /2 resources differ/);

    place.write({ ...MODEL, services: [{ ...WEBAPP, cpu: 512, memory: 1_024 }] });
    const changed = await place.done('deploy', '--yes');
    assert.match(changed.stderr, /0 to add, 1 to change, 1 to replace, 0 to delete/);
    assert.match(changed.stderr, /UPDATE_COMPLETE +metrics/);

    await place.done('destroy', '--yes');
    assert.deepEqual(await listAll(place), { ...before, workspaces: 1 });
    await place.done('destroy', '--yes', '--delete-data');
    assert.deepEqual(await listAll(place), before);
  },
);

test(
  'a deployment that fails is taken back, and the reason told',
  { timeout: 600_000 },
  async (context) => {
    const place = await openPlace(context, '--run-tasks');
    const before = await listAll(place);
    place.write({ ...MODEL, services: [{ ...WEBAPP, image: 'nothing-stands-for-this:1' }] });
    const failed = await place.run('deploy', '--yes');
    assert.equal(failed.status, 1, failed.stdout);
    assert.match(failed.stderr, /ROLLBACK_COMPLETE +metrics/);
    assert.match(failed.stderr, /first failed WebappService .*circuit breaker/);
    assert.match(failed.stderr, /its tasks do not stay up: see why they stopped/);
    assert.deepEqual(await listAll(place), { ...before, stacks: 1, workspaces: 1 });
  },
);

const OTHERS: Readonly<Record<string, object>> = {
  'a queue on EFS': { collector: { queue: 'efs' } },
  'three that share, with their queues on EFS': { collector: { count: 3, queue: 'efs' } },
  'instances of their own': {
    cluster: { instances: { desired: 1 } },
    collector: { launch: 'ec2' },
  },
  'a daemon on instances': {
    cluster: { instances: {} },
    collector: { mode: 'daemon', launch: 'ec2', queue: 'host', architecture: 'x86_64' },
    services: [],
    traces: false,
  },
  'a sidecar': { collector: { mode: 'sidecar' } },
};

for (const [name, more] of Object.entries(OTHERS))
  test(`${name}: from nothing to nothing`, { timeout: 600_000 }, async (context) => {
    const place = await openPlace(context);
    const before = await listAll(place);
    place.write({ ...MODEL, ...more });
    await place.done('deploy', '--yes');
    const status = await place.done('status', '--drift');
    assert.doesNotMatch(status.stdout, /resources? differ|not known/);
    place.write({ ...MODEL, ...more, tags: { team: 'observability' } });
    await place.done('deploy', '--yes');
    await place.done('destroy', '--yes', '--delete-data');
    assert.deepEqual(await listAll(place), before);
  });
