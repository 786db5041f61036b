/**
 * The samples of one series of a remote write message of either version, as columns that are used
 * again for the next series.
 *
 *     Sample  1 double value  2 int64 ms  3 int64 start ms (2.0)
 *
 * Limit: SAMPLES_MAX samples.
 */
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import { WireError } from '../errors.ts';
import type { ProtoReader } from '../protobuf/reader.ts';
import { FIXED64, tagOf, VARINT } from '../protobuf/wire-format.ts';
import { SAMPLE_START_FIELD } from './one-sample.ts';

/** Of one series: they are read in one turn. */
const SAMPLES_MAX = 250_000;
/** The index of a double's low word in a Uint32Array on this machine: 0 if it is little-endian. */
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;

/** The samples of a series; the first `count` entries of the columns are valid. */
export interface SampleColumns {
  timestampsMs: Float64Array;
  /** The bits as sent: copy them by `bits` where a stale marker must stay one. */
  values: Float64Array;
  /** The words of the values, in the order of this machine. */
  bits: Uint32Array;
  /** When the counter began, as 2.0 may say; 0 for unknown. */
  startsMs: Float64Array;
  count: number;
}

/** Whether a sample is a stale marker, by its bits. */
export function isStaleAt({ bits }: SampleColumns, index: number): boolean {
  return bits[index * 2 + 1 - LOW] === STALE_NAN_HIGH && bits[index * 2 + LOW] === STALE_NAN_LOW;
}

export function newSamples(capacity: number): SampleColumns {
  const values = new Float64Array(capacity);
  const bits = new Uint32Array(values.buffer);
  const [timestampsMs, startsMs] = [new Float64Array(capacity), new Float64Array(capacity)];
  return { timestampsMs, values, bits, startsMs, count: 0 };
}

/** Reads the sample that comes next, with its length. */
export function readSample(reader: ProtoReader, samples: SampleColumns): void {
  const outer = reader.enter();
  if (samples.count === samples.values.length) grow(samples);
  if (samples.count === SAMPLES_MAX)
    throw new WireError('too_large', `a series has more than ${SAMPLES_MAX} samples`);
  const index = samples.count++;
  let low = 0;
  let high = 0;
  let tMs = 0;
  let startMs = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === tagOf(1, FIXED64)) {
      const at = reader.fixed64At();
      low = reader.uint32At(at);
      high = reader.uint32At(at + 4);
    } else if (tag === tagOf(2, VARINT)) tMs = reader.int64();
    else if (tag === tagOf(SAMPLE_START_FIELD, VARINT)) startMs = reader.int64();
    else if (tag >>> 3 <= SAMPLE_START_FIELD)
      throw new WireError('corrupt', `malformed request: a sample's field of wire type ${tag & 7}`);
    else reader.skip(tag);
  }
  reader.leave(outer);
  samples.timestampsMs[index] = tMs;
  samples.startsMs[index] = startMs;
  samples.bits[index * 2 + LOW] = low;
  samples.bits[index * 2 + 1 - LOW] = high;
}

/** The columns grow to the largest series and are never shrunk. */
function grow(samples: SampleColumns): void {
  const next = newSamples(samples.values.length * 2);
  next.timestampsMs.set(samples.timestampsMs);
  next.startsMs.set(samples.startsMs);
  next.bits.set(samples.bits);
  Object.assign(samples, { ...next, count: samples.count });
}
