import assert from 'node:assert/strict';
import { createServer as createTlsServer } from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { makeAuthority } from '../../test/kit/authority.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { listen, serve } from '../../test/kit/listen.ts';
import { createHttpClient } from './http-client.ts';

/** A SOCKS5 proxy that leads all names to the loopback. */
async function startSocks(context: TestContext, login?: string, isRefusing = false) {
  const asked: string[] = [];
  const answer = async (socket: Socket): Promise<void> => {
    const parts = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const next = async (): Promise<Buffer> => ((await parts.next()).value as Buffer) ?? Buffer.of();
    const methods = [...(await next()).subarray(2)];
    const method = login === undefined ? 0 : 2;
    socket.write(Buffer.of(5, methods.includes(method) ? method : 255));
    if (login !== undefined) {
      const [, length = 0, ...rest] = await next();
      const given = Buffer.from(rest);
      const text = `${given.toString('utf8', 0, length)}:${given.toString('utf8', length + 1)}`;
      socket.write(Buffer.of(1, text === login ? 0 : 1));
    }
    const request = await next();
    const port = request.readUInt16BE(request.length - 2);
    asked.push(request.toString('utf8', 5, request.length - 2));
    if (isRefusing) return void socket.end(Buffer.of(5, 2, 0, 1, 0, 0, 0, 0, 0, 0));
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write(Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
      upstream.pipe(socket);
      void (async () => {
        for (let part = await next(); part.length > 0; part = await next()) upstream.write(part);
        upstream.end();
      })().catch(() => upstream.destroy());
    });
    upstream.on('error', () => socket.destroy());
  };
  const { host } = await listen(
    context,
    createServer((socket) => void answer(socket).catch(() => socket.destroy())),
  );
  return { host, asked };
}

async function ask(url: string, proxy: string, noProxy?: string, ca?: string): Promise<string> {
  const tls = ca === undefined ? undefined : { skipsVerification: false, ca: () => ca };
  const settings = { url: proxy, noProxy, connectHeaders: {} };
  const connection = { key: '', stamp: () => '', proxy: settings, tls };
  const http = createHttpClient({ connection });
  try {
    const limits = { timeoutMs: 5_000, bodyMaxBytes: 1e6, signal: new AbortController().signal };
    const { body } = await http.send({ method: 'GET', url, ...limits });
    return body.toString();
  } catch (error) {
    return (error as Error).message;
  } finally {
    await http.close();
  }
}

test('http and https go through a SOCKS5 proxy, which resolves names; no_proxy goes straight', async (context) => {
  const { host, asked } = await startSocks(context);
  const plain = await serve(context, (_, response) => void response.end('plain'));
  const { server, file } = makeAuthority(temporaryFolder(context), 'ca', ['far.example']);
  const secure = await listen(
    context,
    createTlsServer(server, (_, response) => void response.end('secure')),
  );
  const { readFileSync } = await import('node:fs');
  const proxy = `socks5://${host}`;
  assert.equal(await ask(`http://far.example:${plain.port}/`, proxy), 'plain');
  const ca = readFileSync(file, 'utf8');
  assert.equal(await ask(`https://far.example:${secure.port}/`, proxy, '', ca), 'secure');
  assert.deepEqual(asked, ['far.example', 'far.example']);
  assert.equal(await ask(`${plain.url}/`, proxy, 'x, 127.0.0.0/8'), 'plain');
  assert.equal(asked.length, 2);
});

test('user and password are given, and what the proxy refuses is said', async (context) => {
  const { host } = await startSocks(context, 'me:pass word');
  const plain = await serve(context, (_, response) => void response.end('plain'));
  const url = `http://far.example:${plain.port}/`;
  assert.equal(await ask(url, `socks5://me:pass%20word@${host}`), 'plain');
  assert.match(await ask(url, `socks5://me:wrong@${host}`), /refused user and password/);
  assert.match(await ask(url, `socks5h://${host}`), /another way to log in/);
  const refusing = await startSocks(context, undefined, true);
  assert.match(await ask(url, `socks5://${refusing.host}`), /does not allow the connection/);
  const other = await serve(context, (_, response) => void response.end());
  assert.match(await ask(url, `socks5://${other.host}`), /no SOCKS5 proxy/);
});
