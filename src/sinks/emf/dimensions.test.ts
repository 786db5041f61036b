import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { validateEmf } from '../../wire/emf/validate.ts';
import { gauge, makeEvents } from '../../../test/kit/emf-events.ts';

const WEB = { job: 'web', zone: 'x' };

/** `dimension,dimension|… → metric metric` of each directive of each event. */
function directivesOf({ events }: ReturnType<typeof makeEvents>): readonly string[] {
  return events.flatMap(({ event, message }) => {
    assert.deepEqual(event['_aws'] === undefined ? [] : validateEmf(message).faults, []);
    const { CloudWatchMetrics: directives } = (event['_aws'] ?? { CloudWatchMetrics: [] }) as {
      CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string }[] }[];
    };
    return directives.map(
      ({ Dimensions, Metrics }) =>
        `${Dimensions.map((set) => set.join()).join('|')} → ` +
        Metrics.map(({ Name }) => Name).join(' '),
    );
  });
}

suite('declarations', () => {
  const declared = (
    declarations: readonly object[],
    labels: Readonly<Record<string, string>> = WEB,
    more: object = {},
  ): readonly string[] =>
    directivesOf(
      makeEvents({ metric_declarations: declarations, ...more }, [
        gauge('a', labels, 1),
        gauge('ab', labels, 2),
      ]),
    );

  test('a pattern is looked for anywhere in a name', () => {
    const some = [{ dimensions: [['job']], metric_name_selectors: ['b'] }];
    assert.deepEqual(declared(some), ['job → ab']);
    const whole = [{ dimensions: [['job']], metric_name_selectors: ['^a$', '^x'] }];
    assert.deepEqual(declared(whole), ['job → a']);
  });

  test('sets of all that match are joined, sorted and without doubles', () => {
    const some = [
      {
        dimensions: [
          ['zone', 'job'],
          ['job', 'zone', 'job'],
        ],
        metric_name_selectors: ['.'],
      },
      { dimensions: [['zone'], ['zone', 'job']], metric_name_selectors: ['b'] },
    ];
    assert.deepEqual(declared(some), ['job,zone → a', 'job,zone|zone → ab']);
  });

  test('a set counts where all of its labels are there', () => {
    const some = [{ dimensions: [['job', 'task'], ['zone']], metric_name_selectors: ['.'] }];
    assert.deepEqual(declared(some), ['zone → a ab']);
    const none = [{ dimensions: [['task']], metric_name_selectors: ['.'] }];
    assert.deepEqual(declared(none), []);
  });

  test('a metric that none selects is in the log, and no metric', () => {
    const some = [{ dimensions: [['job']], metric_name_selectors: ['^a$'] }];
    const { events } = makeEvents({ metric_declarations: some }, [
      gauge('a', WEB, 1),
      gauge('ab', WEB, 2),
      gauge('c', { job: 'db' }, 3),
    ]);
    assert.deepEqual(
      events.map(({ event: { _aws: aws, ...own } }) => [aws !== undefined, own]),
      [
        [true, { Version: '1', job: 'web', zone: 'x', a: 1, ab: 2 }],
        [false, { job: 'db', c: 3 }],
      ],
    );
  });

  test('matchers look at labels joined by the separator; one has to match', () => {
    const some = (matchers: readonly object[]): readonly object[] => [
      { dimensions: [['job']], metric_name_selectors: ['^a$'], label_matchers: matchers },
    ];
    const names = { label_names: ['job', 'none', 'zone'] };
    assert.deepEqual(declared(some([{ ...names, regex: '^web;;x$' }])), ['job → a']);
    assert.deepEqual(declared(some([{ ...names, separator: '/', regex: '^web//x$' }])), [
      'job → a',
    ]);
    assert.deepEqual(declared(some([{ ...names, regex: '^web;x$' }])), []);
    const second = { label_names: ['zone'], regex: 'x' };
    assert.deepEqual(declared(some([{ ...names, regex: 'db' }, second])), ['job → a']);
  });

  test('the rollup is added to what declarations choose', () => {
    const some = [{ dimensions: [['job', 'zone'], ['job']], metric_name_selectors: ['^a$'] }];
    const rollup = { dimension_rollup_option: 'ZeroAndSingleDimensionRollup' };
    assert.deepEqual(declared(some, WEB, rollup), ['job,zone|job||zone → a']);
  });
});

suite('the rollup', () => {
  const rolledUp = (
    option: string | undefined,
    labels: Readonly<Record<string, string>>,
  ): readonly string[] =>
    directivesOf(makeEvents({ dimension_rollup_option: option }, [gauge('a', labels, 1)]));

  test('is none by default, as each set is charged for', () => {
    assert.deepEqual(rolledUp(undefined, WEB), ['job,zone → a']);
  });

  test('has single labels, and with the other option none too', () => {
    assert.deepEqual(rolledUp('SingleDimensionRollupOnly', WEB), ['job,zone|job|zone → a']);
    assert.deepEqual(rolledUp('ZeroAndSingleDimensionRollup', WEB), ['job,zone||job|zone → a']);
  });

  test('of a single label names it once, and of no labels is nothing more', () => {
    assert.deepEqual(rolledUp('ZeroAndSingleDimensionRollup', { job: 'web' }), ['job| → a']);
    assert.deepEqual(rolledUp('ZeroAndSingleDimensionRollup', {}), [' → a']);
  });
});

suite('dimensions that CloudWatch does not take', () => {
  const wide = Object.fromEntries(
    Array.from({ length: 31 }, (_, i) => [`l${String(i).padStart(2, '0')}`, 'v']),
  );

  test('a set of more than 30 is left out, and said', () => {
    const made = makeEvents({}, [gauge('a', wide, 1), gauge('b', wide, 1)]);
    assert.deepEqual(directivesOf(made), []);
    assert.equal(made.events[0]?.event['a'], 1);
    assert.deepEqual(made.leftOut, { dimensions: 2 });
    assert.match(
      made.said[0] ?? '',
      /"metric":"a","fault":"more than 30 dimensions","dimensions":31/,
    );
  });

  test('other sets of the metric stay, and then it is no loss', () => {
    const entry = { dimension_rollup_option: 'SingleDimensionRollupOnly' };
    const made = makeEvents(entry, [gauge('a', wide, 1)]);
    assert.equal(directivesOf(made)[0]?.split('|').length, 31);
    assert.deepEqual(made.leftOut, {});
    assert.equal(made.said.length, 1);
  });

  test('30 are taken', () => {
    const { l30: _, ...thirty } = wide;
    const made = makeEvents({}, [gauge('a', thirty, 1)]);
    assert.equal(directivesOf(made).length, 1);
    assert.deepEqual(made.said, []);
  });

  const unfit: Readonly<Record<string, readonly [name: string, value: string]>> = {
    'a value of more than 1,024 characters': ['url', 'u'.repeat(1_025)],
    'a name of more than 255 characters': ['n'.repeat(256), 'v'],
    'a value of blanks': ['url', '  '],
    'a value beyond ASCII': ['city', 'Zürich'],
    'a name with a colon in front': [':url', 'v'],
  };
  for (const [what, [name, value]] of Object.entries(unfit))
    test(what, () => {
      const made = makeEvents({}, [gauge('a', { job: 'web', [name]: value }, 1)]);
      assert.deepEqual(directivesOf(made), []);
      assert.equal(made.events[0]?.event[name], value);
      assert.deepEqual(made.leftOut, { dimensions: 1 });
      assert.equal(made.said.length, 1);
    });

  test('each is said once, and no more than 100', () => {
    const metrics = Array.from({ length: 300 }, (_, i) => gauge(`m${i}`, wide, 1));
    const made = makeEvents({}, [...metrics, ...metrics]);
    assert.equal(made.said.length, 100);
    assert.match(made.said.at(-1) ?? '', /no more of this sink is said/);
    assert.deepEqual(made.leftOut, { dimensions: 600 });
  });
});

test('a metric none of whose declared sets applies is counted, and told once with its labels', () => {
  const entry = {
    metric_declarations: [{ dimensions: [['job', 'zoen']], metric_name_selectors: ['^a$'] }],
  };
  const metrics = [
    gauge('a', WEB, 1),
    gauge('a', { ...WEB, path: '/' }, 2),
    gauge('other', WEB, 3),
  ];
  const { leftOut, said, events } = makeEvents(entry, metrics);
  assert.deepEqual(leftOut, { no_set: 2 });
  assert.equal(events.length, 2);
  assert.deepEqual(said, [
    'a metric has not all labels of any set of its declarations; it is only in the log ' +
      '{"metric":"a","dimensions":"job, zoen","labels":"job, zone"}',
  ]);

  const rolled = makeEvents({ ...entry, dimension_rollup_option: 'SingleDimensionRollupOnly' }, [
    gauge('a', WEB, 1),
  ]);
  assert.deepEqual(rolled.leftOut, {});
  assert.match(rolled.said.join(), /only the rollup is left/);
});

test('a declaration without sets leaves a metric in the log without a word', () => {
  const entry = { metric_declarations: [{ metric_name_selectors: ['.'] }] };
  const { leftOut, said } = makeEvents(entry, [gauge('a', WEB, 1)]);
  assert.deepEqual([leftOut, said], [{}, []]);
});
