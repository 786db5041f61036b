/**
 * A remote write message decoded whole before any of it is stored, so that a malformed one leaves
 * no trace. Labels are brought into order; the samples of all series stand in two shared columns.
 * Pure.
 */
import { compareUtf8, type Label, type LabelSet } from '../../model/labels.ts';
import { decodeWriteRequest } from '../../wire/remote-write/decoder.ts';
import { type MetricMetadata } from '../../wire/remote-write/metadata.ts';
import { viewWords } from './samples.ts';

export interface WriteBatch {
  readonly series: readonly SentSeries[];
  /** Of all series, one after the other. */
  readonly timesMs: Float64Array;
  /** Two words a sample. */
  readonly bits: Uint32Array;
  readonly metadata: readonly MetricMetadata[];
  /** Native histograms, which the store can't keep. */
  readonly histograms: number;
}

/** The samples `start` to `end`, exclusive, of the batch. */
export interface SentSeries {
  /** Sorted, without empty values; names may still repeat. */
  readonly labels: LabelSet;
  readonly start: number;
  readonly end: number;
}

/** @throws WireError for bytes that are not a message */
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

/** Senders sort labels already, so this copies next to never. */
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
