/**
 * X-Ray as a protocol of delivery: documents of some chunks become one request, and the answer is
 * judged document by document.
 * Not here: retry, splitting, age and counting of losses, which are delivery's.
 */
import { BoundedWords } from '../../delivery/bounded-words.ts';
import type { Answer, Loss, Protocol } from '../../delivery/protocol.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Chunk } from '../../model/queue.ts';
import { isSampledSpans } from '../../wire/otlp/trace-document.ts';
import { readHead } from '../../wire/xray/document.ts';
import type { FramedDocument } from '../../wire/xray/frames.ts';
import { addLogGroups } from '../../wire/xray/log-groups.ts';
import { nameReason, type Unprocessed } from './answer.ts';
import {
  halveDocuments,
  makeChunks,
  unpackDocuments,
  unpackBytes,
  withoutOlderDocuments,
} from './chunk.ts';
import type { XrayMetrics } from './metrics.ts';
import type { SpanForm } from './config.ts';
import { putSegments, type PutSegmentsOptions } from './put-segments.ts';
import { putSpans } from './put-spans.ts';
import {
  type LostDocument,
  sendDocuments,
  sendPart,
  type Sent,
  type SendingOptions,
} from './sending.ts';
import type { TelemetryFigures } from './telemetry.ts';

export interface XrayProtocolOptions extends Omit<PutSegmentsOptions, 'telemetry'> {
  readonly logGroups: readonly string[];
  readonly spanForm: SpanForm;
  readonly log: Logger;
  readonly metrics: XrayMetrics;
  readonly telemetry: TelemetryFigures;
  /** Counts parts of documents that X-Ray refused: subsegments of a slimmed one, or spans. */
  readonly onPartLost: (reason: string, owner: string, text: string, parts: number) => void;
}

interface SegmentsRequest {
  readonly documents: readonly FramedDocument[];
  readonly lane: number;
}

/** How many services losses tell apart; the others count as "other". */
const OWNERS_MAX = 100;
/** How many of X-Ray's codes are reasons; the others count as "other". */
const REASONS_MAX = 50;
const OWNER_MAX = 200;
/** X-Ray takes a span of 200 kB by OTLP; this is as much in base64. */
const OTLP_DOCUMENT_MAX_BYTES = 4 * Math.ceil(200_000 / 3);
/** Of how many documents a log line says what X-Ray said. */
const SAID_MAX = 3;

export class XrayProtocol implements Protocol<SegmentsRequest> {
  readonly #options: XrayProtocolOptions;
  readonly #owners = new BoundedWords(OWNERS_MAX);
  readonly #reasons = new BoundedWords(REASONS_MAX);
  readonly isUnordered = true;

  constructor(options: XrayProtocolOptions) {
    this.#options = options;
  }

  encode(chunks: readonly Chunk[]): SegmentsRequest | undefined {
    const { logGroups } = this.#options;
    const documents: FramedDocument[] = [];
    for (const chunk of chunks) {
      const own = unpackDocuments(chunk);
      if (own === undefined) return undefined;
      documents.push(...own);
    }
    const lane = chunks[0]?.lane ?? 0;
    if (logGroups.length === 0) return { documents, lane };
    const grouped = documents.map((document) => ({
      ...document,
      bytes: addLogGroups(document.bytes, logGroups),
    }));
    return { documents: grouped, lane };
  }

  async send(
    { documents, lane }: SegmentsRequest,
    _attempt: number,
    signal: AbortSignal,
  ): Promise<Answer> {
    const startMs = performance.now();
    const sent = await this.#sendAll(documents, signal);
    if (sent.kind !== 'sent') return sent;
    const delivered = documents.length - sent.again.length - sent.lost.length;
    this.#countSent(delivered, sent);
    this.#options.log.unlimited().debug('X-Ray has answered', {
      documents: documents.length,
      unprocessed: documents.length - delivered,
      seconds: (performance.now() - startMs) / 1_000,
    });
    if (delivered === documents.length) return { kind: 'delivered', bytes: sent.bytes };
    return this.#answerInPart(sent, lane);
  }

  /** Segments by one call, and spans by another where they go as OTLP. */
  #sendAll(
    documents: readonly FramedDocument[],
    signal: AbortSignal,
  ): ReturnType<typeof sendDocuments> {
    const isOtlp = ({ bytes }: FramedDocument): boolean =>
      this.#options.spanForm === 'otlp' && isSampledSpans(bytes);
    const spans = documents.filter(isOtlp);
    if (spans.length === 0) return sendDocuments(documents, this.#segmentCall(signal));
    const rest = documents.filter((one) => !isOtlp(one));
    if (rest.length === 0) return sendDocuments(spans, this.#spanCall(signal));
    return this.#sendBoth(rest, spans, signal);
  }

  /** The fate of one part must not be that of the other, so each document has its own. */
  async #sendBoth(
    segments: readonly FramedDocument[],
    spans: readonly FramedDocument[],
    signal: AbortSignal,
  ): Promise<Sent> {
    const first = await sendPart(segments, this.#segmentCall(signal));
    const second = await sendPart(spans, this.#spanCall(signal));
    return {
      kind: 'sent',
      again: [...first.again, ...second.again],
      error: first.error ?? second.error,
      lost: [...first.lost, ...second.lost],
      bytes: first.bytes + second.bytes,
    };
  }

  #segmentCall(signal: AbortSignal): SendingOptions {
    const { metrics } = this.#options;
    return {
      put: (list) => putSegments(list, this.#options, signal),
      onSlimmed: (step, times) => metrics.slimmed(step, times),
      onNameless: (said) => this.#noteNameless(said),
      onPartLost: (part, said) => {
        const reason = this.#boundReason(`part_${nameReason(said)}`);
        this.#options.onPartLost(reason, this.#readOwner(part), describe(part, reason, said), 1);
      },
    };
  }

  #spanCall(signal: AbortSignal): SendingOptions {
    const onRejectedSpans = (spans: number, message: string): void =>
      this.#options.onPartLost(this.#boundReason('part_rejected'), '', message, spans);
    return {
      ...this.#segmentCall(signal),
      documentMaxBytes: OTLP_DOCUMENT_MAX_BYTES,
      put: (list) => putSpans(list, { ...this.#options, onRejectedSpans }, signal),
    };
  }

  halve = halveDocuments;

  withoutOlder = withoutOlderDocuments;

  ownersOf(chunks: readonly Chunk[]): ReadonlyMap<string, number> {
    const owners = new Map<string, number>();
    const count = (owner: string, documents: number): void =>
      void owners.set(owner, (owners.get(owner) ?? 0) + documents);
    for (const chunk of chunks) {
      const documents = unpackDocuments(chunk);
      if (documents === undefined) count('', chunk.items);
      else for (const { bytes } of documents) count(this.#readOwner(bytes), 1);
    }
    return owners;
  }

  /** The services of what the queue lost, by the bytes of a chunk; undefined where damaged. */
  ownersIn(bytes: Uint8Array): readonly string[] | undefined {
    return unpackBytes(bytes)?.map((document) => this.#readOwner(document.bytes));
  }

  #answerInPart({ again, error, lost, bytes }: Sent, lane: number): Answer {
    const said = again.length === 0 ? '' : `${again.length} documents could not be processed`;
    return {
      kind: 'partial',
      bytes,
      again: makeChunks(again, lane),
      ...(error === undefined ? {} : { error }),
      lost: this.#summarize(lost),
      text: [said, describeAll(lost)].filter((text) => text !== '').join('; '),
    };
  }

  #countSent(delivered: number, { lost }: Sent): void {
    const { telemetry } = this.#options;
    telemetry.countSent(delivered);
    telemetry.countRejected(lost.length);
  }

  #noteNameless(said: Unprocessed): void {
    const { metrics, log } = this.#options;
    metrics.nameless(this.#boundReason(nameReason(said)));
    log.debug('X-Ray refused a document by an id that none has', {
      code: said.code,
      message: said.message,
    });
  }

  #summarize(lost: readonly LostDocument[]): Loss[] {
    const losses = new Map<string, Loss>();
    for (const { document, reason: word } of lost) {
      const reason = this.#boundReason(word);
      const owner = this.#readOwner(document.bytes);
      const key = `${reason} ${owner}`;
      losses.set(key, { reason, owner, items: (losses.get(key)?.items ?? 0) + 1 });
    }
    return [...losses.values()];
  }

  #boundReason(reason: string): string {
    return this.#reasons.bound(reason);
  }

  #readOwner(document: Buffer): string {
    const { name = '' } = readHead(document);
    return name === '' ? '' : this.#owners.bound(name.slice(0, OWNER_MAX));
  }
}

function describeAll(lost: readonly LostDocument[]): string {
  return lost
    .slice(0, SAID_MAX)
    .map(({ document, reason, said }) => describe(document.bytes, reason, said))
    .join('; ');
}

/** What X-Ray said of a document, with its trace, and nothing of its content. */
function describe(document: Buffer, reason: string, said: Unprocessed | undefined): string {
  const { id = 'unknown', traceId = 'unknown' } = readHead(document);
  const text = said === undefined ? reason : `${said.code} "${said.message}"`;
  return `${text} (segment ${id.slice(0, 32)}, trace ${traceId.slice(0, 64)})`;
}
