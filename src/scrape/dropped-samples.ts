/**
 * Tells which samples of a scrape were dropped though the scrape was good, and counts them by job:
 * with times far ahead or that went back, or twice in one page. The logger bounds how often a line
 * is repeated.
 */
import type { World } from '../kernel/world.ts';
import { withoutSecrets } from '../settings/url.ts';
import { describeJob, type ScrapeConfig } from './config.ts';
import type { ScrapeMetrics } from './metrics.ts';
import type { ScrapeCounts } from './target-series.ts';

const REASONS = {
  outOfBounds: [
    'future',
    'samples are dropped: their times are more than ten minutes ahead; check the clock of the ' +
      'target, or set honor_timestamps: false',
  ],
  outOfOrder: [
    'out_of_order',
    'samples are dropped: their times went back; let the target leave times out, or set ' +
      'honor_timestamps: false',
  ],
  duplicates: [
    'duplicate',
    'samples are dropped: their series is twice in one page; let the target write it once',
  ],
} as const satisfies Partial<Record<keyof ScrapeCounts, readonly [reason: string, words: string]>>;

const COUNTS = Object.keys(REASONS) as (keyof typeof REASONS)[];

export function tellDropped(
  { world, metrics }: { readonly world: World; readonly metrics: ScrapeMetrics },
  { config, url }: { readonly config: ScrapeConfig; readonly url: string },
  counts: Readonly<ScrapeCounts>,
): void {
  for (const count of COUNTS) {
    const samples = counts[count];
    if (samples === 0) continue;
    const [reason, words] = REASONS[count];
    metrics.dropped.with({ scrape_job: config.id, reason }).inc(samples);
    world.log.warn(words, { job: describeJob(config), url: withoutSecrets(url), samples });
  }
}

export function forgetDropped(metrics: ScrapeMetrics, config: ScrapeConfig): void {
  for (const count of COUNTS)
    metrics.dropped.remove({ scrape_job: config.id, reason: REASONS[count][0] });
}
