/**
 * Checks that each name in backticks in ARCHITECTURE.md is a word of the code: a symbol, a key, a
 * reason.
 */
import type { Finding, Tree } from './tree.ts';

const PAGE = 'ARCHITECTURE.md';
/** Names as code has them: one, or several joined by dots. */
const SYMBOL = /`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\(\))?`/g;
const FILE_NAME = /\.(?:tsx?|mjs|md|sh|json|yml)$/;

export function checkNamedSymbols(tree: Tree): Finding[] {
  const page = tree.pages.find(({ file }) => file === PAGE);
  if (page === undefined) return [];
  const words = collectWords(tree);
  const isFolder = (name: string): boolean => tree.names.has(name) || tree.names.has(`src/${name}`);
  return page.lines.flatMap((text, index) =>
    [...text.matchAll(SYMBOL)]
      .map(([, name = '']) => name)
      .filter((name) => !FILE_NAME.test(name) && !isFolder(name))
      .flatMap((name) => name.split('.'))
      .filter((name) => !words.has(name))
      .map((name) => ({
        file: PAGE,
        line: index + 1,
        what: `names \`${name}\`, which no code has`,
        remedy: 'name what exists now',
      })),
  );
}

/** All words of code and of its texts. Words that only comments use do not count. */
export function collectWords(tree: Tree): ReadonlySet<string> {
  const words = new Set<string>();
  for (const { text, lexed } of tree.sources) {
    let code = text;
    for (const comment of lexed.comments) code = code.replace(comment.text, () => ' ');
    for (const [word] of code.matchAll(/\w+/g)) words.add(word);
  }
  return words;
}
