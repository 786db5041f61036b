/**
 * Checks that every file of code begins with a comment that says what it is. Tests need none,
 * because the titles of their cases say it.
 */
import type { Finding, SourceFile, Tree } from './tree.ts';

/** A header with fewer words is taken to say nothing. */
const WORDS_MIN = 3;

export function checkHeaders(tree: Tree): Finding[] {
  return tree.sources
    .filter((source) => !source.isTest && countHeaderWords(source) < WORDS_MIN)
    .map(({ file }) => ({
      file,
      line: 1,
      what: 'no header that says what the file is',
      remedy: 'begin it with a comment: what it is, what it is not, its source',
    }));
}

function countHeaderWords({ file, text }: SourceFile): number {
  const header = file.endsWith('.sh')
    ? (/^(?:#!.*\n)?((?:#.*\n)+)/.exec(text)?.[1] ?? '')
    : (/^(?:#!.*\n)?(\/\*\*[^]*?\*\/|(?:\/\/.*\n)+)/.exec(text)?.[1] ?? '');
  return header.match(/[\p{L}\d]{2,}/gu)?.length ?? 0;
}
