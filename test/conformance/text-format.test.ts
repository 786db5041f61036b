/**
 * Published pages of the text format: `*_error_*` is refused by the rules for writers, everything else accepted.
 * What a scrape takes is laxer, as Prometheus itself is: the cases it takes are named.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkExposition } from '../../src/wire/exposition-check.ts';
import { ExpositionError } from '../../src/wire/exposition-error.ts';
import { ExpositionReader } from '../../src/wire/exposition-parser.ts';
import { conformancePath, skipWithoutConformance } from '../conformance.ts';

/** No last line feed, a raw line feed in a value, a second HELP, a late TYPE. */
const takenByScrapes = ['error_0', 'error_2', 'error_12', 'error_14'];

function countSamples(body: Uint8Array): number {
  const reader = new ExpositionReader();
  reader.open(body);
  let count = 0;
  for (let entry = reader.next(); entry !== 'end'; entry = reader.next()) {
    if (entry !== 'sample') continue;
    reader.labels();
    count += 1;
  }
  return count;
}

test('the published pages get their verdict', { skip: skipWithoutConformance }, () => {
  // One file is OpenMetrics, which is another format.
  const files = readdirSync(conformancePath('text-format')).filter((f) => !f.endsWith('.om.txt'));
  assert.ok(files.length >= 13);
  for (const file of files) {
    const body = readFileSync(conformancePath('text-format', file));
    const isTaken = takenByScrapes.some((name) => file.endsWith(name));
    if (!file.includes('error')) {
      checkExposition(body);
      countSamples(body);
      continue;
    }
    assert.throws(() => checkExposition(body), ExpositionError, file);
    if (isTaken) countSamples(body);
    else assert.throws(() => countSamples(body), ExpositionError, file);
  }
});

test('every line of a large page is read', { skip: skipWithoutConformance }, () => {
  const body = readFileSync(conformancePath('text-format', 'alltypes.237mfs.prom.txt'));
  const lines = body.toString().split('\n');
  const samples = lines.filter((line) => line !== '' && !line.startsWith('#'));
  assert.equal(countSamples(body), samples.length);
});
