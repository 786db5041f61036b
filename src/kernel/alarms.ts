/**
 * Waits of those who wait again and again: an alarm is made once and set as often as it is needed,
 * and the next one of all of them has a timer. A sleep is a promise, a timer and listeners of a
 * signal, which get old while it lasts and are dropped when it ends; those of thousands of targets
 * were most of what made V8 collect old objects.
 */

/** A wait that its owner may begin again and again, one at a time. */
export interface Alarm {
  /** Rings once, after `ms`, in place of when it was to ring. */
  set(ms: number): void;
  /** Does not ring, until it is set again. */
  clear(): void;
}

/** The longest delay that setTimeout takes; what waits longer is looked at again then. */
const TIMER_MAX_MS = 2 ** 31 - 1;
/** Timers go by whole milliseconds: what has less than one left rings with the others. */
const EARLY_MAX_MS = 1;
/** So long alarms ring in one turn of the event loop; one that has begun is finished. */
const TURN_MS = 5;

/** An alarm rings in a turn of the event loop of its own timer, never within `set`. */
export function makeAlarm(ring: () => void): Alarm {
  return new SystemAlarm(ring);
}

/** A heap: no alarm is due before the one at half its place. The first place is 1. */
const heap: (SystemAlarm | undefined)[] = [undefined];
let timer: NodeJS.Timeout | undefined;
/** When the timer fires, by `performance.now`. */
let firesAtMs = 0;

class SystemAlarm implements Alarm {
  atMs = 0;
  /** Its place in the heap; 0 while it is not set. */
  place = 0;
  readonly #ring: () => void;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  set(ms: number): void {
    this.atMs = performance.now() + Math.max(0, ms);
    if (this.place === 0) {
      heap.push(this);
      this.place = heap.length - 1;
    }
    settle(this);
    if (heap[1] === this) arm(this.atMs);
  }

  clear(): void {
    const { place } = this;
    if (place === 0) return;
    this.place = 0;
    const last = heap.pop();
    if (last !== undefined && last !== this) {
      put(last, place);
      settle(last);
    }
    // A timer of which nobody waits would hold the process.
    if (heap.length === 1) disarm();
  }

  ring(): void {
    this.#ring();
  }
}

/** Sees that the timer fires at this time or before. One that fires too early is armed again. */
function arm(atMs: number): void {
  if (timer !== undefined && firesAtMs <= atMs) return;
  disarm();
  const elapsedMs = performance.now();
  const waitMs = Math.min(TIMER_MAX_MS, Math.max(1, atMs - elapsedMs));
  firesAtMs = elapsedMs + waitMs;
  timer = setTimeout(fire, waitMs);
}

function disarm(): void {
  clearTimeout(timer);
  timer = undefined;
}

function fire(): void {
  timer = undefined;
  const beganAtMs = performance.now();
  try {
    for (
      let elapsedMs = beganAtMs;
      elapsedMs - beganAtMs < TURN_MS;
      elapsedMs = performance.now()
    ) {
      const next = heap[1];
      if (next === undefined || next.atMs >= elapsedMs + EARLY_MAX_MS) return;
      next.clear();
      next.ring();
    }
  } finally {
    const next = heap[1];
    if (next !== undefined) arm(next.atMs);
  }
}

function put(alarm: SystemAlarm, place: number): void {
  heap[place] = alarm;
  alarm.place = place;
}

/** Moves an alarm to where its time belongs. */
function settle(alarm: SystemAlarm): void {
  let { place } = alarm;
  for (;;) {
    const above = heap[place >> 1];
    if (above === undefined || above.atMs <= alarm.atMs) break;
    put(above, place);
    place >>= 1;
  }
  for (;;) {
    let below = heap[2 * place];
    const right = heap[2 * place + 1];
    if (below !== undefined && right !== undefined && right.atMs < below.atMs) below = right;
    if (below === undefined || below.atMs >= alarm.atMs) break;
    const from = below.place;
    put(below, place);
    place = from;
  }
  put(alarm, place);
}
