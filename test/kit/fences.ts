/** The fenced blocks of the pages that people read, each with the place where it stands. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { listPagesOfDocs } from './pages.ts';

export const ROOT = path.resolve(import.meta.dirname, '../..');

export interface Fence {
  /** From the root of the repository, with slashes. */
  readonly page: string;
  /** The page and its line, as editors take it. */
  readonly where: string;
  /** Empty where the block names none. */
  readonly language: string;
  readonly text: string;
}

/** The pages whose examples are judged: README, docs/, and the READMEs of examples/. */
export function listPagesWithExamples(): string[] {
  const examples = globSync('examples/**/README.md', { cwd: ROOT }).toSorted();
  return ['README.md', 'CONTRIBUTING.md', ...listPagesOfDocs(ROOT), ...examples];
}

/** All blocks of a page, in order. */
export function listFences(page: string): Fence[] {
  const fences: Fence[] = [];
  let opened: { line: number; indent: string; language: string; text: string[] } | undefined;
  const lines = readFileSync(path.join(ROOT, page), 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    const fence = /^(\s*)```(.*)$/.exec(line);
    if (fence === null) {
      // A block that stands in a list is indented with it.
      const indent = opened?.indent ?? '';
      opened?.text.push(line.startsWith(indent) ? line.slice(indent.length) : line);
    } else if (opened === undefined) {
      const [, indent = '', language = ''] = fence;
      opened = { line: index + 1, indent, language: language.trim(), text: [] };
    } else {
      const { line: at, language, text } = opened;
      fences.push({ page, where: `${page}:${at}`, language, text: `${text.join('\n')}\n` });
      opened = undefined;
    }
  }
  assert.equal(opened, undefined, `${page}: a fence has no end`);
  return fences;
}
