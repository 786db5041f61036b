/**
 * Hostile senders of OTLP: bombs, bodies that are deep, huge or never end, floods of streams and of
 * resets. The receiver refuses them within its limits and serves others on.
 */
import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import {
  makeDeepRequest,
  makeTraceRequest,
  startOtlpReceiver,
} from '../../test/kit/otlp-receiver.ts';
import { onEnd } from '../../test/kit/ending.ts';
import { until } from '../../test/kit/waiting.ts';
import { ProtoWriter } from '../wire/protobuf/writer.ts';
import { compress } from '../wire/snappy.ts';
import { createWorld } from '../../test/kit/world.ts';
import { ByteBudget } from '../kernel/byte-budget.ts';
import { TracesIntake } from './traces/intake.ts';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };

function post(url: string, body: Uint8Array | string, headers: Record<string, string>) {
  return fetch(`${url}/v1/traces`, { method: 'POST', body: body as Buffer<ArrayBuffer>, headers });
}

test('a bomb is refused while it is inflated, and no memory is left over', async (t) => {
  const { url, world } = await startOtlpReceiver(t);
  const zeros = Buffer.alloc(200 * 1024 * 1024);
  for (const [coding, bomb] of [
    ['gzip', gzipSync(zeros)],
    ['zstd', zstdCompressSync(zeros)],
    ['snappy', compress(zeros.subarray(0, 64 * 1024 * 1024))],
  ] as const) {
    const before = process.memoryUsage().rss;
    const { status } = await post(url, bomb, { ...PROTOBUF, 'content-encoding': coding });
    assert.equal(status, 413, coding);
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < 150 * 1024 * 1024, `${coding}: ${grown}`);
  }
  assert.equal(world.metric('amperage_otlp_held_bytes'), 0);
});

test('what is deep is refused, in protobuf and JSON', async (t) => {
  const { url, documents } = await startOtlpReceiver(t);
  assert.equal((await post(url, makeDeepRequest(10), PROTOBUF)).status, 200);
  assert.equal((await post(url, makeDeepRequest(5_000), PROTOBUF)).status, 400);
  const known = '{"arrayValue":{"values":['.repeat(5_000) + ']}}'.repeat(5_000);
  const span = `{"attributes":[{"key":"k","value":${known}}]}`;
  const bodies = [
    `{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`,
    '['.repeat(2_000_000),
    '{"a":'.repeat(200_000),
    `{"resourceSpans":[{"scopeSpans":[{"spans":[{"__proto__":{"x":1},"name":5}]}]}]}`,
  ];
  for (const body of bodies) assert.equal((await post(url, body, JSON_TYPE)).status, 400);
  assert.equal(documents.length, 1);
});

test('a body that is too large, or says so, is refused before it is read', async (t) => {
  const { url, receiver } = await startOtlpReceiver(t, { http: { bodyMaxBytes: 10_000 } });
  assert.equal((await post(url, makeTraceRequest(1_000), PROTOBUF)).status, 413);
  const socket = connect(receiver.httpPort, '127.0.0.1');
  onEnd(t, () => void socket.destroy());
  let answer = '';
  socket.on('data', (part: Buffer) => (answer += part.toString()));
  socket.write(
    'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n' +
      'content-length: 99999999999\r\n\r\n',
  );
  await until('it is refused', 5_000, () => answer.startsWith('HTTP/1.1 413'));
});

test('a large request gives way to other work', async () => {
  const world = createWorld();
  const appender = { append: () => undefined, commit: () => undefined };
  const intake = new TracesIntake({ id: 'otlp', appender, world });
  const body = makeTraceRequest(100_000, 150);
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  assert.equal((await intake.take(body)).items, 100_000);
  isDone = true;
  assert.ok(turns > 4, String(turns));
});

test('millions of empty messages of traces give way to other work', async () => {
  const appender = { append: () => undefined, commit: () => undefined };
  const intake = new TracesIntake({ id: 'otlp', appender, world: createWorld() });
  const empties = (number: number) =>
    Buffer.alloc(2_000_000).fill(Buffer.from([number * 8 + 2, 0]));
  const wrap = (number: number, bytes: Buffer): Buffer => {
    const writer = new ProtoWriter();
    writer.field(number, bytes);
    return Buffer.from(writer.written());
  };
  for (const [index, body] of [
    empties(1),
    wrap(1, empties(2)),
    wrap(1, wrap(2, empties(2))),
    wrap(1, empties(1)),
  ].entries()) {
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    assert.equal((await intake.take(body)).items, 0);
    isDone = true;
    assert.ok(turns > 2, `body ${index}: ${turns}`);
  }
});

test('a request whose commit fails takes nothing of another that is under way', async () => {
  const committed: string[] = [];
  let open: string[] = [];
  let second: Promise<unknown> | undefined;
  const appender = {
    // As a sink whose chunk is full within a request, and whose queue then takes nothing.
    append: (document: Uint8Array) => {
      if (document.length > 1_000) {
        open = [];
        throw new Error('the disk is full');
      }
      open.push(String(document.length));
      second ??= intake.take(makeTraceRequest(1, 2_000)).catch(String);
      // Long enough that the request gives way before it is committed.
      for (const endMs = performance.now() + 5; performance.now() < endMs;);
    },
    commit: () => {
      committed.push(...open);
      open = [];
    },
  };
  const intake = new TracesIntake({ id: 'otlp', appender, world: createWorld() });
  await intake.take(Buffer.concat(Array.from({ length: 20 }, () => makeTraceRequest())));
  assert.match(String(await second), /the disk is full/);
  assert.equal(committed.length, 20);
});

test('the bytes of all requests under way are bounded, and given back', () => {
  const budget = new ByteBudget(100);
  const [one, two] = [budget.open(), budget.open()];
  one.take(60);
  assert.throws(() => two.take(60), /under way/);
  one.release();
  two.take(60);
  assert.equal(budget.usedBytes, 60);
  two.release();
  two.release();
  assert.equal(budget.usedBytes, 0);
});

test('floods of streams and resets leave the receiver as it was', async (t) => {
  const { url, grpcUrl, world } = await startOtlpReceiver(t);
  const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
  for (let round = 0; round < 2; round++) {
    const session = connectHttp2(grpcUrl);
    session.on('error', () => undefined);
    for (let count = 0; count < 2_000 && !session.destroyed; count++) {
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
      });
      stream.on('error', () => undefined);
      if (count % 2 === 0) stream.close(8);
      else stream.write(Buffer.alloc(100));
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    session.destroy();
  }
  await until(
    'nothing of it is held',
    10_000,
    () => world.metric('amperage_otlp_held_bytes') === 0,
  );
  assert.equal((await post(url, makeTraceRequest(), PROTOBUF)).status, 200);
});
