/**
 * `amperage proxy` in a network that lets nobody out but a proxy: upstreams are reached through the
 * proxies of the environment, as aws-sigv4-proxy does.
 */
import assert from 'node:assert/strict';
import {
  createServer,
  type IncomingMessage,
  request as forward,
  type ServerResponse,
} from 'node:http';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { makeAuthority, startTlsServer } from '../kit/authority.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { listen } from '../kit/listen.ts';
import { APS, ENV, startProxy, startUpstream } from '../kit/proxies.ts';

const NAME = 'aps.example.test';

/**
 * A proxy whose names all lead to one port of this machine, and the requests that it saw: method,
 * target, credentials.
 */
async function startForwarding(
  context: TestContext,
  to: number,
): Promise<{ host: string; seen: string[] }> {
  const seen: string[] = [];
  const note = ({ method = '', url = '', headers }: IncomingMessage): void => {
    const [, given = ''] = (headers['proxy-authorization'] ?? '').split(' ');
    seen.push(`${method} ${url} ${Buffer.from(given, 'base64').toString()}`.trim());
  };
  const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    note(incoming);
    const { pathname } = new URL(incoming.url ?? '');
    const { method, headers } = incoming;
    const on = forward({ port: to, path: pathname, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 0);
      answer.pipe(outgoing);
    });
    incoming.pipe(on);
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    note(request);
    const tunnel = connect(to, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      tunnel.pipe(socket).pipe(tunnel);
    });
    tunnel.on('error', () => socket.destroy());
    socket.on('error', () => tunnel.destroy());
  });
  const { port } = await listen(context, server);
  return { host: `127.0.0.1:${port}`, seen };
}

test('an https upstream is reached through a tunnel, with its own certificate', async (context) => {
  const folder = temporaryFolder(context);
  const authority = makeAuthority(folder, 'network', [NAME]);
  const signed: string[] = [];
  const port = await startTlsServer(context, authority, (incoming, outgoing) => {
    signed.push(`${incoming.headers.host} ${String(incoming.headers.authorization).slice(0, 16)}`);
    outgoing.end('from afar');
  });
  const network = await startForwarding(context, port);
  const flags = [...APS, '--host', NAME, '--tls.ca-file', authority.file];
  const { url, admin } = await startProxy(context, [...flags, '--upstream-url-scheme', 'https'], {
    ...ENV,
    HTTPS_PROXY: `http://user:hush@${network.host}`,
  });
  const answer = await fetch(`${url}/workspaces/ws-1/api/v1/labels`);
  assert.equal(await answer.text(), 'from afar');
  assert.deepEqual(signed, [`${NAME} AWS4-HMAC-SHA256`]);
  assert.deepEqual(network.seen, [`CONNECT ${NAME}:443 user:hush`]);
  assert.match(admin.output(), /upstreams are reached through proxies/);
  assert.doesNotMatch(admin.output(), /hush/);
});

test('an http upstream is asked for by its whole URL; NO_PROXY and this machine are not', async (context) => {
  const upstream = await startUpstream(context);
  const port = Number(upstream.host.split(':')[1]);
  const network = await startForwarding(context, port);
  const env = { ...ENV, HTTP_PROXY: network.host };
  const through = await startProxy(context, [...APS, '--host', NAME], env);
  assert.equal(await (await fetch(`${through.url}/a`)).text(), 'ok');
  assert.deepEqual(network.seen, [`GET http://${NAME}/a`]);
  const excepted = await startProxy(context, [...APS, '--host', NAME], {
    ...env,
    NO_PROXY: '.test',
  });
  assert.equal((await fetch(`${excepted.url}/b`)).status, 502);
  const local = await startProxy(context, [...APS, '--host', upstream.host], env);
  assert.equal(await (await fetch(`${local.url}/c`)).text(), 'ok');
  assert.equal(network.seen.length, 1);
});

test('a proxy for http alone is none for https', async (context) => {
  const network = await startForwarding(context, 9);
  const flags = [...APS, '--host', NAME, '--upstream-url-scheme', 'https'];
  const { url } = await startProxy(context, flags, { ...ENV, HTTP_PROXY: network.host });
  assert.equal((await fetch(`${url}/a`)).status, 502);
  assert.deepEqual(network.seen, []);
});

test('a variable that names no proxy ends the start; the message has no secret', async (context) => {
  const env = { ...ENV, HTTPS_PROXY: 'socks5://user:hush@proxy:1080' };
  await assert.rejects(startProxy(context, [...APS, '--host', NAME], env), (error: Error) => {
    assert.match(error.message, /HTTPS_PROXY .*"socks5".*\[PROXY_VARIABLE\]/);
    assert.doesNotMatch(error.message, /hush/);
    return true;
  });
});
