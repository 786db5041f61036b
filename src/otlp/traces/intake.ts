/**
 * What becomes of spans: they are cut into documents as X-Ray takes them (decision 20), which go
 * the way of segments. All documents of a request are committed before it is answered, one request
 * after another: a commit that fails for one must not take away what another has appended.
 */
import type { World } from '../../kernel/world.ts';
import { runGivingWay } from '../../kernel/giving-way.ts';
import type { TraceAppender } from '../../model/trace-appender.ts';
import { cutTraces, type CutTraces } from '../../wire/otlp/trace-documents.ts';
import type { OtlpIntake, TakenRequest } from '../intake.ts';

export interface TracesIntakeOptions {
  /** The receiver's id. */
  readonly id: string;
  readonly appender: TraceAppender;
  readonly world: World;
}

export class TracesIntake implements OtlpIntake {
  readonly #options: TracesIntakeOptions;
  /** The request whose documents are appended, and all that wait behind it. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: TracesIntakeOptions) {
    this.#options = options;
  }

  async take(body: Buffer): Promise<TakenRequest> {
    // Nothing is appended before the whole request is known to be well-formed.
    const cut = await runGivingWay(cutTraces(body));
    const appended = this.#last.then(() => runGivingWay(this.#append(cut.documents)));
    this.#last = appended.catch(() => undefined);
    await appended;
    const { spans, rejected, fault } = cut;
    this.#tell(cut);
    const message = fault === undefined ? '' : `${rejected} spans are rejected: ${fault}`;
    return { items: spans, rejected, message };
  }

  *#append(documents: CutTraces['documents']): Generator<undefined, void, undefined> {
    const { appender, world } = this.#options;
    const nowMs = world.clock.nowMs();
    try {
      for (const document of documents) {
        appender.append(document, nowMs);
        yield;
      }
    } finally {
      // What an appender that fails has taken before must not wait for the next request.
      appender.commit();
    }
  }

  #tell({ rejected, oversized }: CutTraces): void {
    const { appender, world, id } = this.#options;
    if (rejected > 0) appender.noteRejected?.(rejected);
    if (oversized === 0) return;
    world.metrics
      .counters(
        'amperage_otlp_oversized_documents_total',
        'Documents of spans above the 64 kB that X-Ray takes: of one large span, or resource.',
      )
      .with({ receiver: id })
      .inc(oversized);
    world.log.warn('spans are larger than X-Ray takes; only other sinks may keep them', {
      receiver: id,
      documents: oversized,
      remedy: 'limit attributes and events in the SDK: OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    });
  }
}
