import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CallLimits } from './call-limits.ts';
import { VirtualClock } from '../kernel/clock.ts';
import { type ClientRequest, type HttpClient } from '../kernel/http-client.ts';
import { createLogger } from '../kernel/logger.ts';
import { Registry } from '../kernel/metrics.ts';
import { type TargetGroup } from '../model/target.ts';
import { httpMechanism } from './http.ts';

interface Answer {
  status?: number;
  type?: string;
  body: string | Buffer;
}

/** @param send  of the client that all mechanisms share */
function worldWith(send: HttpClient['send'], write: (line: string) => void = () => undefined) {
  const clock = new VirtualClock();
  const abort = new AbortController();
  const world = {
    clock,
    metrics: new Registry(),
    log: createLogger({ write, format: 'logfmt', clock }),
    http: { send, close: async () => undefined },
    mechanism: 'http',
    signal: abort.signal,
    baseDirectory: '/',
    callLimits: new CallLimits(new VirtualClock(), new Registry()),
  };
  return { clock, abort, world };
}

/** The first list for one answer (undefined when it yields none), what was asked, and the log. */
async function ask(config: Record<string, unknown>, answer: Answer) {
  const requests: ClientRequest[] = [];
  const lines: string[] = [];
  let list: readonly TargetGroup[] | undefined;
  const send = async (request: ClientRequest) => {
    requests.push(request);
    const headers = { 'content-type': answer.type ?? 'application/json' };
    return { status: answer.status ?? 200, headers, body: Buffer.from(answer.body) };
  };
  const { clock, abort, world } = worldWith(send, (line) => lines.push(line));
  const parsed = httpMechanism.schema.parse({ url: 'http://sd.example/x?token=1', ...config });
  const ended = (async () => {
    for await (const groups of httpMechanism.discover(parsed, world)) list = groups;
  })();
  await clock.advance(0);
  abort.abort();
  await ended;
  return { list, request: requests[0], log: lines.join('\n') };
}

test('the request says how often it comes and who asks', async () => {
  const auth = { basic_auth: { username: 'u', password: 'p' }, refresh_interval: '30s' };
  const { request } = await ask(auth, { body: '[]' });
  assert.equal(request?.headers?.['x-prometheus-refresh-interval-seconds'], '30');
  assert.equal(request?.headers?.['authorization'], 'Basic dTpw');
  assert.equal(request?.headers?.['accept'], 'application/json');
});

test('groups carry the URL they came from', async () => {
  const body = '[{"targets":["a:1"],"labels":{"x":"y"}},{"targets":[]}]';
  const { list } = await ask({}, { body, type: 'application/json; charset=utf-8' });
  assert.deepEqual(list?.[0]?.labels, { x: 'y', __meta_url: 'http://sd.example/x?token=1' });
  assert.equal(list?.length, 2);
});

test('an empty list is an answer', async () => {
  assert.deepEqual((await ask({}, { body: '[]' })).list, []);
});

test('what is not a list is refused, and the log does not show the query', async () => {
  const refusals: [Answer, string][] = [
    [{ status: 503, body: '[]' }, 'status 503, expected 200'],
    [{ type: 'text/html', body: '[]' }, 'content type \\"text/html\\", expected'],
    [{ body: '{}' }, 'not a list of target groups'],
    [{ body: '' }, 'Unexpected end of JSON input'],
    [{ body: '[{"targets":["a:1"],"lables":{}}]' }, 'Unrecognized key'],
    [{ body: Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]) }, 'http_sd http://sd.example/x'],
  ];
  for (const [answer, message] of refusals) {
    const { list, log } = await ask({}, answer);
    assert.equal(list, undefined);
    assert.ok(log.includes(message), `${message} in ${log}`);
    assert.ok(!log.includes('token'), log);
  }
});

test('a bare refresh_interval is seconds; other faults of the configuration are refused', () => {
  const { schema } = httpMechanism;
  const url = 'http://sd.example';
  assert.equal(schema.parse({ url, refresh_interval: 60 }).refresh_interval, 60_000);
  assert.equal(schema.parse({ url }).refresh_interval, 60_000);
  const refusals: [unknown, string][] = [
    [{ url: 'invalid' }, 'url "invalid" must begin with http:// or https:// and name a host'],
    [{ url, refresh_interval: '5x' }, '"5x" is not a duration; write it as 15s, 1m30s or 1h'],
    [{ url, refresh_interval: 1.5 }, '"1.5" is not a duration; write it as 15s, 1m30s or 1h'],
    [{ url, refresh_interval: 0 }, 'must be more than 0'],
    [{ url, follow_redirects: true }, 'redirects are not followed yet; give the final URL'],
  ];
  for (const [config, message] of refusals)
    assert.equal(schema.safeParse(config).error?.issues[0]?.message, message);
});

test('credentials and headers are sent, a secret as its file has it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'amperage-http-sd-'));
  try {
    const file = join(folder, 'token');
    writeFileSync(file, 'secret\n');
    const config = { bearer_token_file: file, http_headers: { 'X-A': { values: ['b', 'c'] } } };
    const { request } = await ask(config, { body: '[]' });
    assert.equal(request?.headers?.['authorization'], 'Bearer secret');
    assert.equal(request?.headers?.['X-A'], 'b, c');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What is not closed, or never answered, is waited for no longer. */
const LIMIT = { timeout: 20_000 };

test(
  'a proxy of its own takes a client of its own, which ends with the discovery',
  LIMIT,
  async () => {
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.setHeader('content-type', 'application/json').end('[{"targets":["a:1"]}]');
    });
    proxy.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const closed = new Promise<void>((resolve) =>
      proxy.once('connection', (socket) => socket.once('close', () => resolve())),
    );
    const { abort, world } = worldWith(async () => {
      asked.push('by the shared client');
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from('[]'),
      };
    });
    const config = httpMechanism.schema.parse({
      url: 'http://sd.example/x',
      proxy_url: `http://127.0.0.1:${port}`,
    });
    try {
      for await (const groups of httpMechanism.discover(config, world)) {
        assert.deepEqual(groups[0]?.targets, [{ __address__: 'a:1' }]);
        abort.abort();
      }
      const endedMs = performance.now();
      await closed;
      // Left alone the connection would be kept for some seconds more.
      assert.ok(performance.now() - endedMs < 2_000);
      assert.deepEqual(asked, ['http://sd.example/x']);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  },
);
