/**
 * Where the segment documents of receivers go: for each receiver, the sinks to which its routes
 * lead. They may change between two commits.
 */
import type { Borrowed } from '../model/borrowed.ts';
import type { OpenSegments, SegmentAppender } from '../model/trace-segment.ts';

/** The sinks of each receiver. */
export type SegmentRoutes = ReadonlyMap<string, readonly OpenSegments[]>;

export class SegmentRouter {
  #routes: SegmentRoutes = new Map();
  readonly #open = new Map<string, SegmentFanOut>();

  /**
   * Opens the way to the sinks of a receiver, which follows their changes; further calls give the
   * same one, so that a receiver that is opened again leaves none behind.
   */
  open(receiver: string): SegmentAppender {
    const known = this.#open.get(receiver);
    if (known !== undefined) return known;
    const opened = new SegmentFanOut(this.#routes.get(receiver) ?? []);
    this.#open.set(receiver, opened);
    return opened;
  }

  /** Goes over to other routes. What is appended and not committed yet is committed first. */
  apply(routes: SegmentRoutes): void {
    this.#routes = routes;
    for (const [receiver, opened] of this.#open) opened.goOver(routes.get(receiver) ?? []);
  }
}

class SegmentFanOut implements SegmentAppender {
  #outlets: readonly OpenSegments[];
  #appenders: readonly SegmentAppender[];

  constructor(outlets: readonly OpenSegments[]) {
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

  goOver(outlets: readonly OpenSegments[]): void {
    const isSame =
      outlets.length === this.#outlets.length &&
      outlets.every((open, index) => open === this.#outlets[index]);
    if (isSame) return;
    this.commit();
    this.#outlets = outlets;
    this.#appenders = outlets.map((open) => open());
  }
}
