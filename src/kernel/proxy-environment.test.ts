/** Proxies of the environment: their forms, and what a client makes of them. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createHttpClient } from './http-client.ts';
import { readProxyEnvironment } from './proxy-environment.ts';

const cases: readonly (readonly [env: Record<string, string>, http: string, https: string])[] = [
  [{ HTTPS_PROXY: 'proxy.corp:3128' }, '', 'http://proxy.corp:3128'],
  [{ HTTPS_PROXY: 'u:p@proxy:1', https_proxy: '' }, '', 'http://u:p@proxy:1'],
  [{ HTTPS_PROXY: 'a:1', https_proxy: 'b:2' }, '', 'http://b:2'],
  [{ HTTP_PROXY: 'http://a:1', HTTPS_PROXY: 'HTTPS://b' }, 'http://a:1', 'HTTPS://b'],
  [{ HTTP_PROXY: ' [::1]:1 ' }, 'http://[::1]:1', ''],
  [{}, '', ''],
];

for (const [env, http, https] of cases)
  test(`proxies of the environment: ${Object.values(env).join(', ') || 'none'}`, () => {
    const read = readProxyEnvironment(env);
    assert.deepEqual([read.http, read.https, read.fault], [http, https, undefined]);
  });

const faults: readonly (readonly [env: Record<string, string>, RegExp])[] = [
  [{ HTTPS_PROXY: 'u:hush@proxy:port' }, /^HTTPS_PROXY is no URL of a proxy; write http:/],
  [{ http_proxy: 'http:///x:hush' }, /^http_proxy is no URL/],
  [{ HTTPS_PROXY: 'socks5://u:hush@p' }, /^HTTPS_PROXY .*"socks5", which is not supported; write/],
];

for (const [env, message] of faults)
  test(`a variable that names no proxy: ${Object.keys(env).join()}`, () => {
    const { fault = '' } = readProxyEnvironment(env);
    assert.match(fault, message);
    assert.doesNotMatch(fault, /hush/);
  });

test('a client goes through host:port; a wrong value is an error to try again, and can be mended', async (t) => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('by proxy');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => proxy.once('listening', resolve));
  const before = process.env['HTTP_PROXY'];
  t.after(() => {
    proxy.close();
    if (before === undefined) delete process.env['HTTP_PROXY'];
    else process.env['HTTP_PROXY'] = before;
  });
  const connection = { proxy: { connectHeaders: {} }, key: '', stamp: () => '' };
  const client = createHttpClient({ connection });
  const get = () =>
    client.send({
      method: 'GET',
      url: 'http://xray.test/',
      timeoutMs: 5_000,
      bodyMaxBytes: 100,
      signal: new AbortController().signal,
    });
  process.env['HTTP_PROXY'] = 'u:hush@proxy:port';
  await assert.rejects(get(), { name: 'RecoverableError', message: /^HTTP_PROXY is no URL/ });
  process.env['HTTP_PROXY'] = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  assert.equal((await get()).body.toString(), 'by proxy');
  assert.deepEqual(asked, ['http://xray.test/']);
  await client.close();
  const unable = createHttpClient({
    connection: { ...connection, proxy: { url: 'http://p:port', connectHeaders: {} } },
  });
  void unable
    .send({
      method: 'GET',
      url: 'http://x.test/',
      timeoutMs: 5_000,
      bodyMaxBytes: 1,
      signal: new AbortController().signal,
    })
    .catch(() => undefined);
  await unable.close();
});
