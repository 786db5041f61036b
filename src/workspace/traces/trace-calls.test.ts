/**
 * The calls of traces as the page makes them: HTTP requests to a workspace's routes over a small
 * X-Ray, asked by the real signing client.
 */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test, type TestContext } from 'node:test';
import { ServiceClient } from '../../aws/service-client.ts';
import { signRequest } from '../../aws/signing.ts';
import { systemClock } from '../../kernel/clock.ts';
import { HttpServer } from '../../kernel/http-server.ts';
import { knownHosts } from '../../kernel/stranger-guard.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { BAD_FILTER, startFakeXray } from '../../../test/kit/fake-xray.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { createWorld, openHttp } from '../../../test/kit/world.ts';
import { refuseUnsigned } from '../api/authorize.ts';
import { queryRoutes } from '../api/query.ts';
import { Store, STORE_DEFAULTS } from '../storage/store.ts';
import { makeTraceCalls } from './trace-calls.ts';
import { createXrayApi } from './xray-api.ts';

const NOW_MS = 1_700_000_000_000;
const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

function idOf(number: number): string {
  return `1-6553f100-${String(number).padStart(24, '0')}`;
}

/** A trace that started `number` seconds after 1,699,999,900, with as many documents as said. */
function makeTrace(number: number, documents = 1) {
  return {
    summary: { Id: idOf(number), StartTime: 1_699_999_900 + number, Duration: 0.5, Revision: 1 },
    documents: Array.from(
      { length: documents },
      (_, index) => `{"id":"${number}-${index}","start_time":1}`,
    ),
  };
}

interface Envelope {
  status: string;
  errorType?: string;
  error?: string;
  warnings?: string[];
  data: {
    traces: { id: string; segments: number | null }[];
    services: { id: number; edges: unknown[] }[];
    segments: { document: string }[];
    isCut: boolean;
  };
}

async function setUp(context: TestContext, { isOff = false } = {}) {
  const xray = await startFakeXray(context);
  const world = createWorld({ clock: systemClock, http: openHttp(context) });
  const client = new ServiceClient(
    {
      service: 'xray',
      endpoint: xray.url,
      region: 'eu-west-1',
      credentials: { accessKey: 'AKIATEST', secretKey: 'test' },
    },
    world,
  );
  context.after(() => client.close());
  const api = isOff ? undefined : createXrayApi(client, world.metrics);
  const store = new Store({ ...STORE_DEFAULTS, directory: temporaryFolder(context) }, world);
  const moreCalls = makeTraceCalls({ xray: api, nowMs: () => NOW_MS });
  const options = { store, world, version: '0', moreCalls };
  const authorizer = { world, region: 'us-east-1', lookup: () => Promise.resolve(KEYS) };
  const server = new HttpServer({
    name: 'test',
    listen: '127.0.0.1:0',
    log: silentLogger,
    strangers: { ...knownHosts('--web.allowed-host', ['ws.example.com']), isOpen: true },
    routes: [
      ...queryRoutes('', { ...options, authorize: () => Promise.resolve(undefined) }),
      ...queryRoutes('/workspaces/ws-1', {
        ...options,
        authorize: (request) => refuseUnsigned(request, authorizer),
      }),
    ],
  });
  await server.start();
  context.after(() => server.stop(100));
  const ask = async (path: string): Promise<Envelope & { code: number }> => {
    const response = await fetch(`${server.url}/api/v1/xray/${path}`);
    return { code: response.status, ...((await response.json()) as Envelope) };
  };
  return { xray, world, ask, url: server.url };
}

test('the newest traces come first, of the last five minutes, asked by a signed call', async (context) => {
  const { xray, ask } = await setUp(context);
  const third = makeTrace(3, 2);
  const apart = ['{"type":"subsegment"}', 'not JSON', 'null'];
  xray.traces = [
    makeTrace(1),
    { ...third, documents: [...third.documents, ...third.documents, ...apart] },
    makeTrace(2),
  ];
  const { code, data } = await ask('traces');
  assert.equal(code, 200);
  assert.deepEqual(
    data.traces.map(({ id, segments }) => [id, segments]),
    [
      [idOf(3), 2],
      [idOf(2), 1],
      [idOf(1), 1],
    ],
  );
  const [call] = xray.calls;
  assert.deepEqual(call?.body, { StartTime: NOW_MS / 1_000 - 300, EndTime: NOW_MS / 1_000 });
  assert.match(call?.authorization ?? '', /AKIATEST\/\d{8}\/eu-west-1\/xray\/aws4_request/);
});

test('pages are read until the limit is full, and what is left is told', async (context) => {
  const { xray, ask } = await setUp(context);
  xray.pageSize = 2;
  xray.traces = Array.from({ length: 7 }, (_, index) => makeTrace(7 - index));
  const three = await ask('traces?limit=3');
  assert.deepEqual(
    three.data.traces.map(({ id }) => id),
    [idOf(7), idOf(6), idOf(5)],
  );
  assert.deepEqual(three.warnings, [
    'results truncated due to limit; narrow the range or give a filter expression to see others',
  ]);
  assert.equal(xray.calls.filter(({ path }) => path === '/TraceSummaries').length, 2);
  const all = await ask('traces');
  assert.equal(all.data.traces.length, 7);
  assert.equal(all.warnings, undefined);
});

test('segments are counted five traces a call, twenty a list, and each trace once', async (context) => {
  const { xray, ask } = await setUp(context);
  xray.traces = Array.from({ length: 27 }, (_, index) => makeTrace(index + 1, 3));
  const reads = () => xray.calls.filter(({ path }) => path === '/Traces');
  const first = await ask('traces');
  assert.equal(first.data.traces.filter(({ segments }) => segments === 3).length, 20);
  assert.equal(first.data.traces.filter(({ segments }) => segments === null).length, 7);
  assert.ok(reads().every(({ body }) => (body['TraceIds'] as string[]).length <= 5));
  assert.equal(reads().length, 4);
  assert.ok((await ask('traces')).data.traces.every(({ segments }) => segments === 3));
  assert.equal(reads().length, 6);
  // One has grown, and its summary says so: only that one is read again.
  const grown = makeTrace(27, 4);
  xray.traces = [
    { ...grown, summary: { ...grown.summary, Revision: 2 } },
    ...xray.traces.slice(0, 26),
  ];
  assert.equal((await ask('traces')).data.traces[0]?.segments, 4);
  assert.deepEqual(reads().at(-1)?.body['TraceIds'], [idOf(27)]);
  assert.equal(reads().length, 7);
});

test('a list is shown without counts where X-Ray does not give traces', async (context) => {
  const { xray, ask } = await setUp(context);
  xray.traces = [makeTrace(1)];
  xray.refusal = { path: '/Traces', status: 429, type: 'ThrottledException', message: 'slowly' };
  const { code, data, warnings } = await ask('traces');
  assert.deepEqual([code, data.traces[0]?.segments], [200, null]);
  assert.deepEqual(warnings, [
    'segments are not counted: xray:BatchGetTraces is throttled: ThrottledException: slowly',
  ]);
});

test('a filter passes as it is, and the words of X-Ray about it come back', async (context) => {
  const { xray, ask } = await setUp(context);
  const filter = 'service("a & b") AND http.status = 500';
  await ask(`traces?filter=${encodeURIComponent(filter)}&start=100&end=200.5`);
  assert.deepEqual(xray.calls[0]?.body, {
    StartTime: 100,
    EndTime: 200.5,
    FilterExpression: filter,
  });
  const bad = await ask(`traces?filter=${encodeURIComponent(BAD_FILTER)}`);
  assert.deepEqual(
    [bad.code, bad.errorType, bad.error],
    [400, 'bad_data', 'Invalid filter expression: unexpected end'],
  );
  const long = await ask(`traces?filter=${'a'.repeat(4_001)}`);
  assert.deepEqual([long.code, long.errorType], [400, 'bad_data']);
});

test('a trace has all documents of all pages, unchanged', async (context) => {
  const { xray, ask } = await setUp(context);
  xray.pageSize = 2;
  xray.traces = [makeTrace(1, 5), makeTrace(2)];
  const { data } = await ask(`traces/${idOf(1)}`);
  assert.deepEqual(
    data.segments.map(({ document }) => document),
    xray.traces[0]?.documents,
  );
  assert.equal(data.isCut, false);
});

test('documents beyond 16 MiB are left out, and the answer says so', async (context) => {
  const { xray, ask } = await setUp(context);
  xray.pageSize = 4;
  const document = JSON.stringify({ id: '1', name: 'x'.repeat(3 * 1024 * 1024) });
  xray.traces = [{ ...makeTrace(1), documents: Array.from({ length: 9 }, () => document) }];
  const { data } = await ask(`traces/${idOf(1)}`);
  assert.deepEqual([data.segments.length, data.isCut], [5, true]);
});

test('a trace that is not there, and an id that is none, have each their answer', async (context) => {
  const { xray, ask } = await setUp(context);
  const absent = await ask(`traces/${idOf(9)}`);
  assert.deepEqual([absent.code, absent.errorType], [404, 'not_found']);
  assert.match(absent.error ?? '', /^X-Ray has no trace 1-6553f100-0{23}9; it may/);
  const asked = xray.calls.length;
  for (const id of ['', 'x', '1-6553f100-00000000000000000000000g', `${idOf(1)}/x`]) {
    const wrong = await ask(`traces/${id}`);
    assert.deepEqual([wrong.code, wrong.errorType], [400, 'bad_data'], id);
  }
  const { code, error } = await ask('traces/1-6553F100-00000000000000000000000A');
  assert.equal(code, 400);
  assert.match(error ?? '', /has capital letters, and X-Ray has ids in lower case only$/);
  assert.equal(xray.calls.length, asked);
});

test('a time that is none is blamed by its own name', async (context) => {
  const { xray, ask } = await setUp(context);
  const cases: readonly (readonly [question: string, words: RegExp])[] = [
    ['start=1e400', /"start": "1e400" is no time from 1970 to 9999$/],
    ['start=-1e400', /"start": "-1e400" is no time/],
    ['end=1e400', /"end": "1e400" is no time/],
    ['start=0&end=1e20', /"end": "1e20" is no time/],
    ['start=-5', /"start": "-5" is no time/],
    ['start=20&end=10', /end timestamp must not be before start time$/],
  ];
  for (const [question, words] of cases)
    for (const path of ['traces', 'services']) {
      const { code, errorType, error } = await ask(`${path}?${question}`);
      assert.deepEqual([code, errorType], [400, 'bad_data'], question);
      assert.match(error ?? '', words, question);
    }
  assert.equal(xray.calls.length, 0);
});

test('the services come with what their edges did, and absent statistics are 0', async (context) => {
  const { xray, ask } = await setUp(context);
  const counted = {
    OkCount: 7,
    ErrorStatistics: { ThrottleCount: 1, OtherCount: 1, TotalCount: 2 },
    FaultStatistics: { OtherCount: 1, TotalCount: 1 },
    TotalCount: 10,
    TotalResponseTime: 2.5,
  };
  const edge = { ReferenceId: 1, SummaryStatistics: counted };
  xray.services = [
    { ReferenceId: 0, Name: 'web', Root: true, SummaryStatistics: counted, Edges: [edge] },
    { ReferenceId: 1, Name: 'table', Type: 'AWS::DynamoDB::Table' },
  ];
  const { data } = await ask('services?start=0&end=60');
  const numbers = { count: 10, errors: 2, throttles: 1, faults: 1, totalResponseTimeS: 2.5 };
  const none = { count: 0, errors: 0, throttles: 0, faults: 0, totalResponseTimeS: 0 };
  assert.deepEqual(data.services, [
    { id: 0, name: 'web', type: '', isRoot: true, ...numbers, edges: [{ to: 1, ...numbers }] },
    { id: 1, name: 'table', type: 'AWS::DynamoDB::Table', isRoot: false, ...none, edges: [] },
  ]);
  assert.equal(xray.calls[0]?.path, '/ServiceGraph');
});

test('what fails says whether it may pass, and is counted', async (context) => {
  const { xray, world, ask } = await setUp(context);
  const cases = [
    [403, 'AccessDeniedException', 422, /no way; the role in use needs xray:GetServiceGraph$/],
    [429, 'ThrottledException', 503, /^xray:GetServiceGraph is throttled/],
    [500, 'InternalFailure', 503, /^xray:GetServiceGraph: InternalFailure: no way$/],
    [400, 'UnrecognizedClientException', 422, /^xray:GetServiceGraph: Unrecog/],
  ] as const;
  for (const [status, type, expected, words] of cases) {
    xray.refusal = { path: '', status, type, message: 'no way' };
    const { code, error } = await ask('services');
    assert.equal(code, expected, type);
    assert.match(error ?? '', words);
  }
  const counter = 'amperage_aws_calls_total{service="xray",action="GetServiceGraph",outcome=';
  assert.equal(world.metric(`${counter}"refused"}`), 1);
  assert.equal(world.metric(`${counter}"throttled"}`), 1);
  assert.equal(world.metric(`${counter}"error"}`), 2);
});

test('an answer of another shape is an error, not an empty list', async (context) => {
  const { xray, ask } = await setUp(context);
  xray.traces = [{ summary: { Id: 7 as unknown as string }, documents: [] }];
  const { code, error } = await ask('traces');
  assert.deepEqual([code, error], [503, 'xray:GetTraceSummaries: its answer is not that of X-Ray']);
});

test('texts of summaries are cut, whatever their length', async (context) => {
  const { xray, ask } = await setUp(context);
  const long = 'x'.repeat(100_000);
  const { summary } = makeTrace(1);
  xray.traces = [{ summary: { ...summary, Http: { HttpURL: long } }, documents: [] }];
  const { data } = await ask('traces');
  assert.equal((data.traces[0] as unknown as { http: { url: string } }).http.url.length, 2_000);
});

test('without X-Ray each call says how to switch it on', async (context) => {
  const { ask } = await setUp(context, { isOff: true });
  for (const path of ['traces', `traces/${idOf(1)}`, 'services']) {
    const { code, error } = await ask(path);
    assert.equal(code, 404);
    assert.match(error ?? '', /^traces are off; start the workspace with --xray.endpoint/);
  }
});

test('below /workspaces/ the calls stand behind the authorization of all others', async (context) => {
  const { xray, url } = await setUp(context);
  const target = `${url}/workspaces/ws-1/api/v1/xray/services`;
  assert.equal((await fetch(target)).status, 403);
  assert.equal(xray.calls.length, 0);
  const headers = signRequest(
    { method: 'GET', url: target, headers: {}, body: undefined },
    KEYS,
    { region: 'us-east-1', service: 'aps' },
    Date.now(),
  );
  const { host: _host, ...own } = headers;
  assert.equal((await fetch(target, { headers: own })).status, 200);
  assert.equal((await fetch(`${url}/api/v1/xray/traces`, { method: 'POST' })).status, 405);
});

test('web pages of other origins and foreign host names read no traces', async (context) => {
  const { xray, url } = await setUp(context);
  xray.traces = [makeTrace(1)];
  const { host, port } = new URL(url);
  const get = (headers: Record<string, string>, method = 'GET') =>
    new Promise<{ status: number; allowed: string | undefined; text: string }>(
      (resolve, reject) => {
        const sent = request(`${url}/api/v1/xray/traces`, { method, headers }, (answer) => {
          let text = '';
          answer.on('data', (part: Buffer) => (text += part.toString()));
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              allowed: answer.headers['access-control-allow-origin'],
              text,
            }),
          );
        });
        sent.on('error', reject).end();
      },
    );
  const foreign: Record<string, string>[] = [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: `http://localhost:${port}` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { host: 'attacker.example' },
    { host: 'attacker.example', origin: 'http://attacker.example' },
    { host: 'ws.example.com.evil.net' },
  ];
  for (const headers of foreign) {
    const { status, allowed, text } = await get(headers);
    assert.equal(status, 403, JSON.stringify(headers));
    assert.equal(allowed, undefined);
    assert.match(text, /"errorType":"forbidden"|with --web\.allowed-host /);
  }
  assert.equal(xray.calls.length, 0);
  const preflight = await get({ origin: 'http://evil.example' }, 'OPTIONS');
  assert.equal(preflight.allowed, undefined);
  const own: Record<string, string>[] = [
    {},
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
    { host: `localhost:${port}` },
    { host: 'workspace.internal' },
    { host: 'ws.example.com:9009' },
  ];
  for (const headers of own)
    assert.equal((await get(headers)).status, 200, JSON.stringify(headers));
});
