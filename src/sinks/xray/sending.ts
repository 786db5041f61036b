/**
 * One attempt to send some documents: together in a request, and then what the answer asks for.
 * Documents of which it is unclear whether the answer means them go again in halves; what is too
 * large is slimmed and sent. X-Ray takes a document twice without storing it twice.
 */
import { setImmediate } from 'node:timers/promises';
import { RecoverableError } from '../../kernel/errors.ts';
import { isSpanDocument } from '../../wire/otlp/trace-document.ts';
import { fitSpans, type FitStep } from '../../wire/otlp/fitting-spans.ts';
import { DOCUMENT_MAX_BYTES } from '../../wire/xray/document.ts';
import type { FramedDocument } from '../../wire/xray/frames.ts';
import { slim, type SlimStep } from '../../wire/xray/slimming.ts';
import { judgeCode, nameReason, type Unprocessed, type Verdict } from './answer.ts';
import { attribute } from './attribution.ts';
import type { Put } from './put-segments.ts';

/** A document that is lost, and what X-Ray said of it. */
export interface LostDocument {
  readonly document: FramedDocument;
  readonly reason: string;
  readonly said?: Unprocessed | undefined;
}

/** What became of the documents; those in neither list are delivered. */
export interface Sent {
  readonly kind: 'sent';
  readonly again: readonly FramedDocument[];
  /** Why they are to be sent again. */
  readonly error: RecoverableError | undefined;
  readonly lost: readonly LostDocument[];
  /** Of all requests. */
  readonly bytes: number;
}

export interface SendingOptions {
  readonly put: (documents: readonly Buffer[]) => Promise<Put>;
  /** The largest document that X-Ray takes by this call; 64 kB where it is not said. */
  readonly documentMaxBytes?: number;
  readonly onSlimmed: (step: ShrinkStep, times: number) => void;
  readonly onNameless: (said: Unprocessed) => void;
  /** Called for a subsegment of a slimmed document, which X-Ray refused. */
  readonly onPartLost: (document: Buffer, said: Unprocessed) => void;
}

/** What was done to a document that is too large: of segments, and of spans. */
export type ShrinkStep = SlimStep | FitStep;

/** The document in smaller ones, of which the first has its place. */
interface Shrunk {
  readonly documents: readonly Buffer[];
  readonly steps: ReadonlyMap<ShrinkStep, number>;
}

/** A document at which X-Ray fails so often, while it takes others, is lost. */
const TRIES_MAX = 12;
/** How much smaller a document gets that X-Ray calls too large: of 64 kB, 2 kB in the end. */
const SHRINKING = 0.5;
const SLIMMINGS_MAX = 5;
/** Of a slimmed document and its parts: as many and as large as other requests are by default. */
const PARTS_MAX = 50;
const PARTS_BYTES_MAX = 1024 * 1024;

/** Sends once. A verdict means all documents. @throws RecoverableError when there is no answer */
export function sendDocuments(
  documents: readonly FramedDocument[],
  options: SendingOptions,
): Promise<Sent | Exclude<Verdict, { kind: 'judged' }>> {
  return new Sending(options).send(documents);
}

/** The same for a part of what is under way, of which each document has its own outcome. */
export function sendPart(
  documents: readonly FramedDocument[],
  options: SendingOptions,
): Promise<Sent> {
  return new Sending(options).sendPart(documents);
}

class Sending {
  readonly #options: SendingOptions;
  readonly #again: FramedDocument[] = [];
  readonly #lost: LostDocument[] = [];
  readonly #large: FramedDocument[] = [];
  /** Those that are to be sent in requests of their own. */
  readonly #groups: FramedDocument[][] = [];
  #error: RecoverableError | undefined;
  #bytes = 0;

  constructor(options: SendingOptions) {
    this.#options = options;
  }

  async send(
    documents: readonly FramedDocument[],
  ): Promise<Sent | Exclude<Verdict, { kind: 'judged' }>> {
    const fitting = this.#setLargeAside(documents);
    if (fitting.length > 0) {
      const { verdict, bytes } = await this.#options.put(fitting.map((one) => one.bytes));
      if (verdict.kind === 'judged') this.#judge(fitting, verdict.unprocessed, bytes);
      else if (verdict.kind === 'split' && fitting.length === 1) this.#large.push(...fitting);
      else return verdict;
    }
    return this.#finish();
  }

  async sendPart(documents: readonly FramedDocument[]): Promise<Sent> {
    const fitting = this.#setLargeAside(documents);
    if (fitting.length > 0) this.#groups.push(fitting);
    return this.#finish();
  }

  #setLargeAside(documents: readonly FramedDocument[]): FramedDocument[] {
    const isLarge = ({ bytes }: FramedDocument): boolean => bytes.length > this.#maxBytes;
    this.#large.push(...documents.filter(isLarge));
    return documents.filter((one) => !isLarge(one));
  }

  get #maxBytes(): number {
    return this.#options.documentMaxBytes ?? DOCUMENT_MAX_BYTES;
  }

  async #finish(): Promise<Sent> {
    for (let group = this.#groups.pop(); group !== undefined; group = this.#groups.pop())
      await this.#sendGroup(group);
    for (const document of this.#large) await this.#sendSlimmed(document);
    return {
      kind: 'sent',
      again: this.#again,
      error: this.#error,
      lost: this.#lost,
      bytes: this.#bytes,
    };
  }

  async #sendGroup(group: readonly FramedDocument[]): Promise<void> {
    const { verdict, bytes } = await this.#tryPut(group.map((one) => one.bytes));
    if (verdict.kind === 'judged') this.#judge(group, verdict.unprocessed, bytes);
    else if (verdict.kind === 'again') this.#sendAgain(group, verdict.error);
    else if (group.length > 1) this.#halve(group);
    else if (verdict.kind === 'split') this.#large.push(...group);
    else for (const document of group) this.#lost.push({ document, reason: verdict.reason });
  }

  /** After a failure, nothing more is asked in this attempt. */
  async #tryPut(documents: readonly Buffer[]): Promise<Put> {
    if (this.#error !== undefined)
      return { verdict: { kind: 'again', error: this.#error }, bytes: 0 };
    try {
      return await this.#options.put(documents);
    } catch (error) {
      if (!(error instanceof RecoverableError)) throw error;
      return { verdict: { kind: 'again', error }, bytes: 0 };
    }
  }

  #sendAgain(documents: readonly FramedDocument[], error: RecoverableError): void {
    this.#again.push(...documents);
    this.#error ??= error;
  }

  #judge(
    documents: readonly FramedDocument[],
    unprocessed: readonly Unprocessed[],
    bytes: number,
  ): void {
    this.#bytes += bytes;
    const all = documents.map((one) => one.bytes);
    const { meant, unclear, nameless } = attribute(all, unprocessed);
    for (const said of nameless) this.#options.onNameless(said);
    const isOtherTaken = meant.size + unclear.flat().length < documents.length;
    for (const [index, said] of meant) {
      const document = documents[index];
      if (document !== undefined) this.#refuse(document, said, isOtherTaken);
    }
    const groups = unclear.map((indexes) => indexes.flatMap((index) => documents[index] ?? []));
    if (groups.length > 1) this.#groups.push(...groups);
    else for (const group of groups) this.#halve(group);
  }

  #halve(group: readonly FramedDocument[]): void {
    const middle = Math.ceil(group.length / 2);
    this.#groups.push(group.slice(middle), group.slice(0, middle));
  }

  /** Where X-Ray takes none of a request, the fault is not that of a document. */
  #refuse(document: FramedDocument, said: Unprocessed, isOtherTaken = false): void {
    const fate = judgeCode(said);
    const tries = document.tries + (fate === 'unavailable' && isOtherTaken ? 1 : 0);
    const mayPass = fate === 'throttled' || fate === 'unavailable';
    if (mayPass && tries < TRIES_MAX) this.#again.push({ ...document, tries });
    else if (fate === 'too_large') this.#large.push(document);
    else this.#lost.push({ document, reason: nameReason(said), said });
  }

  /**
   * Slims a document until X-Ray takes it. A failure on the way sends it again as it was, and
   * after a failure it is not slimmed at all.
   */
  async #sendSlimmed(document: FramedDocument): Promise<void> {
    const { bytes } = document;
    if (this.#error !== undefined) return void this.#again.push(document);
    const max = this.#maxBytes;
    let limit = bytes.length > max ? max : Math.floor(bytes.length * SHRINKING);
    for (let round = 0; round < SLIMMINGS_MAX; round++) {
      // To slim a document takes some 20 ms: other work comes between two of them.
      await setImmediate();
      const slimmed: Shrunk | undefined = isSpanDocument(bytes)
        ? fitSpans(bytes, limit)
        : slim(bytes, limit);
      if (slimmed === undefined) break;
      const outcome = await this.#putParts(document, slimmed);
      if (outcome !== 'too_large') return;
      const largest = slimmed.documents.reduce((most, part) => Math.max(most, part.length), 0);
      limit = Math.floor(Math.min(limit, largest) * SHRINKING);
    }
    this.#lost.push({ document, reason: 'too_large' });
  }

  async #putParts(
    document: FramedDocument,
    { documents, steps }: Shrunk,
  ): Promise<'settled' | 'too_large'> {
    const lost: (readonly [Buffer, Unprocessed])[] = [];
    const open = divideIntoRequests(documents).toReversed();
    for (let portion = open.pop(); portion !== undefined; portion = open.pop()) {
      const { verdict, bytes } = await this.#tryPut(portion);
      // Alone, each part is judged for itself.
      const alone = portion.map((part) => [part]);
      if (verdict.kind === 'again') {
        this.#sendAgain([document], verdict.error);
        return 'settled';
      }
      if (verdict.kind !== 'judged' && portion.length > 1) {
        open.push(...alone);
        continue;
      }
      if (verdict.kind === 'split') return 'too_large';
      if (verdict.kind === 'refused') {
        this.#lost.push({ document, reason: verdict.reason });
        return 'settled';
      }
      this.#bytes += bytes;
      const { meant, unclear } = attribute(portion, verdict.unprocessed);
      if (unclear.length > 0) {
        open.push(...alone);
        continue;
      }
      for (const [index, said] of meant) {
        const part = portion[index];
        const fate = judgeCode(said);
        if (fate === 'too_large') return fate;
        if (fate !== 'lost' || part === documents[0] || part === undefined) {
          this.#refuse(document, said);
          return 'settled';
        }
        lost.push([part, said]);
      }
    }
    for (const [part, said] of lost) this.#options.onPartLost(part, said);
    for (const [step, times] of steps) this.#options.onSlimmed(step, times);
    return 'settled';
  }
}

function divideIntoRequests(documents: readonly Buffer[]): Buffer[][] {
  const requests: Buffer[][] = [];
  let open: Buffer[] = [];
  let bytes = 0;
  for (const document of documents) {
    if (open.length === PARTS_MAX || bytes + document.length > PARTS_BYTES_MAX) {
      requests.push(open);
      open = [];
      bytes = 0;
    }
    open.push(document);
    bytes += document.length;
  }
  return [...requests, open].filter((request) => request.length > 0);
}
