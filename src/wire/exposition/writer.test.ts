import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSampleValue, writeExposition } from './writer.ts';

test('families are written with help, type and samples, in the order given', () => {
  const text = writeExposition([
    {
      name: 'http_requests_total',
      help: 'Requests,\nby code \\ method.',
      type: 'counter',
      samples: [
        { labels: { code: '200', path: 'a"b\\c\nd', empty: '' }, value: 3 },
        { labels: {}, value: 0.5, tMs: 1_700_000_000_000 },
      ],
    },
    { name: 'nothing', help: 'Left out.', type: 'gauge', samples: [] },
    {
      name: 'took_seconds',
      help: 'Time.',
      type: 'histogram',
      samples: [
        { suffix: '_bucket', labels: { le: '+Inf' }, value: 2 },
        { suffix: '_sum', labels: {}, value: 1.5 },
        { suffix: '_count', labels: {}, value: 2 },
      ],
    },
  ]);
  assert.equal(
    text,
    String.raw`# HELP http_requests_total Requests,\nby code \\ method.
# TYPE http_requests_total counter
http_requests_total{code="200",path="a\"b\\c\nd"} 3
http_requests_total 0.5 1700000000000
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{le="+Inf"} 2
took_seconds_sum 1.5
took_seconds_count 2
`,
  );
});

test('names that were illegal before UTF-8 are quoted', () => {
  const text = writeExposition([
    { name: 'my.name', help: '', type: 'gauge', samples: [{ labels: { 'a.b': 'v' }, value: 1 }] },
  ]);
  assert.equal(text, '# TYPE "my.name" gauge\n{"my.name","a.b"="v"} 1\n');
});

test('values are written so that they read back as themselves', () => {
  const cases: [number, string][] = [
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [NaN, 'NaN'],
    [-0, '-0'],
    [1e21, '1e+21'],
    [0.1, '0.1'],
  ];
  for (const [value, text] of cases) assert.equal(formatSampleValue(value), text);
});
