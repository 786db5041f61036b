/** Checks that the scores of the published suites do not fall. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../kit/conformance.ts';
import { readPage, runSuites } from './suites.ts';

test('no published suite scores lower than it did', { skip: skipWithoutConformance }, async (t) => {
  const floors = JSON.parse(
    readFileSync(join(import.meta.dirname, 'floors.json'), 'utf8'),
  ) as Record<string, number>;
  const scores = await runSuites();
  assert.deepEqual(
    scores.map(({ suite }) => suite),
    Object.keys(floors),
  );
  for (const { suite, cases, wrong } of scores) {
    const score = cases - wrong.length;
    t.diagnostic(`${suite}: ${score} of ${cases}`);
    assert.ok(score >= (floors[suite] ?? 0), `${suite}: ${score}\n${wrong.join('\n')}`);
  }
});

test('every line of a large page is read', { skip: skipWithoutConformance }, () => {
  const files = {
    'alltypes.237mfs.prom.txt': 'text',
    'alltypes.5mfs.om.txt': 'openmetrics',
  } as const;
  for (const [file, format] of Object.entries(files)) {
    const body = readFileSync(conformancePath('text-format', file));
    const lines = body.toString().split('\n');
    const samples = lines.filter((line) => line !== '' && !line.startsWith('#'));
    assert.equal(readPage(body, format), samples.length);
  }
});
