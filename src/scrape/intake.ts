/**
 * The series of one target and how they take in a page: in whatever format, with the series it
 * lacks and the limits it may break. It appends and forgets; transaction.ts rolls back, reports and
 * commits.
 */
import { PermanentError } from '../kernel/errors.ts';
import { type Borrowed, LENT_BYTES_MAX } from '../model/borrowed.ts';
import type { LabelSet } from '../model/labels.ts';
import type { RoutedAppender, SeriesMetadata } from '../model/sample.ts';
import type { ExpositionKind } from '../wire/exposition/negotiation.ts';
import { type ScrapeScratch, SeriesCache } from './cache.ts';
import type { ScrapeConfig } from './config.ts';
import { ExemplarMemory } from './exemplar-memory.ts';
import { FamilyMetadata } from './family-metadata.ts';
import { ProtobufBodies } from './protobuf-bodies.ts';
import { SeriesTable } from './series-table.ts';
import { inRanges, type Steps } from './steps.ts';
import type { ScrapeCounts, TargetSeries } from './target-series.ts';

export interface IntakeOptions {
  readonly appender: RoutedAppender;
  readonly targetLabels: LabelSet;
  readonly config: ScrapeConfig;
  readonly scratch: ScrapeScratch;
}

export class Intake {
  readonly #series: TargetSeries;
  readonly #text: SeriesCache;
  readonly #protobuf: ProtobufBodies;
  /**
   * Of the page before: a series keeps its slot from format to format, the readers' memories do not
   * carry over.
   */
  #kind: ExpositionKind = 'text';
  /** A page was begun and is neither accepted nor taken back. */
  #isReading = false;
  /** The page at hand holds what the one before held. */
  #isSame = false;
  /** The series are those of a large page. */
  #isLarge = false;

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
    this.#protobuf = new ProtobufBodies(this.#series);
  }

  /** What the scrape under way, or the last one, has counted: also after a failure. */
  get counts(): Readonly<ScrapeCounts> {
    return this.#series.counts;
  }

  get seriesCount(): number {
    return this.#series.table.count;
  }

  /**
   * Whether there may be more series to go over, or to clean up, than one turn of the event loop
   * should.
   */
  get isLarge(): boolean {
    return this.#isLarge || this.#isReading || this.#series.table.hasGone;
  }

  /** What the target says of its families. */
  get metadata(): ReadonlyMap<string, SeriesMetadata> {
    return this.#series.metadata.entries;
  }

  /**
   * Goes on under another configuration: the series stay known, and those it no longer makes end at
   * the next page.
   */
  setConfig(config: ScrapeConfig): void {
    if (config === this.#series.config) return;
    this.#series.config = config;
    this.#forgetPages();
  }

  /**
   * Appends the samples of a page and the stale markers of series that it lacks. Where the
   * appender's sinks are others than at the page before, every series of the page is looked up by
   * its labels, and its ref renewed.
   *
   * @throws ExpositionError, PermanentError: the caller rolls the appender back and calls `fail`
   */
  ingest(body: Borrowed<Uint8Array>, tMs: number, kind: ExpositionKind): void {
    this.#takeBack();
    const { table } = this.#series;
    table.forgetGone();
    this.#begin(kind);
    if (kind === 'protobuf') this.#protobuf.ingest(body, tMs);
    else this.#isSame = this.#text.ingest(body, kind, tMs);
    this.#check();
    if (!this.#isSame) table.markMissing(tMs, 0, table.size);
    this.#isLarge = false;
    this.accept();
    table.forgetGone();
  }

  /** As `ingest`, up to `accept`; what is to be forgotten afterwards is left to `clean`. */
  *ingestInSlices(body: Uint8Array, tMs: number, kind: ExpositionKind): Steps {
    yield* this.clean();
    const { table } = this.#series;
    this.#begin(kind);
    if (kind === 'protobuf') yield* this.#protobuf.ingestInSlices(body, tMs);
    else this.#isSame = yield* this.#text.ingestInSlices(body, kind, tMs);
    this.#check();
    if (this.#isSame) return;
    yield* inRanges(table.size, RANGE_SLOTS, (from, to) => table.markMissing(tMs, from, to));
    this.#isLarge = body.length > LENT_BYTES_MAX;
  }

  /** What was read holds. */
  accept(): void {
    this.#series.counts.added = this.#series.table.created;
    this.#series.table.accept();
    this.#isReading = false;
  }

  /** Appends stale markers for all series: the scrape failed, or the target is gone. */
  fail(tMs: number): void {
    const { table } = this.#series;
    this.#takeBack();
    table.forgetGone();
    table.markAll(tMs, 0, table.size);
    table.acceptEnd(tMs);
  }

  /** As `fail`, up to `acceptEnd`. */
  *failInSlices(tMs: number): Steps {
    yield* this.clean();
    const { table } = this.#series;
    yield* inRanges(table.size, RANGE_SLOTS, (from, to) => table.markAll(tMs, from, to));
  }

  /** The markers of `failInSlices` hold. */
  acceptEnd(tMs: number): void {
    this.#series.table.acceptEnd(tMs);
  }

  /** Takes back a page that was given up on the way, and lets go of series that are gone. */
  *clean(): Steps {
    const { table } = this.#series;
    this.#takeBack();
    while (table.hasGone) {
      table.forgetGone(RANGE_SLOTS);
      yield;
    }
  }

  #begin(kind: ExpositionKind): void {
    this.#series.counts = newCounts();
    this.#isSame = false;
    const isRenewing = this.#series.table.begin();
    this.#isReading = true;
    if (!isRenewing && kind === this.#kind) return;
    this.#forgetPages();
    this.#kind = kind;
  }

  #forgetPages(): void {
    this.#text.forget();
    this.#protobuf.forget();
  }

  #takeBack(): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    // What was rolled back was not sent, and slots made for it are gone.
    this.#series.table.undo();
    this.#forgetPages();
    this.#series.exemplars.clear();
  }

  /** What can be said of a page only when it was read. */
  #check(): void {
    const { samples } = this.#series.config.limits;
    const { kept } = this.#series.counts;
    if (samples > 0 && kept > samples)
      throw new PermanentError(
        'SCRAPE_SAMPLE_LIMIT',
        `the scrape has ${kept} samples where ${samples} are allowed; raise sample_limit or ` +
          'drop series by metric_relabel_configs',
      );
    this.#series.metadata.settle();
  }
}

/** Slots that are done at a time. */
const RANGE_SLOTS = 4_096;

function newCounts(): ScrapeCounts {
  return { scraped: 0, kept: 0, added: 0, duplicates: 0, outOfOrder: 0, outOfBounds: 0 };
}
