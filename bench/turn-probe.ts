/**
 * Loaded into the measured process with `node --import`. On SIGUSR2 it writes the longest turn of
 * the event loop since the last signal, in ms, as a line of JSON to stdout: `turnMs` by the clock,
 * and `turnQueuedMs`, for how long of it the thread was ready and waited for a core, which other
 * programs on a shared machine grow; `turnCpuMs` is the longest in CPU time of the thread; `cpuMs`
 * is that of all turns. Linux only.
 */
import { openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** CPU time of this thread so far, in ms. */
function readCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

const schedule = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
const fields = Buffer.alloc(128);

/** How long the thread has waited for a core so far, in ms: the second field, in ns. */
function readQueuedMs(): number {
  const length = readSync(schedule, fields, 0, fields.length, 0);
  return Number(fields.toString('latin1', 0, length).split(' ')[1]) / 1e6;
}

const read = () => ({ atMs: performance.now(), cpuMs: readCpuMs(), queuedMs: readQueuedMs() });
const none = { turnMs: 0, turnQueuedMs: 0, turnCpuMs: 0 };

let last = read();
let first = last;
let longest = { ...none };

/** Ends a turn: what lies between two ticks of a timer that ticks each ms. */
function look(): void {
  const now = read();
  // A ms of it is the timer's own.
  const turnMs = Math.max(0, now.atMs - last.atMs - 1);
  if (turnMs > longest.turnMs) {
    longest.turnMs = turnMs;
    longest.turnQueuedMs = Math.min(turnMs, now.queuedMs - last.queuedMs);
  }
  longest.turnCpuMs = Math.max(longest.turnCpuMs, now.cpuMs - last.cpuMs);
  last = now;
}

setInterval(look, 1).unref();

process.on('SIGUSR2', () => {
  look();
  process.stdout.write(`${JSON.stringify({ ...longest, cpuMs: last.cpuMs - first.cpuMs })}\n`);
  longest = { ...none };
  first = last;
});
