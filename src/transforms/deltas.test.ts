import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { commitInSlices } from '../model/sample.ts';
import { type OpenedRoute, makeSeries, openRoute } from '../../test/kit/transforming.ts';
import { cumulativeToDelta, type DeltaSettings, deltaToCumulative } from './deltas.ts';

const START_MS = 1_000;
const ALL: DeltaSettings = {
  selection: 'all',
  converts: () => true,
  initialValue: 'drop',
  stalenessMs: 3_600_000,
  startMs: START_MS,
};
const CUMULATIVE = { stalenessMs: 300_000, streamsMax: Infinity };

const toDelta = (given: Partial<DeltaSettings> = {}): OpenedRoute =>
  openRoute(cumulativeToDelta({ ...ALL, ...given }));

const counter = (name: string, isDelta?: boolean) =>
  makeSeries({ __name__: name }, { family: { type: 'counter', isDelta } });

const delta = (name: string) => counter(name, true);

function part(suffix: string, le?: string, isDelta?: boolean) {
  const labels = { __name__: `h${suffix}`, path: '/', ...(le === undefined ? {} : { le }) };
  return makeSeries(labels, { family: { name: 'h', type: 'histogram', isDelta } });
}

const histogram = (isDelta?: boolean) => [
  part('_bucket', '10', isDelta),
  part('_bucket', '2', isDelta),
  part('_bucket', '+Inf', isDelta),
  part('_sum', undefined, isDelta),
  part('_count', undefined, isDelta),
];

/** Appends a transaction and returns what was sent for it. */
function send(route: OpenedRoute, refs: readonly number[], tMs: number, values: readonly number[]) {
  for (const [i, value] of values.entries()) route.appender.append(refs[i] ?? -1, tMs, value);
  route.appender.commit();
  return route.sent();
}

test('a counter becomes differences, and one that falls is compared with from then on', () => {
  const route = toDelta();
  const refs = route.refs(counter('a_total'));
  const values = [10, 15, 15, 3, 5];
  const sent = values.map((value, i) => send(route, refs, (i + 1) * 10, [value]));
  assert.deepEqual(sent, [[], ['a_total 5 @20'], ['a_total 0 @30'], [], ['a_total 2 @50']]);
  assert.deepEqual(route.dropped(), ['cumulativetodelta initial 1', 'cumulativetodelta reset 1']);
});

test('a first value is sent by keep, and by auto where the counter began after the transform', () => {
  const first = (initialValue: DeltaSettings['initialValue'], createdMs?: number) => {
    const route = toDelta({ initialValue });
    const [ref = -1] = route.refs(counter('a_total'));
    route.appender.append(ref, 2_000, 7);
    // A target tells the start behind its sample.
    if (createdMs !== undefined) route.appender.setCreated(ref, createdMs);
    route.appender.commit();
    assert.deepEqual([...route.recording.created], []);
    return route.sent();
  };
  assert.deepEqual(first('keep'), ['a_total 7 @2000']);
  assert.deepEqual(first('drop', 1_500), []);
  assert.deepEqual(first('auto'), []);
  assert.deepEqual(first('auto', START_MS - 1), []);
  assert.deepEqual(first('auto', 2_000), []);
  assert.deepEqual(first('auto', START_MS), ['a_total 7 @2000']);
});

test('a counter with another start is a new one, also where its value has not fallen', () => {
  const route = toDelta({ initialValue: 'auto' });
  const refs = route.refs(counter('a_total'));
  route.appender.setCreated(refs[0] ?? -1, 500);
  assert.deepEqual(send(route, refs, 2_000, [7]), []);
  route.appender.setCreated(refs[0] ?? -1, 2_500);
  assert.deepEqual(send(route, refs, 3_000, [8]), ['a_total 8 @3000']);
});

test('a rollback changes no state', () => {
  const route = toDelta();
  const refs = route.refs(counter('a_total'));
  send(route, refs, 10, [10]);
  route.appender.append(refs[0] ?? -1, 20, 100);
  route.appender.rollback();
  assert.deepEqual(send(route, refs, 30, [12]), ['a_total 2 @30']);
  const sums = openRoute(deltaToCumulative(CUMULATIVE));
  const [ref = -1] = sums.refs(delta('a_total'));
  send(sums, [ref], 10, [10]);
  sums.appender.append(ref, 20, 100);
  sums.appender.rollback();
  assert.deepEqual(send(sums, [ref], 30, [2]), ['a_total 12 @30']);
});

test('gauges, summaries and what is a delta already pass unchanged', () => {
  const route = toDelta();
  const quantile = makeSeries(
    { __name__: 's', quantile: '1' },
    { family: { type: 'summary', name: 's' } },
  );
  const count = makeSeries({ __name__: 's_count' }, { family: { type: 'summary', name: 's' } });
  const refs = route.refs(makeSeries({ __name__: 'g' }), quantile, count, delta('d'));
  assert.deepEqual(send(route, refs, 10, [1, 2, 3, 4]), [
    'g 1 @10',
    's{quantile="1"} 2 @10',
    's_count 3 @10',
    'd 4 @10',
  ]);
  const sums = openRoute(deltaToCumulative(CUMULATIVE));
  const own = sums.refs(counter('a_total'), makeSeries({ __name__: 'g' }));
  send(sums, own, 10, [1, 1]);
  assert.deepEqual(send(sums, own, 20, [2, 2]), ['a_total 2 @20', 'g 2 @20']);
});

test('a histogram leaves whole, or not at all when its count or any bucket fell', () => {
  const route = toDelta();
  const refs = route.refs(...histogram());
  assert.deepEqual(send(route, refs, 10, [4, 1, 5, 50, 5]), []);
  assert.deepEqual(send(route, refs, 20, [6, 2, 8, 40, 8]), [
    'h_bucket{le="2", path="/"} 1 @20',
    'h_bucket{le="10", path="/"} 2 @20',
    'h_bucket{le="+Inf", path="/"} 3 @20',
    'h_sum{path="/"} -10 @20',
    'h_count{path="/"} 3 @20',
  ]);
  // No cumulative bucket has fallen, but the one from 2 to 10 has lost an observation.
  assert.deepEqual(send(route, refs, 30, [7, 4, 9, 41, 9]), []);
  assert.deepEqual(route.dropped(), ['cumulativetodelta initial 5', 'cumulativetodelta reset 5']);
  assert.equal(send(route, refs, 40, [7, 4, 10, 42, 10])[2], 'h_bucket{le="+Inf", path="/"} 1 @40');
});

test('buckets are compared in the order of their bounds, whatever order they come in', () => {
  const route = toDelta();
  const refs = route.refs(part('_bucket', '+Inf'), part('_bucket', '1'), part('_count'));
  send(route, refs, 10, [5, 1, 5]);
  assert.deepEqual(send(route, refs, 20, [6, 3, 6]), []);
});

test('a histogram whose buckets changed is dropped once, and then goes on with the new ones', () => {
  const route = toDelta();
  const refs = route.refs(...histogram());
  send(route, refs, 10, [4, 1, 5, 50, 5]);
  route.dropped();
  route.appender.forget(refs[1] ?? -1);
  const left = refs.filter((_, i) => i !== 1);
  assert.deepEqual(send(route, left, 20, [5, 6, 51, 6]), []);
  assert.deepEqual(route.dropped(), ['cumulativetodelta bucket_mismatch 4']);
  assert.equal(send(route, left, 30, [5, 7, 52, 7]).length, 4);
});

test('a sum that is NaN is passed on, and the one after it is compared with the one before', () => {
  const route = toDelta();
  const refs = route.refs(...histogram(), counter('a_total'));
  send(route, refs, 10, [4, 1, 5, 50, 5, 1]);
  const sent = send(route, refs, 20, [5, 1, 6, NaN, 6, NaN]);
  assert.equal(sent.at(-2), 'h_sum{path="/"} NaN @20');
  assert.equal(sent.at(0), 'a_total NaN @20');
  assert.deepEqual(send(route, refs, 30, [6, 1, 7, 60, 7, 3]).slice(3), [
    'h_sum{path="/"} 10 @30',
    'h_count{path="/"} 1 @30',
    'a_total 2 @30',
  ]);
});

test('a stale marker ends what was sent, and the state goes on when the target comes back', () => {
  const route = toDelta();
  const [ref = -1] = route.refs(counter('a_total'));
  send(route, [ref], 10, [10]);
  route.appender.appendStale(ref, 20);
  route.appender.commit();
  assert.deepEqual(route.sent(), []);
  send(route, [ref], 30, [11]);
  route.appender.appendStale(ref, 40);
  route.appender.commit();
  assert.deepEqual(route.sent(), ['a_total stale @40']);
  assert.deepEqual(send(route, [ref], 50, [13]), ['a_total 2 @50']);
});

test('a series that is gone is remembered for the staleness, and then is a new one', () => {
  for (const [gapMs, sent] of [
    [100, ['a_total 5 @200']],
    [101, []],
  ] as const) {
    const route = toDelta({ stalenessMs: 100 });
    const [ref = -1] = route.refs(counter('a_total'));
    send(route, [ref], 200 - gapMs, [10]);
    route.appender.forget(ref);
    const again = route.refs(counter('a_total'));
    assert.deepEqual(send(route, again, 200, [15]), sent);
  }
});

test('of the series that are gone, a thousand of a target are remembered', () => {
  const route = toDelta({ initialValue: 'drop', stalenessMs: 0 });
  const all = Array.from({ length: 1_002 }, (_, i) => counter(`c${i}`));
  const refs = route.refs(...all);
  send(
    route,
    refs,
    10,
    all.map(() => 1),
  );
  for (const ref of refs) route.appender.forget(ref);
  route.appender.commit();
  const again = route.refs(...all);
  const sent = send(
    route,
    again,
    20,
    all.map(() => 3),
  );
  assert.equal(sent.length, 1_000);
  assert.equal(sent[0], 'c2 2 @20');
});

test('two points of a series in one transaction are taken in the order of their times', () => {
  const route = toDelta({ initialValue: 'keep' });
  const [ref = -1] = route.refs(counter('a_total'));
  route.appender.append(ref, 10, 1);
  route.appender.append(ref, 30, 6);
  route.appender.append(ref, 20, 3);
  route.appender.append(ref, 5, 0);
  route.appender.commit();
  assert.deepEqual(route.sent(), ['a_total 1 @10', 'a_total 2 @20', 'a_total 3 @30']);
  assert.deepEqual(route.dropped(), ['cumulativetodelta out_of_order 1']);
});

test('an exemplar goes with its sample, and not where the sample is dropped', () => {
  const route = toDelta();
  const [ref = -1] = route.refs(counter('a_total'));
  const exemplar = { labels: [], value: 1, tMs: 10 };
  route.appender.appendExemplar(ref, exemplar);
  assert.deepEqual(send(route, [ref], 10, [1]), []);
  route.appender.appendExemplar(ref, exemplar);
  assert.deepEqual(send(route, [ref], 20, [2]), ['a_total 1 @20', 'a_total # {} 1 @10']);
});

test('sums above the limit are dropped and counted, until one is let go', () => {
  const transform = deltaToCumulative({ ...CUMULATIVE, stalenessMs: 100, streamsMax: 2 });
  const route = openRoute(transform);
  const refs = route.refs(delta('a'), delta('b'), delta('c'));
  assert.deepEqual(send(route, refs, 10, [1, 1, 1]), ['a 1 @10', 'b 1 @10']);
  assert.deepEqual(route.dropped(), ['deltatocumulative limit 1']);
  route.appender.forget(refs[0] ?? -1);
  assert.deepEqual(send(route, refs.slice(1), 111, [1, 1]), ['b 1 @111']);
  assert.deepEqual(send(route, refs.slice(1), 112, [1, 1]), ['b 2 @112', 'c 1 @112']);
  const other = openRoute(transform);
  const [ref = -1] = other.refs(delta('d'));
  assert.deepEqual(send(other, [ref], 10, [1]), []);
  route.appender.close();
  assert.deepEqual(send(other, [ref], 20, [1]), ['d 1 @20']);
});

test('a delta at or before the time of the sum is dropped', () => {
  const route = openRoute(deltaToCumulative(CUMULATIVE));
  const refs = route.refs(delta('a'));
  send(route, refs, 10, [1]);
  assert.deepEqual(send(route, refs, 10, [1]), []);
  assert.deepEqual(send(route, refs, 9, [1]), []);
  assert.deepEqual(send(route, refs, 11, [1]), ['a 2 @11']);
});

test('delta histograms with other buckets begin a new sum', () => {
  const route = openRoute(deltaToCumulative(CUMULATIVE));
  const refs = route.refs(...histogram(true));
  send(route, refs, 10, [4, 1, 5, 50, 5]);
  assert.equal(send(route, refs, 20, [4, 1, 5, 50, 5])[4], 'h_count{path="/"} 10 @20');
  const more = [...refs, ...route.refs(part('_bucket', '5', true))];
  const sent = send(route, more, 30, [1, 1, 1, 1, 1, 1]);
  assert.equal(sent.length, 6);
  assert.ok(sent.every((line) => line.endsWith(' 1 @30')));
});

test('deltas of a counter, added up again, are the counter but for an offset and its resets', () => {
  const step = fc.record({
    rise: fc.integer({ min: 0, max: 1_000 }),
    what: fc.constantFrom('rise', 'rise', 'rise', 'reset', 'gap', 'rollback', 'stale'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const route = openRoute(cumulativeToDelta(ALL), deltaToCumulative(CUMULATIVE));
      const [ref = -1] = route.refs(counter('a_total'));
      let [value, known, sum]: [number, number | undefined, number] = [0, undefined, 0];
      for (const [i, { rise, what }] of steps.entries()) {
        const tMs = (i + 1) * 1_000;
        value = what === 'reset' ? rise : value + rise;
        if (what === 'gap') continue;
        if (what === 'stale') {
          route.appender.appendStale(ref, tMs);
          route.appender.commit();
          route.sent();
          continue;
        }
        route.appender.append(ref, tMs, value);
        if (what === 'rollback') {
          route.appender.rollback();
          continue;
        }
        route.appender.commit();
        const isDropped: boolean = known === undefined || value < known;
        if (!isDropped) sum += value - (known ?? 0);
        known = value;
        assert.deepEqual(route.sent(), isDropped ? [] : [`a_total ${sum} @${tMs}`]);
      }
    }),
  );
});

test('two settings that differ have two identities, and a restart alone has none', () => {
  const identities = [
    cumulativeToDelta(ALL),
    cumulativeToDelta({ ...ALL, selection: 'other' }),
    cumulativeToDelta({ ...ALL, initialValue: 'keep' }),
    cumulativeToDelta({ ...ALL, stalenessMs: 1 }),
    deltaToCumulative(CUMULATIVE),
    deltaToCumulative({ ...CUMULATIVE, stalenessMs: 1 }),
    deltaToCumulative({ ...CUMULATIVE, streamsMax: 1 }),
  ].map(({ identity }) => identity);
  assert.equal(new Set(identities).size, identities.length);
  assert.equal(cumulativeToDelta({ ...ALL, startMs: 9 }).identity, identities[0]);
});

test('a large commit is judged in slices, and sends what it sends at once', () => {
  const series = Array.from({ length: 3_000 }, (_, i) => counter(`c${i}_total`));
  const [atOnce, sliced] = [toDelta(), toDelta()];
  const refs = [atOnce, sliced].map((route) => route.refs(...series));
  for (const tMs of [2_000, 3_000]) {
    for (const [r, route] of [atOnce, sliced].entries())
      for (const ref of refs[r] ?? []) route.appender.append(ref, tMs, tMs);
    atOnce.appender.commit();
    const slices = commitInSlices(sliced.appender);
    let count = 0;
    while (slices.next().done !== true) count += 1;
    assert.ok(count >= 5, `${count} slices`);
    const sent = atOnce.sent();
    assert.equal(sent.length, tMs === 2_000 ? 0 : 3_000);
    assert.deepEqual(sliced.sent(), sent);
  }
});
