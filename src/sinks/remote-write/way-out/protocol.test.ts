import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newRemoteWriteMetrics } from '../metrics.ts';
import { configOf } from '../../../../test/kit/remote-write-road.ts';
import { createWorld, noHttp } from '../../../../test/kit/world.ts';
import { compress } from '../../../wire/snappy.ts';
import { NegotiatedVersion } from './message-version.ts';
import { RemoteWriteProtocol } from './protocol.ts';

test('memory of a body is used again once it is delivered, and after no other answer', async () => {
  const bodies: Uint8Array[] = [];
  const statuses = [500, 200, 200];
  const world = createWorld({
    http: {
      ...noHttp,
      send: async ({ body }) => {
        bodies.push(body as Uint8Array);
        return { status: statuses[bodies.length - 1] ?? 0, headers: {}, body: Buffer.alloc(0) };
      },
    },
  });
  const { config, settings } = configOf('http://receiver/write');
  const protocol = new RemoteWriteProtocol({
    config,
    world,
    metrics: newRemoteWriteMetrics(world.metrics, {
      name: 'test',
      url: config.url,
      settings,
      pendingSamples: () => 0,
    }),
    auth: { headersFor: async ({ headers }) => headers, invalidate() {}, close() {} },
    userAgent: 'test',
    negotiated: new NegotiatedVersion(config),
  });
  const chunk = (fill: number) => {
    // Too large to be compressed again, so that the bytes are those of the chunks.
    const raw = new Uint8Array(40_000).fill(fill);
    const bytes = compress(raw);
    return { bytes, items: 1, rawBytes: raw.length, oldestMs: 0, newestMs: 0, lane: 0 };
  };
  const { signal } = new AbortController();
  for (const fill of [1, 2, 3]) {
    const request = protocol.encode([chunk(fill), chunk(fill)]);
    assert.ok(request !== undefined);
    await protocol.send(request, 1, signal);
  }
  const [failed, delivered, next] = bodies.map(({ buffer }) => buffer);
  assert.notEqual(delivered, failed);
  assert.equal(next, delivered);
});
