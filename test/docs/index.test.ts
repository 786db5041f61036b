/** docs/README.md, the index by kind, has each page once; README.md is short. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../kit/fences.ts';
import { listPagesOfDocs } from '../kit/pages.ts';

test('docs/README.md has each page once, under one of four kinds', () => {
  const index = readFileSync(path.join(ROOT, 'docs/README.md'), 'utf8');
  const sections = index.split(/^## /m).slice(1);
  assert.deepEqual(
    sections.map((section) => section.split('\n')[0]),
    ['Tutorial', 'How-to', 'Reference', 'Explanation'],
  );
  const linked = [...index.matchAll(/\]\(([^)#]+)\)/g)]
    .map(([, target = '']) => path.posix.join('docs', target))
    .filter((target) => target.startsWith('docs/'))
    .toSorted();
  // A folder with an index of its own is one page here.
  const pages = listPagesOfDocs(ROOT)
    .filter((file) => file !== 'docs/README.md')
    .map((file) => file.replace(/^docs\/(keys|decisions)\/.*$/, 'docs/$1/README.md'));
  assert.deepEqual(linked, [...new Set(pages)].toSorted());
});

test('README is short enough to be read', () => {
  const lines = readFileSync(path.join(ROOT, 'README.md'), 'utf8').trimEnd().split('\n');
  assert.ok(lines.length <= 150, `README.md has ${lines.length} lines`);
});
