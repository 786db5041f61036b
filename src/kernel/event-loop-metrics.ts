/**
 * How long a timer that is due waits for its turn of the event loop: by that long answers, scrapes
 * and health checks come late. A timer of our own is watched, since the monitor of node:perf_hooks
 * has no buckets, and its percentiles can't be summed over time or processes.
 */
import type { Registry } from './metrics.ts';

/** How often a timer is watched: of each delay at most this much is not seen. */
const EVERY_MS = 20;
/** Turns are to be no longer than 50 ms; what is above counts as well, in steps. */
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Watches the event loop. @returns a function that ends it */
export function watchEventLoop(metrics: Registry): () => void {
  const delays = metrics.histogram(
    'amperage_event_loop_delay_seconds',
    'How long timers that were due waited for their turn of the event loop.',
    BUCKETS_SECONDS,
  );
  let last = performance.now();
  const timer = setInterval(() => {
    const present = performance.now();
    delays.observe(Math.max(0, present - last - EVERY_MS) / 1_000);
    last = present;
  }, EVERY_MS).unref();
  return () => clearInterval(timer);
}
