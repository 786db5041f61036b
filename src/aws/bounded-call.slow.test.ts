/**
 * A call that is given up takes with it what the SDK's providers began: requests, processes, and
 * those of retries.
 */
import assert from 'node:assert/strict';
import { exec } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startHanging } from '../../test/kit/hanging.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { until } from '../../test/kit/waiting.ts';
import { systemClock, VirtualClock } from '../kernel/clock.ts';
import { boundedCall, raced } from './bounded-call.ts';

const run = promisify(exec);
const never = new AbortController().signal;

/** Asks as the SDK does: without a time limit, and once more after a failure. */
function ask(url: string, attempts = 2): Promise<string> {
  const once = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = get(url, (response) => {
        response.resume();
        resolve(String(response.statusCode));
      });
      request.on('error', reject);
    });
  return attempts === 1 ? once() : once().catch(() => ask(url, attempts - 1));
}

test('a call that answers in time is not affected by its limit', async (context) => {
  const server = await startHanging(context);
  server.answer((_request, response) => response.end());
  const bound = { clock: new VirtualClock(), timeoutMs: 1_000, signal: never };
  assert.equal(await boundedCall(() => ask(server.url), bound), '200');
  await assert.rejects(
    boundedCall(() => Promise.reject(new Error('no keys')), bound),
    /no keys/,
  );
});

test('requests of a call that is given up are ended, those of its retries too, and its host is named', async (context) => {
  const server = await startHanging(context);
  const other = ask(server.url, 1).catch(() => 'ended');
  const bound = { clock: systemClock, timeoutMs: 300, signal: never };
  const call = boundedCall(() => ask(server.url, 5), bound);
  await assert.rejects(call, (error: Error) => error.message.endsWith(new URL(server.url).host));
  await until('only the request of another is left', 5_000, () => server.connections() === 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(server.connections(), 1);
  server.answer((_request, response) => response.end());
  assert.equal(await other, '200');
});

test('a process of a call that is given up is killed, with what its shell runs', async (context) => {
  const file = path.join(temporaryFolder(context), 'pid');
  const leaving = new AbortController();
  const call = boundedCall(
    async () => (await run(`sh -c 'echo $$ > ${file}; sleep 60; true'; true`)).stdout,
    {
      clock: systemClock,
      timeoutMs: 60_000,
      signal: leaving.signal,
    },
  );
  const pid = (): number => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0);
  await until('it runs', 5_000, () => pid() > 0);
  leaving.abort(new Error('stopping'));
  await assert.rejects(call, /stopping/);
  await until('it is gone', 5_000, () => {
    try {
      return !process.kill(pid(), 0);
    } catch {
      return true;
    }
  });
});

test('a wait that is raced with a signal ends with it, and leaves the promise alone', async () => {
  const leaving = new AbortController();
  const promise = new Promise<number>(() => undefined);
  const wait = raced(promise, leaving.signal);
  leaving.abort(new Error('left'));
  await assert.rejects(wait, /left/);
  assert.equal(await raced(Promise.resolve(1), never), 1);
  await assert.rejects(raced(promise, leaving.signal), /left/);
});
