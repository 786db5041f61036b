/**
 * Reads the files that the tidy checks look at, and defines what a check reports. The disk is read
 * once, here; only package.json is read by a check.
 */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Lexed, lexSource } from './lexing.ts';

/** A breach: where and what it is, and the remedy. */
export interface Finding {
  /** Path from the root of the tree, with `/`. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly what: string;
  readonly remedy: string;
}

export interface SourceFile {
  /** Path from the root of the tree, with `/`. */
  readonly file: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly isTest: boolean;
  /** Only of TypeScript and JavaScript. A shell script is read as empty here. */
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
  /** Pages of the root and of docs/, except CHANGELOG.md, which names what existed before. */
  readonly pages: readonly Page[];
  /** Paths from the root of all files and folders, except what is installed or built. */
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
