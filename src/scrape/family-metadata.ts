/**
 * HELP, TYPE and UNIT of a target's metric families, for the API and for remote_write. Bounded: of
 * a target with more than FAMILIES_MAX families the rest is left out.
 */
import { type LabelSet, labelValue, METRIC_NAME } from '../model/labels.ts';
import {
  originOf,
  type SeriesMetadata,
  type SeriesOrigin,
  type SeriesType,
} from '../model/sample.ts';
import { shareMetadata, shareText } from './shared-metadata.ts';

const FAMILIES_MAX = 20_000;
const TEXT_CHARS_MAX = 4_096;
const UNKNOWN: SeriesMetadata = { type: 'unknown', help: '', unit: '' };
/** The suffixes that sample names have after the name of their family. */
const SUFFIX = /_(?:total|bucket|count|sum|created|gcount|gsum|info)$/;
/** The types of families with several series for one set of labels. */
const HAS_SUFFIXES: ReadonlySet<SeriesType> = new Set(['histogram', 'gaugehistogram', 'summary']);

export class FamilyMetadata {
  readonly #families = new Map<string, SeriesMetadata>();
  /** Families whose metadata has changed since the last `settle`. */
  readonly #changed = new Set<string>();

  get entries(): ReadonlyMap<string, SeriesMetadata> {
    return this.#families;
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0;
  }

  /** Notes one metadata line of a body. */
  take(family: string, entry: 'help' | 'type' | 'unit', text: string, type: SeriesType): void {
    const old = this.#families.get(family);
    if (old === undefined && this.#families.size >= FAMILIES_MAX) return;
    const value = entry === 'type' ? type : text.slice(0, TEXT_CHARS_MAX);
    if (old?.[entry] === value) return;
    const name = old === undefined ? shareText(family) : family;
    this.#families.set(name, { ...(old ?? UNKNOWN), [entry]: value });
    this.#changed.add(name);
  }

  /** The family that a sample name belongs to; undefined where no metadata is known for it. */
  findFamily(name: string): string | undefined {
    if (this.#families.has(name)) return name;
    const stem = name.replace(SUFFIX, '');
    return this.#families.has(stem) ? stem : undefined;
  }

  /**
   * The origin of a series.
   *
   * @param exposed  the name under which the target exposes it; relabelling may have given it
   *   another one, which then is that of a family too
   */
  originOf(exposed: string, labels: LabelSet): SeriesOrigin {
    const name = labelValue(labels, METRIC_NAME);
    const found = this.findFamily(exposed);
    const metadata = found === undefined ? undefined : this.#families.get(found);
    if (found === undefined || metadata === undefined) return originOf(name);
    const { type, unit } = metadata;
    const suffix = HAS_SUFFIXES.has(type) ? exposed.slice(found.length) : '';
    if (!name.endsWith(suffix)) return originOf(name);
    // The time at which a counter began is no counter itself.
    if (type === 'counter' && exposed === `${found}_created`)
      return { family: { name, type: 'gauge', unit: '' } };
    return { family: { name: name.slice(0, name.length - suffix.length), type, unit } };
  }

  hasChanged(family: string): boolean {
    return this.#changed.has(family);
  }

  settle(): void {
    // Clearing makes a new table, which gets old until the next scrape.
    if (this.#changed.size === 0) return;
    for (const family of this.#changed) {
      const metadata = this.#families.get(family);
      if (metadata !== undefined) this.#families.set(family, shareMetadata(metadata));
    }
    this.#changed.clear();
  }
}
