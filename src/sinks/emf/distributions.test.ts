import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { validateEmf } from '../../wire/emf/validate.ts';
import { exponential, histogram, makeEvents, summary } from '../../../test/kit/emf-events.ts';

const WEB = { job: 'web', zone: 'x' };

suite('histograms', () => {
  const bounds = [1, 2, 4];
  const valueOf = (metrics: ReturnType<typeof makeEvents>, name = 'h'): unknown =>
    metrics.events[0]?.event[name];

  test('are values with counts, with the bounds of what holds anything as Min and Max', () => {
    const made = makeEvents({}, [histogram('h', WEB, { bounds, counts: [0, 3, 1, 0], sum: 8 })]);
    assert.deepEqual(valueOf(made), {
      Values: [1.5, 3],
      Counts: [3, 1],
      Max: 4,
      Min: 1,
      Count: 4,
      Sum: 8,
    });
    assert.deepEqual(validateEmf(made.events[0]?.message ?? '').faults, []);
  });

  test('end at the last bound, where more is not known', () => {
    const made = makeEvents({}, [histogram('h', WEB, { bounds, counts: [2, 0, 0, 1], sum: 12 })]);
    assert.deepEqual(valueOf(made), {
      Values: [0.5, 4],
      Counts: [2, 1],
      Max: 4,
      Min: 0,
      Count: 3,
      Sum: 12,
    });
  });

  test('have the Min and Max that the sender tells, and end their outermost buckets there', () => {
    const extremes = { min: 1.2, max: 9 };
    const own = { bounds, counts: [0, 3, 0, 1], sum: 13, extremes };
    const made = makeEvents({}, [histogram('h', WEB, own)]);
    const whole = { Values: [1.6, 6.5], Counts: [3, 1], Max: 9, Min: 1.2, Count: 4, Sum: 13 };
    assert.deepEqual(valueOf(made), whole);
    const bare = { bounds: [], counts: [4], sum: 13, extremes };
    const alone = makeEvents({}, [histogram('h', WEB, bare)]);
    const single = { Values: [3.25], Counts: [4], Max: 9, Min: 1.2, Count: 4, Sum: 13 };
    assert.deepEqual(valueOf(alone), single);
    const wrong = { bounds, counts: [0, 3, 1, 0], sum: 8, extremes: { min: 3, max: 5 } };
    const doubted = makeEvents({}, [histogram('h', WEB, wrong)]);
    const known = { Values: [1.5, 3], Counts: [3, 1], Max: 4, Min: 1, Count: 4, Sum: 8 };
    assert.deepEqual(valueOf(doubted), known);
  });

  test('with all in one bucket have their mean, and one observation is exact', () => {
    const one = makeEvents({}, [histogram('h', WEB, { bounds, counts: [0, 0, 1, 0], sum: 3.25 })]);
    assert.deepEqual(valueOf(one), {
      Values: [3.25],
      Counts: [1],
      Max: 3.25,
      Min: 3.25,
      Count: 1,
      Sum: 3.25,
    });
    const open = makeEvents({}, [histogram('h', WEB, { bounds, counts: [0, 0, 0, 2], sum: 18 })]);
    assert.deepEqual(valueOf(open), {
      Values: [9],
      Counts: [2],
      Max: 9,
      Min: 4,
      Count: 2,
      Sum: 18,
    });
    const below = makeEvents({}, [histogram('h', WEB, { bounds, counts: [2, 0, 0, 0], sum: -6 })]);
    assert.deepEqual(valueOf(below), {
      Values: [-3],
      Counts: [2],
      Max: 1,
      Min: -3,
      Count: 2,
      Sum: -6,
    });
  });

  test('without bounds have their mean', () => {
    const made = makeEvents({}, [histogram('h', WEB, { bounds: [], counts: [4], sum: 8 })]);
    assert.deepEqual(valueOf(made), {
      Values: [2],
      Counts: [4],
      Max: 2,
      Min: 2,
      Count: 4,
      Sum: 8,
    });
    const unknown = makeEvents({}, [
      histogram('h', WEB, { bounds: [], counts: [4], sum: undefined }),
    ]);
    assert.deepEqual(unknown.leftOut, { not_a_number: 1 });
  });

  test('without observations are nothing, and no loss', () => {
    const { events, leftOut } = makeEvents({}, [
      histogram('h', WEB, { bounds, counts: [0, 0, 0, 0], sum: 0 }),
      summary('s', WEB, { count: 0, sum: 0, quantiles: [[0.5, NaN]] }),
    ]);
    assert.deepEqual([events, leftOut], [[], {}]);
  });

  test('whose sum a NaN has spoilt keep their buckets', () => {
    const made = makeEvents({}, [histogram('h', WEB, { bounds, counts: [0, 2, 1, 0], sum: NaN })]);
    assert.deepEqual(valueOf(made), {
      Values: [1.5, 3],
      Counts: [2, 1],
      Max: 4,
      Min: 1,
      Count: 3,
      Sum: 6,
    });
  });

  test('of more than 100 values are several events, whose counts and sums are all of it', () => {
    const wide = Array.from({ length: 250 }, (_, i) => i + 1);
    const counts = [...wide, 1].map(() => 2);
    const made = makeEvents({}, [histogram('h', WEB, { bounds: wide, counts, sum: 70_000 })]);
    type Set = { Values: number[]; Counts: number[]; Min: number; Max: number } & Record<
      'Count' | 'Sum',
      number
    >;
    const sets = made.events.map(({ event }) => event['h'] as Set);
    assert.deepEqual(
      sets.map(({ Values }) => Values.length),
      [100, 100, 51],
    );
    assert.equal(
      sets.reduce((total, { Count }) => total + Count, 0),
      502,
    );
    const total = sets.reduce((whole, { Sum }) => whole + Sum, 0);
    assert.ok(Math.abs(total - 70_000) < 1e-6, String(total));
    assert.deepEqual(
      sets.map(({ Min, Max }) => [Min, Max]),
      [
        [0, 100],
        [100, 200],
        [200, 250],
      ],
    );
    for (const { message } of made.events) assert.deepEqual(validateEmf(message).faults, []);
  });

  test('with exponential buckets have midpoints, negative values and zeroes', () => {
    const made = makeEvents({}, [
      exponential('h', WEB, {
        scale: 0,
        zeroCount: 5,
        positive: { offset: 0, counts: [1, 0, 2] },
        negative: { offset: 1, counts: [3] },
        sum: 4,
      }),
    ]);
    assert.deepEqual(valueOf(made), {
      Values: [-3, 0, 1.5, 6],
      Counts: [3, 5, 1, 2],
      Max: 8,
      Min: -4,
      Count: 11,
      Sum: 4,
    });
  });

  test('with exponential buckets beyond 2^360 are counted', () => {
    const positive = { offset: 400, counts: [1, 1] };
    const made = makeEvents({}, [exponential('h', WEB, { scale: 0, positive, sum: 1 })]);
    assert.deepEqual([made.events, made.leftOut], [[], { out_of_range: 1 }]);
  });
});

suite('summaries', () => {
  const quantiles = [
    [0.5, 2],
    [0.99, 9],
  ] as const;

  test('are statistic sets of their first and last quantile', () => {
    const made = makeEvents({}, [summary('s', WEB, { count: 4, sum: 12, quantiles })]);
    assert.deepEqual(made.events[0]?.event['s'], { Max: 9, Min: 2, Count: 4, Sum: 12 });
    assert.deepEqual(validateEmf(made.events[0]?.message ?? '').faults, []);
  });

  test('whose quantiles are not known have their mean', () => {
    const nan = [[0.5, NaN]] as const;
    const made = makeEvents({}, [summary('s', WEB, { count: 4, sum: 12, quantiles: nan })]);
    assert.deepEqual(made.events[0]?.event['s'], { Max: 3, Min: 3, Count: 4, Sum: 12 });
  });

  test('in detail are sum, count and a value for each quantile', () => {
    const made = makeEvents({ detailed_metrics: true, namespace: 'n' }, [
      summary('s', { job: 'web' }, { count: 4, sum: 12, quantiles }),
    ]);
    const rest = made.events.map(({ event }) =>
      ['job', 'quantile', 's', 's_sum', 's_count'].map((name) => event[name]),
    );
    assert.deepEqual(rest, [
      ['web', undefined, undefined, 12, 4],
      ['web', '0.5', 2, undefined, undefined],
      ['web', '0.99', 9, undefined, undefined],
    ]);
  });
});
