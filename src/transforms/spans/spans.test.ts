import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listAttributes, makeSpan, makeTraceRequest } from '../../../test/kit/spans.ts';
import type { SpanTransform } from '../../wire/otlp/span-transform.ts';
import { countSpansOf } from '../../wire/otlp/span-transform.ts';
import { spanActions } from './attributes.ts';
import { detectedInSpans } from './resource.ts';
import { sampleTraces } from './sampling.ts';

const given = makeTraceRequest([
  makeSpan({ attributes: listAttributes({ n: 5, secret: 'x', flag: true }) }),
]).resourceSpans[0]!;

const attributesBehind = (transform: SpanTransform) =>
  transform.change(given).scopeSpans[0]?.spans[0]?.attributes;

test('actions keep the types of values', () => {
  const transform = spanActions('attributes', [
    { action: 'upsert', key: 'copy', fromAttribute: 'n' },
    { action: 'insert', key: 'env', value: 'prod' },
    { action: 'convert', key: 'n', to: 'string' },
    { action: 'delete', key: 'flag' },
    { action: 'hash', key: 'secret' },
  ]);
  assert.deepEqual(
    attributesBehind(transform),
    listAttributes({
      n: '5',
      secret: '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',
      copy: 5,
      env: 'prod',
    }),
  );
});

test('detected attributes replace those of the resource only where they are to', () => {
  const detected = new Map([['service.name', 'detected'], ['host.id', 'i-1']]); // prettier-ignore
  const behind = (override: boolean) =>
    detectedInSpans('d', detected, override).change(given).resource?.attributes;
  assert.deepEqual(behind(true), listAttributes({ 'service.name': 'detected', 'host.id': 'i-1' }));
  assert.deepEqual(
    behind(false),
    listAttributes({ 'service.name': 'my.service', 'host.id': 'i-1' }),
  );
});

test('a sampler keeps its share of traces, and what asks to be kept', () => {
  const kept = (percentage: number, attributes = {}): number => {
    const transform = sampleTraces('s', percentage, 22);
    const spans = Array.from({ length: 2_000 }, (_, index) => {
      const traceId = Buffer.alloc(16, 7);
      traceId.writeUInt32BE(index * 1_654_435, 4);
      return makeSpan({ traceId, attributes: listAttributes(attributes) });
    });
    return countSpansOf(transform.change(makeTraceRequest(spans).resourceSpans[0]!));
  };
  assert.deepEqual([kept(0), kept(100)], [0, 2_000]);
  const some = kept(25);
  assert.ok(some > 400 && some < 600, String(some));
  assert.equal(kept(1, { 'sampling.priority': 1 }), 2_000);
  assert.equal(kept(100, { 'sampling.priority': 0 }), 0);
});
