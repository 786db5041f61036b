/**
 * Buffers for bodies, to be used again. A new one for each body is memory outside of V8's heap, and
 * 64 MB of that make V8 mark its heap in steps of 5 to 10 ms, one for each further buffer: hundreds
 * of bodies a second would hold up the event loop for longer than all that is done with them.
 *
 * Lengths are rounded up to powers of two, so that a buffer suits many bodies. Those that wait for
 * their next use hold at most `keptBytes`, and what none of the last LOOK_BODIES bodies needed is
 * let go: a start asks all targets in the same second, and never again. Longer ones than `longest`
 * belong to whoever takes them (large-bodies.ts).
 */
import { takeLargeBody } from './large-bodies.ts';

/** The shortest buffer: most pages and requests are longer. */
const SHORTEST = 8 * 1024;
/** After so many bodies it is looked which buffers none of them needed. */
const LOOK_BODIES = 512;

export interface BodyBufferLimits {
  /** The longest buffer that is used again; a power of two. */
  readonly longest: number;
  /** The most that waits for its next use. */
  readonly keptBytes: number;
}

/** What one body has borrowed. */
export interface BodyLoan {
  /** A buffer of at least this length with any bytes in it. */
  readonly take: (length: number) => Buffer;
  /** Gives back all but those above `longest`. Nothing may use them afterwards. */
  readonly release: () => void;
}

export class BodyBuffers {
  readonly #limits: BodyBufferLimits;
  /** In the order in which they were given back. */
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  /** The least that has waited since the last look: nobody needed it. */
  #idleBytes = 0;
  #bodies = 0;

  constructor(limits: BodyBufferLimits) {
    this.#limits = limits;
  }

  /** The loan of one body, which has nothing yet. */
  open(): BodyLoan {
    const lent: Buffer[] = [];
    return {
      take: (length) => {
        if (length > this.#limits.longest) return takeLargeBody(length);
        const rounded = 2 ** Math.ceil(Math.log2(Math.max(length, SHORTEST)));
        const buffer = this.#find(rounded) ?? Buffer.allocUnsafeSlow(rounded);
        lent.push(buffer);
        return buffer;
      },
      release: () => {
        if (lent.length === 0) return;
        for (const buffer of lent.splice(0)) this.#keep(buffer);
        this.#bodies += 1;
        if (this.#bodies % LOOK_BODIES === 0) this.#letGo();
      },
    };
  }

  /** Takes out one of that length, the last that was given back: its memory is the warmest. */
  #find(length: number): Buffer | undefined {
    const index = this.#kept.findLastIndex((one) => one.length === length);
    if (index < 0) return undefined;
    this.#keptBytes -= length;
    this.#idleBytes = Math.min(this.#idleBytes, this.#keptBytes);
    return this.#kept.splice(index, 1)[0];
  }

  /** Those that have waited longest make room: the lengths follow those of the bodies. */
  #keep(buffer: Buffer): void {
    this.#kept.push(buffer);
    this.#keptBytes += buffer.length;
    while (this.#keptBytes > this.#limits.keptBytes) this.#dropOldest();
  }

  /** Drops what nobody needed since the last look: those that have waited longest. */
  #letGo(): void {
    const atMost = this.#keptBytes - this.#idleBytes;
    while (this.#keptBytes > atMost) this.#dropOldest();
    this.#idleBytes = this.#keptBytes;
  }

  #dropOldest(): void {
    this.#keptBytes -= this.#kept.shift()?.length ?? 0;
    this.#idleBytes = Math.min(this.#idleBytes, this.#keptBytes);
  }
}
