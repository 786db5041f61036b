/** Why points are in no event, or are no metrics of CloudWatch though they are in the log. */

export const LEFT_OUT_REASONS = [
  /** Not a number, or infinite. */
  'not_a_number',
  /** Beyond 2^360. */
  'out_of_range',
  /** A name that CloudWatch does not take, or that a label of the event has. */
  'name',
  /** Larger than an event may be. */
  'too_large',
  /** Dimensions that CloudWatch does not take; the points are in the log. */
  'dimensions',
  /** No declared set of dimensions has only labels of the points, which are in the log. */
  'no_set',
] as const;
export type LeftOutReason = (typeof LEFT_OUT_REASONS)[number];
