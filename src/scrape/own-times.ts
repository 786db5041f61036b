/**
 * The newest timestamp that a target itself gave to each of its series, by slot: a sample that is
 * not newer is not appended. What a scrape has changed can be undone, since the same times may come
 * again after one that failed.
 */
import { copyInSlices, lengthenInSlices, NO_ROWS } from '../kernel/columns.ts';
import type { Steps } from './steps.ts';

const NO_TIMES = new Float64Array(0);

export class OwnTimes {
  /** -Infinity where the target gave none. */
  #newestMs = NO_TIMES;
  /** The attempt that changed the newest time, and what it was before that. */
  #changedIn = NO_ROWS;
  #olderMs = NO_TIMES;

  get length(): number {
    return this.#newestMs.length;
  }

  /** Notes the time of a sample. @param attempt  the number of the scrape */
  take(slot: number, tMs: number, attempt: number): 'newer' | 'repeated' | 'out_of_order' {
    const newestMs = this.#newestMs[slot] as number;
    if (tMs === newestMs) return 'repeated';
    if (tMs < newestMs) return 'out_of_order';
    if (this.#changedIn[slot] !== attempt) {
      this.#changedIn[slot] = attempt;
      this.#olderMs[slot] = newestMs;
    }
    this.#newestMs[slot] = tMs;
    return 'newer';
  }

  /** Undoes what this attempt has changed. */
  undo(attempt: number): void {
    for (let slot = 0; slot < this.#newestMs.length; slot++) {
      if (this.#changedIn[slot] !== attempt) continue;
      this.#newestMs[slot] = this.#olderMs[slot] as number;
      this.#changedIn[slot] = 0;
    }
  }

  /** A slot is another series' from now on. */
  reset(slot: number): void {
    this.#newestMs[slot] = -Infinity;
    this.#changedIn[slot] = 0;
  }

  /** A series of which there is a time must not go on before this one. */
  raise(slot: number, tMs: number): void {
    const newestMs = this.#newestMs[slot] as number;
    if (newestMs > -Infinity) this.#newestMs[slot] = Math.max(newestMs, tMs);
  }

  /** Makes room for so many slots. What is given up before the end has no effect. */
  *grow(length: number): Steps {
    const { length: before } = this.#newestMs;
    if (before >= length) return;
    this.#changedIn = yield* lengthenInSlices(this.#changedIn, length);
    const older = new Float64Array(length);
    yield* copyInSlices(older, this.#olderMs, before);
    const newest = new Float64Array(length);
    yield* copyInSlices(newest, this.#newestMs, before);
    for (let at = before; at < length; at += FILLED_TIMES) {
      newest.fill(-Infinity, at, Math.min(length, at + FILLED_TIMES));
      yield;
    }
    this.#olderMs = older;
    this.#newestMs = newest;
  }
}

/** Times that are written between two yields. */
const FILLED_TIMES = 32_768;
