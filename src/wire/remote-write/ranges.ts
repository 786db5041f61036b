/**
 * Finds the series of a message of remote write 1.0 and their times, without decoding labels: for
 * splitting a batch, or leaving out series that are too old.
 *
 *     TimeSeries     2 Sample … { 2 ms }  3 Exemplar … { 3 ms }  4 Histogram … { 15 ms }
 *
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
import { ProtoReader } from '../protobuf/reader.ts';
import { BYTES, tagOf, VARINT } from '../protobuf/wire-format.ts';

/**
 * The offsets of a TimeSeries in a message, with its tag, so that ranges joined are a message
 * again.
 */
export interface SeriesRange {
  readonly start: number;
  readonly end: number;
  readonly samples: number;
  readonly oldestMs: number;
  readonly newestMs: number;
}

/**
 * Finds the TimeSeries of a message; other fields are skipped.
 *
 * @throws WireError for a malformed message
 */
export function scanSeries(message: Uint8Array): SeriesRange[] {
  const reader = new ProtoReader(message);
  const ranges: SeriesRange[] = [];
  while (reader.more()) {
    const start = reader.at;
    const tag = reader.varint();
    if (tag !== tagOf(1, BYTES)) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.enter();
    const times = scanTimes(reader);
    reader.leave(outer);
    ranges.push({ start, end: reader.at, ...times });
  }
  return ranges;
}

/** The bytes of the labels of a series, which our encoder writes before all else. */
export function readLabelBytes(message: Uint8Array, { start, end }: SeriesRange): Uint8Array {
  const reader = new ProtoReader(message.subarray(start, end));
  reader.varint();
  reader.enter();
  const from = reader.at;
  let to = from;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag !== tagOf(1, BYTES)) break;
    reader.skip(tag);
    to = reader.at;
  }
  return message.subarray(start + from, start + to);
}

const TIME_FIELDS = [2, 3, 15] as const;

function scanTimes(reader: ProtoReader): { samples: number; oldestMs: number; newestMs: number } {
  let samples = 0;
  let oldestMs = Infinity;
  let newestMs = -Infinity;
  while (reader.more()) {
    const tag = reader.varint();
    // The time of a sample, an exemplar, a histogram is field 2, 3, 15 of its message.
    const field = [tagOf(2, BYTES), tagOf(3, BYTES), tagOf(4, BYTES)].indexOf(tag);
    if (field < 0) {
      reader.skip(tag);
      continue;
    }
    const timeTag = tagOf(TIME_FIELDS[field] ?? 0, VARINT);
    const outer = reader.enter();
    let tMs = 0;
    while (reader.more()) {
      const inner = reader.varint();
      if (inner === timeTag) tMs = reader.int64();
      else reader.skip(inner);
    }
    reader.leave(outer);
    // Exemplars are not counted as samples, but their times count, since old ones must not be sent.
    if (tag !== tagOf(3, BYTES)) samples += 1;
    oldestMs = Math.min(oldestMs, tMs);
    newestMs = Math.max(newestMs, tMs);
  }
  return { samples, oldestMs, newestMs };
}
