/** Sources of credentials: cache, refresh ahead of expiry, one pending refresh, invalidation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../kernel/clock.ts';
import { describeError } from '../kernel/errors.ts';
import { createLogger } from '../kernel/logger.ts';
import { Registry } from '../kernel/metrics.ts';
import { createCredentialSource } from './credentials.ts';
import type { CredentialSource, ExpiringCredentials } from './credential-source.ts';

const HOUR_MS = 3_600_000;

/** @param lifeMs  undefined for credentials that do not expire */
function counting(lifeMs: number | undefined): {
  clock: VirtualClock;
  source: CredentialSource;
  lines: string[];
  state: { calls: number; failing: boolean };
} {
  const clock = new VirtualClock();
  const state = { calls: 0, failing: false };
  const lines: string[] = [];
  const source = createCredentialSource(
    {},
    {
      clock,
      log: createLogger({ clock, format: 'logfmt', write: (line) => void lines.push(line) }),
      provider: () =>
        Promise.resolve(() => {
          state.calls += 1;
          if (state.failing) return Promise.reject(new Error('endpoint is down'));
          return Promise.resolve({
            accessKeyId: `key ${state.calls}`,
            secretAccessKey: 'secret',
            sessionToken: 'token',
            ...(lifeMs === undefined ? {} : { expiration: new Date(clock.nowMs() + lifeMs) }),
          });
        }),
    },
  );
  return { clock, source, lines, state };
}

test('static keys are given as they are', async () => {
  const source = createCredentialSource(
    { accessKey: 'a', secretKey: 's' },
    { clock: new VirtualClock(), provider: () => Promise.reject(new Error('not needed')) },
  );
  source.invalidate();
  assert.deepEqual(await source(), { accessKeyId: 'a', secretAccessKey: 's' });
});

test('credentials are kept until five minutes before they expire', async () => {
  const { clock, source, state } = counting(HOUR_MS);
  assert.equal((await source()).accessKeyId, 'key 1');
  await clock.advance(HOUR_MS - 300_001);
  assert.equal((await source()).accessKeyId, 'key 1');
  await clock.advance(1);
  assert.equal((await source()).accessKeyId, 'key 2');
  assert.equal(state.calls, 2);
});

test('callers at the same time share one fetch', async () => {
  const { source, state } = counting(HOUR_MS);
  const all = await Promise.all(Array.from({ length: 50 }, () => source()));
  assert.equal(state.calls, 1);
  assert.deepEqual(new Set(all.map(({ accessKeyId }) => accessKeyId)), new Set(['key 1']));
});

test('after invalidation the next call fetches anew, but not many times a second', async () => {
  const { clock, source } = counting(HOUR_MS);
  await source();
  source.invalidate();
  assert.equal((await source()).accessKeyId, 'key 1');
  await clock.advance(10_000);
  source.invalidate();
  assert.equal((await source()).accessKeyId, 'key 2');
});

test('while the provider is down, credentials that still hold are used, then it is an error', async () => {
  const { clock, source, state } = counting(HOUR_MS);
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

test('credentials that come expired are used for a while, then fetched anew', async () => {
  const { clock, source, state } = counting(-60_000);
  for (let i = 0; i < 5; i++) assert.equal((await source()).accessKeyId, 'key 1');
  assert.equal(state.calls, 1, 'the clock of this machine may be the one that is wrong');
  await clock.advance(10_000);
  assert.equal((await source()).accessKeyId, 'key 2');
});

test('credentials without an expiry are read again after five minutes, and when refused', async () => {
  const clock = new VirtualClock();
  let calls = 0;
  const provider = (): Promise<{ accessKeyId: string; secretAccessKey: string }> => {
    calls += 1;
    return Promise.resolve({ accessKeyId: `key ${calls}`, secretAccessKey: 'secret' });
  };
  const source = createCredentialSource({}, { clock, provider: () => Promise.resolve(provider) });
  await source();
  await clock.advance(299_999);
  assert.equal((await source()).accessKeyId, 'key 1');
  await clock.advance(1);
  assert.equal((await source()).accessKeyId, 'key 2', 'a rotation is taken up by itself');
  await clock.advance(10_000);
  assert.equal(source.invalidate(), true);
  assert.equal((await source()).accessKeyId, 'key 3');
});

test('credentials without an expiry are kept when they cannot be read again', async () => {
  const { clock, source, state } = counting(undefined);
  await source();
  state.failing = true;
  await clock.advance(48 * HOUR_MS);
  assert.equal((await source()).accessKeyId, 'key 1');
  assert.equal(state.calls, 2);
});

/** Providers that answer only when the test makes them. */
function hanging(): {
  clock: VirtualClock;
  source: CredentialSource;
  lines: string[];
  metrics: Registry;
  answers: ((value: ExpiringCredentials) => void)[];
} {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const metrics = new Registry();
  const answers: ((value: ExpiringCredentials) => void)[] = [];
  const source = createCredentialSource(
    { roleArn: 'arn:aws:iam::000000000000:role/metrics' },
    {
      clock,
      metrics,
      log: createLogger({ clock, format: 'logfmt', write: (line) => void lines.push(line) }),
      provider: () =>
        Promise.resolve(() => new Promise((resolve) => void answers.push((one) => resolve(one)))),
    },
  );
  return { clock, source, lines, metrics, answers };
}

const good = (clock: VirtualClock, name: string, lifeMs = HOUR_MS): ExpiringCredentials => ({
  accessKeyId: name,
  secretAccessKey: 'the secret',
  expiration: new Date(clock.nowMs() + lifeMs),
});

test('a provider that never answers is given up, logged, counted, and asked again by the next call', async () => {
  const { clock, source, lines, metrics, answers } = hanging();
  const first = source();
  await Promise.all([
    assert.rejects(first, /role\/metrics.*no answer within 15 s/),
    clock.advance(15_000),
  ]);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /level=error.*could not be fetched.*role\/metrics.*remedy="check that/);
  assert.match(
    metrics.expose(),
    /refresh_failures_total\{source="arn:aws:iam::000000000000:role\/metrics",reason="timeout"\} 1/,
  );
  const second = source();
  await clock.advance(100);
  answers[1]!(good(clock, 'key'));
  assert.equal((await second).accessKeyId, 'key');
  assert.match(lines[1]!, /level=info.*can be had again/);
  assert.match(metrics.expose(), /credentials_expiry_timestamp_seconds\{[^}]+\} 1700003615/);
  assert.doesNotMatch(lines.join(''), /the secret/);
});

test('while a refresh hangs the present credentials are used, after a second of waiting at most', async () => {
  const { clock, source, lines, answers } = hanging();
  const first = source();
  await clock.advance(0);
  answers[0]!(good(clock, 'old'));
  await first;
  await clock.advance(HOUR_MS - 200_000);
  const waiting = source();
  await clock.advance(1_000);
  assert.equal((await waiting).accessKeyId, 'old');
  assert.equal((await source()).accessKeyId, 'old', 'at once, now that it is known to be slow');
  await clock.advance(14_000);
  assert.match(lines.at(-1)!, /level=warn.*still hold/);
  assert.equal(answers.length, 2);
  const next = source();
  await clock.advance(1_000);
  assert.equal((await next).accessKeyId, 'old', 'held off');
  await clock.advance(9_000);
  const last = source();
  await clock.advance(10);
  answers[2]!(good(clock, 'new'));
  assert.equal((await last).accessKeyId, 'new');
});

test('a failure that lasts is logged once a minute', async () => {
  const { clock, source, state, lines } = counting(HOUR_MS);
  state.failing = true;
  for (let i = 0; i < 130; i++) {
    await source().catch(() => undefined);
    await clock.advance(1_000);
  }
  assert.equal(lines.length, 3);
  assert.match(lines[2]!, /failures=121 for_ms=120000/);
});

test('a caller that gives up waiting leaves the fetch to the others', async () => {
  const { clock, source, answers } = hanging();
  const leaving = new AbortController();
  const [one, other] = [source(leaving.signal), source()];
  leaving.abort(new Error('stopping'));
  await assert.rejects(one, /stopping/);
  await clock.advance(10);
  assert.equal(answers.length, 1);
  answers[0]!(good(clock, 'key'));
  assert.equal((await other).accessKeyId, 'key');
});

test('a source that is closed ends the fetch under way, says nothing, and fetches no more', async () => {
  const { source, lines, answers } = hanging();
  const waiting = source();
  source.close();
  await assert.rejects(waiting, /stopping/);
  await assert.rejects(source(), /stopping/);
  assert.equal(answers.length, 1);
  assert.deepEqual(lines, []);
});

test('the command and the output of a credential_process are not logged', async () => {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const provider = (): Promise<never> =>
    Promise.reject(new Error('Command failed: get-keys --password hunter2\nhunter2 is wrong'));
  const source = createCredentialSource(
    { profile: 'work' },
    {
      clock,
      log: createLogger({ clock, format: 'logfmt', write: (line) => void lines.push(line) }),
      provider: () => Promise.resolve(provider),
    },
  );
  await assert.rejects(source(), (error) => {
    assert.match(describeError(error), /profile work: the credential_process failed/);
    assert.doesNotMatch(describeError(error), /hunter2/);
    return true;
  });
  assert.equal(lines.length, 1);
  assert.doesNotMatch(lines[0]!, /hunter2/);
});

test('a clock that jumps, forward after a suspend or back, does not keep dead credentials', async () => {
  const clock = new VirtualClock(100 * HOUR_MS);
  let calls = 0;
  const source = createCredentialSource(
    {},
    {
      clock,
      provider: () =>
        Promise.resolve(() => {
          calls += 1;
          const expiration = new Date(clock.nowMs() + HOUR_MS);
          return Promise.resolve({ accessKeyId: `key ${calls}`, secretAccessKey: 's', expiration });
        }),
    },
  );
  await source();
  await clock.advance(10_000);
  clock.step(24 * HOUR_MS);
  assert.equal((await source()).accessKeyId, 'key 2');
  clock.step(-50 * HOUR_MS);
  assert.equal((await source()).accessKeyId, 'key 2', 'it seems good for long');
  await clock.advance(10_000);
  source.invalidate();
  assert.equal((await source()).accessKeyId, 'key 3', 'but was refused');
});

test('credentials are renewed before their end, whatever the wall clock is set to meanwhile', async () => {
  for (const stepMs of [-2 * HOUR_MS, 120_000, -24 * HOUR_MS]) {
    const { clock, source, state } = counting(HOUR_MS);
    await source();
    clock.step(stepMs);
    await clock.advance(HOUR_MS - 300_000);
    await source();
    assert.equal(state.calls, 2, String(stepMs));
    for (let second = 0; second < 60; second++) {
      clock.step(-1_000);
      await clock.advance(1_000);
      await source();
    }
    assert.equal(state.calls, 2, 'and not again and again');
  }
});

test('warnings of the HTTP client in a provider are not written past the log', async (context) => {
  const warn = context.mock.method(process.stderr, 'write', () => true);
  const provider = async (): Promise<ExpiringCredentials> => {
    await new Promise(setImmediate);
    console.warn('@smithy/node-http-handler - [WARN] a request has exceeded the timeout');
    return { accessKeyId: 'a', secretAccessKey: 's' };
  };
  const clock = new VirtualClock();
  const source = createCredentialSource({}, { clock, provider: () => Promise.resolve(provider) });
  assert.equal((await source()).accessKeyId, 'a');
  console.warn('a warning of others');
  assert.deepEqual(
    warn.mock.calls.map(({ arguments: [line] }) => line),
    ['a warning of others\n'],
  );
});
