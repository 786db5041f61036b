/** Checks that npm scripts, environment variables, codes and flags named on a page exist. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { listReplaced } from '../../src/commands/replaced/program-table.ts';
import { PROGRAMS } from '../../src/commands/replaced/programs.ts';
import { collectWords } from './named-symbols.ts';
import type { Finding, Tree } from './tree.ts';

const SCRIPT = /\bnpm run (?:-s )?([\w:.-]*\w)/g;
/** Names in capitals, except names of files and Node's own variables. */
const SHOUTED = /(?<![\w/-])(?!NODE_)[A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9](?![\w*-]|\.md)/g;
const FLAG = /(?<![\w-])--[a-z][\w.-]*\w/g;

/** Lines of shell whose flags are another program's. */
const OF_OTHERS = /^(?:aws|curl|docker|terraform) /;

export function checkNamedInPages(tree: Tree): Finding[] {
  const scripts = readScripts(tree);
  const words = collectWords(tree);
  // Whole flags: the beginning of a longer one is not a flag.
  const flags = new Set([
    ...tree.sources.flatMap(({ text }) => text.match(FLAG) ?? []),
    ...PROGRAMS.flatMap((program) => program.flags.flatMap(listReplaced)).map(
      ({ name }) => `--${name}`,
    ),
  ]);
  return tree.pages.flatMap(({ file, lines }) =>
    lines.flatMap((text, index) => {
      const found = (what: string): Finding => ({
        file,
        line: index + 1,
        what,
        remedy: 'name what exists now',
      });
      const bare = text.replaceAll(/\w+:\/\/\S+/g, ' ');
      return [
        ...[...bare.matchAll(SCRIPT)]
          .filter(([, name = '']) => !scripts.has(name))
          .map(([, name]) => found(`names npm run ${name}, which package.json lacks`)),
        ...(bare.match(SHOUTED) ?? [])
          .filter((name) => !words.has(name))
          .map((name) => found(`names ${name}, which no code has`)),
        ...(bare.match(FLAG) ?? [])
          .filter((flag) => !flags.has(flag) && !OF_OTHERS.test(text))
          .map((flag) => found(`names the flag ${flag}, which no code has`)),
      ];
    }),
  );
}

function readScripts(tree: Tree): ReadonlySet<string> {
  if (!tree.names.has('package.json')) return new Set();
  const read = readFileSync(path.join(tree.root, 'package.json'), 'utf8');
  const { scripts = {} } = JSON.parse(read) as { scripts?: Record<string, string> };
  return new Set(Object.keys(scripts));
}
