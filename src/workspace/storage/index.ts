/**
 * The index of the store: label sets ⇄ refs, and postings: for each label pair the sorted refs of the series that have
 * it. In memory; rebuilt from the database at start.
 */
import { compareLabelSets, type LabelSet, labelSetKey, labelValue } from '../../model/labels.ts';
import { compileMatcher } from '../promql/matcher.ts';
import type { Matcher } from '../promql/queryable.ts';

export class SeriesIndex {
  readonly #byKey = new Map<string, number>();
  readonly #labels: (LabelSet | undefined)[] = [];
  /** Label name → value → refs, rising because refs only grow. */
  readonly #postings = new Map<string, Map<string, number[]>>();

  get size(): number {
    return this.#byKey.size;
  }

  find(labels: LabelSet): number | undefined {
    return this.#byKey.get(labelSetKey(labels));
  }

  /** The labels must be sorted and the ref greater than any before. */
  add(ref: number, labels: LabelSet): void {
    this.#byKey.set(labelSetKey(labels), ref);
    this.#labels[ref] = labels;
    for (const { name, value } of labels) {
      let values = this.#postings.get(name);
      if (values === undefined) this.#postings.set(name, (values = new Map<string, number[]>()));
      const refs = values.get(value);
      if (refs === undefined) values.set(value, [ref]);
      else refs.push(ref);
    }
  }

  remove(ref: number): void {
    const labels = this.#labels[ref];
    if (labels === undefined) return;
    this.#labels[ref] = undefined;
    this.#byKey.delete(labelSetKey(labels));
    for (const { name, value } of labels) {
      const values = this.#postings.get(name);
      const refs = values?.get(value)?.filter((other) => other !== ref) ?? [];
      if (refs.length > 0) values?.set(value, refs);
      else values?.delete(value);
      if (values?.size === 0) this.#postings.delete(name);
    }
  }

  labelsOf(ref: number): LabelSet {
    return this.#labels[ref] ?? [];
  }

  labelNames(): string[] {
    return [...this.#postings.keys()];
  }

  labelValues(name: string): string[] {
    return [...(this.#postings.get(name)?.keys() ?? [])];
  }

  /** The refs of the series that match all matchers, sorted by labels. */
  select(matchers: readonly Matcher[]): number[] {
    const compiled = matchers.map((matcher) => ({ ...matcher, matches: compileMatcher(matcher) }));
    // The shortest postings first; a matcher that '' satisfies also takes series without the label, so it only filters.
    const narrowing = compiled
      .filter(({ matches }) => !matches(''))
      .map((matcher) => this.#refsOf(matcher))
      .sort((a, b) => a.length - b.length);
    const start = narrowing[0] ?? [...this.#byKey.values()];
    return start
      .filter((ref) => {
        const labels = this.labelsOf(ref);
        return compiled.every(({ name, matches }) => matches(labelValue(labels, name)));
      })
      .sort((a, b) => compareLabelSets(this.labelsOf(a), this.labelsOf(b)));
  }

  #refsOf({
    name,
    op,
    value,
    matches,
  }: Matcher & { matches: (text: string) => boolean }): readonly number[] {
    const values = this.#postings.get(name);
    if (values === undefined) return [];
    if (op === '=') return values.get(value) ?? [];
    const refs: number[] = [];
    for (const [text, own] of values) if (matches(text)) for (const ref of own) refs.push(ref);
    return refs;
  }
}
