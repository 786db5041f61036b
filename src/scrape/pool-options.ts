/** What the scrape pools of all jobs share. */
import type { HttpClient } from '../kernel/http-client.ts';
import type { World } from '../kernel/world.ts';
import type { Borrowed } from '../model/borrowed.ts';
import type { OpenRoutedAppender } from '../model/sample.ts';
import type { ScrapeScratch } from './scratch.ts';
import type { ScrapeConfig } from './config.ts';
import type { ScrapeMetrics } from './metrics.ts';
import type { ReportMarks } from './report.ts';
import type { Turns } from './turns.ts';

export interface PoolOptions {
  readonly world: World;
  readonly metrics: ScrapeMetrics;
  readonly openAppender: OpenRoutedAppender;
  readonly scratch: ScrapeScratch;
  readonly turns: Turns;
  readonly marks: ReportMarks;
  readonly userAgent: string;
  /** A client with the connection settings of a job; the pool closes it. */
  readonly openHttp: (config: ScrapeConfig) => HttpClient<Borrowed<Uint8Array>>;
  /**
   * Differs between processes; with the job's `replica` it decides at which offset in the interval
   * a target is scraped.
   */
  readonly offsetSeed: string;
  /** Called after each scrape that has worked. */
  readonly onUp: () => void;
}
