/**
 * docs/discovery-labels.md, which is read off the code's text, against lists of targets as they
 * come out, and against every label that a file of discovery names.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** The labels of each section, by its intro. */
const sections = read('docs/discovery-labels.md')
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [, intro = ''] = section.split('\n\n');
    return { intro, labels: [...section.matchAll(/`([^`]+)`/g)].map(([, label = '']) => label) };
  });

const fits = (label: string, names: readonly string[]): boolean =>
  names.some(
    (name) => name === label || (name.endsWith('*') && label.startsWith(name.slice(0, -1))),
  );

/** Docker labels of the containers of these lists. */
const DOCKER_LABEL = /^(?:PROMETHEUS_EXPORTER_\w+|plain)$/;

test('each label of a list of targets is in the section of its set', () => {
  const sets = globSync('test/golden/discovery/*.json', { cwd: ROOT });
  assert.equal(sets.length, 5);
  for (const file of sets) {
    const set = path.basename(file, '.json');
    const own = sections.filter(
      ({ intro }) =>
        intro.includes(`labels: ${set}`) ||
        (set === 'meta' && intro.includes('labels: prometheus`')),
    );
    const names = own.flatMap(({ labels }) => labels);
    const targets = JSON.parse(read(file)) as readonly Readonly<Record<string, string>>[];
    const seen = [...new Set(targets.flatMap((target) => Object.keys(target)))];
    const isKnown = (label: string): boolean =>
      fits(label, names) || (set === 'cloudwatch-agent' && DOCKER_LABEL.test(label));
    assert.deepEqual(
      seen.filter((label) => label !== '__address__' && !isKnown(label)),
      [],
      set,
    );
    assert.ok(seen.length > 8, set);
  }
});

test('each label that a file of discovery names is on the page', () => {
  const names = sections.flatMap(({ labels }) => labels);
  const files = globSync('src/discovery/**/*.ts', { cwd: ROOT }).filter(
    (file) => !file.endsWith('.test.ts'),
  );
  const named = files.flatMap((file) => read(file).match(/__meta_\w+[a-z](?!\w)/g) ?? []);
  assert.ok(named.length > 100);
  assert.deepEqual(
    [...new Set(named)].filter((label) => !fits(label, names)),
    [],
  );
});
