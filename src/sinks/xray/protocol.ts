/**
 * X-Ray as a protocol of delivery: documents of some chunks become one request, and the answer is
 * judged document by document.
 * Not here: retry, splitting, age and counting of losses, which are delivery's.
 */
import { BoundedWords } from '../../delivery/bounded-words.ts';
import type { Answer, Loss, Protocol } from '../../delivery/protocol.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Chunk } from '../../model/queue.ts';
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
import { putSegments, type PutSegmentsOptions } from './put-segments.ts';
import { type LostDocument, sendDocuments, type Sent } from './sending.ts';
import type { TelemetryFigures } from './telemetry.ts';

export interface XrayProtocolOptions extends Omit<PutSegmentsOptions, 'telemetry'> {
  readonly logGroups: readonly string[];
  readonly log: Logger;
  readonly metrics: XrayMetrics;
  readonly telemetry: TelemetryFigures;
  /** Counts a subsegment of a slimmed document that X-Ray refused. */
  readonly onPartLost: (reason: string, owner: string, text: string) => void;
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
/** Of how many documents a log line says what X-Ray said. */
const SAID_MAX = 3;

export class XrayProtocol implements Protocol<SegmentsRequest> {
  readonly #options: XrayProtocolOptions;
  readonly #owners = new BoundedWords(OWNERS_MAX);
  readonly #reasons = new BoundedWords(REASONS_MAX);
  readonly isUnordered = true;
  #hasDelivered = false;

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
    const { metrics } = this.#options;
    const startMs = performance.now();
    const sent = await sendDocuments(documents, {
      put: (list) => putSegments(list, this.#options, signal),
      onSlimmed: (step, times) => metrics.slimmed(step, times),
      onNameless: (said) => this.#noteNameless(said),
      onPartLost: (part, said) => {
        const reason = this.#boundReason(`part_${nameReason(said)}`);
        this.#options.onPartLost(reason, this.#readOwner(part), describe(part, reason, said));
      },
    });
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

  #countSent(delivered: number, { lost, bytes }: Sent): void {
    const { telemetry, log } = this.#options;
    telemetry.countSent(delivered);
    telemetry.countRejected(lost.length);
    if (this.#hasDelivered || delivered === 0) return;
    this.#hasDelivered = true;
    log.info('X-Ray takes segment documents', { documents: delivered, bytes });
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
