/**
 * Where the segment documents of receivers go: for each receiver, the sinks to which its routes
 * lead, and what the routes do to spans on the way. They may change between two commits.
 */
import { type Borrowed, peek } from '../model/borrowed.ts';
import type { OpenTraces, TraceAppender } from '../model/trace-appender.ts';
import type { SpanTransform } from '../wire/otlp/span-transform.ts';
import { type CountSpans, GivenDocument } from './transformed-traces.ts';

/** A sink at the end of a route. */
export interface TraceOutlet {
  readonly openTraces: OpenTraces;
  /** One list for all sinks of a route, so that spans are transformed once for them. */
  readonly transforms: readonly SpanTransform[];
}

/** The ends of the routes of each receiver. */
export type TraceRoutes = ReadonlyMap<string, readonly TraceOutlet[]>;

/** Whether two outlets lead to the same sink and do the same to spans. */
export function isSameTraceOutlet(a: TraceOutlet, b: TraceOutlet): boolean {
  return (
    a.openTraces === b.openTraces &&
    a.transforms.length === b.transforms.length &&
    a.transforms.every(({ identity }, index) => identity === b.transforms[index]?.identity)
  );
}

export class TraceRouter {
  readonly #countDropped: CountSpans;
  #routes: TraceRoutes = new Map();
  readonly #open = new Map<string, TraceFanOut>();

  /** @param countDropped  is told of spans that a transform drops */
  constructor(countDropped: CountSpans) {
    this.#countDropped = countDropped;
  }

  /**
   * Opens the way to the sinks of a receiver, which follows their changes; further calls give the
   * same one, so that a receiver that is opened again leaves none behind.
   */
  open(receiver: string): TraceAppender {
    const known = this.#open.get(receiver);
    if (known !== undefined) return known;
    const opened = new TraceFanOut(this.#routes.get(receiver) ?? [], this.#countDropped);
    this.#open.set(receiver, opened);
    return opened;
  }

  /** Goes over to other routes. What is appended and not committed yet is committed first. */
  apply(routes: TraceRoutes): void {
    this.#routes = routes;
    for (const [receiver, opened] of this.#open) opened.goOver(routes.get(receiver) ?? []);
  }
}

interface Opened {
  readonly appender: TraceAppender;
  readonly transforms: readonly SpanTransform[];
}

const open = ({ openTraces, transforms }: TraceOutlet): Opened => ({
  appender: openTraces(),
  transforms,
});

/**
 * A sink that fails leaves the others as they are: they get all documents, and no document stays
 * behind in one, to go with a later commit and once more with what its sender sends again. The
 * commit that was open fails, since not all sinks have all of it.
 */
class TraceFanOut implements TraceAppender {
  readonly #countDropped: CountSpans;
  #outlets: readonly TraceOutlet[];
  #opened: readonly Opened[];
  /** What a sink threw first since the commit before. */
  #failure: { readonly error: unknown } | undefined;

  constructor(outlets: readonly TraceOutlet[], countDropped: CountSpans) {
    this.#countDropped = countDropped;
    this.#outlets = outlets;
    this.#opened = outlets.map(open);
  }

  append(document: Borrowed<Uint8Array>, receivedMs: number): void {
    const { buffer, byteOffset, length } = peek(document);
    const given = new GivenDocument(Buffer.from(buffer, byteOffset, length));
    for (const { appender, transforms } of this.#opened) {
      const made = given.behind(transforms, this.#countDropped);
      if (made === undefined) continue;
      try {
        appender.append(made, receivedMs);
      } catch (error) {
        this.#failure ??= { error };
      }
    }
  }

  commit(): void {
    this.#commitAll();
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
  }

  #commitAll(): void {
    for (const { appender } of this.#opened)
      try {
        appender.commit();
      } catch (error) {
        this.#failure ??= { error };
      }
  }

  noteRejected(documents: number): void {
    for (const { appender } of this.#opened) appender.noteRejected?.(documents);
  }

  goOver(outlets: readonly TraceOutlet[]): void {
    const isSame =
      outlets.length === this.#outlets.length &&
      outlets.every((one, index) => {
        const before = this.#outlets[index];
        return before !== undefined && isSameTraceOutlet(one, before);
      });
    if (isSame) return;
    // A failure is told to whoever commits next: it is what stands open now, and no reload's.
    this.#commitAll();
    this.#outlets = outlets;
    this.#opened = outlets.map(open);
  }
}
