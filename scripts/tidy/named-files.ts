/**
 * Checks that files and folders named in a comment or on a page exist.
 *
 * A name is looked up from the root, from src/ and test/, from the folder of the naming file and
 * all folders above it, and from folders that the same comment or line names. A name without a
 * folder may also belong to the only file of that name.
 */
import path from 'node:path';
import type { Finding, Tree } from './tree.ts';

/** Names of our own kinds of files. Other extensions are data, or belong to other projects. */
const FILE_NAME = /(?<![\w/.*@:-])(?:\.{1,2}\/)*[\w-][\w./-]*\.(?:tsx?|mjs|md)\b(?![\w(*])/g;
const PATH = /(?<![\w/.*@:-])(?:src|test|bench|scripts|docs|examples)\/[\w./-]*[\w-](?![\w*{<…])/g;
const FOLDER_IN_BACKTICKS = /`((?:[a-z0-9][\w-]*\/)+)`/g;

/** Paths that exist only after an installation or a build, or that belong to other projects. */
const ELSEWHERE = /^(?:dist|build|coverage|node_modules|\.peers)\b|^index\.d\.ts$/;

export function checkNamedFiles(tree: Tree): Finding[] {
  const resolve = makeResolver(tree);
  const inComments = tree.sources.flatMap(({ file, lexed }) =>
    lexed.comments.flatMap(({ line, text }) => findUnresolved(resolve, file, line, text)),
  );
  const inPages = tree.pages.flatMap(({ file, lines }) =>
    lines.flatMap((text, index) => findUnresolved(resolve, file, index + 1, text)),
  );
  return [...inComments, ...inPages];
}

type Resolve = (name: string, from: readonly string[]) => readonly string[];

/** Makes a function that finds the paths which a name may mean. */
function makeResolver({ names }: Tree): Resolve {
  const byBase = new Map<string, string[]>();
  for (const name of [...names].sort()) {
    const base = path.posix.basename(name);
    byBase.set(base, [...(byBase.get(base) ?? []), name]);
  }
  return (name, from) => {
    const direct = ['', 'src', 'test', ...from]
      .map((folder) => path.posix.join(folder, name))
      .find((one) => names.has(one));
    if (direct !== undefined) return [direct];
    return (byBase.get(path.posix.basename(name)) ?? []).filter((one) => one.endsWith(`/${name}`));
  };
}

function findUnresolved(resolve: Resolve, file: string, line: number, text: string): Finding[] {
  const folders = foldersAbove(file);
  return text.split('\n').flatMap((one, index) => {
    const bare = one.replaceAll(/\w+:\/\/\S+|\]\([^)]*\)/g, ' ');
    const named = [
      ...(bare.match(FILE_NAME) ?? []),
      ...(bare.match(PATH) ?? []),
      ...[...bare.matchAll(FOLDER_IN_BACKTICKS)].map(([, name = '']) => name),
    ];
    const trimmed = [...new Set(named.map((name) => name.replace(/[/.]+$/, '')))];
    const known = trimmed
      .map((name) => resolve(name, folders))
      .flatMap(([name, ...others]) => (name === undefined || others.length > 0 ? [] : [name]))
      .flatMap((name) => [name, path.posix.dirname(name)]);
    return trimmed.flatMap((name): Finding[] => {
      if (ELSEWHERE.test(name)) return [];
      const found = resolve(name, [...folders, ...known]);
      if (found.length === 1) return [];
      const at = { file, line: line + index };
      if (found.length === 0)
        return [
          { ...at, what: `names ${name}, which does not exist`, remedy: 'name what exists now' },
        ];
      return [
        {
          ...at,
          what: `names ${name}, which may be ${found.join(' or ')}`,
          remedy: 'write its folder',
        },
      ];
    });
  });
}

/** The folder of a file and all folders above it, without the root. */
function foldersAbove(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}
