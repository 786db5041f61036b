/** Moments of a wall clock that is not set: both clocks of it run alike. */
import type { Moment } from '../../src/kernel/clock.ts';

export function momentAt(ms: number): Moment {
  return { wallMs: ms, elapsedMs: ms };
}
