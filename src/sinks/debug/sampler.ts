/**
 * Says which messages are written where many come: of each message the first of a second, then
 * every nth.
 * Source: https://pkg.go.dev/go.uber.org/zap/zapcore#NewSamplerWithOptions
 */
import { hash } from 'node:crypto';

export interface Sampling {
  /** So many of one message are written in each second. */
  readonly initial: number;
  /** Of the rest, every one of so many; 0: none. */
  readonly thereafter: number;
}

const WINDOW_MS = 1_000;
/** Messages that are told apart in a second; further ones count as new. */
const MESSAGES_MAX = 4_096;

export class Sampler {
  readonly #sampling: Sampling;
  readonly #counts = new Map<string, number>();
  #startMs = -Infinity;

  constructor(sampling: Sampling) {
    this.#sampling = sampling;
  }

  /** Whether it is to be written. */
  admit(message: string, atMs: number): boolean {
    const { initial, thereafter } = this.#sampling;
    if (atMs - this.#startMs >= WINDOW_MS) {
      this.#counts.clear();
      this.#startMs = atMs;
    }
    const key = hash('sha1', message);
    const count = (this.#counts.get(key) ?? 0) + 1;
    if (count === 1 && this.#counts.size >= MESSAGES_MAX) return initial > 0;
    this.#counts.set(key, count);
    if (count <= initial) return true;
    return thereafter > 0 && (count - initial) % thereafter === 0;
  }
}
