import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { listen, serve } from '../../test/kit/listen.ts';
import { createWorld, openHttp } from '../../test/kit/world.ts';
import { createServer } from 'node:net';
import { type ForwardedRequest, ServiceClient } from './service-client.ts';
import { verifyRequest } from './verification.ts';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const REQUEST: ForwardedRequest = {
  method: 'POST',
  target: '/GetSamplingRules',
  headers: [['content-type', 'application/json']],
  body: Buffer.from('{}'),
  timeoutMs: 5_000,
  bodyMaxBytes: 1_000,
  signal: new AbortController().signal,
};

interface Seen {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

type Answer = (outgoing: ServerResponse, incoming: IncomingMessage) => void;

/** A client and the service that it asks, which answers as a test says. */
async function open(context: TestContext, answer: Answer, prefix = '') {
  const seen: Seen[] = [];
  const { url } = await serve(context, (incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const { method = '', url: target = '', rawHeaders } = incoming;
      seen.push({ method, target, rawHeaders, body: Buffer.concat(parts).toString() });
      answer(outgoing, incoming);
    });
  });
  return { seen, ...createClient(context, `${url}${prefix}`) };
}

function createClient(context: TestContext, endpoint: string) {
  const world = createWorld({ http: openHttp(context) });
  const client = new ServiceClient(
    {
      service: 'xray',
      region: 'eu-west-1',
      endpoint,
      credentials: { accessKey: KEYS.accessKeyId, secretKey: KEYS.secretAccessKey },
    },
    world,
    {},
  );
  return { ...world, client };
}

async function verify({ method, target, rawHeaders, body }: Seen, nowMs: number): Promise<string> {
  const [path = '', query = ''] = target.split('?');
  const verified = await verifyRequest(
    { method, path, query, rawHeaders, body: Buffer.from(body) },
    { lookup: () => KEYS, nowMs, service: 'xray', regions: ['eu-west-1'] },
  );
  return verified.ok ? 'signed' : verified.message;
}

const ok: Answer = (outgoing) => void outgoing.end('{}');

test('method, target, headers and body pass as they came, signed', async (context) => {
  const { client, seen, clock } = await open(context, ok, '/base/');
  const requests = [
    { method: 'POST', target: "/a//b/../%7Ec'd?x=1&y=%20+&z" },
    { method: 'GET', target: '/', body: Buffer.alloc(0) },
    { method: 'DELETE', target: '/x?', body: Buffer.from([0, 255, 128]) },
    { method: 'PATCH', target: '/*' },
  ];
  for (const one of requests) {
    const answer = await client.forward({ ...REQUEST, ...one });
    assert.equal(answer.status, 200);
    const last = seen.at(-1)!;
    assert.equal(last.method, one.method);
    assert.equal(last.target, `/base${one.target.replace(/\?$/, '')}`);
    if (one.body === undefined) assert.equal(last.body, '{}');
    if (one.body?.length !== 3) assert.equal(await verify(last, clock.nowMs()), 'signed');
  }
});

test("the client's own signature is replaced, by header and by query", async (context) => {
  const { client, seen, clock } = await open(context, ok);
  await client.forward({
    ...REQUEST,
    target: '/x?a=1&X-Amz-Signature=00&X-Amz-Credential=me&b=2',
    headers: [
      ['authorization', 'AWS4-HMAC-SHA256 Credential=other'],
      ['x-amz-date', '20200101T000000Z'],
      ['x-amz-security-token', 'token of the client'],
      ['x-amz-content-sha256', '00'],
      ['host', '127.0.0.1:2000'],
      ['content-length', '99'],
      ['x-amz-target', 'kept'],
      ['x-twice', 'a'],
      ['x-twice', 'b'],
      ['constructor', 'c'],
    ],
  });
  const [{ rawHeaders, target } = { rawHeaders: [], target: '' }] = seen;
  assert.equal(target, '/x?a=1&b=2');
  const lines = rawHeaders.join('\n');
  assert.match(lines, /x-amz-target\nkept/);
  assert.match(lines, /x-twice\na, b/);
  assert.match(lines, /constructor\nc/);
  assert.doesNotMatch(lines, /other|2020|token of|\n99|:2000\n/);
  assert.equal(await verify(seen[0]!, clock.nowMs()), 'signed');
});

test('an answer comes as it was sent: not inflated, repeated headers apart', async (context) => {
  const body = gzipSync('{"a":1}');
  const { client } = await open(context, (outgoing) => {
    outgoing.writeHead(418, [
      ['Content-Encoding', 'gzip'],
      ['X-Twice', 'a, b'],
      ['X-Twice', 'c'],
    ] as unknown as string[]);
    outgoing.end(body);
  });
  const answer = await client.forward(REQUEST);
  assert.equal(answer.status, 418);
  assert.deepEqual(answer.body, body);
  assert.deepEqual(answer.headerLists?.['x-twice'], ['a, b', 'c']);
  const { body: plain, headerLists } = await client.send({
    ...REQUEST,
    headers: {},
    path: '/',
  });
  assert.equal(plain.toString(), '{"a":1}');
  assert.equal(headerLists, undefined);
});

test('a request that was refused for a wrong clock is signed and sent once more', async (context) => {
  const aheadMs = 3_600_000;
  let refusals = 0;
  const { client, seen, clock, lines } = await open(context, (outgoing, incoming) => {
    const isRight = incoming.headers['x-amz-date'] === formatDate(clock.nowMs() + aheadMs);
    if (isRight) return void outgoing.end('{}');
    refusals += 1;
    outgoing.writeHead(403, { date: new Date(clock.nowMs() + aheadMs).toUTCString() });
    outgoing.end('{"message":"Signature expired: 2026 is now earlier than 2026"}');
  });
  await clock.advance(1_000 - (clock.nowMs() % 1_000));
  assert.equal((await client.forward(REQUEST)).status, 200);
  assert.equal((await client.forward(REQUEST)).status, 200);
  assert.equal(seen.length, 3);
  assert.equal(refusals, 1);
  assert.match(lines.join('\n'), /clock is off.*offset_ms=3600000/);
});

test('a service that always refuses the clock is asked twice, and its refusal passes', async (context) => {
  const { client, seen, clock } = await open(context, (outgoing) => {
    outgoing.writeHead(403, { date: new Date(clock.nowMs() + 3_600_000).toUTCString() });
    outgoing.end('Signature expired');
  });
  assert.equal((await client.forward(REQUEST)).status, 403);
  assert.equal(seen.length, 2);
  assert.equal((await client.forward(REQUEST)).status, 403);
  assert.equal(seen.length, 3, 'the same time is not tried again');
});

test('no answer, a cut one and one that is too large are errors', async (context) => {
  const { url } = await listen(
    context,
    createServer((socket) => void socket.once('data', () => socket.resetAndDestroy())),
  );
  const { client } = createClient(context, url);
  await assert.rejects(client.forward(REQUEST), { kind: 'reset' });
  const cut = await open(context, (outgoing) => {
    outgoing.writeHead(200, { 'content-length': 10 });
    outgoing.write('12345', () => outgoing.destroy());
  });
  await assert.rejects(cut.client.forward(REQUEST), { kind: 'reset' });
  const large = await open(context, (outgoing) => void outgoing.end('x'.repeat(2_000)));
  await assert.rejects(large.client.forward(REQUEST), { kind: 'body_too_large' });
  const slow = await open(context, () => undefined);
  await assert.rejects(slow.client.forward({ ...REQUEST, timeoutMs: 50 }), { kind: 'timeout' });
});

function formatDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

test('without an endpoint, that of the environment is asked, as by the SDKs', async (context) => {
  const http = openHttp(context);
  const originOf = (env: Record<string, string>, service = 'xray'): Promise<string> =>
    new ServiceClient(
      { service, region: 'cn-north-1', credentials: {} },
      createWorld({ http }),
      env,
    ).origin();
  const all = { AWS_ENDPOINT_URL: 'http://all/', AWS_ENDPOINT_URL_XRAY: 'http://xray' };
  assert.equal(await originOf(all), 'http://xray');
  assert.equal(await originOf({ AWS_ENDPOINT_URL: 'http://all/' }), 'http://all');
  const own = 'https://xray.cn-north-1.amazonaws.com.cn';
  assert.equal(await originOf({ ...all, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }), own);
  assert.equal(await originOf({ AWS_ENDPOINT_URL_XRAY: '' }), own);
  const logs = { ...all, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: 'http://logs' };
  assert.equal(await originOf(logs, 'logs'), 'http://logs');
  assert.equal(
    await originOf({ AWS_ENDPOINT_URL_CLOUDWATCH: 'http://cw' }, 'monitoring'),
    'http://cw',
  );
});
