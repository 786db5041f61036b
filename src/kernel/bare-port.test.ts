import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListen } from './listen-address.ts';
import { HttpServer } from './http-server.ts';
import { type Logger, silentLogger } from './logger.ts';
import { type BarePortServer, warnOfBarePort, type WebTls } from './web-config.ts';

/** The addresses that were warned of. */
function warned(listen: string, web: BarePortServer['web']): unknown[] {
  const told: unknown[] = [];
  const warn: Logger['warn'] = (_message, fields) => void told.push(fields?.['address']);
  warnOfBarePort({ name: 'proxy', listen, web, log: { warn } });
  return told;
}

const tls = (rejectsUnverified: boolean): WebTls => ({
  secrets: () => ({}),
  requestsCertificate: rejectsUnverified,
  rejectsUnverified,
});

test('a port without a host is all addresses, and is warned of where all may ask', () => {
  assert.deepEqual(parseListen(':8005'), { host: '0.0.0.0', port: 8005 });
  const open = { tls: tls(false), asksForPasswords: () => false };
  assert.deepEqual(warned(':8005', undefined), [':8005']);
  assert.deepEqual(warned(':8005', open), [':8005']);
  assert.deepEqual(warned(':8005', { ...open, asksForPasswords: () => true }), []);
  assert.deepEqual(warned(':8005', { ...open, tls: tls(true) }), []);
  for (const given of ['0.0.0.0:8005', '127.0.0.1:8005', 'unix:/s'])
    assert.deepEqual(warned(given, undefined), [], given);
});

test('a server warns of it, and is reached at other addresses than 127.0.0.1', async (context) => {
  const told: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void told.push(message) };
  const server = new HttpServer({ name: 'a', listen: ':0', routes: [], log });
  await server.start();
  context.after(() => server.stop(100));
  assert.equal((await fetch(`http://127.0.0.2:${server.port}/-/healthy`)).status, 200);
  assert.match(told.join(), /listens on all addresses and asks for no password/);
});

test('below a prefix the same is served as without it, and nothing beside it', async (context) => {
  const route = { method: 'GET', path: '/api/x', handle: () => ({ status: 200 }) } as const;
  const options = { name: 'a', listen: '127.0.0.1:0', log: silentLogger, pathPrefix: '/pre' };
  const server = new HttpServer({ ...options, routes: [route] });
  await server.start();
  context.after(() => server.stop(100));
  const paths = ['/pre/api/x', '/api/x', '/pre/-/healthy', '/prefix/api/x', '/pre/pre/api/x'];
  const statuses = await Promise.all(
    paths.map(async (path) => (await fetch(server.url + path)).status),
  );
  assert.deepEqual(statuses, [200, 200, 200, 404, 404]);
});
