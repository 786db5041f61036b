/**
 * What the aliases of a YAML document stand for, found in one pass: the library looks through the
 * whole document for each alias.
 * Limit: ALIASES_MAX aliases.
 */
import { type Alias, type Document, isAlias, type Node, visit } from 'yaml';

export const ALIASES_MAX = 10_000;
export const TOO_MANY_ALIASES =
  `the document has more than ${ALIASES_MAX} aliases; write out what they stand for, or split ` +
  'it';

export class YamlAliases {
  readonly #targets = new Map<Alias, Node | undefined>();
  /** Where the first alias above the limit stands. */
  readonly excessAt: number | undefined;

  constructor(document: Document) {
    const anchored = new Map<string, Node>();
    let excessAt: number | undefined;
    visit(document, {
      Node: (_key, node) => {
        if (!isAlias(node)) {
          if (node.anchor !== undefined) anchored.set(node.anchor, node);
          return undefined;
        }
        this.#targets.set(node, anchored.get(node.source));
        if (this.#targets.size <= ALIASES_MAX) return undefined;
        excessAt = node.range?.[0] ?? 0;
        return visit.BREAK;
      },
    });
    this.excessAt = excessAt;
  }

  /** Undefined for an alias that has no anchor before it. */
  resolve(alias: Alias): Node | undefined {
    return this.#targets.get(alias);
  }
}
