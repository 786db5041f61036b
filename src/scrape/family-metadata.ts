/**
 * What a target says of its metric families: HELP, TYPE and UNIT by family, for the API and for
 * remote_write. Bounded: a target that invents families without end is cut off.
 */
import type { SeriesMetadata, SeriesType } from '../model/sample.ts';
import { sharedMetadata, sharedText } from './shared-metadata.ts';

const FAMILIES_MAX = 20_000;
const TEXT_CHARS_MAX = 4_096;
const UNKNOWN: SeriesMetadata = { type: 'unknown', help: '', unit: '' };
/** What samples have behind their family's name. */
const SUFFIX = /_(?:total|bucket|count|sum|created|gcount|gsum|info)$/;

export class FamilyMetadata {
  readonly #families = new Map<string, SeriesMetadata>();
  /** Those that are other than they were, until `settle`. */
  readonly #changed = new Set<string>();

  get entries(): ReadonlyMap<string, SeriesMetadata> {
    return this.#families;
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0;
  }

  /** One line of a page. */
  take(family: string, entry: 'help' | 'type' | 'unit', text: string, type: SeriesType): void {
    const old = this.#families.get(family);
    if (old === undefined && this.#families.size >= FAMILIES_MAX) return;
    const value = entry === 'type' ? type : text.slice(0, TEXT_CHARS_MAX);
    if (old?.[entry] === value) return;
    const name = old === undefined ? sharedText(family) : family;
    this.#families.set(name, { ...(old ?? UNKNOWN), [entry]: value });
    this.#changed.add(name);
  }

  /** The family of a sample's name, undefined where the page says nothing of it. */
  of(name: string): string | undefined {
    if (this.#families.has(name)) return name;
    const stem = name.replace(SUFFIX, '');
    return this.#families.has(stem) ? stem : undefined;
  }

  hasChanged(family: string): boolean {
    return this.#changed.has(family);
  }

  settle(): void {
    for (const family of this.#changed) {
      const metadata = this.#families.get(family);
      if (metadata !== undefined) this.#families.set(family, sharedMetadata(metadata));
    }
    this.#changed.clear();
  }
}
