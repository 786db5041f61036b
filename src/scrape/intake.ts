/**
 * The series of one target, and how a body is read into them: in any format, with stale markers for
 * the series that it lacks, within the limits. It appends and forgets; transaction.ts rolls back,
 * reports and commits.
 */
import { assert, PermanentError } from '../kernel/errors.ts';
import { type Borrowed, LENT_BYTES_MAX } from '../model/borrowed.ts';
import type { LabelSet } from '../model/labels.ts';
import type { RoutedAppender, SeriesMetadata } from '../model/sample.ts';
import type { ExpositionKind } from '../wire/exposition/negotiation.ts';
import { SeriesCache } from './cache.ts';
import type { ScrapeScratch } from './scratch.ts';
import type { ScrapeConfig } from './config.ts';
import { ExemplarMemory } from './exemplar-memory.ts';
import { FamilyMetadata } from './family-metadata.ts';
import { SampleBodies } from './sample-bodies.ts';
import { SeriesTable } from './series-table.ts';
import { runInRanges, type Steps } from './steps.ts';
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
  readonly #bySample: SampleBodies;
  /**
   * The format of the body before. When it changes, series keep their slots, but what the readers
   * remember of the body is forgotten.
   */
  #kind: ExpositionKind = 'text';
  /** A body was begun and is neither accepted nor taken back. */
  #isReading = false;
  /** The current body holds exactly the series of the one before. */
  #isSame = false;
  /** The last body was a large one. */
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
    this.#bySample = new SampleBodies(this.#series);
  }

  /** The counts of the current or last scrape, also after a failure. */
  get counts(): Readonly<ScrapeCounts> {
    return this.#series.counts;
  }

  get seriesCount(): number {
    return this.#series.table.count;
  }

  /**
   * Whether there may be too many series to go over, or to clean up, for one turn of the event
   * loop.
   */
  get isLarge(): boolean {
    return this.#isLarge || this.#isReading || this.#series.table.hasGone;
  }

  /** Whether bodies of this format are read sample by sample, which is slower. */
  readsBySample(kind: ExpositionKind): boolean {
    return kind === 'protobuf' || this.#convertsClassic;
  }

  get #convertsClassic(): boolean {
    return this.#series.config.histograms.convertsClassic;
  }

  /** The metadata of the target's metric families. */
  get metadata(): ReadonlyMap<string, SeriesMetadata> {
    return this.#series.metadata.entries;
  }

  /**
   * Changes the configuration: the series stay known, and those that it no longer makes end with
   * the next body.
   */
  setConfig(config: ScrapeConfig): void {
    if (config === this.#series.config) return;
    this.#series.config = config;
    this.#forgetBodies();
  }

  /**
   * Appends the samples of a body, and stale markers for the series that it lacks. Where the
   * appender has other sinks than at the body before, every series is looked up by its labels and
   * its ref renewed.
   *
   * @param restMax  the most bytes of a text that are read at once with series that are not where
   * they are expected
   * @returns false where there are more: the caller goes on with `ingestRest` in the same turn
   * @throws ExpositionError, PermanentError: the caller rolls the appender back and calls `fail`
   */
  ingest(body: Borrowed<Uint8Array>, tMs: number, kind: ExpositionKind, restMax: number): boolean {
    this.#takeBack();
    const { table } = this.#series;
    table.forgetGone();
    this.#begin(kind);
    table.expect(body.length);
    if (kind === 'protobuf' || this.#convertsClassic) this.#bySample.ingest(body, tMs, kind);
    else {
      const walked = this.#text.ingest(body, kind, tMs, restMax);
      if (walked === 'more') return false;
      this.#isSame = walked === 'same';
    }
    this.#check();
    if (!this.#isSame) table.markMissing(tMs, 0, table.size);
    this.#isLarge = false;
    this.accept();
    table.forgetGone();
    return true;
  }

  /**
   * The same as `ingest` in slices, but the caller calls `accept`, and then `clean` to forget
   * series.
   */
  *ingestInSlices(body: Uint8Array, tMs: number, kind: ExpositionKind): Steps {
    yield* this.clean();
    this.#begin(kind);
    this.#series.table.expect(body.length);
    if (kind === 'protobuf' || this.#convertsClassic)
      yield* this.#bySample.ingestInSlices(body, tMs, kind);
    else this.#isSame = yield* this.#text.ingestInSlices(body, kind, tMs);
    yield* this.#endBody(body, tMs);
  }

  /**
   * Goes on where `ingest` returned false, in slices that begin in the same turn. The caller does
   * the same as after `ingestInSlices`.
   *
   * @param body  the same bytes, which the caller owns
   */
  *ingestRest(body: Uint8Array, tMs: number): Steps {
    const kind = this.#kind;
    assert(kind !== 'protobuf', 'a protobuf body was not read to its end');
    this.#isSame = yield* this.#text.ingestInSlices(body, kind, tMs, true);
    yield* this.#endBody(body, tMs);
  }

  /** Whether a body is kept for the next one to be compared with. */
  keeps(body: Uint8Array): boolean {
    return this.#text.keeps(body.buffer);
  }

  /** Frees what only the next body would need: there may be none. */
  rest(): void {
    this.#takeBack();
    this.#forgetBodies();
    this.#series.table.rest();
  }

  *#endBody(body: Uint8Array, tMs: number): Steps {
    this.#check();
    if (this.#isSame) return;
    const { table } = this.#series;
    yield* runInRanges(table.size, RANGE_SLOTS, (from, to) => table.markMissing(tMs, from, to));
    this.#isLarge = body.length > LENT_BYTES_MAX;
  }

  /** Accepts what was read as the new state. */
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

  /** The same as `fail` in slices, but the caller calls `acceptEnd`. */
  *failInSlices(tMs: number): Steps {
    yield* this.clean();
    const { table } = this.#series;
    yield* runInRanges(table.size, RANGE_SLOTS, (from, to) => table.markAll(tMs, from, to));
  }

  /** Accepts the markers of `failInSlices`. */
  acceptEnd(tMs: number): void {
    this.#series.table.acceptEnd(tMs);
  }

  /** Takes back a body that was given up half-way, and forgets series that are gone. */
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
    this.#forgetBodies();
    this.#kind = kind;
  }

  #forgetBodies(): void {
    this.#text.forget();
    this.#bySample.forget();
  }

  #takeBack(): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    // The appender has rolled back what was appended, so its slots and exemplars must go too.
    this.#series.table.undo();
    this.#forgetBodies();
    this.#series.exemplars.clear();
  }

  /** Checks what can be checked only when the whole body was read. */
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

/** Slots that are handled between two yields. */
const RANGE_SLOTS = 4_096;

function newCounts(): ScrapeCounts {
  return { scraped: 0, kept: 0, added: 0, duplicates: 0, outOfOrder: 0, outOfBounds: 0 };
}
