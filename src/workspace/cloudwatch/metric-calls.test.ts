/**
 * The call of CloudWatch's metric as the page makes it: HTTP requests to a workspace's routes over
 * the emulated CloudWatch, asked by the real signing client.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { ServiceClient } from '../../aws/service-client.ts';
import { systemClock } from '../../kernel/clock.ts';
import { HttpServer } from '../../kernel/http-server.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { type EmulatedAws, startEmulatedAws } from '../../../test/kit/emulated-aws.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { serve } from '../../../test/kit/listen.ts';
import { createWorld, openHttp } from '../../../test/kit/world.ts';
import { queryRoutes } from '../api/query.ts';
import { Store, STORE_DEFAULTS } from '../storage/store.ts';
import { createCloudWatchApi } from './api.ts';
import { makeMetricCalls } from './metric-calls.ts';

const MINUTE_MS = 60_000;
/** The beginning of a minute that has passed: CloudWatch takes no events of the future. */
const START_MS = Math.floor(Date.now() / MINUTE_MS - 5) * MINUTE_MS;

interface Envelope {
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly data?: {
    readonly startS: number;
    readonly periodS: number;
    readonly series: readonly {
      readonly dimensions: Record<string, string>;
      readonly points: readonly (readonly [number, number])[];
    }[];
  };
}

type Ask = (parameters: Record<string, string>, headers?: Record<string, string>) => Promise<{
  status: number;
  body: Envelope;
}>; // prettier-ignore

async function startWorkspace(context: TestContext, endpoint: string | undefined): Promise<Ask> {
  const world = createWorld({ clock: systemClock, http: openHttp(context) });
  const credentials = { accessKey: 'AKIAEMULATED', secretKey: 'secret' };
  const access = { service: 'monitoring', endpoint, region: 'us-east-1', credentials };
  const client = new ServiceClient(access, world);
  const cloudwatch =
    endpoint === undefined ? undefined : createCloudWatchApi(client, world.metrics);
  const store = new Store({ ...STORE_DEFAULTS, directory: temporaryFolder(context) }, world);
  const server = new HttpServer({
    name: 'test',
    listen: '127.0.0.1:0',
    log: silentLogger,
    routes: queryRoutes('', {
      store,
      world,
      version: '0',
      moreCalls: makeMetricCalls({ cloudwatch, nowMs: () => Date.now() }),
      authorize: () => Promise.resolve(undefined),
    }),
  });
  await server.start();
  context.after(async () => {
    await client.close();
    await server.stop(100);
  });
  return async (parameters, headers = {}) => {
    const query = new URLSearchParams(parameters).toString();
    const answer = await fetch(`${server.url}/api/v1/cloudwatch/sums?${query}`, { headers });
    return { status: answer.status, body: (await answer.json()) as Envelope };
  };
}

suite('the metric of CloudWatch', () => {
  let aws: EmulatedAws;
  let logs: CloudWatchLogsClient;
  before(async () => {
    aws = await startEmulatedAws();
    const { url: endpoint, credentials } = aws;
    logs = new CloudWatchLogsClient({ endpoint, region: 'us-east-1', credentials });
    const names = { logGroupName: 'g', logStreamName: 's' };
    await logs.send(new CreateLogGroupCommand({ logGroupName: names.logGroupName }));
    await logs.send(new CreateLogStreamCommand(names));
    const event = (minute: number, task: string, value: number) => ({
      timestamp: START_MS + minute * MINUTE_MS + 5_000,
      message: JSON.stringify({
        _aws: {
          Timestamp: START_MS + minute * MINUTE_MS + 5_000,
          CloudWatchMetrics: [
            {
              Namespace: 'Shop',
              Dimensions: [[], ['cluster'], ['cluster', 'task']],
              Metrics: [{ Name: 'requests' }],
            },
          ],
        },
        cluster: 'c',
        task,
        requests: value,
      }),
    });
    const logEvents = [event(0, 'a', 3), event(0, 'b', 4), event(1, 'a', 5), event(1, 'a', 6)];
    await logs.send(new PutLogEventsCommand({ ...names, logEvents }));
  });
  after(async () => {
    logs.destroy();
    await aws.close();
  });
  const question = (more: Record<string, string> = {}): Record<string, string> => ({
    namespace: 'Shop',
    metric: 'requests',
    start: String(START_MS / 1_000 + 30),
    end: String(START_MS / 1_000 + 120),
    ...more,
  });

  test('each set of values has its sums by minute, and a rollup is not added once more', async (context) => {
    const ask = await startWorkspace(context, aws.url);
    const { status, body } = await ask(question());
    const startS = START_MS / 1_000;
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.warnings, undefined);
    const { series = [], ...frame } = body.data ?? {};
    assert.deepEqual(frame, { startS, periodS: 60 });
    assert.deepEqual(
      series.toSorted((a, b) => a.points.length - b.points.length),
      [
        { dimensions: { cluster: 'c', task: 'b' }, points: [[startS, 4]] },
        { dimensions: { cluster: 'c', task: 'a' }, points: [[startS, 3], [startS + 60, 11]] },
      ],
    );
  }); // prettier-ignore

  test('a metric that is not there has no series, and a day has periods of a minute', async (context) => {
    const ask = await startWorkspace(context, aws.url);
    assert.deepEqual((await ask(question({ metric: 'none' }))).body.data?.series, []);
    const day = await ask(question({ start: String(START_MS / 1_000 - 86_400 + 120) }));
    assert.equal(day.body.data?.periodS, 60);
    const week = await ask(question({ start: String(START_MS / 1_000 - 7 * 86_400) }));
    assert.equal(week.body.data?.periodS, 480);
  });

  test('wrong questions are refused by the name of their parameter', async (context) => {
    const ask = await startWorkspace(context, aws.url);
    for (const [more, message] of [
      [{ metric: '' }, /"metric": it must have 1 to 255 characters, and has 0/],
      [{ namespace: 'x'.repeat(256) }, /"namespace": .* has 256/],
      [{ end: String(START_MS / 1_000) }, /"end": end timestamp must be after start time/],
      [{ start: 'soon' }, /"start": .*cannot parse "soon"/],
      [{ namespace: ':x' }, /'namespace' failed to satisfy constraint/],
    ] as const) {
      const { status, body } = await ask(question(more));
      assert.equal(status, 400, JSON.stringify(body));
      assert.match(body.error ?? '', message);
    }
  });

  test('pages of other origins and foreign host names are refused', async (context) => {
    const ask = await startWorkspace(context, aws.url);
    const { status } = await ask(question(), { origin: 'https://evil.example' });
    assert.equal(status, 403);
  });

  test('without CloudWatch the call says how to switch it on', async (context) => {
    const ask = await startWorkspace(context, undefined);
    const { status, body } = await ask(question());
    assert.equal(status, 404);
    assert.match(body.error ?? '', /--cloudwatch\.endpoint http:.*or with --cloudwatch /);
  });

  test('what CloudWatch refuses is told with the permission that is missing', async (context) => {
    const { url } = await serve(context, (request, response) => {
      assert.equal(request.headers['x-amz-target'], 'GraniteServiceVersion20100801.ListMetrics');
      response.writeHead(403, { 'content-type': 'application/x-amz-json-1.0' });
      response.end('{"__type":"com.amazon#AccessDeniedException","message":"not yours"}');
    });
    const ask = await startWorkspace(context, url);
    const { status, body } = await ask(question());
    assert.equal(status, 422);
    assert.match(body.error ?? '', /not yours; the role in use needs cloudwatch:ListMetrics$/);
  });
});
