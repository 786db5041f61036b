import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld } from '../../test/kit/world.ts';
import { BodyBuffers } from './body-buffers.ts';
import type { OtlpIntake } from './intake.ts';
import { OtlpReceiver } from './receiver.ts';
import { HTTP_BODY_MAX_BYTES, SIGNAL_PATHS } from './settings.ts';

test('a buffer is lent to one request at a time, and again when that has given it back', () => {
  const buffers = new BodyBuffers();
  const [first, second] = [buffers.open(), buffers.open()];
  const [a, b] = [first.take(100_000), second.take(100_000)];
  assert.deepEqual([a.length, b.length], [100_000, 100_000]);
  assert.notEqual(a.buffer, b.buffer);
  first.release();
  first.release();
  const third = buffers.open();
  assert.equal(third.take(131_072).buffer, a.buffer);
  assert.notEqual(third.take(1).buffer, a.buffer, 'it was given back once');
});

test('few are kept, none of them large, and the sizes follow the requests', () => {
  const buffers = new BodyBuffers();
  const give = (count: number, length: number): void => {
    const loan = buffers.open();
    for (let i = 0; i < count; i++) loan.take(length);
    loan.release();
  };
  const count = (length: number): number => {
    const loan = buffers.open();
    const all = new Set(Array.from({ length: 8 }, () => loan.take(length).buffer));
    loan.release();
    const next = buffers.open();
    return Array.from({ length: 8 }, () => next.take(length).buffer).filter((one) => all.has(one))
      .length;
  };
  give(8, 100);
  assert.equal(count(1_000_000), 4, 'larger ones take the places of smaller ones');
  assert.equal(new BodyBuffers().open().take(5_000_000).buffer.byteLength, 5_000_000);
  assert.equal(count(5_000_000), 0);
});

test('bodies of requests under way at one time stay what they are', async (t) => {
  const [size, count] = [300_000, 6];
  let waiting = 0;
  let go: (() => void) | undefined;
  const all = new Promise<void>((resolve) => (go = resolve));
  const buffers = new Set<ArrayBufferLike>();
  const metrics: OtlpIntake = {
    take: async (body) => {
      const own = body[0];
      if (++waiting === count) go?.();
      await all;
      await new Promise((resolve) => setTimeout(resolve, 5 * (own ?? 0)));
      buffers.add(body.buffer);
      const isWhole = body.length === size && body.every((byte) => byte === own);
      return { rejected: isWhole ? 0 : 1, message: isWhole ? '' : 'overwritten' };
    },
  };
  const http = { listen: '127.0.0.1:0', paths: SIGNAL_PATHS, headers: {} };
  const receiver = new OtlpReceiver(
    { id: 'otlp', signals: ['metrics'], http: { ...http, bodyMaxBytes: HTTP_BODY_MAX_BYTES } },
    { world: createWorld(), intakes: { metrics } },
  );
  await receiver.start();
  t.after(() => receiver.stop(0));
  const post = async (byte: number): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${receiver.httpPort}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: new Uint8Array(size).fill(byte),
    });
    return (await response.bytes()).length;
  };
  const answers = await Promise.all(Array.from({ length: count }, (_, i) => post(i)));
  assert.deepEqual(answers, new Array(count).fill(0));
  for (let i = 0; i < 10; i++) assert.equal(await post(i), 0);
  assert.ok(buffers.size <= count, 'they are used again');
});
