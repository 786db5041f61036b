/** Counts what came of a scrape: its samples, and a failure by its reason. */
import { PermanentError } from '../kernel/errors.ts';
import { HttpClientError } from '../kernel/http-client.ts';
import { ExpositionError } from '../wire/exposition/error.ts';
import type { ScrapeMetrics } from './metrics.ts';
import type { ScrapeCounts } from './target-series.ts';

export function countScrape(
  metrics: ScrapeMetrics,
  failure: Error | undefined,
  counts: Readonly<ScrapeCounts> | undefined,
): void {
  metrics.scrapes.inc();
  if (counts !== undefined) {
    const left = counts.duplicates + counts.outOfOrder + counts.outOfBounds;
    if (failure === undefined) metrics.appended.inc(counts.kept - left);
    metrics.samples.inc(counts.scraped);
    metrics.duplicates.inc(counts.duplicates);
    metrics.outOfOrder.inc(counts.outOfOrder);
    metrics.outOfBounds.inc(counts.outOfBounds);
  }
  if (failure === undefined) return;
  const reason = nameScrapeFailure(failure);
  metrics.failures.with({ reason }).inc();
  if (reason === 'sample_limit') metrics.sampleLimits.inc();
  if (reason === 'label_limit') metrics.labelLimits.inc();
  if (reason === 'body_too_large') metrics.bodyLimits.inc();
  if (reason === 'histogram_bucket_limit') metrics.histogramLimits.inc();
}

/** The reason of a failure as a label value: one of a bounded set of words. */
function nameScrapeFailure(failure: Error): string {
  if (failure instanceof PermanentError) return failure.reason;
  if (failure instanceof HttpClientError) return failure.kind;
  return failure instanceof ExpositionError ? 'malformed' : 'other';
}
