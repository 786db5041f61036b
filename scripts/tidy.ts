/**
 * `npm run tidy`: what style asks and a machine can check, over the whole tree, one check a file in
 * scripts/tidy/. Prints each breach as `file:line: what; remedy` and ends with 1 if there is one.
 *
 *     node scripts/tidy.ts [root]      another tree than this one
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
] as const;

const root = process.argv[2] ?? path.resolve(import.meta.dirname, '..');
const tree: Tree = readTree(root);
const findings = checks.flatMap((check) => check(tree));
for (const { file, line, what, remedy } of findings)
  process.stdout.write(`${file}:${line}: ${what}; ${remedy}\n`);
if (findings.length > 0) {
  process.stderr.write(`tidy: ${findings.length} breaches\n`);
  process.exitCode = 1;
}
