/**
 * The index of the store: label sets ⇄ refs, and postings, which list for each label pair the refs
 * of the series that have it. In memory only; rebuilt from the database at start.
 */
import { compareLabelSets, type LabelSet, labelSetKey } from '../../model/labels.ts';
import { compileMatcher } from '../promql/matcher.ts';
import type { Matcher } from '../promql/queryable.ts';

type Refs = readonly number[];

export class SeriesIndex {
  readonly #byKey = new Map<string, number>();
  readonly #labels = new Map<number, LabelSet>();
  /** Label name → value → refs in rising order: new refs are always greater. */
  readonly #postings = new Map<string, Map<string, number[]>>();

  get size(): number {
    return this.#byKey.size;
  }

  find(labels: LabelSet): number | undefined {
    return this.#byKey.get(labelSetKey(labels));
  }

  /** The labels must be sorted, and the ref greater than any added before. */
  add(ref: number, labels: LabelSet): void {
    this.#byKey.set(labelSetKey(labels), ref);
    this.#labels.set(ref, labels);
    for (const { name, value } of labels) {
      let values = this.#postings.get(name);
      if (values === undefined) this.#postings.set(name, (values = new Map<string, number[]>()));
      const refs = values.get(value);
      if (refs === undefined) values.set(value, [ref]);
      else refs.push(ref);
    }
  }

  /** Removes series; each list of postings that holds one or more of them is filtered once. */
  remove(gone: ReadonlySet<number>): void {
    const touched = new Map<string, Set<string>>();
    for (const ref of gone) {
      const labels = this.#labels.get(ref);
      if (labels === undefined) continue;
      this.#labels.delete(ref);
      this.#byKey.delete(labelSetKey(labels));
      for (const { name, value } of labels) {
        const values = touched.get(name);
        if (values === undefined) touched.set(name, new Set([value]));
        else values.add(value);
      }
    }
    for (const [name, texts] of touched) {
      const values = this.#postings.get(name);
      for (const text of texts) {
        const refs = values?.get(text)?.filter((ref) => !gone.has(ref)) ?? [];
        if (refs.length > 0) values?.set(text, refs);
        else values?.delete(text);
      }
      if (values?.size === 0) this.#postings.delete(name);
    }
  }

  labelsOf(ref: number): LabelSet {
    return this.#labels.get(ref) ?? [];
  }

  /** The refs of the series that match all matchers, sorted by labels; all series for none. */
  select(matchers: readonly Matcher[]): number[] {
    return this.#findMatching(matchers).sort((a, b) =>
      compareLabelSets(this.labelsOf(a), this.labelsOf(b)),
    );
  }

  /**
   * A matcher that does not match '' narrows the result to the series in the postings of its
   * matching values. A matcher that matches '' also takes series without the label, which are in no
   * postings, so it excludes the series in the postings of the values that do not match.
   */
  #findMatching(matchers: readonly Matcher[]): number[] {
    const narrowing: Refs[] = [];
    const excluding: Refs[] = [];
    for (const matcher of matchers) {
      const matches = compileMatcher(matcher);
      const values = this.#postings.get(matcher.name);
      if (matches('')) {
        for (const [text, refs] of values ?? []) if (!matches(text)) excluding.push(refs);
      } else if (matcher.op === '=') {
        narrowing.push(values?.get(matcher.value) ?? []);
      } else {
        narrowing.push(
          unite([...(values ?? [])].filter(([text]) => matches(text)).map(([, refs]) => refs)),
        );
      }
    }
    // Shortest first: no intermediate result is longer than the shortest list.
    narrowing.sort((a, b) => a.length - b.length);
    const first = narrowing[0] ?? [...this.#labels.keys()];
    const kept = narrowing.slice(1).reduce<Refs>(intersect, first);
    if (excluding.length === 0) return [...kept];
    const excluded = new Set(excluding.flat());
    return kept.filter((ref) => !excluded.has(ref));
  }
}

/** The refs of lists that share none (a series has one value of a label), in rising order. */
function unite(lists: readonly Refs[]): Refs {
  if (lists.length === 1 && lists[0] !== undefined) return lists[0];
  return lists.flat().sort((a, b) => a - b);
}

/** The refs that two rising lists share. */
function intersect(short: Refs, long: Refs): Refs {
  const kept: number[] = [];
  let at = 0;
  for (const ref of short) {
    while (at < long.length && (long[at] ?? 0) < ref) at += 1;
    if (long[at] === ref) kept.push(ref);
  }
  return kept;
}
