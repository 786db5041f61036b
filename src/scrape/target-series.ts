/**
 * What the readers of one target's bodies share, whatever the format: the target's series, and the
 * counts of a scrape.
 */
import type { LabelSet } from '../model/labels.ts';
import type { ScrapeConfig } from './config.ts';
import type { ExemplarMemory } from './exemplar-memory.ts';
import type { FamilyMetadata } from './family-metadata.ts';
import type { SeriesTable } from './series-table.ts';

/** What one scrape has counted. */
export interface ScrapeCounts {
  /** Samples in the body. */
  scraped: number;
  /** Samples left after metric relabelling, even if they are then not appended. */
  kept: number;
  /** Series not known before. */
  added: number;
  duplicates: number;
  outOfOrder: number;
  outOfBounds: number;
}

/** Samples further in the future than this are dropped, as in Prometheus. */
const AHEAD_MAX_MS = 10 * 60_000;

/** What the readers of a target's bodies share. */
export interface TargetSeries {
  readonly table: SeriesTable;
  readonly metadata: FamilyMetadata;
  readonly exemplars: ExemplarMemory;
  readonly targetLabels: LabelSet;
  /** Set only between scrapes, when the readers have forgotten the body before. */
  config: ScrapeConfig;
  /** The counts of the current scrape. */
  counts: ScrapeCounts;
}

/**
 * Tells the appender the metadata of a series' family, which is found by the name that the target
 * exposes.
 */
export function setFamilyMetadata(
  table: SeriesTable,
  slot: number,
  metadata: FamilyMetadata,
  name: string,
): void {
  const family = metadata.findFamily(name);
  const told = family === undefined ? undefined : metadata.entries.get(family);
  if (family !== undefined && told !== undefined) table.setMetadata(slot, family, told);
}

/** Appends a sample at the time that the target gave, or counts why it is not appended. */
export function appendAtOwnTime(
  { table, config, counts }: TargetSeries,
  slot: number,
  sample: { readonly tMs: number; readonly value: number },
  nowMs: number,
): void {
  if (sample.tMs > nowMs + AHEAD_MAX_MS) {
    table.touch(slot);
    counts.outOfBounds += 1;
    return;
  }
  const outcome = table.appendAt(slot, sample, config.trackTimestampsStaleness);
  if (outcome === 'out_of_order') counts.outOfOrder += 1;
}
