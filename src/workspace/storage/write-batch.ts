/**
 * A remote write message, decoded completely before any of it is stored, so that a malformed
 * message stores nothing. Labels are sorted; the samples of all series are in two shared columns.
 * Pure.
 */
import { compareUtf8, type Label, type LabelSet } from '../../model/labels.ts';
import { decodeWriteRequest } from '../../wire/remote-write/decoder.ts';
import { type MetricMetadata } from '../../wire/remote-write/metadata.ts';
import { viewWords } from './samples.ts';

export interface WriteBatch {
  readonly series: readonly SentSeries[];
  /** The times of all samples, series by series. */
  readonly timesMs: Float64Array;
  /** The bits of all values, two words per sample. */
  readonly bits: Uint32Array;
  readonly metadata: readonly MetricMetadata[];
  /** The number of native histograms, which the store can't keep. */
  readonly histograms: number;
}

/** A series, with its samples: `start` to `end` (exclusive) in the columns of the batch. */
export interface SentSeries {
  /** Sorted and without empty values; a name may occur twice. */
  readonly labels: LabelSet;
  readonly start: number;
  readonly end: number;
}

/**
 * Decodes an uncompressed remote write 1.0 message.
 *
 * @throws WireError for bytes that are not such a message
 */
export function decodeWriteBatch(message: Uint8Array): WriteBatch {
  const series: SentSeries[] = [];
  const metadata: MetricMetadata[] = [];
  let timesMs = new Float64Array(256);
  let bits = new Uint32Array(512);
  let filled = 0;
  const counts = decodeWriteRequest(message, {
    series: (labels, times, values, count) => {
      const end = filled + count;
      if (end > timesMs.length) {
        const capacity = Math.max(end, timesMs.length * 2);
        const largerTimes = new Float64Array(capacity);
        const largerBits = new Uint32Array(capacity * 2);
        largerTimes.set(timesMs);
        largerBits.set(bits);
        timesMs = largerTimes;
        bits = largerBits;
      }
      const words = viewWords(values);
      for (let i = 0; i < count; i++) {
        timesMs[filled + i] = times[i] ?? 0;
        bits[(filled + i) * 2] = words[i * 2] ?? 0;
        bits[(filled + i) * 2 + 1] = words[i * 2 + 1] ?? 0;
      }
      series.push({ labels: sortLabels(labels), start: filled, end });
      filled = end;
    },
    metadata: (entry) => void metadata.push(entry),
  });
  return { series, timesMs, bits, metadata, histograms: counts.histograms };
}

/** Labels sorted and without empty values; most senders send them so, and those are not copied. */
function sortLabels(labels: LabelSet): LabelSet {
  let isFine = true;
  for (let i = 0; i < labels.length && isFine; i++) {
    const { name, value } = labels[i] as Label;
    const next = labels[i + 1];
    isFine = value !== '' && (next === undefined || compareUtf8(name, next.name) < 0);
  }
  if (isFine) return labels;
  return labels.filter(({ value }) => value !== '').sort((a, b) => compareUtf8(a.name, b.name));
}
