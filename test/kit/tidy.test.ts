/** Checks that only tests import what tests share: published sources import nothing from test/. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const IMPORT = /(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g;

test('no source but a test imports from test/', () => {
  const files = globSync('src/**/*.{ts,tsx}', { cwd: root }).filter(
    (file) => !file.endsWith('.test.ts'),
  );
  assert.ok(files.length > 100, 'the sources are found');
  const breaches = files.flatMap((file) => {
    const imports = readFileSync(path.join(root, file), 'utf8').matchAll(IMPORT);
    return [...imports]
      .map(([, specifier = '']) => path.join(path.dirname(file), specifier))
      .filter((target) => target.split(path.sep)[0] === 'test')
      .map((target) => `${file} imports ${target}`);
  });
  assert.deepEqual(breaches, []);
});
