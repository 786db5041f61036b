/**
 * The article's configuration for CloudWatch, unchanged, with the real sample application under
 * load: what CloudWatch has added up of its requests, and each of its traces.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { conformancePath, skipWithoutConformance } from '../kit/conformance.ts';
import { onEnd } from '../kit/ending.ts';
import { takeFixedPorts, TURNS_MAX_MS } from '../kit/fixed-ports.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { BARE_AWS, type Running, startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const BY_TURNS = { skip: skipWithoutConformance, timeout: TURNS_MAX_MS };

const REGION = 'us-east-1';
const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret' };
const GROUP = '/aws/ecs/containerinsights/shop-cluster/prometheus';
const LABELS = {
  cluster: 'shop-cluster',
  service: 'WebAppService',
  namespace: 'ecs-services',
};
/** The port of the list of targets that the article's configuration names. */
const TARGETS_PORT = 9001;

interface Targets {
  /** Lists an application, as Cloud Map does when its task runs. */
  add(app: Pick<App, 'host' | 'taskid'>): void;
}

async function serveTargets(context: TestContext): Promise<Targets> {
  const groups: object[] = [];
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(groups));
  });
  await new Promise<void>((resolve) => server.listen(TARGETS_PORT, 'localhost', resolve));
  onEnd(context, () => {
    server.closeAllConnections();
    return new Promise((resolve) => void server.close(() => resolve()));
  });
  return {
    add: ({ host, taskid }) => void groups.push({ targets: [host], labels: { ...LABELS, taskid } }),
  };
}

/** The Sum of `http_requests_total` of a task in CloudWatch, over all that it has. */
async function readSum(client: CloudWatchClient, taskid: string): Promise<number> {
  const { MetricDataResults: [result] = [] } = await client.send(
    new GetMetricDataCommand({
      StartTime: new Date(Date.now() - 3_600_000),
      EndTime: new Date(Date.now() + 60_000),
      MetricDataQueries: [
        {
          Id: 'requests',
          MetricStat: {
            Metric: {
              Namespace: 'ECS/ContainerInsights',
              MetricName: 'http_requests_total',
              Dimensions: [
                { Name: 'ClusterName', Value: LABELS.cluster },
                { Name: 'SdNamespaceName', Value: LABELS.namespace },
                { Name: 'SdServiceName', Value: LABELS.service },
                { Name: 'SdTaskID', Value: taskid },
              ],
            },
            Period: 60,
            Stat: 'Sum',
          },
        },
      ],
    }),
  );
  return (result?.Values ?? []).reduce((sum, value) => sum + value, 0);
}

async function readJson<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

interface Rig {
  readonly emulator: Running;
  readonly targets: Targets;
  readonly cloudwatch: CloudWatchClient;
  readonly logs: CloudWatchLogsClient;
}

/** The collector with the article's configuration, before there is a target. */
async function startCollector(context: TestContext): Promise<Rig> {
  await takeFixedPorts(context);
  const folder = temporaryFolder(context);
  const targets = await serveTargets(context);
  const emulator = await startAmperage(context, 'emulate', [], {
    EMULATE_ACCESS_KEY: KEYS.accessKeyId,
    EMULATE_SECRET_KEY: KEYS.secretAccessKey,
  });
  const name = 'otel-collector-config-cloudwatch.yaml.template';
  const template = conformancePath('articles', 'deploy-adot', name);
  await startAmperage(context, 'collect', ['--storage.path', path.join(folder, 'queue')], {
    ...BARE_AWS,
    // As the task definition hands it over.
    AOT_CONFIG_CONTENT: readFileSync(template, 'utf8').replaceAll('REGION', REGION),
    AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
    AWS_ENDPOINT_URL: emulator.url,
  });
  const own = { endpoint: emulator.url, region: REGION, credentials: KEYS };
  const cloudwatch = new CloudWatchClient(own);
  const logs = new CloudWatchLogsClient(own);
  onEnd(context, () => {
    cloudwatch.destroy();
    logs.destroy();
  });
  return { emulator, targets, cloudwatch, logs };
}

/** An application whose pages are read on their way to the collector. */
interface App {
  readonly url: string;
  /** Where the collector scrapes it. */
  readonly host: string;
  readonly taskid: string;
  /** What `http_requests_total` was at each scrape. */
  readonly scraped: readonly number[];
}

async function startApp(context: TestContext, taskid: string, more: string[] = []): Promise<App> {
  const flags = ['--rate', '0', '--cpu-ms', '0', '--latency', 'constant:ms=5', ...more];
  const { url } = await startAmperage(context, 'sample-app', flags);
  const scraped: number[] = [];
  const { host } = await serve(context, (_request, response) => {
    void fetch(`${url}/metrics`).then(async (answer) => {
      const page = await answer.text();
      scraped.push(Number(/^http_requests_total (\d+)$/m.exec(page)?.[1]));
      response.setHeader('content-type', answer.headers.get('content-type') ?? '').end(page);
    });
  });
  return { url, host, taskid, scraped };
}

const servedBy = async ({ url }: App): Promise<number> =>
  (await readJson<{ requests: number }>(`${url}/served`)).requests;

/**
 * One has served requests before its first scrape, and its page does not tell when its counter
 * began: those may be of any time before, and are in no sum, as with the Collector's awsemf. The
 * other is under load after its first scrape alone.
 */
test('CloudWatch has each request that an application served since its first scrape', BY_TURNS, async (context) => {
  const { emulator, targets, cloudwatch, logs } = await startCollector(context);
  const busy = await startApp(context, '1'.repeat(32), ['--xray.daemon-address', '127.0.0.1:2000']);
  const idle = await startApp(context, '2'.repeat(32));
  const startLoad = ({ url }: App) =>
    startAmperage(context, 'sample-app', ['--rate', '40', '--load-url', url]);
  const loads = [await startLoad(busy)];
  await until('some are served before the first scrape', 20_000, async () => (await servedBy(busy)) > 50);
  targets.add(busy);
  targets.add(idle);
  await until('both are scraped', 60_000, () => busy.scraped.length > 0 && idle.scraped.length > 0);
  loads.push(await startLoad(idle));
  await until('both are scraped again', 60_000, () => busy.scraped.length > 1 && idle.scraped.length > 1);
  for (const load of loads) {
    load.child.kill('SIGTERM');
    await load.exited;
  }
  for (const app of [busy, idle]) {
    const served = await servedBy(app);
    await until('the last are scraped', 30_000, () => app.scraped.at(-1) === served);
    const first = app.scraped[0]!;
    assert.ok(app === busy ? first > 50 : first === 0, String(first));
    let sum = 0;
    await until('CloudWatch has them', 90_000, async () => {
      sum = await readSum(cloudwatch, app.taskid);
      return sum >= served - first;
    }, 500).catch(() => undefined);
    assert.ok(served > 100, String(served));
    assert.equal(sum, served - first);
  }
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  assert.deepEqual(logGroups.map(({ logGroupName }) => logGroupName), [GROUP]);
  const { traceIds } = await readJson<{ traceIds: readonly string[] }>(`${busy.url}/sent`);
  assert.ok(traceIds.length > 10, String(traceIds.length));
  await until('each trace is stored', 20_000, async () => {
    const { traces } = await readJson<{ traces: Record<string, unknown> }>(`${emulator.url}/_emulator/xray`);
    return traceIds.every((id) => Object.hasOwn(traces, id));
  });
}); // prettier-ignore
