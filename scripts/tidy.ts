/**
 * `npm run tidy` checks the rules of style that a machine can check, over the whole tree. Each
 * check is a file in scripts/tidy/. Each breach is printed as `file:line: what; remedy`, and the
 * exit status is 1 if there is one.
 *
 *     node scripts/tidy.ts [root]      checks another tree
 */
import path from 'node:path';
import { checkExportedNames } from './tidy/exported-names.ts';
import { checkFileLength } from './tidy/file-length.ts';
import { checkFileNames } from './tidy/file-names.ts';
import { checkHeaders } from './tidy/headers.ts';
import { checkLineLength } from './tidy/line-length.ts';
import { checkLinks } from './tidy/links.ts';
import { checkNamedFiles } from './tidy/named-files.ts';
import { checkNamedInPages } from './tidy/named-in-pages.ts';
import { checkNamedSymbols } from './tidy/named-symbols.ts';
import { checkOpenWalls } from './tidy/open-walls.ts';
import { checkWallClock } from './tidy/wall-clock.ts';
import { readTree, type Tree } from './tidy/tree.ts';

const checks = [
  checkLineLength,
  checkFileLength,
  checkFileNames,
  checkHeaders,
  checkNamedFiles,
  checkNamedSymbols,
  checkExportedNames,
  checkLinks,
  checkNamedInPages,
  checkOpenWalls,
  checkWallClock,
] as const;

const root = process.argv[2] ?? path.resolve(import.meta.dirname, '..');
const tree: Tree = readTree(root);
const findings = checks.flatMap((check) => check(tree));
for (const { file, line, what, remedy } of findings)
  process.stdout.write(`${file}:${line}: ${what}; ${remedy}\n`);
if (findings.length > 0) {
  process.stderr.write(
    `tidy: ${findings.length} ${findings.length === 1 ? 'breach' : 'breaches'}\n`,
  );
  process.exitCode = 1;
}
