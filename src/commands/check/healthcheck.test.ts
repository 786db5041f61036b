import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createCheckHealthcheckCommand } from './healthcheck.ts';

async function serve(
  context: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What the command writes. */
async function ask(...words: readonly string[]): Promise<string> {
  let written = '';
  const command = createCheckHealthcheckCommand((text) => {
    written += text;
  }).exitOverride();
  await command.parseAsync(words, { from: 'user' });
  return written;
}

test('a success is health, whatever its body', async (context) => {
  const at = await serve(context, (_, response) => {
    response.writeHead(204).end();
  });
  assert.equal(
    await ask(`http://${at}/-/healthy?a=secret`),
    `http://${at}/-/healthy answers 204\n`,
  );
  // A body without an end is not waited for.
  const endless = await serve(context, (_, response) => {
    response.writeHead(200).write('x');
  });
  assert.match(await ask(`http://${endless}/`), /answers 200/);
});

test('an error, a redirect and a refused connection are none', async (context) => {
  const at = await serve(context, ({ url = '' }, response) => {
    response.writeHead(Number(url.slice(1)), { location: '/200' }).end();
  });
  for (const status of [503, 404, 302, 199 + 101])
    await assert.rejects(ask(`http://${at}/${status}`), {
      code: 'UNHEALTHY',
      message: `http://${at}/${status} answers ${status}`,
    });
  await assert.rejects(ask('http://127.0.0.1:1/'), { code: 'UNHEALTHY', message: /ECONNREFUSED/ });
});

test('an answer that does not come is given up in time', async (context) => {
  const at = await serve(context, () => undefined);
  const timeout = context.mock.method(AbortSignal, 'timeout', () => AbortSignal.abort());
  await assert.rejects(ask(`http://${at}/`), {
    code: 'UNHEALTHY',
    message: `http://${at}/: no answer within 4000 ms`,
  });
  assert.deepEqual(timeout.mock.calls[0]?.arguments, [4_000]);
});

test('user and password of the URL are sent, and never shown', async (context) => {
  const at = await serve(context, ({ headers }, response) => {
    response.writeHead(headers.authorization === 'Basic dTpodXNo' ? 200 : 401).end();
  });
  assert.equal(await ask(`http://u:hush@${at}/`), `http://${at}/ answers 200\n`);
  await assert.rejects(ask(`http://u:other@${at}/`), { message: `http://${at}/ answers 401` });
});

test('what is no URL of HTTP is a fault of the command line, and is not shown', async () => {
  for (const text of ['127.0.0.1:9090', 'ftp://u:hush@a/', ''])
    await assert.rejects(
      ask(text),
      (error: Error & { code?: string }) =>
        error.code === 'USAGE' && !error.message.includes('hush'),
    );
});
