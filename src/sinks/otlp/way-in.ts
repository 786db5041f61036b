/** What the appenders of one sink share, which a reload of the configuration may change. */
import type { Load } from '../../delivery/load.ts';
import type { Chunk, ChunkQueue } from '../../model/queue.ts';
import type { OtlpSettings } from './config.ts';

export interface OtlpWayInOptions extends Pick<OtlpSettings, 'maxItems' | 'maxBytes'> {
  readonly queue: ChunkQueue;
  readonly load: Load;
  /** Counts documents that become no spans, and tells of them. */
  readonly onLeftOut: (reason: LeftOut) => void;
}

/** Why a document of traces gives no spans. */
export type LeftOut = 'segment_document' | 'unsampled' | 'malformed';

export class OtlpWayIn {
  #options: OtlpWayInOptions;
  #next = 0;

  constructor(options: OtlpWayInOptions) {
    this.#options = options;
  }

  get options(): OtlpWayInOptions {
    return this.#options;
  }

  /** Goes on with other settings for the same queue. */
  goOn(options: OtlpWayInOptions): void {
    this.#options = options;
  }

  /** Counts up, so that documents, which need no order, go to the lanes in turn. */
  next(): number {
    return this.#next++;
  }

  append(chunk: Chunk): void {
    const { queue, load } = this.#options;
    queue.append(chunk);
    load.taken(chunk.items, chunk.newestMs);
  }
}
