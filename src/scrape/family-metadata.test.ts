import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLabelSet } from '../model/labels.ts';
import type { SeriesType } from '../model/sample.ts';
import { FamilyMetadata } from './family-metadata.ts';

function metadataOf(families: Readonly<Record<string, SeriesType>>): FamilyMetadata {
  const metadata = new FamilyMetadata();
  for (const [name, type] of Object.entries(families)) metadata.take(name, 'type', '', type);
  return metadata;
}

const METADATA = metadataOf({
  http_requests: 'counter',
  request_seconds: 'histogram',
  rpc_seconds: 'summary',
  queue_count: 'gauge',
});

function familyOf(exposed: string, name = exposed): string {
  const { family } = METADATA.originOf(exposed, makeLabelSet({ __name__: name, a: 'b' }));
  return `${family.name} ${family.type}`;
}

test('parts of a distribution have its family, other series the family of their own name', () => {
  assert.equal(familyOf('request_seconds_bucket'), 'request_seconds histogram');
  assert.equal(familyOf('request_seconds_sum'), 'request_seconds histogram');
  assert.equal(familyOf('rpc_seconds_count'), 'rpc_seconds summary');
  assert.equal(familyOf('rpc_seconds'), 'rpc_seconds summary');
  assert.equal(familyOf('http_requests_total'), 'http_requests_total counter');
  assert.equal(familyOf('queue_count'), 'queue_count gauge');
  assert.equal(familyOf('http_requests_created'), 'http_requests_created gauge');
  assert.equal(familyOf('up'), 'up unknown');
});

test('a series that relabelling renamed keeps its type, and its family the rest of its name', () => {
  assert.equal(familyOf('request_seconds_bucket', 'b_bucket'), 'b histogram');
  assert.equal(familyOf('http_requests_total', 'b'), 'b counter');
  // What lost its suffix is no part of a distribution any more.
  assert.equal(familyOf('request_seconds_bucket', 'b'), 'b unknown');
});
