/**
 * Cuts an ExportTraceServiceRequest into documents as X-Ray takes them: `T1S` and the base64 of a
 * request of one resource, at most 64 kB. Spans are checked and moved as they stand, byte by byte,
 * so nothing of them is lost, known or not. Pure.
 *
 *     request ─┬─ resource spans: envelope ─┬─ scope spans: envelope ─┬─ span
 *              │  (resource, schema url)    │  (scope, schema url)    └─ span …
 *
 *     document = the envelopes of a resource and of its scopes, and as many spans as there is room
 *
 * An envelope is all fields but the repeated one, and is in each document of its spans. A document
 * whose envelopes or whose only span leave too little room is larger than 64 kB.
 * Source: https://github.com/aws-observability/aws-otel-js-instrumentation, its UDP exporter
 */
import { measureVarint } from '../varint.ts';
import { checkMessage } from '../protobuf/check.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import type { Message } from '../protobuf/schema.ts';
import { BYTES, tagOf } from '../protobuf/wire-format.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { TRACE_REQUEST } from './trace-request.ts';

/** What marks a document of sampled spans. */
const SAMPLED = 'T1S';
const DOCUMENT_MAX_BYTES = 65_536;
/** What fits into a document before base64. */
const REQUEST_MAX_BYTES = Math.floor((DOCUMENT_MAX_BYTES - SAMPLED.length) / 4) * 3;
/** A larger span, or one with larger envelopes, is rejected: no receiver takes it. */
export const SPAN_MAX_BYTES = 1024 * 1024;
/** Of messages within a span, as readers of tables take them. */
const DEPTH_MAX = 60;
/** Tag and length of a field, at most. */
const FIELD_HEAD_BYTES = 6;

const RESOURCE_SPANS = nestedOf(TRACE_REQUEST, 1);
const SCOPE_SPANS = nestedOf(RESOURCE_SPANS, 2);
const SPAN = nestedOf(SCOPE_SPANS, 2);

export interface CutTraces {
  readonly documents: readonly Buffer[];
  /** Of the documents, how many are larger than X-Ray takes. */
  readonly oversized: number;
  /** In the documents. */
  readonly spans: number;
  readonly rejected: number;
  /** Why the first one was rejected. */
  readonly fault: string | undefined;
}

/**
 * Yields where it may be interrupted.
 *
 * @throws WireError where the request can't be read
 */
export function* cutTraces(body: Uint8Array): Generator<undefined, CutTraces, undefined> {
  const cut = new Cut();
  for (const resource of walkRepeated(body, 1)) {
    if (resource === undefined) {
      yield;
      continue;
    }
    cut.beginResource(yield* readEnvelope(resource, RESOURCE_SPANS));
    for (const scope of walkRepeated(resource, 2)) {
      if (scope === undefined) {
        yield;
        continue;
      }
      cut.beginScope(yield* readEnvelope(scope, SCOPE_SPANS));
      for (const span of walkRepeated(scope, 2)) {
        if (span !== undefined) cut.addSpan(span);
        yield;
      }
      yield;
    }
    cut.endDocument();
    yield;
  }
  return cut.finish();
}

/** Fields that are passed over in one step: a request may have ten million empty ones. */
const FIELDS_A_STEP = 1_024;

/** The elements of a field of messages; undefined where the work may be interrupted. */
function* walkRepeated(
  bytes: Uint8Array,
  number: number,
): Generator<Uint8Array | undefined, void, undefined> {
  const reader = new ProtoReader(bytes);
  for (let fields = 1; reader.more(); fields++) {
    if (fields % FIELDS_A_STEP === 0) yield undefined;
    const tag = reader.tag();
    if (tag === tagOf(number, BYTES)) yield reader.binary();
    else reader.skip(tag);
  }
}

/** All fields but field 2, which both resource spans and scope spans repeat. */
function* readEnvelope(
  bytes: Uint8Array,
  message: Message<unknown>,
): Generator<undefined, Uint8Array, undefined> {
  const reader = new ProtoReader(bytes);
  // Most often all of it stands together, and nothing is copied.
  let [start, end] = [0, 0];
  let scattered: ProtoWriter | undefined;
  for (let fields = 1; reader.more(); fields++) {
    if (fields % FIELDS_A_STEP === 0) yield;
    const from = reader.at;
    const tag = reader.tag();
    reader.skip(tag);
    if (tag === tagOf(2, BYTES)) continue;
    if (from > end && end > start) {
      scattered ??= new ProtoWriter();
      scattered.raw(bytes.subarray(start, end));
    }
    if (from > end || end === start) start = from;
    end = reader.at;
  }
  const last = bytes.subarray(start, end);
  scattered?.raw(last);
  const envelope = scattered?.written() ?? last;
  // All spans of a larger one are rejected.
  if (envelope.length <= SPAN_MAX_BYTES)
    checkMessage(message, new ProtoReader(envelope), DEPTH_MAX);
  return envelope;
}

interface Section {
  readonly envelope: Uint8Array;
  readonly spans: Uint8Array[];
  bytes: number;
}

const NOTHING = new Uint8Array(0);

class Cut {
  readonly #documents: Buffer[] = [];
  #oversized = 0;
  #spans = 0;
  #rejected = 0;
  #fault: string | undefined;
  #resource: Uint8Array = NOTHING;
  #scope: Uint8Array = NOTHING;
  /** Of the open document. */
  #sections: Section[] = [];
  #bytes = 0;

  beginResource(envelope: Uint8Array): void {
    this.#resource = envelope;
    this.#sections = [];
    this.#bytes = envelope.length + FIELD_HEAD_BYTES;
  }

  beginScope(envelope: Uint8Array): void {
    this.#scope = envelope;
  }

  addSpan(span: Uint8Array): void {
    const envelopes = this.#resource.length + this.#scope.length;
    const fault = findSpanFault(span, envelopes);
    if (fault !== undefined) {
      this.#rejected += 1;
      this.#fault ??= fault;
      return;
    }
    this.#spans += 1;
    const bytes = span.length + FIELD_HEAD_BYTES;
    // Where envelopes are large, documents are larger, so that envelopes are not the most of them:
    // small spans below a large resource would else become many times their bytes.
    const most = Math.max(REQUEST_MAX_BYTES, 2 * envelopes);
    if (this.#sections.length > 0 && this.#bytes + this.#measureSection() + bytes > most)
      this.endDocument();
    const section = this.#openSection();
    section.spans.push(span);
    section.bytes += span.length + 1 + measureVarint(span.length);
    this.#bytes += bytes;
  }

  /** What a span of the present scope costs beside itself. */
  #measureSection(): number {
    const isOpen = this.#sections.at(-1)?.envelope === this.#scope;
    return isOpen ? 0 : this.#scope.length + FIELD_HEAD_BYTES;
  }

  #openSection(): Section {
    const open = this.#sections.at(-1);
    if (open?.envelope === this.#scope) return open;
    const opened: Section = { envelope: this.#scope, spans: [], bytes: this.#scope.length };
    this.#bytes += this.#scope.length + FIELD_HEAD_BYTES;
    this.#sections.push(opened);
    return opened;
  }

  endDocument(): void {
    if (this.#sections.length === 0) return;
    const document = writeDocument(this.#resource, this.#sections);
    if (document.length > DOCUMENT_MAX_BYTES) this.#oversized += 1;
    this.#documents.push(document);
    this.beginResource(this.#resource);
  }

  finish(): CutTraces {
    return {
      documents: this.#documents,
      oversized: this.#oversized,
      spans: this.#spans,
      rejected: this.#rejected,
      fault: this.#fault,
    };
  }
}

function writeDocument(resource: Uint8Array, sections: readonly Section[]): Buffer {
  let bytes = resource.length;
  for (const section of sections) bytes += 1 + measureVarint(section.bytes) + section.bytes;
  const writer = new ProtoWriter(bytes + FIELD_HEAD_BYTES);
  writer.varint(tagOf(1, BYTES));
  writer.varint(bytes);
  writer.raw(resource);
  for (const section of sections) {
    writer.varint(tagOf(2, BYTES));
    writer.varint(section.bytes);
    writer.raw(section.envelope);
    for (const span of section.spans) writer.field(2, span);
  }
  const { buffer, byteOffset, length } = writer.written();
  return Buffer.from(SAMPLED + Buffer.from(buffer, byteOffset, length).toString('base64'));
}

/** Undefined for a span that can be taken. @throws WireError for bytes that are no span */
function findSpanFault(span: Uint8Array, envelopeBytes: number): string | undefined {
  if (span.length + envelopeBytes > SPAN_MAX_BYTES)
    return `a span with its resource is larger than ${SPAN_MAX_BYTES} bytes`;
  checkMessage(SPAN, new ProtoReader(span), DEPTH_MAX);
  let traceId: Uint8Array = NOTHING;
  let spanId: Uint8Array = NOTHING;
  const reader = new ProtoReader(span);
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === tagOf(1, BYTES)) traceId = reader.binary();
    else if (tag === tagOf(2, BYTES)) spanId = reader.binary();
    else reader.skip(tag);
  }
  if (!isId(traceId, 16)) return 'a trace_id is not 16 bytes, or all zeros';
  return isId(spanId, 8) ? undefined : 'a span_id is not 8 bytes, or all zeros';
}

function isId(bytes: Uint8Array, length: number): boolean {
  return bytes.length === length && bytes.some((byte) => byte !== 0);
}

/** The table of the messages in a field. */
function nestedOf(message: Message<unknown>, number: number): Message<unknown> {
  const shape = message.slotByNumber[number]?.shape;
  if (shape === undefined || !('message' in shape))
    throw new Error(`BUG: field ${number} of ${message.name} is no message`);
  return shape.message();
}
