/**
 * The byte layout of a series with one sample, as nearly every series of a message is. Only this
 * file knows it: it writes such a series, patches its value and time in place, and finds its end.
 *
 *     │ 0a │ length │ labels … │ 12 │ length │ 09 │ value │ 10 │ time │ 18 │ start │
 *       1    1 to 5              1      1      1     8      1  1 to 10  1   1 to 10    bytes
 *     └ TimeSeries ────────────┴ Sample ──────────────────────────────┴ where known ┘
 *
 * The start is when the counter began: a field of 2.0 that 1.0 does not have, see extras.ts.
 *
 * A time between 1971 and 2109 is a varint of six bytes; such a time is called steady. Where time
 * and start are steady, value and time lie at fixed distances from the end of the series, so that a
 * series is written once and patched from then on:
 *
 *     │ … 12 10 09 │ value │ 10 │ time │           ends without a start:
 *                  └ CHANGING_BYTES ───┘           the end changes from scrape to scrape
 *     │ … 12 17 09 │ value │ 10 │ time │ 18 start │
 *                                      └ START_FIELD_BYTES
 *
 * Source: https://github.com/prometheus/prometheus/blob/main/prompb/types.proto
 */
import { type Borrowed, peek } from '../../model/borrowed.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import { BYTES, FIXED64, tagOf, VARINT } from '../protobuf/wire-format.ts';
import { measureInt64, putInt64, putVarint, measureVarint } from '../varint.ts';

/** The field of a Sample that says when its counter began, numbered as in 2.0. */
export const SAMPLE_START_FIELD = 3;

const SERIES_TAG = tagOf(1, BYTES);
const SAMPLE_TAG = tagOf(2, BYTES);
const VALUE_TAG = tagOf(1, FIXED64);
const TIME_TAG = tagOf(2, VARINT);
const START_TAG = tagOf(SAMPLE_START_FIELD, VARINT);

const VALUE_BYTES = 8;
const STEADY_TIME_BYTES = 6;
const STEADY_MIN_MS = 2 ** 35;
const STEADY_END_MS = 2 ** 42;
/** Bytes between the labels and the value: tag and length of the Sample, tag of the value. */
const BEFORE_VALUE_BYTES = 3;
/** Distance from a value to the bytes of its time: the value, and the tag of the time. */
const TIME_FROM_VALUE = VALUE_BYTES + 1;
/** Tag and bytes of a steady time, which follow the value. */
export const TIME_FIELD_BYTES = 1 + STEADY_TIME_BYTES;
/** The length of a Sample with a steady time and no start. */
const STEADY_SAMPLE_BYTES = 1 + VALUE_BYTES + TIME_FIELD_BYTES;

/** The most bytes of a series without its labels: each varint at its longest. */
const OVERHEAD_BYTES_MAX = 1 + 5 + BEFORE_VALUE_BYTES + VALUE_BYTES + 11 + 11;

/** Value, tag and time: all that changes in a series with a steady time and no start. */
export const CHANGING_BYTES = VALUE_BYTES + TIME_FIELD_BYTES;
/** Tag and bytes of a steady start. */
export const START_FIELD_BYTES = 1 + STEADY_TIME_BYTES;
/** Some steady time, to write a series whose time is patched in later. */
export const SOME_STEADY_MS = STEADY_MIN_MS;

/** Whether a time is a varint of six bytes. */
export function isSteadyTime(tMs: number): boolean {
  return tMs >= STEADY_MIN_MS && tMs < STEADY_END_MS;
}

/**
 * The bytes of a whole series with its tag. @param startMs  0 where it is unknown and not written
 */
export function measureOneSample(labelsBytes: number, tMs: number, startMs: number): number {
  const length = labelsBytes + 2 + measureSample(tMs, startMs);
  return 1 + measureVarint(length) + length;
}

/** The most bytes that a series with this many label bytes takes. */
export function boundOneSample(labelsBytes: number): number {
  return labelsBytes + OVERHEAD_BYTES_MAX;
}

/**
 * Writes a series from `at`, all but the eight bytes of its value.
 *
 * @param labels   those of `encodeLabels`
 * @param startMs  0 is unknown, and not written
 * @returns        where the value goes, for `putValue` or `putStaleMarker`
 */
export function putOneSample(
  bytes: Uint8Array,
  at: number,
  labels: Borrowed<Uint8Array>,
  tMs: number,
  startMs: number,
): number {
  const sampleLength = measureSample(tMs, startMs);
  let op = at;
  bytes[op++] = SERIES_TAG;
  op = putVarint(bytes, op, labels.length + 2 + sampleLength);
  bytes.set(peek(labels), op);
  op += labels.length;
  bytes[op++] = SAMPLE_TAG;
  bytes[op++] = sampleLength;
  bytes[op++] = VALUE_TAG;
  const valueAt = op;
  op += VALUE_BYTES;
  bytes[op++] = TIME_TAG;
  op = putInt64(bytes, op, tMs);
  if (startMs !== 0) {
    bytes[op++] = START_TAG;
    putInt64(bytes, op, startMs);
  }
  return valueAt;
}

function measureSample(tMs: number, startMs: number): number {
  const startBytes = startMs === 0 ? 0 : 1 + measureInt64(startMs);
  return 1 + VALUE_BYTES + 1 + measureInt64(tMs) + startBytes;
}

/** The end of the series whose value lies at `valueAt`, by the length of the Sample before it. */
export function endFromValue(bytes: Uint8Array, valueAt: number): number {
  return valueAt - 1 + (bytes[valueAt - 2] as number);
}

/**
 * The offset of the value of the series that ends at `end`.
 *
 * @param startBytes  START_FIELD_BYTES where the series has a start, else 0
 */
export function valueFromEnd(end: number, startBytes: number): number {
  return end - startBytes - CHANGING_BYTES;
}

/**
 * The label bytes of a series with a steady time, as a view. @param startBytes  as for
 * `valueFromEnd`
 */
export function labelsOfOneSample(
  bytes: Uint8Array,
  start: number,
  end: number,
  startBytes: number,
): Uint8Array {
  let at = start + 1;
  while ((bytes[at] as number) >= 0x80) at += 1;
  return bytes.subarray(at + 1, valueFromEnd(end, startBytes) - BEFORE_VALUE_BYTES);
}

/**
 * The end of the series that begins at `start`; -1 unless it has one sample, a steady time and no
 * start.
 */
export function endOfSteadySeries(bytes: Uint8Array, start: number): number {
  let at = start;
  if (bytes[at++] !== SERIES_TAG) return -1;
  let length = 0;
  for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
    byte = bytes[at++] ?? 0;
    length |= (byte & 0x7f) << shift;
  }
  const end = at + length;
  const valueAt = valueFromEnd(end, 0);
  const isSteady =
    valueAt - BEFORE_VALUE_BYTES >= at &&
    bytes[valueAt - 3] === SAMPLE_TAG &&
    bytes[valueAt - 2] === STEADY_SAMPLE_BYTES &&
    bytes[valueAt - 1] === VALUE_TAG &&
    bytes[valueAt + VALUE_BYTES] === TIME_TAG;
  return isSteady && end <= bytes.length ? end : -1;
}

export function putValue(view: DataView, valueAt: number, value: number): void {
  view.setFloat64(valueAt, value, true);
}

/** Writes the stale marker as bits; written as a number it might become another NaN. */
export function putStaleMarker(view: DataView, valueAt: number): void {
  view.setUint32(valueAt, STALE_NAN_LOW, true);
  view.setUint32(valueAt + 4, STALE_NAN_HIGH, true);
}

/** The bytes of a steady time, computed once for all series of a scrape. */
export class SteadyTime {
  tMs = Number.NaN;
  /** The first four bytes (`#low`) and the last two (`#high`). */
  #low = 0;
  #high = 0;

  /** Sets the time; returns false and changes nothing where it is not steady. */
  set(tMs: number): boolean {
    if (!isSteadyTime(tMs)) return false;
    const low = tMs % 2 ** 28;
    const high = Math.floor(tMs / 2 ** 28);
    this.tMs = tMs;
    this.#low =
      (low & 0x7f) |
      ((low & 0x3f80) << 1) |
      ((low & 0x1fc000) << 2) |
      ((low & 0xfe00000) << 3) |
      (0x80808080 | 0);
    this.#high = (high & 0x7f) | ((high & 0x3f80) << 1) | 0x80;
    return true;
  }

  /** Writes the time behind the value that lies at `valueAt`. */
  patch(view: DataView, valueAt: number): void {
    view.setUint32(valueAt + TIME_FROM_VALUE, this.#low, true);
    view.setUint16(valueAt + TIME_FROM_VALUE + 4, this.#high, true);
  }
}

/** Tag and time are seven bytes; they are compared as two words that overlap by one byte. */
const TIME_WORD_1 = VALUE_BYTES;
const TIME_WORD_2 = CHANGING_BYTES - 4;

/** Whether the same steady time stands behind two values. */
export function isSameTime(view: DataView, valueA: number, valueB: number): boolean {
  return (
    view.getInt32(valueA + TIME_WORD_1, true) === view.getInt32(valueB + TIME_WORD_1, true) &&
    view.getInt32(valueA + TIME_WORD_2, true) === view.getInt32(valueB + TIME_WORD_2, true)
  );
}
