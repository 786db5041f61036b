/**
 * What the aliases of a YAML document stand for, found in one pass: the library looks through the
 * whole document for each alias.
 * Limit: ALIASES_MAX aliases.
 */
import { type Alias, type Document, isAlias, isCollection, isNode, isPair, type Node } from 'yaml';
import { runAtOnce } from './giving-way.ts';

export const ALIASES_MAX = 10_000;
export const TOO_MANY_ALIASES =
  `the document has more than ${ALIASES_MAX} aliases; write out what they stand for, or split ` +
  'it';
/** Nodes that are looked at between two yields. */
const SLICE_NODES = 4_096;

export class YamlAliases {
  readonly #targets: ReadonlyMap<Alias, Node | undefined>;
  /** Where the first alias above the limit stands. */
  readonly excessAt: number | undefined;

  private constructor(targets: ReadonlyMap<Alias, Node | undefined>, excessAt?: number) {
    this.#targets = targets;
    this.excessAt = excessAt;
  }

  static of(document: Document): YamlAliases {
    return runAtOnce(YamlAliases.find(document));
  }

  /** The same, in slices. */
  static *find(document: Document): Generator<undefined, YamlAliases, undefined> {
    const anchored = new Map<string, Node>();
    const targets = new Map<Alias, Node | undefined>();
    // A stack: the next one of the document is at its end.
    const waiting: unknown[] = [document.contents];
    for (let count = 1; waiting.length > 0; count++) {
      if (count % SLICE_NODES === 0) yield;
      const node = waiting.pop();
      if (isPair(node)) waiting.push(node.value, node.key);
      if (!isNode(node)) continue;
      if (isAlias(node)) {
        targets.set(node, anchored.get(node.source));
        if (targets.size > ALIASES_MAX) return new YamlAliases(targets, node.range?.[0] ?? 0);
        continue;
      }
      if (node.anchor !== undefined) anchored.set(node.anchor, node);
      if (isCollection(node)) for (const item of node.items.toReversed()) waiting.push(item);
    }
    return new YamlAliases(targets);
  }

  /** Undefined for an alias that has no anchor before it. */
  resolve(alias: Alias): Node | undefined {
    return this.#targets.get(alias);
  }
}
