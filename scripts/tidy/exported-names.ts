/**
 * Checks that one name has one meaning: no two files of src may export a function, class, type or
 * value of the same name. Exceptions stand in SHARED_NAMES, which can only shrink.
 */
import { SHARED_NAMES } from './exceptions.ts';
import type { Finding, Tree } from './tree.ts';

const EXPORTED =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) +(\w+)/gm;
const LIST = 'scripts/tidy/exceptions.ts';

export function checkExportedNames(tree: Tree, sharedNames = SHARED_NAMES): Finding[] {
  const exportsByName = findExports(tree);
  const findings: Finding[] = [];
  for (const [name, all] of exportsByName) {
    const files = [...new Set(all.map(({ file }) => file))];
    const permitted = sharedNames[name]?.files ?? 1;
    const at = all.at(-1);
    if (files.length <= permitted || at === undefined) continue;
    const what = `exports ${name}, and so do ${files.filter((one) => one !== at.file).join(', ')}`;
    findings.push({ ...at, what, remedy: 'give each meaning its own name' });
  }
  for (const [name, { files }] of Object.entries(sharedNames)) {
    const count = new Set(exportsByName.get(name)?.map(({ file }) => file)).size;
    if (count >= files) continue;
    const what = `${name} is exported by ${count} files, no more by ${files}`;
    const remedy = count > 1 ? `write ${count} in SHARED_NAMES` : 'take it out of SHARED_NAMES';
    findings.push({ file: LIST, line: 1, what, remedy });
  }
  return findings;
}

/** Name → the files and lines of src that export it. */
function findExports(tree: Tree): Map<string, { file: string; line: number }[]> {
  const exportsByName = new Map<string, { file: string; line: number }[]>();
  for (const { file, isTest, lexed } of tree.sources) {
    if (!file.startsWith('src/') || isTest) continue;
    for (const { 1: name = '', index } of lexed.code.matchAll(EXPORTED)) {
      const line = lexed.code.slice(0, index).split('\n').length;
      exportsByName.set(name, [...(exportsByName.get(name) ?? []), { file, line }]);
    }
  }
  return exportsByName;
}
