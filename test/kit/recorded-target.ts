/**
 * A target that tests scrape by handing in bodies. It uses the real transaction, and what that
 * commits is text (recording-appender.ts).
 */
import assert from 'node:assert/strict';
import type { LabelSet } from '../../src/model/labels.ts';
import type { ExpositionKind } from '../../src/wire/exposition/negotiation.ts';
import { ScrapeScratch } from '../../src/scrape/scratch.ts';
import { type ScrapeConfig, makeScrapeConfig } from '../../src/scrape/config.ts';
import { Turns } from '../../src/scrape/turns.ts';
import { RecordingAppender } from './recording-appender.ts';
import {
  type ScrapeMoment,
  type ScrapeOutcome,
  ScrapeTransaction,
} from '../../src/scrape/transaction.ts';

export interface RecordedScrape extends ScrapeOutcome {
  /** Samples and stale markers of the target's own series, in order. */
  readonly lines: string[];
  /** Samples and stale markers of the report. */
  readonly report: string[];
}

const REPORT = /^(?:up|scrape_[a-z_]+)(?:\{| |$)/;

export class RecordedTarget {
  readonly appender = new RecordingAppender();
  readonly transaction: ScrapeTransaction;

  constructor(
    config: Partial<ScrapeConfig> = {},
    targetLabels: LabelSet = [],
    turns = new Turns(),
  ) {
    this.transaction = new ScrapeTransaction({
      appender: this.appender,
      targetLabels,
      config: makeScrapeConfig({ jobName: 'j', ...config }),
      scratch: new ScrapeScratch(0, turns),
    });
  }

  /** One scrape: it finds this body, or fails before it has one. */
  scrape(
    page: string | Uint8Array | Error,
    tMs: number,
    kind: ExpositionKind = 'text',
  ): RecordedScrape {
    const got = page instanceof Error ? page : { body: Buffer.from(page), kind };
    const outcome = this.transaction.take(got, makeMoment(tMs));
    return { ...outcome, ...this.taken() };
  }

  /** The same as `scrape`, but over several turns of the event loop. */
  async scrapeInSlices(
    page: string | Uint8Array | Error,
    tMs: number,
    kind: ExpositionKind = 'text',
  ): Promise<RecordedScrape> {
    const got = page instanceof Error ? page : { body: Buffer.from(page), kind };
    const outcome = await this.transaction.takeInSlices(got, makeMoment(tMs));
    assert.ok(outcome !== undefined, 'it was not given up');
    return { ...outcome, ...this.taken() };
  }

  /** The same as `scrape`, in one turn or several, as a loop does it. */
  async scrapeAsLoop(
    page: string | Uint8Array | Error,
    tMs: number,
    kind: ExpositionKind = 'text',
  ): Promise<RecordedScrape> {
    const got = page instanceof Error ? page : { body: Buffer.from(page), kind };
    const outcome = await this.transaction.scrape(got, makeMoment(tMs));
    assert.ok(outcome !== undefined, 'it was not given up');
    return { ...outcome, ...this.taken() };
  }

  /** Series that are known, without those of the report. */
  get liveSeries(): string[] {
    return [...this.appender.live.values()].filter((name) => !isOfReport(name));
  }

  /** How many series were made, without those of the report. */
  get seriesMade(): number {
    return this.appender.made.filter((name) => !isOfReport(name)).length;
  }

  /** What was committed since the last call. */
  taken(): Pick<RecordedScrape, 'lines' | 'report'> {
    const all = this.appender.take();
    return {
      lines: all.filter((line) => !isOfReport(line)),
      report: all.filter(isOfReport),
    };
  }
}

function isOfReport(line: string): boolean {
  return REPORT.test(line);
}

/** The moment of a scrape that takes 250 ms. */
export function makeMoment(tMs: number): ScrapeMoment {
  return { tMs, timeoutMs: 5_000, elapsedMs: () => 250 };
}
