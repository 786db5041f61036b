/** Credentials: memo, refresh ahead of expiry, one pending refresh, invalidation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../kernel/clock.ts';
import { createCredentialSource, type CredentialSource } from './credentials.ts';

const HOUR_MS = 3_600_000;

function counting(lifeMs = HOUR_MS): {
  clock: VirtualClock;
  source: CredentialSource;
  state: { calls: number; failing: boolean };
} {
  const clock = new VirtualClock();
  const state = { calls: 0, failing: false };
  const source = createCredentialSource(
    {},
    {
      nowMs: () => clock.nowMs(),
      provider: () =>
        Promise.resolve(() => {
          state.calls += 1;
          if (state.failing) return Promise.reject(new Error('endpoint is down'));
          return Promise.resolve({
            accessKeyId: `key ${state.calls}`,
            secretAccessKey: 'secret',
            sessionToken: 'token',
            expiration: new Date(clock.nowMs() + lifeMs),
          });
        }),
    },
  );
  return { clock, source, state };
}

test('static keys are given as they are', async () => {
  const source = createCredentialSource(
    { accessKey: 'a', secretKey: 's' },
    { nowMs: () => 0, provider: () => Promise.reject(new Error('not needed')) },
  );
  source.invalidate();
  assert.deepEqual(await source(), { accessKeyId: 'a', secretAccessKey: 's' });
});

test('credentials are kept until five minutes before they expire', async () => {
  const { clock, source, state } = counting();
  assert.equal((await source()).accessKeyId, 'key 1');
  await clock.advance(HOUR_MS - 300_001);
  assert.equal((await source()).accessKeyId, 'key 1');
  await clock.advance(1);
  assert.equal((await source()).accessKeyId, 'key 2');
  assert.equal(state.calls, 2);
});

test('callers at once share one fetch', async () => {
  const { source, state } = counting();
  const all = await Promise.all(Array.from({ length: 50 }, () => source()));
  assert.equal(state.calls, 1);
  assert.deepEqual(new Set(all.map((one) => one.accessKeyId)), new Set(['key 1']));
});

test('after invalidation the next call fetches anew, but not many times a second', async () => {
  const { clock, source } = counting();
  await source();
  source.invalidate();
  assert.equal((await source()).accessKeyId, 'key 1');
  await clock.advance(10_000);
  source.invalidate();
  assert.equal((await source()).accessKeyId, 'key 2');
});

test('while the provider is down, credentials that still hold are used, then it is an error', async () => {
  const { clock, source, state } = counting();
  await source();
  state.failing = true;
  await clock.advance(HOUR_MS - 60_000);
  assert.equal((await source()).accessKeyId, 'key 1');
  await source();
  assert.equal(state.calls, 2, 'a failing provider is not asked for each request');
  await clock.advance(60_000);
  await assert.rejects(source(), /endpoint is down/);
  state.failing = false;
  assert.equal((await source()).accessKeyId, 'key 4');
});
