/**
 * Loaded into a process that is measured (`node --import`): on SIGUSR2 it writes the longest turn
 * of its event loop since the last time, in ms, as a line of JSON to stdout.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on('SIGUSR2', () => {
  // A tick of the timer that measures is no turn of the program.
  process.stdout.write(`${JSON.stringify({ turnMs: Math.max(0, delay.max / 1e6 - 1) })}\n`);
  delay.reset();
});
