/**
 * Makes a document that is too large for X-Ray smaller, step by step, until it fits: embedded
 * subsegments are sent apart if that is enough, since it loses nothing; else metadata go, the
 * largest namespace first, then the stacks of exceptions, and then subsegments are sent apart.
 * What was taken away is written into the namespace `amperage` of the segment's metadata, if it
 * fits. Annotations, sql, http and aws stay. Pure.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */

import { parseExactly, stringifyExactly } from './exact-json.ts';

/** Something that was taken away or moved, and how often. */
export type SlimStep = 'metadata' | 'exceptions' | 'subsegments';

export interface Slimmed {
  /** The document itself, and behind it the subsegments that are sent apart. */
  readonly documents: readonly Buffer[];
  readonly steps: ReadonlyMap<SlimStep, number>;
}

interface Entity {
  [key: string]: unknown;
}

/** Deeper subsegments stay within their parents. Each level costs a pass over what is below it. */
const DEPTH_MAX = 64;
/** Nested deeper, a document is not slimmed: writing it costs the square of its depth. */
const NESTING_MAX = 256;
/**
 * A document becomes at most as many. The shortest subsegments that X-Ray takes have some 80 bytes,
 * so this is more than one document of 64 kB can hold.
 */
const PARTS_MAX = 1_000;
const NAMESPACE = 'amperage';
/** How many namespaces are named as taken away, and with how many characters. */
const NAMED_MAX = 20;
const NAME_MAX = 100;

/**
 * Undefined when the document is not a JSON object, or too large even without all that may go.
 *
 * @param maxBytes  the largest document that may come out
 */
export function slim(document: Buffer, maxBytes: number): Slimmed | undefined {
  try {
    const segment = parseExactly(document.toString('utf8'));
    if (!isObject(segment) || isDeeper(segment, NESTING_MAX)) return undefined;
    return divideOnly(segment, maxBytes) ?? takeAway(segment, maxBytes);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function divideOnly(segment: Entity, maxBytes: number): Slimmed | undefined {
  // Dividing changes the entity itself and nothing below it.
  const copy = { ...segment };
  const steps = new Map<SlimStep, number>();
  const parts = divide(copy, readTraceId(copy), { maxBytes, depth: 0, shrink: (_, size) => size });
  if (parts === undefined) return undefined;
  count(steps, 'subsegments', parts.length);
  return finish([copy, ...parts], steps, [], maxBytes);
}

function takeAway(segment: Entity, maxBytes: number): Slimmed | undefined {
  const steps = new Map<SlimStep, number>();
  const gone: string[] = [];
  const shrink = (entity: Entity, bytes: number): number => {
    let size = bytes;
    if (takeMetadata(entity, size - maxBytes, steps, gone)) size = measure(entity);
    if (size > maxBytes && takeStacks(entity, size - maxBytes, steps)) size = measure(entity);
    return size;
  };
  const parts = divide(segment, readTraceId(segment), { maxBytes, depth: 0, shrink });
  if (parts === undefined) return undefined;
  count(steps, 'subsegments', parts.length);
  return finish([segment, ...parts], steps, gone, maxBytes);
}

interface Division {
  readonly maxBytes: number;
  readonly depth: number;
  /** Makes an entity of so many bytes smaller, in place. @returns  how many it has then */
  readonly shrink: (entity: Entity, bytes: number) => number;
}

/**
 * Shrinks an entity and takes subsegments out of it, the largest first, until it fits, and does the
 * same with each of them. The subsegments become documents; undefined when one is too large still.
 */
function divide(
  entity: Entity,
  traceId: unknown,
  { maxBytes, depth, shrink }: Division,
): Entity[] | undefined {
  const whole = measure(entity);
  let size = whole > maxBytes ? shrink(entity, whole) : whole;
  if (size <= maxBytes) return [];
  const { id } = entity;
  if (typeof id !== 'string' || traceId === undefined || depth >= DEPTH_MAX) return undefined;
  const children = listSubsegments(entity);
  // Without an id of its own, X-Ray would take it only within its parent.
  const movable = children
    .filter((child) => typeof child['id'] === 'string')
    .map((child) => ({ child, bytes: measure(child) }));
  const apart = new Set<Entity>();
  const documents: Entity[] = [];
  for (const { child, bytes } of movable.toSorted((a, b) => b.bytes - a.bytes)) {
    if (size <= maxBytes) break;
    if (documents.length >= PARTS_MAX) return undefined;
    const own = { ...child, type: 'subsegment', trace_id: traceId, parent_id: id };
    const parts = divide(own, traceId, { maxBytes, depth: depth + 1, shrink });
    if (parts === undefined) return undefined;
    apart.add(child);
    documents.push(own, ...parts);
    size -= bytes + 1;
  }
  if (size > maxBytes) return undefined;
  const left = children.filter((child) => !apart.has(child));
  if (left.length === 0) delete entity['subsegments'];
  else entity['subsegments'] = left;
  return documents;
}

/**
 * Takes namespaces of metadata away, of the entity and of what is in it, the largest first.
 *
 * @returns  whether there were any
 */
function takeMetadata(
  entity: Entity,
  excessBytes: number,
  steps: Map<SlimStep, number>,
  gone: string[],
): boolean {
  let excess = excessBytes;
  const namespaces = [...walk(entity)].flatMap(({ metadata }) =>
    isObject(metadata)
      ? Object.keys(metadata).map((name) => ({ metadata, name, bytes: measure(metadata[name]) }))
      : [],
  );
  for (const { metadata, name, bytes } of namespaces.toSorted((a, b) => b.bytes - a.bytes)) {
    if (excess <= 0) break;
    delete metadata[name];
    excess -= bytes;
    count(steps, 'metadata', 1);
    if (gone.length < NAMED_MAX) gone.push(name.slice(0, NAME_MAX));
  }
  return namespaces.length > 0;
}

/** Takes the stacks of exceptions away, the largest first. @returns  whether there were any */
function takeStacks(entity: Entity, excessBytes: number, steps: Map<SlimStep, number>): boolean {
  let excess = excessBytes;
  const stacks = [...walk(entity)].flatMap(({ cause }) => {
    const exceptions = isObject(cause) ? cause['exceptions'] : undefined;
    if (!Array.isArray(exceptions)) return [];
    return exceptions.filter(isObject).flatMap((exception) => {
      const bytes = 'stack' in exception ? measure(exception['stack']) : 0;
      return bytes === 0 ? [] : [{ exception, bytes }];
    });
  });
  for (const { exception, bytes } of stacks.toSorted((a, b) => b.bytes - a.bytes)) {
    if (excess <= 0) break;
    delete exception['stack'];
    excess -= bytes;
    count(steps, 'exceptions', 1);
  }
  return stacks.length > 0;
}

/** An entity and the subsegments in it, at all depths. */
function* walk(entity: Entity): Generator<Entity> {
  const open = [entity];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    open.push(...listSubsegments(next));
  }
}

function listSubsegments(entity: Entity): Entity[] {
  const list = entity['subsegments'];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

function readTraceId({ trace_id: id }: Entity): unknown {
  return typeof id === 'string' ? id : undefined;
}

function finish(
  entities: readonly Entity[],
  steps: ReadonlyMap<SlimStep, number>,
  gone: readonly string[],
  maxBytes: number,
): Slimmed {
  const [segment = {}, ...parts] = entities;
  const taken = {
    ...(gone.length === 0 ? {} : { metadata_taken_away: gone }),
    ...(steps.has('exceptions') ? { stacks_taken_away: steps.get('exceptions') } : {}),
    ...(parts.length === 0 ? {} : { subsegments_sent_apart: parts.length }),
  };
  const own = isObject(segment['metadata']) ? segment['metadata'] : {};
  const marked = Buffer.from(
    stringifyExactly({ ...segment, metadata: { ...own, [NAMESPACE]: taken } }),
  );
  const first = marked.length <= maxBytes ? marked : Buffer.from(stringifyExactly(segment));
  return { documents: [first, ...parts.map((part) => Buffer.from(stringifyExactly(part)))], steps };
}

function count(steps: Map<SlimStep, number>, step: SlimStep, times: number): void {
  if (times > 0) steps.set(step, (steps.get(step) ?? 0) + times);
}

function measure(value: unknown): number {
  return Buffer.byteLength(stringifyExactly(value));
}

function isObject(value: unknown): value is Entity {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
