/**
 * docs/how-to/migrate.md and docs/migrate-from-adot.md as a reader follows them: each conversion is
 * run with the files of the page in an empty folder, and prints what the page shows.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from './kit/folder.ts';

const root = path.resolve(import.meta.dirname, '..');

/** What a shell shows of a command, a line `$ …` in front of it. */
async function run(line: string, folder: string): Promise<string> {
  const main = path.join(root, 'src/main.ts');
  const script = `amperage() { "${process.execPath}" "${main}" "$@"; }; ${line}`;
  return new Promise((resolve) => {
    execFile('bash', ['-c', script], { cwd: folder, timeout: 60_000 }, (_, stdout, stderr) => {
      resolve(`$ ${line}\n${stdout}${stderr}`);
    });
  });
}

for (const [page, least] of [
  ['docs/how-to/migrate.md', 9],
  ['docs/migrate-from-adot.md', 3],
] as const)
  test(`${page}: each conversion prints what the page shows`, async (context) => {
    const text = readFileSync(path.join(root, page), 'utf8');
    const folder = temporaryFolder(context);
    for (const [, name = '', body = ''] of text.matchAll(/`([\w.-]+)`:\n\n```\w+\n(.*?)```/gs))
      writeFileSync(path.join(folder, name), body);
    const shown = [...text.matchAll(/```console\n(\$ amperage (?:check|generate) .*?)```/gs)].map(
      ([, block = '']) => block,
    );
    assert.ok(shown.length >= least, `${shown.length} examples`);
    for (const block of shown) {
      const lines = block.split('\n').filter((line) => line.startsWith('$ '));
      let printed = '';
      for (const line of lines) printed += await run(line.slice(2), folder);
      assert.equal(printed, block);
    }
  });
