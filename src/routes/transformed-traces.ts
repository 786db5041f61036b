/**
 * Applies transforms to documents of spans, before the sinks of a route. A document is decoded and
 * encoded once, however many transforms and sinks there are. Segment documents pass unchanged, and
 * so does what cannot be read, which X-Ray then refuses.
 */
import { countSpansOf, type SpanTransform } from '../wire/otlp/span-transform.ts';
import {
  isSampledSpans,
  readTraceDocument,
  SAMPLED,
  UNSAMPLED,
  writeTraceDocument,
} from '../wire/otlp/trace-document.ts';
import type { TraceRequest } from '../wire/otlp/trace-request.ts';

/** Counts spans that a transform has dropped. @param transform  its name */
export type CountSpans = (transform: string, spans: number) => void;

/** One document before transforms, for as long as it is appended. */
export class GivenDocument {
  readonly #bytes: Buffer;
  #request: TraceRequest | undefined;
  #isRead = false;
  readonly #made = new Map<readonly SpanTransform[], Buffer | undefined>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The document behind transforms; undefined where they leave no span of it. */
  behind(transforms: readonly SpanTransform[], countDropped: CountSpans): Buffer | undefined {
    if (transforms.length === 0) return this.#bytes;
    if (this.#made.has(transforms)) return this.#made.get(transforms);
    const request = this.#read();
    const made =
      request === undefined ? this.#bytes : this.#change(request, transforms, countDropped);
    this.#made.set(transforms, made);
    return made;
  }

  #read(): TraceRequest | undefined {
    if (!this.#isRead) this.#request = readTraceDocument(this.#bytes);
    this.#isRead = true;
    return this.#request;
  }

  #change(
    request: TraceRequest,
    transforms: readonly SpanTransform[],
    countDropped: CountSpans,
  ): Buffer | undefined {
    let all = request.resourceSpans;
    for (const transform of transforms) {
      const changed = all.map((one) => transform.change(one));
      const dropped = countAll(all) - countAll(changed);
      if (dropped > 0) countDropped(transform.name, dropped);
      all = changed.filter((one) => countSpansOf(one) > 0);
    }
    if (all.length === 0) return undefined;
    const prefix = isSampledSpans(this.#bytes) ? SAMPLED : UNSAMPLED;
    return writeTraceDocument({ ...request, resourceSpans: all }, prefix);
  }
}

function countAll(all: TraceRequest['resourceSpans']): number {
  return all.reduce((sum, one) => sum + countSpansOf(one), 0);
}
