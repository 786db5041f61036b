/** Jobs and groups of targets as most tests of scraping want them. */
import type { TargetGroup } from '../../src/model/target.ts';
import { type ScrapeConfig, makeScrapeConfig } from '../../src/scrape/config.ts';

/** The job `j`, scraped every ten seconds within at most five. */
export function jobWith(set: Partial<ScrapeConfig> = {}): ScrapeConfig {
  return makeScrapeConfig({
    jobName: 'j',
    scrapeIntervalMs: 10_000,
    scrapeTimeoutMs: 5_000,
    ...set,
  });
}

/** One group of targets at these addresses. */
export function groupOf(...addresses: readonly string[]): TargetGroup[] {
  const targets = addresses.map((address) => ({ __address__: address }));
  return [{ source: 's', labels: {}, targets }];
}
