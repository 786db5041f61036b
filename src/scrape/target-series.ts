/**
 * What the readers of one target's pages share, whatever the format: its series, and what a scrape
 * counts.
 */
import type { LabelSet } from '../model/labels.ts';
import type { ScrapeConfig } from './config.ts';
import type { ExemplarMemory } from './exemplar-memory.ts';
import type { FamilyMetadata } from './family-metadata.ts';
import type { SeriesTable } from './series-table.ts';

/** What one scrape brought. */
export interface ScrapeCounts {
  /** Samples in the body. */
  scraped: number;
  /** Those left after metric relabelling, also when they are then not appended. */
  kept: number;
  /** Series not known before. */
  added: number;
  duplicates: number;
  outOfOrder: number;
  outOfBounds: number;
}

/** Samples of the future beyond this are dropped, as Prometheus drops them. */
export const AHEAD_MAX_MS = 10 * 60_000;

/** What the readers of a target's pages share. */
export interface TargetSeries {
  readonly table: SeriesTable;
  readonly metadata: FamilyMetadata;
  readonly exemplars: ExemplarMemory;
  readonly targetLabels: LabelSet;
  /** Set only between scrapes, with all memory of pages forgotten. */
  config: ScrapeConfig;
  /** Of the scrape under way. */
  counts: ScrapeCounts;
}

/** Tells the appender of a series what its family is, by the name that the target exposes. */
export function tellFamily(
  table: SeriesTable,
  slot: number,
  metadata: FamilyMetadata,
  name: string,
): void {
  const family = metadata.of(name);
  const told = family === undefined ? undefined : metadata.entries.get(family);
  if (family !== undefined && told !== undefined) table.setMetadata(slot, family, told);
}
