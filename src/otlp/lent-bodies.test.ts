import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld } from '../../test/kit/world.ts';
import type { OtlpIntake } from './intake.ts';
import { OtlpReceiver } from './receiver.ts';
import { HTTP_BODY_MAX_BYTES, SIGNAL_PATHS } from './settings.ts';

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
