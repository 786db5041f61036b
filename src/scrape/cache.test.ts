import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Label, makeLabelSet } from '../model/labels.ts';
import { compileRelabelRule } from '../relabel/relabel.ts';
import { DEFAULT_LIMITS, type ScrapeConfig } from './config.ts';
import { RecordedTarget } from '../../test/kit/recorded-target.ts';

function setUp(config: Partial<ScrapeConfig> = {}, targetLabels: readonly Label[] = []) {
  const target = new RecordedTarget(config, targetLabels);
  /** The lines that a scrape commits, sorted; of a failing one, its stale markers. */
  const scrape = (body: string, tMs: number): string[] => {
    last = target.scrape(body, tMs);
    return last.lines.sort();
  };
  let last = target.scrape('', 0);
  return { target, scrape, counts: () => last.counts! };
}

test('the same body again makes no new series', () => {
  const { target, counts, scrape } = setUp();
  assert.deepEqual(scrape('# TYPE a counter\na{b="c"} 1\nd 2\n', 1), ['a{b="c"} 1 @1', 'd 2 @1']);
  assert.deepEqual(counts(), {
    scraped: 2,
    kept: 2,
    added: 2,
    duplicates: 0,
    outOfOrder: 0,
    outOfBounds: 0,
  });
  assert.deepEqual(scrape('# TYPE a counter\na{b="c"} 33.5\nd NaN\n', 2), [
    'a{b="c"} 33.5 @2',
    'd NaN @2',
  ]);
  assert.equal(target.seriesMade, 2);
  assert.equal(counts().added, 0);
});

test('a series that is missing gets one stale marker, and starts anew when it is back', () => {
  const { scrape, target } = setUp();
  scrape('a 1\nb 1\nc 1\n', 1);
  assert.deepEqual(scrape('a 2\nc 2\n', 2), ['a 2 @2', 'b stale @2', 'c 2 @2']);
  assert.deepEqual(scrape('a 3\nc 3\n', 3), ['a 3 @3', 'c 3 @3']);
  assert.deepEqual(scrape('c 4\nb 4\na 4\n', 4), ['a 4 @4', 'b 4 @4', 'c 4 @4']);
  assert.deepEqual(scrape('', 5), ['a stale @5', 'b stale @5', 'c stale @5']);
  assert.deepEqual(scrape('', 6), []);
  assert.equal(target.transaction.seriesCount, 0);
});

test('a failed scrape leaves stale markers of all series, once', () => {
  const { scrape, target } = setUp();
  scrape('a 1\nb 1\n', 1);
  assert.deepEqual(scrape('a 2\nnew 2\n{', 2), ['a stale @2', 'b stale @2']);
  assert.deepEqual(scrape('a 3\n{', 3), []);
  assert.deepEqual(scrape('a 4\nb 4\n', 4), ['a 4 @4', 'b 4 @4']);
  assert.deepEqual(scrape('a 5\n', 5), ['a 5 @5', 'b stale @5']);
  assert.equal(target.transaction.seriesCount, 1);
});

test('a series that comes twice in one scrape counts once, also when written differently', () => {
  const { scrape, counts } = setUp();
  assert.deepEqual(scrape('a{x="1",y="2"} 1\na{y="2",x="1"} 2\na{x="1",y="2"} 3\n', 1), [
    'a{x="1", y="2"} 1 @1',
  ]);
  assert.equal(counts().duplicates, 2);
  assert.deepEqual(scrape('a{y="2",x="1"} 4\n', 2), ['a{x="1", y="2"} 4 @2']);
});

test('series with own timestamps get no stale markers, and go only forward', () => {
  const { scrape, counts } = setUp();
  assert.deepEqual(scrape('a 1 1000\nb 1\n', 5_000), ['a 1 @1000', 'b 1 @5000']);
  assert.deepEqual(scrape('a 1 1000\nb 1\n', 6_000), ['b 1 @6000']);
  assert.deepEqual(scrape('a 1 999\nb 1\n', 7_000), ['b 1 @7000']);
  assert.equal(counts().outOfOrder, 1);
  assert.deepEqual(scrape('a 1 9999999999\n', 8_000), ['b stale @8000']);
  assert.equal(counts().outOfBounds, 1);
  assert.deepEqual(scrape('a 1 2000\n', 9_000), ['a 1 @2000']);
  assert.deepEqual(scrape('', 9_500), []);

  const ignoring = setUp({ honorTimestamps: false });
  assert.deepEqual(ignoring.scrape('a 1 1000\n', 5), ['a 1 @5']);
  assert.deepEqual(ignoring.scrape('', 6), ['a stale @6']);

  const tracking = setUp({ trackTimestampsStaleness: true });
  tracking.scrape('a 1 1000\n', 5_000);
  assert.deepEqual(tracking.scrape('', 6_000), ['a stale @6000']);
});

test('after a failed scrape own timestamps still go only forward, and those rolled back may come again', () => {
  const { scrape, counts } = setUp();
  scrape('a 1 1000\n', 5_000);
  assert.deepEqual(scrape('a 2 2000\nbroken{\n', 6_000), []);
  assert.deepEqual(scrape('a 1 1000\n', 7_000), [], 'it was sent before the failure');
  assert.deepEqual(scrape('a 1 900\n', 8_000), []);
  assert.equal(counts().outOfOrder, 1);
  assert.deepEqual(scrape('a 2 2000\n', 9_000), ['a 2 @2000']);

  const tracking = setUp({ trackTimestampsStaleness: true });
  tracking.scrape('a 1 1000\n', 5_000);
  assert.deepEqual(tracking.scrape('broken{\n', 6_000), ['a stale @6000']);
  assert.deepEqual(
    tracking.scrape('a 1 1000\n', 7_000),
    [],
    'nothing follows a marker from before it',
  );
  assert.deepEqual(tracking.scrape('a 3 6500\n', 8_000), ['a 3 @6500']);
});

test('labels that clash with the target’s are renamed, or honoured', () => {
  const target = makeLabelSet({ job: 'j', instance: 'i' });
  const exposition = 'a{job="own",exported_job="x",instance=""} 1\n';
  assert.deepEqual(setUp({}, target).scrape(exposition, 1), [
    'a{exported_exported_job="own", exported_job="x", instance="i", job="j"} 1 @1',
  ]);
  assert.deepEqual(setUp({ honorLabels: true }, target).scrape(exposition, 1), [
    'a{exported_job="x", job="own"} 1 @1',
  ]);
});

test('metric relabelling drops and renames; two series that get the same labels are one', () => {
  const rules = [
    compileRelabelRule({ source_labels: ['__name__'], regex: 'go_.*', action: 'drop' }),
    compileRelabelRule({ regex: 'pod', action: 'labeldrop' }),
  ];
  const { scrape, counts } = setUp({ metricRelabelRules: rules });
  assert.deepEqual(scrape('go_x 1\na{pod="1"} 1\na{pod="2"} 2\n', 1), ['a 1 @1']);
  assert.deepEqual([counts().scraped, counts().kept, counts().duplicates], [3, 2, 1]);
  assert.deepEqual(scrape('go_x 1\na{pod="2"} 3\n', 2), ['a 3 @2']);

  const nameless = setUp({
    metricRelabelRules: [compileRelabelRule({ regex: '__name__', action: 'labeldrop' })],
  });
  assert.deepEqual(nameless.scrape('a{b="c"} 1\n', 1), []);
});

test('limits fail the whole scrape', () => {
  const limited = (limits: Partial<typeof DEFAULT_LIMITS>) =>
    setUp({ limits: { ...DEFAULT_LIMITS, ...limits } });
  assert.deepEqual(limited({ samples: 1 }).scrape('a 1\nb 1\n', 1), []);
  assert.deepEqual(limited({ samples: 2 }).scrape('a 1\nb 1\n', 1), ['a 1 @1', 'b 1 @1']);
  assert.deepEqual(limited({ labels: 2 }).scrape('a{b="1",c="2"} 1\n', 1), []);
  assert.deepEqual(limited({ labelNameBytes: 8 }).scrape('a{long_name="1"} 1\n', 1), []);
  assert.deepEqual(limited({ labelValueBytes: 3 }).scrape('a{b="éé"} 1\n', 1), []);
  const { failure } = limited({ samples: 1 }).target.scrape('a 1\nb 1\n', 1);
  assert.match(failure?.message ?? '', /2 samples where 1 are allowed/);
});

test('the type is known after lines that were only compared', () => {
  const { scrape } = setUp();
  scrape('# TYPE h histogram\nh_bucket{le="1"} 1\n', 1);
  assert.deepEqual(scrape('# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="2"} 2\n', 2), [
    'h_bucket{le="1.0"} 1 @2',
    'h_bucket{le="2.0"} 2 @2',
  ]);
});

test('whatever a target serves, samples and markers are those of a plain model', () => {
  const line = fc.record({
    series: fc.constantFrom('a', 'b', 'c{x="1"}', 'c{x="2"}', 'c{ x="2" }', 'dd', 'ddd', 'dd{}'),
    value: fc.integer({ min: 0, max: 999 }),
    gap: fc.constantFrom(' ', '\t', '  '),
    before: fc.constantFrom('', '', '', '# TYPE a gauge\n', '# HELP a text\n', '\n', ' '),
  });
  const exposition = fc.record({ lines: fc.array(line, { maxLength: 8 }), isBroken: fc.boolean() });
  fc.assert(
    fc.property(fc.array(exposition, { maxLength: 12 }), (expositions) => {
      const { scrape, target } = setUp();
      let known = new Set<string>();
      expositions.forEach(({ lines, isBroken }, tMs) => {
        const body = lines.map((l) => `${l.before}${l.series}${l.gap}${l.value}\n`).join('');
        const expected: string[] = [];
        const now = new Map<string, number>();
        if (isBroken) {
          for (const name of known) expected.push(`${name} stale @${tMs}`);
        } else {
          for (const { series, value } of lines) {
            const name = series.replace('{}', '').replaceAll(/(?<=\{) | (?=\})/g, '');
            if (!now.has(name)) now.set(name, value);
          }
          for (const [name, value] of now) expected.push(`${name} ${value} @${tMs}`);
          for (const name of known) if (!now.has(name)) expected.push(`${name} stale @${tMs}`);
        }
        assert.deepEqual(scrape(isBroken ? `${body}!` : body, tMs), expected.sort());
        known = new Set(now.keys());
      });
      const refs = target.liveSeries.length;
      assert.ok(refs <= 7);
    }),
    { numRuns: 500 },
  );
});

test('thousands of series, shuffled, grown and shrunk, are all found again', () => {
  const { scrape, target } = setUp();
  const names = Array.from({ length: 3_000 }, (_, i) => `m_${i}{i="${i}"}`);
  const exposition = (list: readonly string[]) => list.map((name) => `${name} 1\n`).join('');
  assert.equal(scrape(exposition(names), 1).length, 3_000);
  assert.equal(scrape(exposition(names.toReversed()), 2).length, 3_000);
  assert.equal(target.seriesMade, 3_000);
  const half = names.filter((_, i) => i % 2 === 0);
  assert.equal(scrape(exposition(half), 3).filter((line) => line.includes('stale')).length, 1_500);
  assert.equal(target.transaction.seriesCount, 1_500);
  assert.equal(scrape(exposition(names), 4).length, 3_000);
  // An eighth of them had lingered.
  assert.equal(target.seriesMade, 4_500 - 375);
});

test('a series that is back soon goes on with the ref that it had, and counts as added', () => {
  const { scrape, target, counts } = setUp();
  scrape('a 1\nb 1\n', 1);
  assert.deepEqual(scrape('a 2\n', 2), ['a 2 @2', 'b stale @2']);
  assert.deepEqual(scrape('a 3\nb 3\n', 3), ['a 3 @3', 'b 3 @3']);
  assert.equal(counts().added, 1);
  assert.equal(target.seriesMade, 2);
  assert.deepEqual(scrape('a 4\n', 4), ['a 4 @4', 'b stale @4']);
  for (let tMs = 5; tMs < 40; tMs++) scrape('a 1\n', tMs);
  assert.deepEqual(target.liveSeries, ['a'], 'forgotten after some scrapes');
  assert.deepEqual(scrape('a 5\nb 5\n', 40), ['a 5 @40', 'b 5 @40']);
  assert.equal(target.seriesMade, 3);
});

test('a new series in the place of another one, and one put in, do not cost their neighbours', () => {
  const { scrape, target } = setUp();
  scrape('a 1\nb 1\nc 1\nd 1\n', 1);
  assert.deepEqual(scrape('a 2\nx 2\nc 2\ny 2\nd 2\n', 2), [
    'a 2 @2',
    'b stale @2',
    'c 2 @2',
    'd 2 @2',
    'x 2 @2',
    'y 2 @2',
  ]);
  assert.equal(target.seriesMade, 6);
});
