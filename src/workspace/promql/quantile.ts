/**
 * Quantiles of numbers, by linear interpolation between ranks. NaN sorts first. Not pure: all
 * calls share the memory of the sorted copy.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#aggregation-operators
 */

const INSERTION_SORT_MAX = 48;

/** Reused by every call: the results of a query are computed one after the other. */
let scratch = new Float64Array(256);

/**
 * The q-quantile of values, which are not changed. NaN where there are none or `q` is NaN, an
 * infinity where `q` is below 0 or above 1.
 */
export function computeQuantile(q: number, values: Float64Array): number {
  const count = values.length;
  if (count === 0 || Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const { sorted, nans } = sortNumbers(values);
  const rank = q * (count - 1);
  const below = Math.floor(rank);
  const above = Math.min(count - 1, below + 1);
  const weight = rank - below;
  const at = (index: number): number => (index < nans ? NaN : (sorted[index - nans] ?? 0));
  return at(below) * (1 - weight) + at(above) * weight;
}

/** The numbers in rising order, valid until the next call, and how many values are NaN. */
function sortNumbers(values: Float64Array): { sorted: Float64Array; nans: number } {
  if (scratch.length < values.length) scratch = new Float64Array(values.length * 2);
  let count = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    scratch[count] = value;
    count += 1;
  }
  const sorted = scratch.subarray(0, count);
  if (count > INSERTION_SORT_MAX) sorted.sort();
  else insertionSort(sorted);
  return { sorted, nans: values.length - count };
}

/**
 * Faster than the native sort for the few samples of a window: calling that one costs about a
 * microsecond.
 */
function insertionSort(numbers: Float64Array): void {
  for (let i = 1; i < numbers.length; i++) {
    const value = numbers[i] ?? 0;
    let at = i;
    while (at > 0 && (numbers[at - 1] ?? 0) > value) {
      numbers[at] = numbers[at - 1] ?? 0;
      at -= 1;
    }
    numbers[at] = value;
  }
}
