import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createHttpClient } from '../../kernel/http-client.ts';
import { askRunning } from './check.ts';

async function serve(context: TestContext, status: number): Promise<number> {
  const server = createServer((_, response) => response.writeHead(status).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function ask(tcpAddress: string, webAddress?: string): Promise<string | undefined> {
  const http = createHttpClient();
  try {
    return await askRunning({ tcpAddress, webAddress }, http);
  } finally {
    await http.close();
  }
}

test('any answer of the TCP port is good, also behind the address of all interfaces', async (context) => {
  const port = await serve(context, 403);
  assert.equal(await ask(`127.0.0.1:${port}`), undefined);
  assert.equal(await ask(`0.0.0.0:${port}`), undefined);
});

test('the web address must be ready', async (context) => {
  const ready = await serve(context, 200);
  const unready = await serve(context, 503);
  assert.equal(await ask('127.0.0.1:1', `127.0.0.1:${ready}`), undefined);
  assert.match((await ask('127.0.0.1:1', `127.0.0.1:${unready}`)) ?? '', /answers 503: it is not/);
});

test('a port that nobody listens on is a fault', async () =>
  assert.match(
    (await ask('127.0.0.1:1')) ?? '',
    /^127\.0\.0\.1:1 does not answer: .*ECONNREFUSED/,
  ));
