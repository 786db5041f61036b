/** Jobs and target groups for tests of scraping. */
import type { TargetGroup } from '../../src/model/target.ts';
import { type ScrapeConfig, makeScrapeConfig } from '../../src/scrape/config.ts';

/** The job `j`, scraped every ten seconds with a timeout of five seconds. */
export function jobWith(set: Partial<ScrapeConfig> = {}): ScrapeConfig {
  return makeScrapeConfig({
    jobName: 'j',
    scrapeIntervalMs: 10_000,
    scrapeTimeoutMs: 5_000,
    ...set,
  });
}

/** One target group with these addresses. */
export function groupOf(...addresses: readonly string[]): TargetGroup[] {
  const targets = addresses.map((address) => ({ __address__: address }));
  return [{ source: 's', labels: {}, targets }];
}
