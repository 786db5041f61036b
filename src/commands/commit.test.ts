/** The commit that a program says it was made of. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { findCommit } from './commit.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const SHOWN = '0123456789ab';

function write(context: TestContext, files: Readonly<Record<string, string>>): string {
  const root = temporaryFolder(context);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

test('a build has it beside it, and that is before the checkout where it stands', (context) => {
  const root = write(context, {
    'dist/commit.txt': `${COMMIT}\n`,
    '.git/HEAD': 'ffffffffffffffffffffffffffffffffffffffff\n',
  });
  assert.equal(findCommit(path.join(root, 'dist')), SHOWN);
});

test('sources have that of their checkout: a branch, one that is packed, none, a worktree', (context) => {
  const head = 'ref: refs/heads/a/b\n';
  const packed = `# pack-refs\n${'f'.repeat(40)} refs/heads/b\n${COMMIT} refs/heads/a/b\n`;
  const checkouts: readonly Readonly<Record<string, string>>[] = [
    { '.git/HEAD': head, '.git/refs/heads/a/b': `${COMMIT}\n` },
    { '.git/HEAD': head, '.git/packed-refs': packed },
    { '.git/HEAD': `${COMMIT}\n` },
    {
      '.git': 'gitdir: main/.git/worktrees/w\n',
      'main/.git/worktrees/w/HEAD': head,
      'main/.git/worktrees/w/commondir': '../..\n',
      'main/.git/refs/heads/a/b': `${COMMIT}\n`,
    },
  ];
  for (const files of checkouts)
    assert.equal(findCommit(path.join(write(context, files), 'src')), SHOWN);
});

test('what has neither has none', (context) => {
  assert.equal(findCommit(path.join(write(context, {}), 'src')), undefined);
});
