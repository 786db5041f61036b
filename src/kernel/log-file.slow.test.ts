import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/kit/folder.ts';

test('bug: a pipe that nobody reads stops nothing: lines go elsewhere', (context) => {
  const path = join(temporaryFolder(context), 'pipe');
  if (spawnSync('mkfifo', [path]).status !== 0) return context.skip('there is no mkfifo');
  // In a process of its own, which the opening of a pipe could stop for good.
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { openLogFile } from ${JSON.stringify(join(import.meta.dirname, 'log-file.ts'))};
       const instead = (line) => process.stdout.write(line + '\\n');
       openLogFile({ path: ${JSON.stringify(path)}, rotates: false, instead })('a line');`,
    ],
    { encoding: 'utf8', timeout: 20_000 },
  );
  assert.equal(status, 0);
  assert.match(stdout, /cannot be written: ENXIO.*\na line\n/);
});
