/**
 * The series of one target and how they take in a page: in whatever format, with the series it lacks and the limits it
 * may break. It appends and forgets; transaction.ts rolls back, reports and commits.
 */
import { PermanentError } from '../kernel/errors.ts';
import type { Borrowed } from '../model/borrowed.ts';
import type { LabelSet } from '../model/labels.ts';
import type { RoutedAppender, SeriesMetadata } from '../model/sample.ts';
import type { ExpositionKind } from '../wire/negotiation.ts';
import { type ScrapeCounts, type ScrapeScratch, SeriesCache, type TargetSeries } from './cache.ts';
import type { ScrapeConfig } from './config.ts';
import { ExemplarMemory } from './exemplar-memory.ts';
import { FamilyMetadata } from './family-metadata.ts';
import { ProtobufPages } from './protobuf-pages.ts';
import { SeriesTable } from './series-table.ts';

export interface IntakeOptions {
  readonly appender: RoutedAppender;
  readonly targetLabels: LabelSet;
  readonly config: ScrapeConfig;
  readonly scratch: ScrapeScratch;
}

export class Intake {
  readonly #series: TargetSeries;
  readonly #text: SeriesCache;
  readonly #protobuf: ProtobufPages;
  /** Of the page before: a series keeps its slot from format to format, the readers' memories do not carry over. */
  #kind: ExpositionKind = 'text';
  /** A page was begun and is not accepted. */
  #isReading = false;

  constructor({ appender, targetLabels, config, scratch }: IntakeOptions) {
    this.#series = {
      table: new SeriesTable(appender),
      metadata: new FamilyMetadata(),
      exemplars: new ExemplarMemory(),
      targetLabels,
      config,
      counts: newCounts(),
    };
    this.#text = new SeriesCache(this.#series, scratch);
    this.#protobuf = new ProtobufPages(this.#series);
  }

  /** What the scrape under way, or the last one, has counted: also after a failure. */
  get counts(): Readonly<ScrapeCounts> {
    return this.#series.counts;
  }

  get seriesCount(): number {
    return this.#series.table.count;
  }

  /** What the target says of its families. */
  get metadata(): ReadonlyMap<string, SeriesMetadata> {
    return this.#series.metadata.entries;
  }

  /** Goes on under another configuration: the series stay known, and those it no longer makes end at the next page. */
  setConfig(config: ScrapeConfig): void {
    if (config === this.#series.config) return;
    this.#series.config = config;
    this.#text.forget();
    this.#protobuf.forget();
  }

  /**
   * Appends the samples of a page and the stale markers of series that it lacks. Where the appender's sinks are others
   * than at the page before, every series of the page is looked up by its labels, and its ref renewed.
   *
   * @throws ExpositionError, PermanentError: the caller rolls the appender back and calls `fail`
   */
  ingest(body: Borrowed<Uint8Array>, tMs: number, kind: ExpositionKind = 'text'): void {
    const { table, metadata } = this.#series;
    this.#series.counts = newCounts();
    const isRenewing = table.begin();
    this.#isReading = true;
    if (isRenewing || kind !== this.#kind) {
      this.#text.forget();
      this.#protobuf.forget();
      this.#kind = kind;
    }
    let isSame = false;
    if (kind === 'protobuf') this.#protobuf.ingest(body, tMs);
    else isSame = this.#text.ingest(body, kind, tMs);
    this.#checkSamples();
    metadata.settle();
    this.#series.counts.added = table.created;
    table.finish(tMs, !isSame);
    this.#isReading = false;
  }

  /** Appends stale markers for all series: the scrape failed, or the target is gone. */
  fail(tMs: number): void {
    this.#series.table.fail(tMs);
    if (!this.#isReading) return;
    // What was rolled back was not sent, and slots made for it are gone.
    this.#isReading = false;
    this.#text.forget();
    this.#protobuf.forget();
    this.#series.exemplars.clear();
  }

  #checkSamples(): void {
    const { samples } = this.#series.config.limits;
    const { kept } = this.#series.counts;
    if (samples > 0 && kept > samples)
      throw new PermanentError(
        'SCRAPE_SAMPLE_LIMIT',
        'sample_limit',
        `the scrape has ${kept} samples where ${samples} are allowed; raise sample_limit or drop series by metric_relabel_configs`,
      );
  }
}

function newCounts(): ScrapeCounts {
  return { scraped: 0, kept: 0, added: 0, duplicates: 0, outOfOrder: 0, outOfBounds: 0 };
}
