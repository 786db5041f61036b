/**
 * The commit that this program was made of: as scripts/write-commit.mjs has written it beside the
 * built program, else that of the checkout whose sources run.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PROGRAM_FOLDER } from '../kernel/package-files.ts';

const SHOWN = 12;

/** @param source  the folder of main.ts or of the main.js that was built of it */
export function findCommit(source = PROGRAM_FOLDER): string | undefined {
  const commit = readText(join(source, 'commit.txt')) ?? readHead(join(source, '..'));
  return commit?.slice(0, SHOWN);
}

/** The commit that is checked out, by the files of Git; a worktree has its own HEAD. */
function readHead(root: string): string | undefined {
  const pointer = readText(join(root, '.git'));
  const own = resolve(root, pointer?.replace('gitdir: ', '') ?? '.git');
  const shared = resolve(own, readText(join(own, 'commondir')) ?? '.');
  const head = readText(join(own, 'HEAD'));
  if (head === undefined || !head.startsWith('ref: ')) return head;
  const name = head.slice('ref: '.length);
  const loose = readText(join(shared, name));
  if (loose !== undefined) return loose;
  const packed = readText(join(shared, 'packed-refs'))?.split('\n') ?? [];
  return packed.find((line) => line.endsWith(` ${name}`))?.split(' ')[0];
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
