/** Every server that changes or signs something, against the requests that a web page can make. */
import assert from 'node:assert/strict';
import { request as ask } from 'node:http';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { EmulatedCloud } from '../../src/emulator/cloud.ts';
import { createEmulator } from '../../src/emulator/server.ts';
import { ProxyServer } from '../../src/proxy/server.ts';
import type { SigningProxy } from '../../src/proxy/proxy.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { startAmperage } from '../kit/processes.ts';
import { createWorld } from '../kit/world.ts';

type Headers = Readonly<Record<string, string>>;

interface Guarded {
  readonly url: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Headers;
  readonly body?: string;
}

function send({ url, method, path, headers, body }: Guarded, more: Headers): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = ask(`${url}${path}`, { method, headers: { ...headers, ...more } }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.once('error', reject).end(body);
  });
}

const FOREIGN: readonly Headers[] = [
  { origin: 'http://evil.example' },
  { origin: 'null' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { host: 'evil.example' },
  { host: 'evil.example', origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' },
];

async function isGuarded(guarded: Guarded): Promise<void> {
  const what = `${guarded.method} ${guarded.path}`;
  for (const headers of FOREIGN)
    assert.equal(await send(guarded, headers), 403, `${what} ${JSON.stringify(headers)}`);
  const good = await send(guarded, {});
  assert.ok(good >= 200 && good < 300, `${what} of a program: ${good}`);
  const own = { origin: guarded.url, 'sec-fetch-site': 'same-origin' };
  assert.equal(await send(guarded, own), good, `${what} of its own page`);
}

test('the emulator changes nothing for a page, and gives secrets with its own header alone', async (context) => {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
  const world = createWorld();
  const cloud = new EmulatedCloud({ clock: world.clock, regions: ['us-east-1'], credentials });
  const emulator = createEmulator({
    world,
    cloud,
    listen: '127.0.0.1:0',
    allowedHosts: ['aws.example'],
  });
  await emulator.start();
  context.after(() => emulator.stop(0));
  const { url } = emulator;
  const body = JSON.stringify({ throttle: 0 });
  await isGuarded({ url, method: 'PUT', path: '/_emulator/trouble', body });
  await isGuarded({ url, method: 'DELETE', path: '/_emulator/xray' });
  const secret = { url, method: 'GET', path: '/_emulator/credentials/AKIDEXAMPLE' };
  const header = { 'x-amperage-emulator': '1' };
  assert.equal(await send(secret, {}), 403);
  assert.equal(await send(secret, header), 200);
  assert.equal(await send(secret, { ...header, host: 'evil.example' }), 403);
  assert.equal(await send(secret, { ...header, host: 'aws.example' }), 200);
  assert.equal(await send(secret, { ...header, host: 'sts.us-east-1.amazonaws.com' }), 200);
});

async function startProxy(context: TestContext, config: object): Promise<string> {
  const proxy = {
    config,
    countRefused: () => undefined,
    handle: (_: unknown, outgoing: { end: () => void }) => outgoing.end(),
  } as unknown as SigningProxy;
  const { log } = createWorld();
  const server = new ProxyServer({
    listen: '127.0.0.1:0',
    proxy,
    log,
    allowedHosts: ['p.example'],
  });
  await server.start();
  context.after(() => server.stop(0));
  return server.url;
}

test('the proxy signs nothing for a page, reading or not', async (context) => {
  const upstream = 'https://aps-workspaces.us-east-1.amazonaws.com';
  const url = await startProxy(context, { routes: [{ upstream }, { host: 'own.example' }] });
  for (const method of ['GET', 'POST']) {
    await isGuarded({ url, method, path: '/a' });
    for (const host of ['aps-workspaces.us-east-1.amazonaws.com', 'own.example', 'p.example'])
      assert.equal(await send({ url, method, path: '/a' }, { host }), 200, host);
  }
  // Where the Host header is the upstream, a page that leads its name here reaches itself.
  const open = await startProxy(context, { routes: [{}] });
  const site = { url: open, method: 'POST', path: '/a' };
  assert.equal(await send(site, { host: 'search.example.com' }), 200);
  assert.equal(await send(site, { origin: 'http://evil.example' }), 403);
});

test('the collector reloads for no page, and is read by no name that a stranger led here', async (context) => {
  const folder = temporaryFolder(context);
  const file = path.join(folder, 'prometheus.yml');
  writeFileSync(file, 'scrape_configs: []\n');
  const { url } = await startAmperage(context, 'collect', [
    `--config.file=${file}`,
    `--storage.path=${path.join(folder, 'data')}`,
    '--web.enable-lifecycle',
    '--web.allowed-host=metrics.example.com',
  ]);
  await isGuarded({ url, method: 'POST', path: '/-/reload' });
  const config = { url, method: 'GET', path: '/api/v1/status/config' };
  assert.equal(await send(config, { host: 'evil.example' }), 403);
  assert.equal(await send(config, { host: 'metrics.example.com' }), 200);
});
