/**
 * Loaded into the measured process with `node --import`. On SIGUSR2 it writes the longest turn of
 * the event loop since the last signal, in ms, as a line of JSON to stdout: `turnMs` by the clock,
 * and `turnCpuMs` in CPU time of the thread, which other programs on a shared machine do not grow;
 * `cpuMs` is that of all turns.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

/** CPU time of this thread so far, in ms. */
function readCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

let lastCpuMs = readCpuMs();
let turnCpuMs = 0;
let sinceCpuMs = lastCpuMs;
setInterval(() => {
  const nowMs = readCpuMs();
  turnCpuMs = Math.max(turnCpuMs, nowMs - lastCpuMs);
  lastCpuMs = nowMs;
}, 1).unref();

process.on('SIGUSR2', () => {
  // The monitor's own timer ticks each ms, so a ms of its delay is not the program's.
  const turnMs = Math.max(0, delay.max / 1e6 - 1);
  const nowMs = readCpuMs();
  process.stdout.write(`${JSON.stringify({ turnMs, turnCpuMs, cpuMs: nowMs - sinceCpuMs })}\n`);
  delay.reset();
  turnCpuMs = 0;
  sinceCpuMs = nowMs;
});
