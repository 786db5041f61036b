/**
 * Makes documents of spans that fit X-Ray of one that is too large: its spans are divided among
 * several documents, each with its resource and scope, which loses nothing. A span that is too
 * large alone gets smaller: of its attributes and those of its events and links, the largest go
 * first, then whole events, links and what is left. How much is gone is counted in the span, as an
 * SDK counts what it drops. Pure.
 */
import { encodeMessage } from '../protobuf/encode.ts';
import type { KeyValue } from './attribute-tables.ts';
import { KEY_VALUE } from './attribute-tables.ts';
import {
  measureTraceDocument,
  readTraceDocument,
  SAMPLED,
  UNSAMPLED,
  writeTraceDocument,
} from './trace-document.ts';
import {
  EVENT,
  LINK,
  type OtlpResourceSpans,
  type OtlpSpan,
  SPAN,
  TRACE_REQUEST,
} from './trace-request.ts';

/** Something that was taken away or moved. */
export type FitStep = 'attributes' | 'events' | 'links' | 'spans';

export interface Fitted {
  readonly documents: readonly Buffer[];
  readonly steps: ReadonlyMap<FitStep, number>;
}

/** A document becomes at most as many. */
const DOCUMENTS_MAX = 1_000;
/** Tags and lengths around a span. */
const FRAME_BYTES = 32;

/** One span, with the resource and scope that it has. */
interface Located {
  readonly resource: OtlpResourceSpans;
  readonly scope: OtlpResourceSpans['scopeSpans'][number];
  readonly span: OtlpSpan;
}

/**
 * Undefined for a document that is none of spans, and where even bare spans are too large.
 *
 * @param maxBytes  the largest document that may come out
 */
export function fitSpans(document: Buffer, maxBytes: number): Fitted | undefined {
  const request = readTraceDocument(document);
  if (request === undefined) return undefined;
  const prefix = document.toString('latin1', 0, SAMPLED.length) === SAMPLED ? SAMPLED : UNSAMPLED;
  const steps = new Map<FitStep, number>();
  const documents: Buffer[] = [];
  let open: Located[] = [];
  let bytes = 0;
  const close = (): boolean => {
    if (open.length === 0) return true;
    const written = writeTraceDocument({ ...request, resourceSpans: gather(open) }, prefix);
    documents.push(written);
    open = [];
    return written.length <= maxBytes && documents.length <= DOCUMENTS_MAX;
  };
  for (const one of locate(request.resourceSpans)) {
    const envelope = measureEnvelope(one);
    const room = maxBytes - measureTraceDocument(envelope);
    const span = measureSpan(one.span) * BASE64 > room ? shrink(one.span, room, steps) : one.span;
    if (span === undefined) return undefined;
    const own = measureSpan(span) + FRAME_BYTES;
    const isOther = open.at(-1)?.scope !== one.scope;
    const needed = own + (isOther ? envelope : 0);
    if (open.length > 0 && measureTraceDocument(bytes + needed) > maxBytes && !close())
      return undefined;
    bytes = open.length === 0 ? own + envelope : bytes + needed;
    open.push({ ...one, span });
  }
  if (!close()) return undefined;
  if (documents.length > 1) steps.set('spans', documents.length - 1);
  return { documents, steps };
}

/** How much larger bytes get as base64. */
const BASE64 = 4 / 3;

function* locate(all: readonly OtlpResourceSpans[]): Generator<Located> {
  for (const resource of all)
    for (const scope of resource.scopeSpans)
      for (const span of scope.spans) yield { resource, scope, span };
}

/** Spans that stand side by side under the resource and scope that they share. */
function gather(all: readonly Located[]): OtlpResourceSpans[] {
  const resources = new Map<OtlpResourceSpans, Map<Located['scope'], OtlpSpan[]>>();
  for (const { resource, scope, span } of all) {
    const scopes = resources.get(resource) ?? new Map<Located['scope'], OtlpSpan[]>();
    resources.set(resource, scopes);
    const spans = scopes.get(scope);
    if (spans === undefined) scopes.set(scope, [span]);
    else spans.push(span);
  }
  return [...resources].map(([resource, scopes]) => ({
    ...resource,
    scopeSpans: [...scopes].map(([scope, spans]) => ({ ...scope, spans })),
  }));
}

function measureEnvelope({ resource, scope }: Located): number {
  const bare = { ...resource, scopeSpans: [{ ...scope, spans: [] }] };
  return encodeMessage(TRACE_REQUEST, { resourceSpans: [bare] }).length + FRAME_BYTES;
}

function measureSpan(span: OtlpSpan): number {
  return encodeMessage(SPAN, span).length;
}

/** An element that may go, and how. */
interface Movable {
  readonly bytes: number;
  readonly step: FitStep;
  readonly element: unknown;
}

/** A span without its largest parts. @param room  bytes as base64 */
function shrink(span: OtlpSpan, room: number, steps: Map<FitStep, number>): OtlpSpan | undefined {
  let excess = measureSpan(span) - Math.floor(room / BASE64) + FRAME_BYTES;
  const gone = new Set<unknown>();
  const take = (movable: readonly Movable[]): void => {
    for (const { bytes, step, element } of movable.toSorted((a, b) => b.bytes - a.bytes)) {
      if (excess <= 0) return;
      gone.add(element);
      excess -= bytes;
      steps.set(step, (steps.get(step) ?? 0) + 1);
    }
  };
  take([
    ...listAttributes(span.attributes),
    ...span.events.flatMap(({ attributes }) => listAttributes(attributes)),
    ...span.links.flatMap(({ attributes }) => listAttributes(attributes)),
  ]);
  const withoutAttributes = drop(span, gone);
  take(
    withoutAttributes.events.map((element) => ({
      bytes: encodeMessage(EVENT, element).length,
      step: 'events',
      element,
    })),
  );
  take(
    withoutAttributes.links.map((element) => ({
      bytes: encodeMessage(LINK, element).length,
      step: 'links',
      element,
    })),
  );
  return excess > 0 ? undefined : drop(withoutAttributes, gone);
}

function listAttributes(list: readonly KeyValue[]): Movable[] {
  return list.map((element) => ({
    bytes: encodeMessage(KEY_VALUE, element).length,
    step: 'attributes',
    element,
  }));
}

function drop(span: OtlpSpan, gone: ReadonlySet<unknown>): OtlpSpan {
  const keep = <One>(list: readonly One[]): readonly One[] =>
    list.some((one) => gone.has(one)) ? list.filter((one) => !gone.has(one)) : list;
  const own = <Owner extends { attributes: readonly KeyValue[]; droppedAttributesCount: number }>(
    owner: Owner,
  ): Owner => {
    const attributes = keep(owner.attributes);
    const lost = owner.attributes.length - attributes.length;
    if (lost === 0) return owner;
    return { ...owner, attributes, droppedAttributesCount: owner.droppedAttributesCount + lost };
  };
  // What is left out is looked up by identity, so it goes before its attributes are copied.
  const events = keep(span.events);
  const links = keep(span.links);
  return {
    ...own(span),
    events: events.map(own),
    droppedEventsCount: span.droppedEventsCount + span.events.length - events.length,
    links: links.map(own),
    droppedLinksCount: span.droppedLinksCount + span.links.length - links.length,
  };
}
