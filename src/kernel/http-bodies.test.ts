import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type Socket } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { LENT_BYTES_MAX } from '../model/borrowed.ts';
import { inflate } from './answer-bodies.ts';
import { createHttpClient } from './http-client.ts';
import { ResponseParser } from './http-response-parser.ts';
import { BodyClient } from './http-bodies.ts';
import { listen } from '../../test/kit/listen.ts';

const never = new AbortController().signal;

function client(
  context: TestContext,
): (
  url: string,
  more?: { timeoutMs?: number; bodyMaxBytes?: number; signal?: AbortSignal },
) => Promise<{ status: number; text: string }> {
  const http = createHttpClient({ reusesBodies: true });
  context.after(() => http.close());
  return async (url, more = {}) => {
    const request = {
      method: 'GET' as const,
      url,
      timeoutMs: 2_000,
      bodyMaxBytes: 1_000_000,
      signal: never,
      ...more,
    };
    const { status, body } = await http.send(request);
    return { status, text: body.toString() };
  };
}

/** Parses bytes that come in these pieces; returns the answer, or why there is none, as a text. */
function parse(text: Buffer, cuts: readonly number[], maxBytes = 10_000): string {
  const parser = new ResponseParser(maxBytes, (bytes) => Buffer.alloc(Math.max(16, bytes)));
  const borders = [
    0,
    ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b),
    text.length,
  ];
  let used = 0;
  try {
    for (let i = 1; i < borders.length && !parser.isComplete; i++) {
      const piece = Buffer.from(text.subarray(borders[i - 1], borders[i]));
      used += parser.feed(piece, piece.length);
      // The buffer is used again after each read: the parser must not keep it.
      piece.fill(0);
    }
  } catch (error) {
    return `error ${(error as Error).message}`;
  }
  if (!parser.isComplete && !parser.endsAtClose) return 'incomplete';
  const answer = parser.answer();
  assert.ok(!(answer instanceof Promise), 'small bodies are there at once');
  const { status, headers, body } = answer;
  return JSON.stringify([status, headers, body.toString('latin1'), parser.keepsAlive, used]);
}

const ANSWERS = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\nA\r\n ' +
    '0123\r\n456\r\n0\r\nTrailer: x\r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\nto the end',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nConnection: ' +
    'close\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
];

test('an answer is the same wherever it is cut', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ANSWERS),
      fc.array(fc.nat(400), { maxLength: 12 }),
      (text, cuts) => {
        const bytes = Buffer.from(text);
        const whole = parse(bytes, []);
        assert.ok(!whole.startsWith('error') && whole !== 'incomplete', whole);
        assert.equal(parse(bytes, cuts), whole);
      },
    ),
  );
  assert.match(parse(Buffer.from(ANSWERS[0]!), []), /"x-a":"1, 2"\},"hello",true/);
  assert.match(parse(Buffer.from(ANSWERS[1]!), []), /"hello 0123\\r\\n456",true/);
});

test('mutated answers end in an answer or an error, read no byte too many, and hold no more than allowed', () => {
  const runs = process.env['AMPERAGE_LONG'] === '1' ? 200_000 : 5_000;
  const change = fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(
      fc.constantFrom(...ANSWERS),
      fc.array(change, { maxLength: 6 }),
      fc.array(fc.nat(400), { maxLength: 4 }),
      (text, changes, cuts) => {
        const bytes = Buffer.from(text);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const told = parse(bytes, cuts, 12);
        if (told.startsWith('[')) {
          const [, , body, , used] = JSON.parse(told) as [number, object, string, boolean, number];
          assert.ok(body.length <= 12 && used <= bytes.length);
        }
      },
    ),
    { numRuns: runs },
  );
});

test('an ambiguous answer is refused', () => {
  const refused = (text: string): string => parse(Buffer.from(text), []);
  assert.match(
    refused('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'),
    /error the transfer/,
  );
  assert.match(
    refused('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n'),
    /error the content length/,
  );
  assert.match(refused('HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n'), /error a header/);
  assert.match(refused('HTTP/1.1 200 OK\r\nA: 1\r\n folded\r\n\r\n'), /error a header/);
  assert.match(
    refused('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n'),
    /error a chunk/,
  );
  assert.match(
    refused('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n'),
    /error the size/,
  );
  assert.match(refused('HTTP/2 200\r\n\r\n'), /error the answer is no/);
  assert.match(refused(`HTTP/1.1 200 OK\r\nA: ${'x'.repeat(70_000)}\r\n\r\n`), /error the head/);
});

test('connections are kept, and given up where they must be', async (context) => {
  let connections = 0;
  const server = createHttpServer((request, response) => {
    if (request.url === '/close') response.setHeader('connection', 'close');
    if (request.url === '/gzip') {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('zipped'));
      return;
    }
    response.end(`page ${request.url} ${request.headers['host'] === undefined}`);
  });
  server.on('connection', () => (connections += 1));
  const { url } = await listen(context, server);
  const get = client(context);
  for (let i = 0; i < 5; i++)
    assert.equal((await get(`${url}/a?x=${i}`)).text, `page /a?x=${i} false`);
  assert.equal(connections, 1);
  await get(`${url}/close`);
  await get(`${url}/a`);
  assert.equal(connections, 2);
  assert.equal((await get(`${url}/gzip`)).text, 'zipped');
  const many = await Promise.all(Array.from({ length: 100 }, (_, i) => get(`${url}/${i}`)));
  assert.deepEqual(
    many.map(({ text }) => text),
    many.map((_, i) => `page /${i} false`),
  );
  assert.ok(connections <= 2 + 32, String(connections));
});

test('an idle connection that the other side closed costs nothing', async (context) => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      // The connection closes when the next request has been sent already.
      socket.once('data', () => socket.destroy());
    });
  });
  const { url } = await listen(context, server);
  const get = client(context);
  assert.equal((await get(url)).text, 'ok');
  assert.equal((await get(url)).text, 'ok');
  assert.equal(connections, 2);
});

test('an origin that has no connection any more leaves nothing behind', async (context) => {
  const server = createHttpServer((request, response) => {
    if (request.url === '/close') response.setHeader('connection', 'close');
    response.end('ok');
  });
  const { url } = await listen(context, server);
  const bodies = new BodyClient();
  context.after(() => bodies.close());
  const request = { timeoutMs: 2_000, bodyMaxBytes: 100, signal: never };
  await bodies.get(request, new URL(`${url}/`));
  assert.equal(bodies.size, 1);
  await bodies.get(request, new URL(`${url}/close`));
  await assert.rejects(bodies.get(request, new URL('http://127.0.0.1:1/')));
  const endMs = performance.now() + 2_000;
  while (bodies.size > 0 && performance.now() < endMs)
    await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(bodies.size, 0);
});

test('limits of time and size, aborts and refused connections say what they are', async (context) => {
  const server = createHttpServer((request, response) => {
    if (request.url === '/slow') return;
    if (request.url === '/long') response.setHeader('content-length', 2_000_000);
    response.write('x'.repeat(600_000));
    response.end('x'.repeat(1_400_000));
  });
  const { url } = await listen(context, server);
  const get = client(context);
  await assert.rejects(
    get(`${url}/slow`, { timeoutMs: 50 }),
    /GET .*\/slow took longer than 50 ms/,
  );
  await assert.rejects(get(`${url}/long`), /larger than 1000000 bytes/);
  await assert.rejects(get(`${url}/chunked`), /larger than 1000000 bytes/);
  const abort = new AbortController();
  const aborted = get(`${url}/slow`, { signal: abort.signal });
  abort.abort();
  await assert.rejects(aborted, /was aborted/);
  await assert.rejects(
    get('http://127.0.0.1:1/'),
    /GET http:\/\/127\.0\.0\.1:1\/ failed: .*ECONNREFUSED/,
  );
  await assert.rejects(get('http://no-such-host.invalid/'), /failed: .*ENOTFOUND|EAI_AGAIN/);
  await assert.rejects(
    Promise.all(Array.from({ length: 40 }, () => get(`${url}/slow`, { timeoutMs: 50 }))),
    /took longer/,
  );
  assert.equal((await get(`${url}/ok`, { bodyMaxBytes: 3_000_000 })).text.length, 2_000_000);
});

test('the buffer of a small body is used again, a large body keeps its own', async (context) => {
  const sizes = [1_000, LENT_BYTES_MAX, LENT_BYTES_MAX + 1];
  const server = createHttpServer((request, response) => {
    const [, size, how] = (request.url ?? '').split('/');
    if (how === 'length') response.setHeader('content-length', Number(size));
    else response.write('');
    response.end(Buffer.alloc(Number(size), request.headers['x-fill'] as string));
  });
  const { url } = await listen(context, server);
  const bodies = new BodyClient();
  context.after(() => bodies.close());
  const get = async (path: string, fill: string) => {
    const headers = { 'x-fill': fill };
    const request = { headers, timeoutMs: 5_000, bodyMaxBytes: 4 * LENT_BYTES_MAX, signal: never };
    const { body } = await bodies.get(request, new URL(`${url}${path}`));
    return body as Buffer;
  };
  for (const how of ['length', 'chunked'])
    for (const size of sizes) {
      const first = await get(`/${size}/${how}`, 'a');
      assert.equal(first.length, size);
      assert.ok(first.every((byte) => byte === 97));
      await new Promise((resolve) => setImmediate(resolve));
      for (let i = 0; i < 3; i++) {
        await get(`/${size}/${how}`, 'b');
        await new Promise((resolve) => setImmediate(resolve));
      }
      const isLent = size <= LENT_BYTES_MAX;
      assert.equal(first[0], isLent ? 98 : 97, `${size} ${how}`);
    }
});

test('a turn of the event loop reads a share of a large body, however much has come', async (context) => {
  const size = 20 * 1024 * 1024;
  const body = Buffer.alloc(size, 'x');
  const server = createHttpServer((_, response) => response.end(body));
  const { url } = await listen(context, server);
  const bodies = new BodyClient();
  context.after(() => bodies.close());
  const sockets: Socket[] = [];
  const note = (message: unknown): unknown => sockets.push((message as { socket: Socket }).socket);
  subscribe('net.client.socket', note);
  context.after(() => unsubscribe('net.client.socket', note));
  const request = { timeoutMs: 20_000, bodyMaxBytes: size, signal: never };
  const answer = bodies.get(request, new URL(url));
  const isDone = answer.then(() => true);
  let mostBytes = 0;
  for (let before = 0; !(await Promise.race([isDone, nextTurn(false)]));) {
    const bytesRead = sockets[0]?.bytesRead ?? 0;
    mostBytes = Math.max(mostBytes, bytesRead - before);
    before = bytesRead;
  }
  assert.equal((await answer).body.length, size);
  assert.ok(mostBytes > 0 && mostBytes <= 1024 * 1024, `${mostBytes} bytes in a turn`);
});

test('a large body is inflated beside the event loop, whatever it says of itself', async () => {
  const headers = { 'content-encoding': 'gzip' };
  const large = Buffer.alloc(LENT_BYTES_MAX + 1, 'a');
  const zipped = gzipSync(large);
  const small = inflate(headers, gzipSync('small'), 10_000_000);
  assert.ok(!(small instanceof Promise), 'a small one at once');
  assert.equal(small.toString(), 'small');
  const lying = Buffer.concat([zipped, gzipSync('and a little more')]);
  for (const [gzip, length] of [
    [zipped, large.length],
    [lying, large.length + 17],
  ] as const) {
    const inflated = inflate(headers, gzip, 10_000_000);
    assert.ok(inflated instanceof Promise);
    assert.equal((await inflated).length, length);
    const bomb = async () => inflate(headers, gzip, LENT_BYTES_MAX);
    await assert.rejects(bomb, /larger than 2097152 bytes inflated/);
  }
  const cut = async () => inflate(headers, zipped.subarray(0, -9), 10_000_000);
  await assert.rejects(cut, /not valid gzip/);
});

test('a request that waits for its turn may be given up, and takes no place', async (context) => {
  let asked = 0;
  const server = createHttpServer((request, response) => {
    if (request.url === '/slow') setTimeout(() => response.end('slow'), 300);
    else {
      asked += 1;
      response.end('quick');
    }
  });
  const { url } = await listen(context, server);
  const get = client(context);
  const slow = Array.from({ length: 32 }, () => get(`${url}/slow`));
  const abort = new AbortController();
  const aborted = get(`${url}/a`, { signal: abort.signal });
  const late = get(`${url}/b`, { timeoutMs: 20 });
  const patient = get(`${url}/c`);
  await assert.rejects(late, /took longer than 20 ms/);
  abort.abort();
  await assert.rejects(aborted, /was aborted/);
  await assert.rejects(get(`${url}/d`, { signal: abort.signal }), /was aborted/);
  assert.equal((await patient).text, 'quick');
  await Promise.all(slow);
  assert.equal(asked, 1);
});

test('a header whose characters would go as other bytes is refused', async (context) => {
  const http = createHttpClient({ reusesBodies: true });
  context.after(() => http.close());
  for (const value of ['x\r\ny', 'x\u010d\u010aevil: yes', 'Bearer \u010d', 'x\u0000'])
    await assert.rejects(
      http.send({
        method: 'GET',
        url: 'http://127.0.0.1:1/',
        headers: { 'x-key': value },
        timeoutMs: 1_000,
        bodyMaxBytes: 1_000,
        signal: never,
      }),
      /"x-key" holds a line break or another character/,
    );
});
