/** The list of traces counts segments as the tree of a trace shows them, broken ones left out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTraceTree } from '../src/page/traces/tree.ts';
import { countSegments } from '../src/workspace/traces/segment-counts.ts';
import { makeOrder } from './kit/shop-traces.ts';

const SEGMENT = { id: 'a', name: 'shop', start_time: 1_700_000_000, end_time: 1_700_000_001 };

test('a list counts the segments that the tree shows', () => {
  const cases: readonly (readonly [count: number, documents: readonly unknown[]])[] = [
    [0, []],
    [1, [SEGMENT]],
    [1, [SEGMENT, { ...SEGMENT, end_time: undefined, in_progress: true }]],
    [2, [SEGMENT, { ...SEGMENT, id: 'b' }, { ...SEGMENT, id: 'c', type: 'subsegment' }]],
    [1, [SEGMENT, null, 7, 'text', [], [SEGMENT], 'T1S', '{"id":']],
    [1, [SEGMENT, { ...SEGMENT, id: 'b', start_time: undefined }]],
    [1, [SEGMENT, { ...SEGMENT, id: 'b', start_time: '1' }]],
    [1, [SEGMENT, { ...SEGMENT, id: 'b', start_time: -1 }]],
    [1, [SEGMENT, { ...SEGMENT, id: 'b', start_time: 1e308 }]],
    [1, [SEGMENT, { ...SEGMENT, id: 'b', end_time: 'soon' }]],
    [2, [SEGMENT, { ...SEGMENT, id: 'b', end_time: null }]],
    [3, [SEGMENT, { ...SEGMENT, id: undefined }, { ...SEGMENT, id: '' }]],
    [2, [SEGMENT, { ...SEGMENT, id: 7 }, { ...SEGMENT, id: '7' }]],
    [
      2,
      [
        { ...SEGMENT, id: {} },
        { ...SEGMENT, id: [] },
      ],
    ],
  ];
  for (const [count, values] of cases) {
    const documents = values.map((value) =>
      typeof value === 'string' ? value : JSON.stringify(value),
    );
    assert.equal(countSegments(documents), count, documents.join());
    assert.equal(buildTraceTree(documents).segments, count, documents.join());
  }
  const { documents } = makeOrder();
  assert.equal(countSegments(documents), buildTraceTree(documents).segments);
});
