/** Points that are refused for good, by reason: what is counted, and what the sender is told. */

export type RejectReason = keyof typeof WORDS;

const WORDS = {
  no_time: 'points have no time_unix_nano',
  metric_name: 'metrics have no name',
  temporality: 'sums or histograms state neither delta nor cumulative temporality',
  scale: 'exponential histograms have a scale below -4',
  histogram: 'histograms have another count than their buckets together',
  attribute_name: 'attributes have no name',
  too_large: 'points, or the descriptions of their metric, scope or resource, are above 128 KiB',
  series_limit: 'there is no room for more series',
  label_bytes_limit:
    'there is no room for more bytes of labels; send shorter attributes, or fewer values of them',
  resource_limit: 'there is no room for more resources in one request',
} as const;

export class Rejections {
  readonly #counts = new Map<RejectReason, number>();

  add(reason: RejectReason, points: number): void {
    if (points > 0) this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + points);
  }

  get total(): number {
    let all = 0;
    for (const points of this.#counts.values()) all += points;
    return all;
  }

  get byReason(): ReadonlyMap<RejectReason, number> {
    return this.#counts;
  }

  /** '' where nothing was refused. */
  describe(): string {
    const parts = [...this.#counts].map(([reason, points]) => `${points}: ${WORDS[reason]}`);
    return parts.length === 0 ? '' : `points refused, ${parts.join('; ')}`;
  }
}
