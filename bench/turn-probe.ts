/**
 * Loaded into the measured process with `node --import`. On SIGUSR2 it writes the longest turn of
 * the event loop since the last signal, in ms, as a line of JSON to stdout.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on('SIGUSR2', () => {
  // The monitor's own timer ticks each ms, so a ms of its delay is not the program's.
  process.stdout.write(`${JSON.stringify({ turnMs: Math.max(0, delay.max / 1e6 - 1) })}\n`);
  delay.reset();
});
