import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { onEnd } from '../../test/kit/ending.ts';
import { serve } from '../../test/kit/listen.ts';
import { checkSegmentDocument } from '../../test/kit/segment-fields.ts';
import { until } from '../../test/kit/waiting.ts';
import { createWorld } from '../../test/kit/world.ts';
import { systemClock } from '../kernel/clock.ts';
import { createHttpClient } from '../kernel/http-client.ts';
import { createSampleApp } from './app.ts';
import { LoadGenerator } from './load.ts';
import { mixedPathOf } from './load-mix.ts';
import { createSamplingService } from './sampling/service.ts';
import { TraceSampler } from './sampling/sampler.ts';
import type { SegmentDocument } from './tracing/document.ts';
import { describeOwnService } from './tracing/own-service.ts';
import { SegmentSender, type SentReport } from './tracing/sender.ts';
import { Tracer } from './tracing/tracer.ts';

interface Options {
  /** The answer of GetSamplingRules; without one every request is traced. */
  readonly rules?: object;
  /** The own container as the task metadata endpoint tells it. */
  readonly container?: object;
}

/** The application and a daemon: its UDP socket, and an HTTP server for sampling and metadata. */
async function startTraced(context: TestContext, { rules, container }: Options = {}) {
  const socket = createSocket('udp4');
  const received: SegmentDocument[] = [];
  socket.on('message', (message) => {
    const [header, ...rest] = message.toString().split('\n');
    assert.equal(header, '{"format": "json", "version": 1}');
    received.push(JSON.parse(rest.join('\n')) as SegmentDocument);
  });
  socket.bind({ port: 0, address: '127.0.0.1' });
  await once(socket, 'listening');
  onEnd(context, () => void socket.close());
  const daemon = await serve(context, (request, response) => {
    const answer =
      request.url === '/GetSamplingRules'
        ? rules
        : request.url === '/metadata'
          ? container
          : undefined;
    response.statusCode = answer === undefined ? 503 : 200;
    response.end(JSON.stringify(answer ?? {}));
  });
  const http = createHttpClient({ connectionsPerHost: 200 });
  onEnd(context, () => http.close());
  const world = createWorld({ clock: systemClock, http });
  const endpoint = { host: '127.0.0.1', port: socket.address().port };
  const sender = new SegmentSender({ world, endpoint });
  const service = createSamplingService(daemon.url, http, '0'.repeat(24));
  const sampler = new TraceSampler({ world, service, random: () => 0.5 });
  const own = await describeOwnService(
    {
      name: 'shop',
      versions: { version: '1.2.3', runtime: 'node' },
      sdk: { sdk: 'test', sdk_version: '1' },
      workingDirectory: '/app',
      hostName: 'ip-10-0-0-7',
    },
    container === undefined ? undefined : `${daemon.url}/metadata`,
    world,
  );
  const tracer = new Tracer({
    world,
    service: own,
    decide: rules === undefined ? undefined : (request) => sampler.decide(request),
    send: (document) => sender.send(document),
  });
  const app = createSampleApp({
    world,
    listen: '127.0.0.1:0',
    drawLatencyMs: () => 5,
    cpuMs: 0,
    tracing: { tracer, sender, region: 'eu-west-1' },
  });
  for (const component of [sender, ...(rules === undefined ? [] : [sampler]), app]) {
    onEnd(context, () => component.stop(2_000));
    await component.start();
  }
  if (rules !== undefined)
    await until('rules', 5_000, () => world.lines.some((line) => line.includes('by the rules')), 5);
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(app.url + path, { headers: { connection: 'close', ...headers } });
  const arrive = (count: number) =>
    until(`${count} documents arrive`, 10_000, () => received.length >= count, 5);
  return { app, world, get, received, arrive };
}

function assertValid(received: readonly SegmentDocument[]): void {
  for (const document of received) assert.deepEqual(checkSegmentDocument(document), []);
}

const named = (document: SegmentDocument | undefined, name: string) =>
  document?.subsegments?.find((subsegment) => subsegment.name === name);

test('a request of /work is two segments of one trace: its own and that of the call it makes', async (context) => {
  const { get, received, arrive } = await startTraced(context);
  const answer = await get('/work?cart=7', { 'user-agent': 'a browser' });
  await arrive(2);
  assertValid(received);
  const [callee, caller] = received;
  const call = named(caller, '127.0.0.1');
  assert.equal(callee?.trace_id, caller?.trace_id);
  assert.equal(callee?.parent_id, call?.id);
  assert.equal(caller?.parent_id, undefined);
  assert.equal(answer.headers.get('x-amzn-trace-id'), `Root=${caller?.trace_id};Sampled=1`);
  assert.match(String(call?.http?.request?.url), /\/stock$/);
  assert.equal(call?.http?.request?.traced, true);
  assert.equal(caller?.name, 'shop');
  assert.deepEqual(caller.aws, { xray: { sdk: 'test', sdk_version: '1' } });
  assert.equal(caller.service?.['version'], '1.2.3');
  assert.match(String(caller.http?.request?.url), /^http:\/\/127\.0\.0\.1:\d+\/work\?cart=7$/);
  assert.equal(caller.http?.request?.user_agent, 'a browser');
  assert.equal(caller.http.request.client_ip, '127.0.0.1');
  assert.equal(caller.http.response?.status, 200);
  assert.equal(named(caller, 'DynamoDB')?.namespace, 'aws');
  assert.equal(named(caller, 'DynamoDB')?.aws?.['region'], 'eu-west-1');
  assert.equal(named(caller, 'orders@db.example.internal')?.sql?.['database_type'], 'PostgreSQL');
  assert.deepEqual(caller.annotations, { path: '/work', latency_ms: 5, slow: false });
  const seconds = Number.parseInt(caller.trace_id?.split('-')[1] ?? '', 16);
  assert.ok(Math.abs(seconds - Date.now() / 1_000) < 60);
});

test('the page of metrics shows the trace of the last request, in OpenMetrics alone', async (context) => {
  const { get } = await startTraced(context);
  const answer = await get('/work');
  const [, time, rest] = /Root=1-(\w+)-(\w+);/.exec(answer.headers.get('x-amzn-trace-id')!)!;
  const trace = `{trace_id="${time}${rest}"}`;
  const page = await (await get('/metrics', { accept: 'application/openmetrics-text' })).text();
  const shown = page.split('\n').filter((line) => line.includes(` # ${trace} `));
  assert.deepEqual(shown.map((line) => line.split(' ')[0]), [
    'http_requests_total', 'request_duration_milliseconds_bucket{path="/work",le="500"}',
  ]);
  assert.doesNotMatch(await (await get('/metrics')).text(), /trace_id/);
  await get('/work', { 'x-amzn-trace-id': 'Sampled=0' });
  assert.equal(await (await get('/metrics', { accept: 'application/openmetrics-text' })).text().then((text) => text.includes(trace)), true);
}); // prettier-ignore

test('failures are errors, throttles and faults; a fault has its exception', async (context) => {
  const { get, received, arrive } = await startTraced(context);
  const flagsOf = async (path: string) => {
    const before = received.length;
    const { status } = await get(path);
    await arrive(before + 1);
    const { error, throttle, fault } = received[before] ?? {};
    return { status, error, throttle, fault };
  };
  const none = { error: undefined, throttle: undefined, fault: undefined };
  assert.deepEqual(await flagsOf('/refused'), { ...none, status: 404, error: true });
  assert.deepEqual(await flagsOf('/throttled'), {
    ...none,
    status: 429,
    error: true,
    throttle: true,
  });
  assert.deepEqual(await flagsOf('/broken'), { ...none, status: 500, fault: true });
  assert.deepEqual(await flagsOf('/nothing'), { ...none, status: 404, error: true });
  assertValid(received);
  const [, throttled, broken] = received;
  const table = named(throttled, 'DynamoDB');
  assert.equal(table?.throttle, true);
  assert.equal(table.fault, undefined);
  assert.ok(typeof broken?.cause === 'object');
  assert.equal(broken.cause.exceptions[0]?.type, 'PaymentError');
  assert.equal(broken.cause.exceptions[0].stack[0]?.label, 'settlePayment');
});

test('the decision, the trace and the parent of a caller are taken over', async (context) => {
  const { get, received, arrive, world } = await startTraced(context);
  const root = 'Root=1-5759e988-bd862e3fe1be46a994272793';
  const unsampled = await get('/work', { 'x-amzn-trace-id': `${root};Sampled=0` });
  assert.equal(unsampled.headers.get('x-amzn-trace-id'), `${root};Sampled=0`);
  await get('/stock', {
    'x-amzn-trace-id': `${root};Parent=53995c3f42cd8ad8;Sampled=1`,
    'x-forwarded-for': '10.1.2.3, 10.0.0.1',
  });
  await arrive(1);
  assert.equal(received.length, 1, 'nothing of the other, nor of its call');
  assertValid(received);
  assert.equal(received[0]?.trace_id, root.slice(5));
  assert.equal(received[0].parent_id, '53995c3f42cd8ad8');
  assert.equal(received[0].http?.request?.client_ip, '10.1.2.3');
  assert.equal(received[0].http.request.x_forwarded_for, true);
  const counted = (labels: string) => world.metric(`sample_app_requests_traced_total${labels}`);
  assert.equal(counted('{sampled="0",by="caller"}'), 2);
  assert.equal(counted('{sampled="1",by="caller"}'), 1);
});

test('rules from the TCP address decide, and the segment names its rule', async (context) => {
  const rule = {
    Version: 1,
    ResourceARN: '*',
    ReservoirSize: 0,
    ServiceName: 'shop',
    ServiceType: '*',
    HTTPMethod: 'GET',
    Host: '127.0.0.1:*',
    Attributes: {},
  };
  const SamplingRuleRecords = [
    {
      SamplingRule: {
        ...rule,
        RuleName: 'refused',
        Priority: 1,
        URLPath: '/refused',
        FixedRate: 1,
      },
    },
    {
      SamplingRule: { ...rule, RuleName: 'Default', Priority: 10_000, URLPath: '*', FixedRate: 0 },
    },
  ];
  const { get, received, arrive } = await startTraced(context, { rules: { SamplingRuleRecords } });
  const answer = await get('/broken');
  assert.match(String(answer.headers.get('x-amzn-trace-id')), /;Sampled=0$/);
  await get('/refused');
  await arrive(1);
  assertValid(received);
  assert.equal(received.length, 1);
  assert.deepEqual(received[0]?.aws?.['xray'], {
    sdk: 'test',
    sdk_version: '1',
    rule_name: 'refused',
  });
});

test('in an ECS task the segment has its origin, its container and its log group', async (context) => {
  const container = {
    DockerId: 'cd189a933e5849daa93386466019ab50-2495160603',
    Name: 'shop',
    LogOptions: {
      'awslogs-group': '/ecs/shop',
      'awslogs-region': 'eu-west-1',
      'awslogs-stream': 's',
    },
  };
  const { get, received, arrive } = await startTraced(context, { container });
  await get('/refused');
  await arrive(1);
  assertValid(received);
  assert.equal(received[0]?.origin, 'AWS::ECS::Container');
  assert.deepEqual(received[0].aws?.['ecs'], {
    container: 'ip-10-0-0-7',
    container_id: container.DockerId,
  });
  assert.deepEqual(received[0].aws['cloudwatch_logs'], [{ log_group: '/ecs/shop' }]);
});

test('a request with more subsegments than a document holds arrives in parts', async (context) => {
  const { get, received, arrive } = await startTraced(context);
  await get('/batch');
  await arrive(103);
  assertValid(received);
  const [announced] = received;
  assert.equal(announced?.in_progress, true);
  const items = received.flatMap(({ type, name, subsegments = [] }) =>
    type === 'subsegment' ? [name] : subsegments.map((item) => item.name),
  );
  assert.equal(new Set(items).size, 150);
  assert.equal(items.length, 150);
  assert.equal(received.at(-1)?.id, announced.id);
});

test('what /metrics and /sent count of the load is what arrives', async (context) => {
  const { app, world, get, received } = await startTraced(context);
  const load = new LoadGenerator({
    world,
    url: () => app.url,
    perSecond: 150,
    concurrencyMax: 100,
    random: () => 0.5,
    pathOf: mixedPathOf,
  });
  onEnd(context, () => load.stop(1_000));
  await load.start();
  await until(
    '200 requests',
    30_000,
    () => world.metric('load_requests_total{outcome="ok"}') >= 182,
    20,
  );
  await load.stop(5_000);
  const sent = (await (await get('/sent')).json()) as SentReport;
  const total = Object.values(sent.documents).reduce((sum, count) => sum + count, 0);
  await until('all arrive', 10_000, () => received.length === total, 10);
  assertValid(received);
  assert.deepEqual(Object.values(sent.dropped), [0, 0, 0, 0, 0]);
  assert.deepEqual(new Set(received.map(({ trace_id }) => trace_id)), new Set(sent.traceIds));
  assert.equal(sent.traces, sent.traceIds.length);
  assert.equal(sent.hasAllTraceIds, true);
  for (const [kind, count] of Object.entries(sent.documents))
    assert.equal(world.metric(`sample_app_segments_sent_total{kind="${kind}"}`), count);
  const roots = received.filter(
    (document) => document.end_time !== undefined && document.type === undefined,
  );
  for (const [outcome, status] of [
    ['error', 404],
    ['throttled', 429],
    ['fault', 500],
  ] as const)
    assert.equal(
      roots.filter(({ http }) => http?.response?.status === status).length,
      world.metric(`load_requests_total{outcome="${outcome}"}`),
      outcome,
    );
});

test('the mix of the load is 4 refused, 2 throttled, 3 broken and a batch of 100 requests', () => {
  const counts: Record<string, number> = {};
  for (let i = 0; i < 200; i++) counts[mixedPathOf(i)] = (counts[mixedPathOf(i)] ?? 0) + 1;
  assert.deepEqual(counts, {
    '/work': 180,
    '/refused': 8,
    '/throttled': 4,
    '/broken': 6,
    '/batch': 2,
  });
});
