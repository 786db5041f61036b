/** The smallest native histogram: one observation in one bucket. */
import type { NativeHistogram } from '../../src/model/histogram.ts';

export const HISTOGRAM: NativeHistogram = {
  schema: 3,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 1,
  sum: 1,
  isFloat: false,
  resetHint: 'unknown',
  positiveSpans: [{ offset: 0, length: 1 }],
  positiveCounts: [1],
  negativeSpans: [],
  negativeCounts: [],
  customValues: [],
};
