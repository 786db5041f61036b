/**
 * The way of traces into the queue: a document `T1S…` is base64 of a request of spans, which goes
 * on as it is; those of one commit are joined as far as a request may be. Other documents give no
 * spans: JSON of a segment is X-Ray's own, and `T1U…` are spans that were not sampled. They are
 * counted by reason.
 */
import { type Borrowed, peek } from '../../model/borrowed.ts';
import type { TraceAppender } from '../../model/trace-appender.ts';
import { WireError } from '../../wire/errors.ts';
import { type CutRequest, cutRequest } from '../../wire/otlp/cutting.ts';
import { makeOtlpChunk } from './chunk.ts';
import { laneOf } from './lanes.ts';
import type { OtlpWayIn } from './way-in.ts';

/** What stands before the base64: sampled, and not sampled. */
const MARK_BYTES = 3;
const SAMPLED = 'T1S';
const UNSAMPLED = 'T1U';

export class SpansAppender implements TraceAppender {
  readonly #wayIn: OtlpWayIn;
  #open: CutRequest[] = [];
  #items = 0;
  #bytes = 0;
  #oldestMs = Infinity;
  #newestMs = -Infinity;

  constructor(wayIn: OtlpWayIn) {
    this.#wayIn = wayIn;
  }

  append(document: Borrowed<Uint8Array>, receivedMs: number): void {
    for (const one of this.#read(peek(document))) {
      const { maxItems, maxBytes } = this.#wayIn.options;
      const fits =
        this.#items + one.items <= maxItems.traces && this.#bytes + one.bytes.length <= maxBytes;
      if (!fits) this.commit();
      this.#open.push(one);
      this.#items += one.items;
      this.#bytes += one.bytes.length;
      if (receivedMs < this.#oldestMs) this.#oldestMs = receivedMs;
      if (receivedMs > this.#newestMs) this.#newestMs = receivedMs;
    }
  }

  commit(): void {
    const open = this.#open;
    if (open.length === 0) return;
    const [oldestMs, newestMs, items] = [this.#oldestMs, this.#newestMs, this.#items];
    // Emptied first: what the queue throws at must not be appended a second time.
    this.#open = [];
    this.#items = this.#bytes = 0;
    this.#oldestMs = Infinity;
    this.#newestMs = -Infinity;
    const wayIn = this.#wayIn;
    const lane = laneOf('traces', wayIn.next(), wayIn.options.queue.lanes);
    const bytes = Buffer.concat(open.map((one) => one.bytes));
    wayIn.append(makeOtlpChunk({ signal: 'traces', bytes, items, oldestMs, newestMs, lane }));
  }

  #read(document: Uint8Array): readonly CutRequest[] {
    const { maxItems, maxBytes, onLeftOut } = this.#wayIn.options;
    const text = Buffer.from(document.buffer, document.byteOffset, document.length);
    const mark = text.toString('latin1', 0, MARK_BYTES);
    if (mark !== SAMPLED) {
      onLeftOut(mark === UNSAMPLED ? 'unsampled' : 'segment_document');
      return [];
    }
    try {
      const bytes = Buffer.from(text.toString('latin1', MARK_BYTES), 'base64');
      const cut = cutRequest('traces', bytes, { maxItems: maxItems.traces, maxBytes });
      if (cut.length === 0) onLeftOut('malformed');
      return cut;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      onLeftOut('malformed');
      return [];
    }
  }
}
