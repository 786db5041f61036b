import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { httpMechanism } from './http.ts';
import { startDiscovery } from '../../test/kit/discovery.ts';
import { fakeHttp } from '../../test/kit/fake-http.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { listen } from '../../test/kit/listen.ts';

interface Answer {
  status?: number;
  type?: string;
  body: string | Buffer;
}

/** The last list after one answer (undefined when none was yielded), the request and the log. */
async function ask(context: TestContext, config: Record<string, unknown>, answer: Answer) {
  const { status = 200, type = 'application/json', body } = answer;
  const http = fakeHttp(() => ({ status, headers: { 'content-type': type }, body }));
  const url = 'http://sd.example/x?token=1';
  const run = startDiscovery(
    context,
    httpMechanism,
    { url, ...config },
    { mechanism: 'http', http },
  );
  await run.clock.advance(0);
  await run.stop();
  return { list: run.lists.at(-1), request: http.requests[0], log: run.lines.join('\n') };
}

test('the request says how often it comes and who asks', async (context) => {
  const auth = { basic_auth: { username: 'u', password: 'p' }, refresh_interval: '30s' };
  const { request } = await ask(context, auth, { body: '[]' });
  assert.equal(request?.headers?.['x-prometheus-refresh-interval-seconds'], '30');
  assert.equal(request?.headers?.['authorization'], 'Basic dTpw');
  assert.equal(request?.headers?.['accept'], 'application/json');
});

test('groups carry the URL they came from', async (context) => {
  const body = '[{"targets":["a:1"],"labels":{"x":"y"}},{"targets":[]}]';
  const { list } = await ask(context, {}, { body, type: 'application/json; charset=utf-8' });
  assert.deepEqual(list?.[0]?.labels, { x: 'y', __meta_url: 'http://sd.example/x?token=1' });
  assert.equal(list?.length, 2);
});

test('an empty list is an answer', async (context) => {
  assert.deepEqual((await ask(context, {}, { body: '[]' })).list, []);
});

test('what is not a list is refused, and the log does not show the query', async (context) => {
  const refusals: [Answer, string][] = [
    [{ status: 503, body: '[]' }, 'status 503, expected 200'],
    [{ type: 'text/html', body: '[]' }, 'content type \\"text/html\\", expected'],
    [{ body: '{}' }, 'not a list of target groups'],
    [{ body: '' }, 'it is not valid JSON (0 characters'],
    [{ body: '[{"targets":["a:1"],"lables":{}}]' }, 'and nothing else'],
    [{ body: Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]) }, 'http_sd http://sd.example/x'],
  ];
  for (const [answer, message] of refusals) {
    const { list, log } = await ask(context, {}, answer);
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
  ];
  for (const [config, message] of refusals)
    assert.equal(schema.safeParse(config).error?.issues[0]?.message, message);
});

test('credentials and headers are sent, a secret as its file has it', async (context) => {
  const file = path.join(temporaryFolder(context), 'token');
  writeFileSync(file, 'secret\n');
  const config = { bearer_token_file: file, http_headers: { 'X-A': { values: ['b', 'c'] } } };
  const { request } = await ask(context, config, { body: '[]' });
  assert.equal(request?.headers?.['authorization'], 'Bearer secret');
  assert.equal(request?.headers?.['X-A'], 'b, c');
});

test('redirects are followed; credentials go to the host and those below it alone', async (context) => {
  const next: Record<string, string> = {
    'http://sd.example/': 'https://b.sd.example/',
    'https://b.sd.example/': 'http://evil.example/',
  };
  const http = fakeHttp(({ url }) => {
    const location = next[url];
    if (location !== undefined) return { status: 307, headers: { location } };
    return { headers: { 'content-type': 'application/json' }, body: '[{"targets":["a:1"]}]' };
  });
  const secrets = {
    basic_auth: { username: 'u', password: 'p' },
    http_headers: { 'X-A': { values: ['b'] } },
  };
  const config = { url: 'http://sd.example/', ...secrets };
  const run = startDiscovery(context, httpMechanism, config, { mechanism: 'http', http });
  await run.clock.advance(0);
  await run.stop();
  assert.deepEqual(run.addresses(), ['a:1']);
  for (const name of ['authorization', 'X-A'])
    assert.deepEqual(
      http.requests.map(({ headers }) => headers?.[name] !== undefined),
      [true, true, false],
    );
  const refused = await ask(context, { follow_redirects: false }, { status: 302, body: '' });
  assert.ok(refused.log.includes('status 302'));
});

test('a proxy of its own takes a client of its own, which ends with the discovery', async (context) => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'application/json').end('[{"targets":["a:1"]}]');
  });
  proxy.keepAliveTimeout = 60_000;
  const closed = new Promise<void>((resolve) => {
    proxy.once('connection', (socket) => socket.once('close', () => resolve()));
  });
  const { url: proxyUrl } = await listen(context, proxy);
  const http = fakeHttp(() => ({ status: 500, headers: {}, body: 'by the shared client' }));
  const config = { url: 'http://sd.example/x', proxy_url: proxyUrl };
  const run = startDiscovery(context, httpMechanism, config, { mechanism: 'http', http });
  await run.until(() => run.lists.length > 0);
  assert.deepEqual(run.addresses(), ['a:1']);
  await run.stop();
  const endedMs = performance.now();
  await closed;
  // An idle connection would stay open for some seconds more.
  assert.ok(performance.now() - endedMs < 2_000);
  assert.deepEqual(asked, ['http://sd.example/x']);
  assert.deepEqual(http.requests, []);
});
