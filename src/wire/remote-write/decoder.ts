/**
 * Reads a message of remote write 1.0 and calls a visitor for its series, samples and metadata, in
 * the order of the message. Native histograms and exemplars are decoded if the visitor has a method
 * for them; else they are only counted. Nothing is sorted or checked against limits.
 *
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
import type { LabelSet } from '../../model/labels.ts';
import type { Exemplar } from '../../model/sample.ts';
import type { TimedHistogram } from './histogram.ts';
import type { MetricMetadata } from './metadata.ts';
import { RequestReader } from './request-reader.ts';

/** What `decodeWriteRequest` calls, in the order of the message. */
export interface WriteRequestVisitor {
  /**
   * One TimeSeries. The first `count` entries of the arrays are valid. The arrays are used again
   * for the next series: copy what you keep.
   *
   * @param labels  as sent: neither sorted nor checked
   * @param values  the bits as sent: copy by `set` or through an integer view to keep a stale
   *                marker one
   */
  series(labels: LabelSet, timestampsMs: Float64Array, values: Float64Array, count: number): void;
  /** The native histograms of the series of the last call of `series`. */
  histograms?(labels: LabelSet, list: readonly TimedHistogram[]): void;
  /** The exemplars of the series of the last call of `series`. */
  exemplars?(labels: LabelSet, list: readonly Exemplar[]): void;
  metadata?(metadata: MetricMetadata): void;
}

export interface WriteRequestCounts {
  series: number;
  samples: number;
  histograms: number;
  exemplars: number;
  metadata: number;
}

/**
 * Reads a message and calls the visitor for each series and each metadata entry.
 *
 * @param message  uncompressed; the caller bounds its size, and with it the work and the memory
 * @throws         WireError at the first malformed byte: earlier calls of the visitor have happened
 */
export function decodeWriteRequest(
  message: Uint8Array,
  visitor: WriteRequestVisitor,
): WriteRequestCounts {
  const wanted = {
    histograms: visitor.histograms !== undefined,
    exemplars: visitor.exemplars !== undefined,
  };
  const reader = new RequestReader(message, 1, { wanted });
  const counts = { series: 0, samples: 0, histograms: 0, exemplars: 0, metadata: 0 };
  for (let part = reader.next(); part !== undefined; part = reader.next()) {
    if (part === 'metadata') {
      counts.metadata += 1;
      if (reader.metadata !== undefined) visitor.metadata?.(reader.metadata);
      continue;
    }
    const { samples, histograms, exemplars } = reader;
    const labels = reader.labels();
    counts.series += 1;
    counts.samples += samples.count;
    counts.histograms += reader.histogramCount;
    counts.exemplars += reader.exemplarCount;
    visitor.series(labels, samples.timestampsMs, samples.values, samples.count);
    if (histograms.length > 0) visitor.histograms?.(labels, histograms);
    if (exemplars.length > 0) visitor.exemplars?.(labels, exemplars);
  }
  return counts;
}
