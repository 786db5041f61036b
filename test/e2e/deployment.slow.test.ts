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
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { parse } from 'yaml';
import { parseDurationMs } from '../../src/model/duration.ts';
import { findUnanswered, listQueries } from '../kit/dashboard-answers.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { openGrafana, standInForGrafana } from '../kit/grafana.ts';
import { BARE_AWS, MAIN, type Running, startAmperage } from '../kit/processes.ts';
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
  grafana_role: true,
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

const listAll = ({ emulator: { url } }: Place): Promise<Readonly<Record<string, number>>> =>
  listAccount({ url, credentials });

async function scale({ emulator }: Place, desiredCount: number): Promise<void> {
  const ecs = new ECSClient({ endpoint: emulator.url, region, credentials });
  const named = { cluster: 'metrics', service: 'webapp' };
  await ecs.send(new UpdateServiceCommand({ ...named, desiredCount }));
}

/** Panels that have nothing to show of this stack, and why. */
const NOTHING_TO_SHOW: readonly (readonly [panels: RegExp, why: string])[] = [
  [/^articles: (?:Average CPU usage of hosts)$/, 'node-exporter is for instances of EC2'],
  [
    /^articles: (?:CPU of the application \(ecs-exporter 1\.2\)|Running ECS tasks|Total memory usage|Total vCPU usage|CPU usage|Memory usage|Network [RT]x)$/,
    'older names, for profiles of the exporter that the stack does not ask for',
  ],
  [/^collector: (?:Lost samples|Samples that|Items that other sinks lost)/, 'nothing was lost'],
  [/^collector: (?:Age of what|Parts of the list)/, 'of discovery by ECS; Cloud Map finds these'],
  [
    /^collector: (?:Calls that AWS throttled|Credentials that could|Scrapes that failed)/,
    'nothing went wrong',
  ],
  [/^tasks: (?:CPU limits|Share of periods throttled)$/, 'no container has a limit of its own'],
  [/^tasks: Ephemeral storage of Fargate$/, 'a process has no disk of its own'],
  [/^tasks: Containers that are not healthy$/, 'no container beside an exporter is checked'],
  [/^tasks: Exit codes$/, 'no container of a task that runs has ended'],
];
/** Several scrapes of each target. */
const BUILT_IN = { __rate_interval: '2m', __range: '10m' };

/** The times of the configuration that was deployed, by which changes are seen. */
async function readTimes({ emulator }: Place): Promise<{ seenMs: number; scrapeMs: number }> {
  const client = new SSMClient({ endpoint: emulator.url, region, credentials });
  const asked = { Name: '/metrics/collector', WithDecryption: true };
  const { Parameter } = await client.send(new GetParameterCommand(asked));
  const { global, scrape_configs: jobs } = parse(Parameter?.Value ?? '') as {
    global: { scrape_interval: string };
    scrape_configs: { cloudmap_sd_configs: { refresh_interval: string }[] }[];
  };
  const refresh = jobs[0]?.cloudmap_sd_configs[0]?.refresh_interval ?? '';
  const times = [refresh, global.scrape_interval].map(parseDurationMs);
  const [seenMs = NaN, scrapeMs = NaN] = times;
  return { seenMs, scrapeMs };
}
/** New targets are first scraped within 2 s, and samples are sent within 5. */
const FIRST_MS = 2_000;
const SENT_MS = 5_000;
/** Tasks that start and calls that take their time, on a machine that is busy. */
const SLACK_MS = 12_000;

test(
  'a model is deployed, followed, changed and destroyed',
  { timeout: 600_000 },
  async (context) => {
    const place = await openPlace(context, '--run-tasks');
    const before = await listAll(place);
    place.write(MODEL);

    const planned = await place.done('plan');
    assert.match(planned.stdout, /43 to add, 0 to change, 0 to replace, 0 to delete/);
    assert.equal((await listAll(place))['stacks'], 0);

    const deployed = await place.done('deploy', '--yes');
    assert.match(deployed.stderr, /CREATE_COMPLETE +CollectorService/);
    const workspace = /WorkspaceId +(ws-\S+)/.exec(deployed.stdout)?.[1] ?? '';
    assert.match((await place.done('deploy', '--yes')).stderr, /no changes/);

    const status = await place.done('status', '--drift');
    assert.match(status.stdout, /service webapp +1 of 1 running/);
    assert.match(status.stdout, /targets of WebappRegistry: 1 registered/);
    assert.doesNotMatch(status.stdout, /resources? differ/);

    const url = `${place.emulator.url}/workspaces/${workspace}`;
    const [, role = ''] = /GrafanaRoleArn +\S+:role\/(\S+)/.exec(deployed.stdout) ?? [];
    const standIn = await standInForGrafana(place.emulator.url, credentials, role);
    const grafana = openGrafana(url, standIn.credentials);
    const count = async (query: string): Promise<number> =>
      Number((await grafana.query(query))[0]?.value?.[1] ?? 0);

    await until('samples arrive', STEP_MS, async () => (await count('sum(up)')) === 3);
    await until('traces arrive', STEP_MS, async () => {
      const told = await (await fetch(`${place.emulator.url}/_emulator/xray`)).json();
      return (told as { documents: { stored: number } }).documents.stored > 0;
    });

    const queries = await listQueries(grafana, BUILT_IN);
    let empty: readonly string[] = [];
    await until('panels have points', STEP_MS, async () => {
      const unanswered = [...(await findUnanswered(grafana, queries))];
      const isExcused = (panel: string): boolean =>
        NOTHING_TO_SHOW.some(([panels]) => panels.test(panel));
      empty = unanswered.filter(([panel]) => !isExcused(panel)).map((one) => one.join(': '));
      return empty.length === 0;
    }).catch(() => undefined);
    assert.deepEqual(empty, []);
    context.diagnostic(`${queries.length} queries of dashboards were asked`);

    const { seenMs, scrapeMs } = await readTimes(place);
    const follow = async (what: string, limitMs: number, query: string, tasks: number) => {
      const start = performance.now();
      await until(what, limitMs, async () => (await count(query)) === tasks);
      context.diagnostic(`${what}: ${((performance.now() - start) / 1_000).toFixed(1)} s`);
    };
    const soonMs = seenMs + FIRST_MS + SENT_MS + SLACK_MS;
    const targets = 'count(count by (taskid) (up{service="webapp"}))';
    await scale(place, 5);
    await follow('5 tasks are scraped', soonMs, targets, 5);
    // One that was not listening yet is up by the scrape after.
    await follow(
      '5 tasks are up',
      scrapeMs + SENT_MS + SLACK_MS,
      targets.replace('})', '} == 1)'),
      5,
    );
    await scale(place, 2);
    await follow('3 tasks have ended', seenMs + scrapeMs + SENT_MS + SLACK_MS, targets, 2);
    await standIn.remove();
    const logs = new CloudWatchLogsClient({ endpoint: place.emulator.url, region, credentials });
    await logs.send(
      new PutRetentionPolicyCommand({ logGroupName: '/ecs/metrics', retentionInDays: 1 }),
    );
    const drifted = (await place.done('status', '--drift')).stdout;
    assert.match(drifted, /Logs \(AWS::Logs::LogGroup\): MODIFIED, \/RetentionInDays/);
    assert.match(drifted, /WebappService .*\/DesiredCount/);
    assert.match(drifted, /2 resources differ/);
    assert.match(drifted, / series, \d+(?:\.\d{1,2})? samples a second\n/);

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
    const told = place.emulator.output();
    assert.match(told, /"a task did not stay up".*service:webapp.*CannotPullContainerError/);
    // The workspace too: a change set of a creation asks for it (RetainExceptOnCreate).
    assert.deepEqual(await listAll(place), { ...before, stacks: 1 });
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
