/**
 * Where the segment documents of receivers go: for each receiver, the sinks to which its routes
 * lead. They may change between two commits.
 */
import type { Borrowed } from '../model/borrowed.ts';
import type { OpenTraces, TraceAppender } from '../model/trace-appender.ts';

/** The sinks of each receiver. */
export type TraceRoutes = ReadonlyMap<string, readonly OpenTraces[]>;

export class TraceRouter {
  #routes: TraceRoutes = new Map();
  readonly #open = new Map<string, TraceFanOut>();

  /**
   * Opens the way to the sinks of a receiver, which follows their changes; further calls give the
   * same one, so that a receiver that is opened again leaves none behind.
   */
  open(receiver: string): TraceAppender {
    const known = this.#open.get(receiver);
    if (known !== undefined) return known;
    const opened = new TraceFanOut(this.#routes.get(receiver) ?? []);
    this.#open.set(receiver, opened);
    return opened;
  }

  /** Goes over to other routes. What is appended and not committed yet is committed first. */
  apply(routes: TraceRoutes): void {
    this.#routes = routes;
    for (const [receiver, opened] of this.#open) opened.goOver(routes.get(receiver) ?? []);
  }
}

class TraceFanOut implements TraceAppender {
  #outlets: readonly OpenTraces[];
  #appenders: readonly TraceAppender[];

  constructor(outlets: readonly OpenTraces[]) {
    this.#outlets = outlets;
    this.#appenders = outlets.map((open) => open());
  }

  append(document: Borrowed<Uint8Array>, receivedMs: number): void {
    for (const appender of this.#appenders) appender.append(document, receivedMs);
  }

  commit(): void {
    for (const appender of this.#appenders) appender.commit();
  }

  noteRejected(documents: number): void {
    for (const appender of this.#appenders) appender.noteRejected?.(documents);
  }

  goOver(outlets: readonly OpenTraces[]): void {
    const isSame =
      outlets.length === this.#outlets.length &&
      outlets.every((open, index) => open === this.#outlets[index]);
    if (isSame) return;
    this.commit();
    this.#outlets = outlets;
    this.#appenders = outlets.map((open) => open());
  }
}
