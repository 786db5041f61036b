import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { signRequest } from '../../aws/signing.ts';
import { systemClock } from '../../kernel/clock.ts';
import { HttpServer } from '../../kernel/http-server.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { makeLabelSet } from '../../model/labels.ts';
import { encodeLabels } from '../../wire/remote-write/labels.ts';
import { WriteRequestEncoder } from '../../wire/remote-write/encoder.ts';
import { compress } from '../../wire/snappy.ts';
import { Store, STORE_DEFAULTS } from '../storage/store.ts';
import { type Authorizer, refuseUnsigned } from './authorize.ts';
import { queryRoutes } from './query.ts';
import { formatFloat } from './result-json.ts';
import { Faults } from './faults.ts';
import { resolveLimits, RequestGate } from './limits.ts';
import { writeRoute } from './write.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { createWorld, openHttp } from '../../../test/kit/world.ts';

const world = createWorld({ clock: systemClock, http: openHttp({ after }) });
const directory = temporaryFolder({ after });
const store = new Store({ ...STORE_DEFAULTS, directory }, world);
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const authorizer: Authorizer = {
  world,
  region: 'us-east-1',
  lookup: (id) => Promise.resolve(id === keys.accessKeyId ? keys : undefined),
};
const prefix = '/workspaces/ws-1';
const server = new HttpServer({
  name: 'test',
  listen: '127.0.0.1:0',
  strangers: 'none',
  log: silentLogger,
  routes: [
    writeRoute({
      prefix,
      store,
      world,
      authorize: (request) => refuseUnsigned(request, authorizer),
      gate: new RequestGate(resolveLimits(false, []), systemClock),
      faults: new Faults([], 1),
      takes2: true,
    }),
    ...queryRoutes(prefix, {
      store,
      world,
      version: '0',
      authorize: () => Promise.resolve(undefined),
    }),
  ],
});
// A whole minute in the past, so that the ranges of the tests are round numbers.
const T = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;

before(async () => {
  await store.start();
  await server.start();
  const samples = Array.from({ length: 21 }, (_, i): [Record<string, string>, number, number] => [
    { __name__: 'requests_total', job: 'a"b' },
    T + i * 15_000,
    i * 30,
  ]);
  assert.equal(
    (
      await write(
        body([
          ...samples,
          [{ __name__: 'temperature' }, T, -0.5],
          [{ __name__: 'temperature' }, T + 15_000, NaN],
        ]),
      )
    ).status,
    200,
  );
});
after(async () => {
  await server.stop(100);
  await store.stop();
});

function body(samples: readonly [Record<string, string>, number, number][]): Uint8Array {
  const encoder = new WriteRequestEncoder();
  for (const [labels, tMs, value] of samples)
    encoder.append(encodeLabels(makeLabelSet(labels)), tMs, value);
  encoder.appendMetadata({ type: 'counter', name: 'requests_total', help: 'Served.', unit: '' });
  return compress(encoder.bytes());
}

const signal = new AbortController().signal;
async function write(
  bytes: Uint8Array,
  more: Record<string, string> = {},
  secret = keys,
): Promise<{ status: number; text: string }> {
  const url = `${server.url}${prefix}/api/v1/remote_write`;
  const headers = signRequest(
    {
      method: 'POST',
      url,
      body: bytes,
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', ...more },
    },
    secret,
    { region: 'us-east-1', service: 'aps' },
    Date.now(),
  );
  const answer = await world.http.send({
    method: 'POST',
    url,
    headers,
    body: bytes,
    timeoutMs: 5_000,
    bodyMaxBytes: 1e6,
    signal,
  });
  return { status: answer.status, text: answer.body.toString() };
}

async function get(
  path: string,
  parameters: [string, string][] = [],
  headers: Record<string, string> = {},
): Promise<{ status: number; json: unknown }> {
  const answer = await world.http.send({
    method: 'GET',
    url: `${server.url}${prefix}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`,
    headers,
    timeoutMs: 5_000,
    bodyMaxBytes: 1e7,
    signal,
  });
  return { status: answer.status, json: JSON.parse(answer.body.toString()) };
}

test('queries answer in the shapes of the Prometheus API', async () => {
  const seconds = String((T + 300_000) / 1_000);
  assert.deepEqual(
    (
      await get('query', [
        ['query', 'sum(requests_total) / 300'],
        ['time', seconds],
      ])
    ).json,
    {
      status: 'success',
      data: { resultType: 'vector', result: [{ metric: {}, value: [Number(seconds), '2'] }] },
    },
  );
  assert.deepEqual(
    (
      await get('query', [
        ['query', 'requests_total[30s]'],
        ['time', seconds],
      ])
    ).json,
    {
      status: 'success',
      data: {
        resultType: 'matrix',
        result: [
          {
            metric: { __name__: 'requests_total', job: 'a"b' },
            values: [
              [Number(seconds) - 15, '570'],
              [Number(seconds), '600'],
            ],
          },
        ],
      },
    },
  );
  assert.deepEqual(
    (
      await get('query', [
        ['query', '1+1'],
        ['time', '4'],
      ])
    ).json,
    { status: 'success', data: { resultType: 'scalar', result: [4, '2'] } },
  );
  assert.deepEqual(
    (
      await get('query', [
        ['query', '"x"'],
        ['time', '2026-01-01T00:00:00Z'],
      ])
    ).json,
    { status: 'success', data: { resultType: 'string', result: [1_767_225_600, 'x'] } },
  );
  const range = await get('query_range', [
    ['query', 'temperature'],
    ['start', String(T / 1_000)],
    ['end', String(T / 1_000 + 30)],
    ['step', '15s'],
  ]);
  assert.deepEqual(range.json, {
    status: 'success',
    data: {
      resultType: 'matrix',
      result: [
        {
          metric: { __name__: 'temperature' },
          values: [
            [T / 1_000, '-0.5'],
            [T / 1_000 + 15, 'NaN'],
            [T / 1_000 + 30, 'NaN'],
          ],
        },
      ],
    },
  });
});

test('errors carry their type, status and position', async () => {
  const cases: [string, [string, string][], number, string, RegExp][] = [
    [
      'query',
      [['query', 'sum(']],
      400,
      'bad_data',
      /^invalid parameter "query": 1:5: parse error: unclosed left parenthesis/,
    ],
    ['query', [], 400, 'bad_data', /^invalid parameter "query": .*no expression found in input/],
    [
      'query',
      [
        ['query', 'a'],
        ['limit', '-1'],
      ],
      400,
      'bad_data',
      /limit must be non-negative/,
    ],
    [
      'query',
      [
        ['query', 'requests_total'],
        ['timeout', '0'],
      ],
      503,
      'timeout',
      /query timed out/,
    ],
    ['series', [['match[]', '{a=""}']], 400, 'bad_data', /at least one non-empty matcher/],
    ['label/a%ff/values', [], 400, 'bad_data', /invalid label name/],
    [
      'query',
      [
        ['query', 'a'],
        ['time', 'soon'],
      ],
      400,
      'bad_data',
      /cannot parse "soon" to a valid timestamp/,
    ],
    [
      'query_range',
      [
        ['query', 'a'],
        ['start', '1'],
        ['end', '0'],
        ['step', '1'],
      ],
      400,
      'bad_data',
      /end timestamp must not be before start/,
    ],
    [
      'query_range',
      [
        ['query', 'a'],
        ['start', '0'],
        ['end', '1'],
        ['step', '0'],
      ],
      400,
      'bad_data',
      /zero or negative query resolution/,
    ],
    [
      'query_range',
      [
        ['query', 'a'],
        ['start', '0'],
        ['end', '20000'],
        ['step', '1'],
      ],
      400,
      'bad_data',
      /exceeded maximum resolution of 11,000 points/,
    ],
    [
      'query',
      [['query', 'limitk(1, a)']],
      400,
      'bad_data',
      /1:1: aggregation "limitk" is not supported yet/,
    ],
    ['series', [], 400, 'bad_data', /no match\[\] parameter provided/],
    [
      'labels',
      [['match[]', 'a+b']],
      400,
      'bad_data',
      /^invalid parameter "match\[\]": 1:2: parse error: unexpected <op:\+>/,
    ],
  ];
  for (const [path, parameters, status, type, message] of cases) {
    const answer = await get(path, parameters);
    const { errorType, error } = answer.json as { errorType: string; error: string };
    assert.deepEqual([answer.status, errorType], [status, type], path);
    assert.match(error, message);
  }
});

test('labels, values, series and metadata list what is stored', async () => {
  assert.deepEqual((await get('labels')).json, { status: 'success', data: ['__name__', 'job'] });
  assert.deepEqual((await get('label/__name__/values')).json, {
    status: 'success',
    data: ['requests_total', 'temperature'],
  });
  assert.deepEqual((await get('label/__name__/values', [['limit', '1']])).json, {
    status: 'success',
    data: ['requests_total'],
    warnings: ['results truncated due to limit'],
  });
  assert.deepEqual((await get('series', [['match[]', '{job=~".+"}']])).json, {
    status: 'success',
    data: [{ __name__: 'requests_total', job: 'a"b' }],
  });
  assert.deepEqual(
    (
      await get('series', [
        ['match[]', 'requests_total'],
        ['end', '1000'],
      ])
    ).json,
    { status: 'success', data: [] },
  );
  assert.deepEqual((await get('metadata')).json, {
    status: 'success',
    data: { requests_total: [{ type: 'counter', help: 'Served.', unit: '' }] },
  });
  // Grafana sends milliseconds here.
  assert.deepEqual(
    (
      await get('query_exemplars', [
        ['query', 'test'],
        ['start', '1.7e12'],
        ['end', '1.7e12'],
      ])
    ).json,
    { status: 'success', data: [] },
  );
  assert.deepEqual((await get('label/U__a_2e_b/values')).json, { status: 'success', data: [] });
  assert.deepEqual((await get('label/U__job/values')).json, { status: 'success', data: ['a"b'] });
  assert.deepEqual((await get('label/U___ffffff_/values')).json, { status: 'success', data: [] });
  const info = (await get('status/buildinfo', [], { origin: 'http://grafana' })).json as {
    data: object;
  };
  assert.ok(!('features' in info.data));
});

test('a form body is read on POST, and gzip is given where it is asked for', async () => {
  const form = new URLSearchParams({
    query: 'requests_total[1h]',
    time: String((T + 300_000) / 1_000),
  }).toString();
  const answer = await world.http.send({
    method: 'POST',
    url: `${server.url}${prefix}/api/v1/query`,
    body: form,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'accept-encoding': 'gzip' },
    timeoutMs: 5_000,
    bodyMaxBytes: 1e6,
    signal,
  });
  assert.equal(answer.status, 200);
  assert.match(answer.body.toString(), /"570"/);
});

test('a query is formatted, and parsed to the tree that Prometheus shows', async () => {
  assert.deepEqual((await get('format_query', [['query', 'sum( a )by(b)']])).json, {
    status: 'success',
    data: 'sum by (b) (a)',
  });
  // As Prometheus 3.5.3 answers.
  assert.deepEqual(
    (await get('parse_query', [['query', 'sum(rate(a{b="c"}[5m]))by(b) / 2']])).json,
    JSON.parse(
      '{"status":"success","data":{"bool":false,"lhs":{"expr":{"args":[{"matchers":[{"name":"b","type":"=","value":"c"},{"name":"__name__","type":"=","value":"a"}],"name":"a","offset":0,"range":300000,"startOrEnd":null,"timestamp":null,"type":"matrixSelector"}],"func":{"argTypes":["matrix"],"name":"rate","returnType":"vector","variadic":0},"type":"call"},"grouping":["b"],"op":"sum","param":null,"type":"aggregation","without":false},"matching":null,"op":"/","rhs":{"type":"numberLiteral","val":"2"},"type":"binaryExpr"}}',
    ),
  );
});

test('a page elsewhere may ask before it calls, another method or path is refused in plain text', async () => {
  const send = async (method: string, path: string): Promise<[number, string | null]> => {
    const { status, headers } = await fetch(`${server.url}${prefix}/api/v1/${path}`, {
      method,
      headers: { origin: 'http://grafana' },
    });
    return [status, headers.get('access-control-allow-methods')];
  };
  assert.deepEqual(await send('OPTIONS', 'query'), [204, 'GET, POST, OPTIONS']);
  assert.deepEqual(await send('GET', 'query?query=1'), [200, 'GET, POST, OPTIONS']);
  assert.equal((await send('DELETE', 'query'))[0], 405);
  assert.equal((await send('POST', 'label/a/values'))[0], 405);
  assert.equal((await send('GET', 'nosuch'))[0], 404);
});

test('a write without a right signature is 403, a wrong body 400, another protocol 415, and nothing is stored', async () => {
  const before = (await get('label/__name__/values')).json;
  const bytes = body([[{ __name__: 'evil' }, T, 1]]);
  assert.deepEqual((await write(bytes, {}, { ...keys, secretAccessKey: 'wrong' })).status, 403);
  assert.match(
    (await write(bytes, {}, { accessKeyId: 'AKIDOTHER', secretAccessKey: 'x' })).text,
    /security token .* is invalid/,
  );
  assert.equal((await write(Buffer.from('not snappy'))).status, 400);
  assert.equal(
    (
      await write(bytes, {
        'content-type': 'application/x-protobuf;proto=io.prometheus.write.v3.Request',
      })
    ).status,
    415,
  );
  assert.deepEqual((await get('label/__name__/values')).json, before);
});

test('a request with some bad samples stores the others and says which were refused', async () => {
  const answer = await write(
    body([
      [{ __name__: 'requests_total', job: 'a"b' }, T + 300_000, 1],
      [{ __name__: 'partly' }, T, 1],
    ]),
  );
  assert.equal(answer.status, 400);
  assert.match(answer.text, /new-value-for-timestamp.*refused: new-value-for-timestamp 1/);
  assert.match(JSON.stringify((await get('label/__name__/values')).json), /partly/);
});

test('floats are written as Go writes them', () => {
  const cases: [number, string][] = [
    [1e21, '1e+21'],
    [1e-7, '1e-07'],
    [0.1, '0.1'],
    [-0, '-0'],
    [Infinity, '+Inf'],
    [123456789, '123456789'],
  ];
  for (const [value, text] of cases) assert.equal(formatFloat(value), text);
});
