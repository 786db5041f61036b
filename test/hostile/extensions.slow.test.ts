/**
 * A chunk whose extension has no end. undici hands out nothing of it, so that nothing is counted:
 * it is read until the time limit of the request, and costs a thread what its bytes cost to parse.
 * The limit comes on time, other work has its turns meanwhile, and nothing is read after it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createHttpClient } from '../../src/kernel/http-client.ts';
import { HttpClientError } from '../../src/kernel/http-client-error.ts';
import { makeAuthority } from '../kit/authority.ts';
import { onEnd } from '../kit/ending.ts';
import { temporaryFolder } from '../kit/folder.ts';
import type { HostileServerData } from './server-thread.ts';
import { HOSTILE_ANSWERS } from './peers.ts';

const FILE = path.resolve(import.meta.dirname, 'server-thread.ts');
const TIMEOUT_MS = 3_000;
/** A busy machine is late; the answer itself never ends. */
const LATE_MS = 3_000;
/** Of other work, which has a tick each 10 ms where nothing is in its way. */
const TICKS_MIN = 30;
const AFTER_MS = 500;
/** Of the time of the processor until then, when the request is over. */
const AFTER_SHARE = 0.25;

for (const isTls of [true, false])
  test(`${isTls ? 'over TLS' : 'plain'}: it ends at the time limit, and gives way until then`, async (context) => {
    const authority = makeAuthority(temporaryFolder(context), 'authority');
    const script = HOSTILE_ANSWERS['an extension without end'];
    const workerData: HostileServerData = { script, tls: isTls ? authority.server : undefined };
    const worker = new Worker(FILE, { workerData });
    onEnd(context, () => worker.terminate().then(() => undefined));
    const [url] = (await once(worker, 'message')) as [string];
    const tls = { ca: () => authority.server.cert, skipsVerification: true };
    const http = createHttpClient({ connection: { tls, key: '', stamp: () => '' } });
    onEnd(context, () => http.close());
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 10);
    const begunMs = performance.now();
    const before = process.threadCpuUsage();
    const asked = http.send({
      method: 'GET',
      url: `${url}/`,
      timeoutMs: TIMEOUT_MS,
      bodyMaxBytes: 1e6,
      signal: new AbortController().signal,
    });
    await assert.rejects(asked, HttpClientError);
    clearInterval(timer);
    const tookMs = performance.now() - begunMs;
    const share = shareOf(process.threadCpuUsage(before), tookMs);
    const ended = process.threadCpuUsage();
    await sleep(AFTER_MS);
    const after = shareOf(process.threadCpuUsage(ended), AFTER_MS);
    context.diagnostic(
      `${Math.round(tookMs)} ms, ${share.toFixed(2)} of a core, then ${after.toFixed(2)}, ` +
        `${ticks} ticks of other work`,
    );
    assert.ok(tookMs < TIMEOUT_MS + LATE_MS, `${Math.round(tookMs)} ms`);
    assert.ok(ticks > TICKS_MIN, `other work has ${ticks} ticks`);
    assert.ok(after < AFTER_SHARE * share, `${after.toFixed(2)} of a core after the end`);
  });

function shareOf({ user, system }: NodeJS.CpuUsage, tookMs: number): number {
  return (user + system) / 1_000 / tookMs;
}
