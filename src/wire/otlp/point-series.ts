/**
 * What names the series of each point of a request of metrics, in its bytes; nothing is decoded.
 * Pure. It relies on what metrics-writer.ts does: the resource stands before its metrics, the name
 * before the points.
 */
import { ProtoReader } from '../protobuf/reader.ts';
import { BYTES } from '../protobuf/wire-format.ts';

export interface PointSeries {
  /** Of the metric, in UTF-8. */
  readonly name: Uint8Array;
  /** Resource and attributes, as they lie in the request. */
  readonly parts: readonly Uint8Array[];
}

/** By the field of the data: that of the attributes in its points. */
const ATTRIBUTES: ReadonlyMap<number, number> = new Map([
  [5, 7],
  [7, 7],
  [9, 9],
  [10, 1],
  [11, 7],
]);

/** One for each point, in order. @throws WireError for malformed bytes */
export function listPointSeries(request: Uint8Array): PointSeries[] {
  const found: PointSeries[] = [];
  eachMessage(request, (field, resourceMetrics) => {
    if (field !== 1) return;
    let resource: Uint8Array = new Uint8Array(0);
    eachMessage(resourceMetrics, (inner, message) => {
      if (inner === 1) resource = message;
      if (inner !== 2) return;
      eachMessage(message, (place, metric) => {
        if (place === 2) addPoints(found, resource, metric);
      });
    });
  });
  return found;
}

function addPoints(found: PointSeries[], resource: Uint8Array, metric: Uint8Array): void {
  let name: Uint8Array = new Uint8Array(0);
  eachMessage(metric, (field, data) => {
    if (field === 1) name = data;
    const attributes = ATTRIBUTES.get(field);
    if (attributes === undefined) return;
    eachMessage(data, (inner, point) => {
      if (inner !== 1) return;
      const parts = [resource];
      eachMessage(point, (place, bytes) => {
        if (place === attributes) parts.push(bytes);
      });
      found.push({ name, parts });
    });
  });
}

/** Calls back for each field that has a length, with its number. */
function eachMessage(
  bytes: Uint8Array,
  onField: (field: number, message: Uint8Array) => void,
): void {
  const reader = new ProtoReader(bytes);
  while (reader.more()) {
    const tag = reader.tag();
    if ((tag & 7) === BYTES) onField(tag >>> 3, reader.binary());
    else reader.skip(tag);
  }
}
