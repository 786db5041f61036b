/**
 * Which path each request of the load asks, when traces are to show failures, too: of 100 requests
 * 4 are refused (404), 2 throttled (429), 3 broken (500) and one a batch; the others are `/work`.
 * The order is fixed, so that a run's counts can be told beforehand. Pure.
 */

/** Positions within 100 requests, spread over them. */
const OTHERS = new Map([
  ...[7, 32, 57, 82].map((at) => [at, '/refused'] as const),
  ...[19, 69].map((at) => [at, '/throttled'] as const),
  ...[13, 46, 79].map((at) => [at, '/broken'] as const),
  [24, '/batch'],
]);

/** @param index  of the request since the start, from 0 */
export function mixedPathOf(index: number): string {
  return OTHERS.get(index % 100) ?? '/work';
}
