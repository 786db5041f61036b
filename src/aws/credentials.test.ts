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

test('what has ended when it comes is used for a while, and asked for anew then', async () => {
  const { clock, source, state } = counting(-60_000);
  for (let i = 0; i < 5; i++) assert.equal((await source()).accessKeyId, 'key 1');
  assert.equal(state.calls, 1, 'the clock of this machine may be the one that is wrong');
  await clock.advance(10_000);
  assert.equal((await source()).accessKeyId, 'key 2');
});

test('what has no end is kept until it is refused', async () => {
  const clock = new VirtualClock();
  let calls = 0;
  const provider = (): Promise<{ accessKeyId: string; secretAccessKey: string }> => {
    calls += 1;
    return Promise.resolve({ accessKeyId: `key ${calls}`, secretAccessKey: 'secret' });
  };
  const source = createCredentialSource(
    {},
    { nowMs: () => clock.nowMs(), provider: () => Promise.resolve(provider) },
  );
  await source();
  await clock.advance(48 * HOUR_MS);
  assert.equal((await source()).accessKeyId, 'key 1');
  source.invalidate();
  assert.equal((await source()).accessKeyId, 'key 2');
});

test('a clock that jumps, forward after a suspend or back, does not keep dead credentials', async () => {
  let nowMs = 100 * HOUR_MS;
  let calls = 0;
  const source = createCredentialSource(
    {},
    {
      nowMs: () => nowMs,
      provider: () =>
        Promise.resolve(() => {
          calls += 1;
          const expiration = new Date(nowMs + HOUR_MS);
          return Promise.resolve({ accessKeyId: `key ${calls}`, secretAccessKey: 's', expiration });
        }),
    },
  );
  await source();
  nowMs += 24 * HOUR_MS;
  assert.equal((await source()).accessKeyId, 'key 2');
  nowMs -= 50 * HOUR_MS;
  assert.equal((await source()).accessKeyId, 'key 2', 'it seems good for long');
  source.invalidate();
  assert.equal((await source()).accessKeyId, 'key 3', 'but was refused');
});
