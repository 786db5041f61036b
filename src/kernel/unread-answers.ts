/**
 * Bounds the answers of a server of HTTP/1 that their clients do not read: they are memory of ours
 * until the kernel has taken them for the client.
 *
 * Limits: a client that takes nothing for STALLED_MS is ended; of an answer that is written at
 * once, nothing is known before all of it is taken, so each of its bytes gives it time too. Above
 * BYTES_MAX of all answers together the newest one is ended that waits for longer than GRACE_MS;
 * the oldest stays, however large it is. Looked at each LOOK_MS.
 */
import type { Server, ServerResponse } from 'node:http';
import { onEachRequest } from './web-server.ts';

const BYTES_MAX = 128 * 1024 * 1024;
const STALLED_MS = 60_000;
/** A client that reads 16 KB a second gets a whole answer. */
const BYTES_PER_MS = 16;
/** A new answer gets to be read. */
const GRACE_MS = 500;
const LOOK_MS = 250;

/** Why a client was ended: it took nothing for long, or all answers together were too large. */
export type UnreadReason = 'answer_time' | 'answer_bytes';

export interface UnreadOptions {
  readonly bytesMax?: number;
  /** Called for each answer that is ended, with the client's address. */
  readonly onEnded: (reason: UnreadReason, from: string) => void;
}

interface Unread {
  readonly outgoing: ServerResponse;
  /** How many bytes of its connection had been taken at the last look. */
  taken: number;
  /** When the last of them was taken, or when nothing was left to take. */
  takenAtMs: number;
}

export class UnreadAnswers {
  readonly #options: UnreadOptions;
  /** Answers under way, the oldest first. */
  readonly #answers = new Map<ServerResponse, Unread>();
  #timer: NodeJS.Timeout | undefined;

  constructor(server: Server, options: UnreadOptions) {
    this.#options = options;
    onEachRequest(server, (_, outgoing) => {
      this.#answers.set(outgoing, { outgoing, taken: 0, takenAtMs: performance.now() });
      this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
      outgoing.once('close', () => this.#leave(outgoing));
    });
  }

  /** The bytes of all answers that are not taken yet. */
  get bytes(): number {
    let sum = 0;
    for (const outgoing of this.#answers.keys()) sum += outgoing.writableLength;
    return sum;
  }

  /** Ends what is above a limit. */
  look(): void {
    const atMs = performance.now();
    const waiting: Unread[] = [];
    let bytes = 0;
    for (const answer of this.#answers.values()) {
      const { outgoing } = answer;
      const { writableLength: left, socket } = outgoing;
      // It waits for the answer before it on the same connection, and is not made yet.
      if (socket === null) continue;
      // What is counted as written may still lie in the socket.
      const taken = socket.bytesWritten - socket.writableLength;
      if (left === 0 || taken !== answer.taken) answer.takenAtMs = atMs;
      answer.taken = taken;
      const waitsMs = atMs - answer.takenAtMs;
      if (waitsMs > STALLED_MS + left / BYTES_PER_MS) {
        this.#end(answer, 'answer_time');
        continue;
      }
      bytes += left;
      if (left > 0) waiting.push(answer);
    }
    const { bytesMax = BYTES_MAX } = this.#options;
    while (bytes > bytesMax && waiting.length > 1) {
      const newest = waiting.pop() as Unread;
      if (atMs - newest.takenAtMs < GRACE_MS) continue;
      bytes -= newest.outgoing.writableLength;
      this.#end(newest, 'answer_bytes');
    }
  }

  #end({ outgoing }: Unread, reason: UnreadReason): void {
    this.#options.onEnded(reason, outgoing.req.socket.remoteAddress ?? '');
    outgoing.req.socket.destroy();
    // One that waits for its turn on the connection is told of no end.
    this.#leave(outgoing);
  }

  #leave(outgoing: ServerResponse): void {
    this.#answers.delete(outgoing);
    if (this.#answers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
