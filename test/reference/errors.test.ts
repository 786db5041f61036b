/**
 * The catalogue of error codes: a code outside it does not compile, and faults of the catalogue are
 * found.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkErrorCodes, renderErrorPage } from '../../scripts/generate/error-page.ts';
import { type ErrorFamily, FAMILIES } from '../../src/kernel/error-codes/catalogue.ts';
import { ConfigError, PermanentError, RecoverableError } from '../../src/kernel/errors.ts';

const entry = { means: 'It is broken.', remedy: 'Mend it.' };
const family = (codes: ErrorFamily['codes']): ErrorFamily => ({ title: 'T', text: 'X.', codes });

test('a code that has no entry, or that is of another family, does not compile', () => {
  // @ts-expect-error no such code
  assert.ok(new ConfigError('NO_SUCH_CODE', 'x'));
  // @ts-expect-error of another family
  assert.ok(new ConfigError('SINK_FORBIDDEN', 'x'));
  // @ts-expect-error of another family
  assert.ok(new RecoverableError('SCRAPE_STATUS', 'x'));
  assert.equal(new PermanentError('SCRAPE_STATUS', 'x').reason, 'status');
});

test('an entry that no source uses is a fault with its remedy', () => {
  const codes = { A_USED: entry, A_LEFT: entry };
  const sources = [{ path: 'src/a.ts', text: `throw new ConfigError('A_USED', "A_LEFT")` }];
  const [fault, ...more] = checkErrorCodes([family(codes)], sources);
  assert.match(fault ?? '', /^error code A_LEFT \("T"\) is used nowhere .*remove it/);
  assert.deepEqual(more, []);
});

test('a code with two meanings is a fault', () => {
  const sources = [{ path: 'src/a.ts', text: `'A_USED'` }];
  const faults = checkErrorCodes([family({ A_USED: entry }), family({ A_USED: entry })], sources);
  assert.match(faults.join(), /A_USED stands in two families/);
});

test('the page has a heading for each code, which is its anchor', () => {
  const page = renderErrorPage(FAMILIES);
  for (const { codes } of FAMILIES)
    for (const code of Object.keys(codes)) assert.ok(page.includes(`\n### ${code}\n`), code);
});

test('every entry consists of sentences, and its code is written in capitals', () => {
  for (const { codes } of FAMILIES)
    for (const [code, { means, remedy }] of Object.entries(codes)) {
      assert.match(code, /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/);
      for (const text of [means, remedy]) assert.match(text, /^["A-Z].*[.]$/, `${code}: ${text}`);
    }
});

test('every code that a document names exists', () => {
  const known = new Set(FAMILIES.flatMap(({ codes }) => Object.keys(codes)));
  const prefixes = /^(?:CONFIG|SINK|SCRAPE|QUEUE|FLAG|PORT|LISTEN)_/;
  for (const file of ['README.md', 'docs/configuration.md', 'CHANGELOG.md']) {
    const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
    for (const [, name = ''] of text.matchAll(/`([A-Z]+_[A-Z_]+)`/g))
      if (prefixes.test(name) && !ENVIRONMENT.has(name))
        assert.ok(known.has(name), `${file}: ${name}`);
  }
});

/** Variables of other images and of systemd, which begin as codes do. */
const ENVIRONMENT = new Set(['CONFIG_LOCATION', 'LISTEN_FDS', 'LISTEN_PID']);
