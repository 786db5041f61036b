import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './nearest.ts';

const KNOWN = [
  'grpc',
  'http',
  'log_group_name',
  'log_retention',
  'url',
  'ca',
  'endpoint',
  'scrape_native_histograms',
  'always_scrape_classic_histograms',
];

for (const [key, expected] of [
  ['gprc', 'grpc'],
  ['htpp', 'http'],
  ['endpiont', 'endpoint'],
  ['endpnt', 'endpoint'],
  ['log_group', 'log_group_name'],
  ['log_retention_days', 'log_retention'],
  ['urls', 'url'],
  ['scrape_classic_histograms', 'always_scrape_classic_histograms'],
  ['scrape_native_histogrm', 'scrape_native_histograms'],
  ['urn', 'url'],
  ['cb', undefined],
  ['end', undefined],
  ['smtp', undefined],
  ['tags', undefined],
  ['name', undefined],
  ['', undefined],
] as const)
  test(`"${key}" was probably meant as ${expected ?? 'nothing that is known'}`, () => {
    assert.equal(nearest(key, KNOWN), expected);
  });
