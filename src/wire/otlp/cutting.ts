/**
 * Counts and cuts requests of OTLP in their bytes: halves of a request are requests, each with the
 * resource, the scope and the metric that its items belong to. Requests are joined by writing one
 * behind the other, as protobuf merges messages. Nothing is decoded, so fields that only newer
 * versions of OTLP know go on as they came. Pure.
 *
 *     traces    request ─► resource spans ─► scope spans ─► span
 *     metrics   request ─► resource metrics ─► scope metrics ─► metric ─► data ─► point
 *
 * Source: https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto
 */
import { putVarint, measureVarint } from '../varint.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { BYTES } from '../protobuf/wire-format.ts';

export type OtlpSignal = 'metrics' | 'traces';

/** The numbers of the fields on the way from the request to an item. */
const WAYS: Readonly<Record<OtlpSignal, readonly (readonly number[])[]>> = {
  traces: [[1], [2], [2]],
  // The data of a metric is one of five kinds, each with its points in field 1.
  metrics: [[1], [2], [2], [5, 7, 9, 10, 11], [1]],
};

export interface CutLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
}

export interface CutRequest {
  readonly bytes: Uint8Array;
  readonly items: number;
}

/** How many points or spans a request has. @throws WireError for malformed bytes */
export function countRequestItems(signal: OtlpSignal, bytes: Uint8Array): number {
  return countBelow(bytes, WAYS[signal], 0);
}

function countBelow(bytes: Uint8Array, way: readonly (readonly number[])[], depth: number): number {
  let count = 0;
  const reader = new ProtoReader(bytes);
  while (reader.more()) {
    const tag = reader.tag();
    if (!isStep(tag, way[depth])) reader.skip(tag);
    else if (depth === way.length - 1) {
      reader.skip(tag);
      count += 1;
    } else count += countBelow(reader.binary(), way, depth + 1);
  }
  return count;
}

function isStep(tag: number, numbers: readonly number[] = []): boolean {
  return (tag & 7) === BYTES && numbers.includes(tag >>> 3);
}

/**
 * Two requests with the items of one, in order; undefined where it has fewer than two.
 *
 * @throws WireError for malformed bytes
 */
export function halveRequest(
  signal: OtlpSignal,
  bytes: Uint8Array,
): readonly [Uint8Array, Uint8Array] | undefined {
  return halveBelow(bytes, WAYS[signal], 0);
}

/** A field with its tag, as it lies in the message. */
interface Piece {
  readonly tag: number;
  readonly whole: Uint8Array;
  /** Without tag and length; only of those on the way to items. */
  readonly body: Uint8Array | undefined;
}

function halveBelow(
  bytes: Uint8Array,
  way: readonly (readonly number[])[],
  depth: number,
): readonly [Uint8Array, Uint8Array] | undefined {
  const pieces = listPieces(bytes, way[depth]);
  const steps = pieces.filter(({ body }) => body !== undefined);
  const [only] = steps;
  if (only?.body === undefined) return undefined;
  if (steps.length > 1) {
    const before = new Set(steps.slice(0, Math.ceil(steps.length / 2)));
    const half = (isFirst: boolean): Uint8Array =>
      Buffer.concat(
        pieces
          .filter((one) => one.body === undefined || before.has(one) === isFirst)
          .map(({ whole }) => whole),
      );
    return [half(true), half(false)];
  }
  if (depth === way.length - 1) return undefined;
  const halves = halveBelow(only.body, way, depth + 1);
  if (halves === undefined) return undefined;
  const wrap = (body: Uint8Array): Uint8Array =>
    Buffer.concat(
      pieces.flatMap((one) => (one === only ? [makeHead(one.tag, body), body] : [one.whole])),
    );
  return [wrap(halves[0]), wrap(halves[1])];
}

/**
 * A request of those items of one, counted from 0, which are kept.
 *
 * @throws WireError for malformed bytes
 */
export function filterRequest(
  signal: OtlpSignal,
  bytes: Uint8Array,
  isKept: (index: number) => boolean,
): Uint8Array {
  const way = WAYS[signal];
  let index = 0;
  const filter = (message: Uint8Array, depth: number): Uint8Array | undefined => {
    const parts: Uint8Array[] = [];
    let isEmpty = true;
    for (const { tag, whole, body } of listPieces(message, way[depth])) {
      if (body === undefined) {
        parts.push(whole);
        continue;
      }
      const isItem = depth === way.length - 1;
      const inner = isItem ? (isKept(index++) ? body : undefined) : filter(body, depth + 1);
      if (inner === undefined) continue;
      isEmpty = false;
      parts.push(makeHead(tag, inner), inner);
    }
    return isEmpty ? undefined : Buffer.concat(parts);
  };
  return filter(bytes, 0) ?? Buffer.alloc(0);
}

function listPieces(bytes: Uint8Array, numbers: readonly number[] | undefined): readonly Piece[] {
  const pieces: Piece[] = [];
  const reader = new ProtoReader(bytes);
  while (reader.more()) {
    const start = reader.at;
    const tag = reader.tag();
    const body = isStep(tag, numbers) ? reader.binary() : undefined;
    if (body === undefined) reader.skip(tag);
    pieces.push({ tag, whole: bytes.subarray(start, reader.at), body });
  }
  return pieces;
}

function makeHead(tag: number, { length }: Uint8Array): Uint8Array {
  const head = new Uint8Array(measureVarint(tag) + measureVarint(length));
  putVarint(head, putVarint(head, 0, tag), length);
  return head;
}

/**
 * Cuts a request until each part is within the limits, in order. An item that is larger alone stays
 * whole; a request without items gives nothing.
 *
 * @throws WireError for malformed bytes
 */
export function cutRequest(
  signal: OtlpSignal,
  bytes: Uint8Array,
  limits: CutLimits,
): readonly CutRequest[] {
  const items = countRequestItems(signal, bytes);
  if (items === 0) return [];
  const fits = items <= limits.maxItems && bytes.length <= limits.maxBytes;
  const halves = fits ? undefined : halveRequest(signal, bytes);
  if (halves === undefined) return [{ bytes, items }];
  return halves.flatMap((half) => cutRequest(signal, half, limits));
}
