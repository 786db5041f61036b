/**
 * The files that the tidy checks read, as text and taken apart, and what a check reports. Reads the
 * disk once; checks get all they need from here.
 */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Lexed, lexSource } from './lexing.ts';

/** A breach: where it is, what it is, and what to do. */
export interface Finding {
  /** From the root, with `/`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly what: string;
  readonly remedy: string;
}

export interface SourceFile {
  /** From the root, with `/`. */
  readonly file: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly isTest: boolean;
  /** Of TypeScript and JavaScript; a shell script has no comments here. */
  readonly lexed: Lexed;
}

export interface Page {
  readonly file: string;
  readonly lines: readonly string[];
}

export interface Tree {
  readonly root: string;
  /** Code of src, test, bench, scripts, examples and the root. */
  readonly sources: readonly SourceFile[];
  /** All pages of the root and of docs/, but CHANGELOG.md, which tells of the past. */
  readonly pages: readonly Page[];
  /** All files and folders of the tree, from the root, but what is installed or built. */
  readonly names: ReadonlySet<string>;
}

const UNREAD = ['node_modules', 'dist', 'build', 'coverage', '.peers', '.git'];

export function readTree(root: string): Tree {
  const names = globSync('**', { cwd: root, exclude: (name) => UNREAD.includes(name) })
    .map((name) => name.replaceAll(path.sep, '/'))
    .filter((name) => name !== '.');
  const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
  const isSource = (file: string): boolean =>
    /^(?:(?:src|test|bench|scripts|examples)\/.*\.(?:ts|tsx|mjs|sh)|[^/]+\.ts)$/.test(file);
  const sources = names
    .filter(isSource)
    .sort()
    .map((file): SourceFile => {
      const text = read(file);
      return {
        file,
        text,
        lines: text.replace(/\n$/, '').split('\n'),
        isTest: file.includes('.test.'),
        lexed: lexSource(file.endsWith('.sh') ? '' : text),
      };
    });
  const pages = names
    .filter((file) => /^(?:[A-Z_]+|docs\/.*)\.md$/.test(file) && file !== 'CHANGELOG.md')
    .sort()
    .map((file): Page => ({ file, lines: read(file).replace(/\n$/, '').split('\n') }));
  return { root, sources, pages, names: new Set(names) };
}
