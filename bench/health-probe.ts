/**
 * Health checks of the measured process, each on a new connection. As a process of its own, so that
 * a benchmark that is busy opening connections does not count its own turns as waits: `node
 * bench/health-probe.ts PORT` sends a message when it has begun, and the longest answer so far, in
 * ms, to each message that it gets; after that it ends.
 */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often a health check asks. */
const PROBE_EVERY_MS = 100;
/** A health check that is not answered by then counts as this long. */
export const PROBE_MAX_MS = 30_000;

/** How long an answer takes on a new connection, whatever its status. */
export function probe(port: number): Promise<number> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const asked = request({ port, host: '127.0.0.1', path: '/-/healthy', agent: false });
    asked.setTimeout(PROBE_MAX_MS, () => asked.destroy());
    asked.once('error', () => resolve(PROBE_MAX_MS));
    asked.once('response', (answer) => {
      answer.resume();
      resolve(performance.now() - startMs);
    });
    asked.end();
  });
}

async function probeUntilAsked(port: number): Promise<void> {
  const asked = new AbortController();
  process.once('message', () => asked.abort());
  // The first one is slow because everything of the client is new.
  await probe(port);
  process.send?.('begun');
  let longestMs = 0;
  while (!asked.signal.aborted) {
    longestMs = Math.max(longestMs, await probe(port));
    await sleep(PROBE_EVERY_MS);
  }
  process.send?.(longestMs);
  process.disconnect?.();
}

if (import.meta.main) await probeUntilAsked(Number(process.argv[2]));
