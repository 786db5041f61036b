import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeLabelSet } from '../../model/labels.ts';
import { validateEmf } from '../../wire/emf/validate.ts';
import {
  gauge,
  histogram,
  makeEvents,
  makeEventsOf,
  metric,
  point,
  summary,
  sum,
  T_MS,
} from '../../../test/kit/emf-events.ts';
import type { DimensionChoice } from './dimensions.ts';
import { writeEvents } from './event-json.ts';

const WEB = { job: 'web', zone: 'x' };

suite('events', () => {
  test('metrics of equal labels and time are one event with all labels as dimensions', () => {
    const { events } = makeEvents({ namespace: 'shop' }, [gauge('a', WEB, 1), sum('b', WEB, 2)]);
    assert.deepEqual(
      events.map(({ event }) => event),
      [
        {
          _aws: {
            Timestamp: T_MS,
            CloudWatchMetrics: [
              {
                Namespace: 'shop',
                Dimensions: [['job', 'zone']],
                Metrics: [{ Name: 'a' }, { Name: 'b' }],
              },
            ],
          },
          Version: '1',
          job: 'web',
          zone: 'x',
          a: 1,
          b: 2,
        },
      ],
    );
    assert.deepEqual(
      events.map(({ timestampMs, group, points }) => [timestampMs, group, points]),
      [[T_MS, '/metrics/shop', 2]],
    );
  });

  test('other labels, other times are other events', () => {
    const later = { ...point(WEB), tMs: T_MS + 1 };
    const { events } = makeEvents({}, [
      gauge('a', WEB, 1),
      gauge('a', { job: 'web' }, 2),
      metric('a', { kind: 'gauge', points: [{ ...later, value: 3 }] }),
    ]);
    assert.deepEqual(
      events.map(({ event, timestampMs }) => [event['a'], timestampMs]),
      [
        [1, T_MS],
        [3, T_MS + 1],
        [2, T_MS],
      ],
    );
  });

  test('more than 100 metrics are several events, each of which CloudWatch takes', () => {
    const many = Array.from({ length: 250 }, (_, i) => gauge(`m${i}`, WEB, i));
    const { events } = makeEvents({}, many);
    assert.deepEqual(
      events.map(({ points }) => points),
      [100, 100, 50],
    );
    for (const { message } of events) assert.deepEqual(validateEmf(message).faults, []);
    const names = new Set(events.flatMap(({ event }) => Object.keys(event)));
    for (let i = 0; i < 250; i++) assert.ok(names.has(`m${i}`));
  });

  test('metrics that are only in the log do not divide an event', () => {
    const many = Array.from({ length: 250 }, (_, i) => gauge(`m${i}`, WEB, i));
    const entry = {
      metric_declarations: [{ dimensions: [['job']], metric_name_selectors: ['^m1?$'] }],
    };
    assert.equal(makeEvents(entry, many).events.length, 1);
  });

  test('a metric that comes twice with equal labels is in two events, and none is dropped', () => {
    const { events, leftOut } = makeEvents({}, [
      gauge('a', WEB, 1),
      gauge('a', WEB, 2),
      gauge('b', WEB, 3),
    ]);
    assert.deepEqual(
      events.map(({ event }) => [event['a'], event['b']]),
      [
        [1, 3],
        [2, undefined],
      ],
    );
    assert.deepEqual(leftOut, {});
  });

  test('an event above 1 MB is divided by metrics; a label that is too large is told', () => {
    const label = { text: 'x'.repeat(1_048_000) };
    const entry = { metric_declarations: [{ metric_name_selectors: ['.'] }] };
    const wide = Array.from({ length: 60 }, (_, i) => gauge(`metric_${i}`, label, i));
    const { events, leftOut } = makeEvents(entry, wide);
    assert.ok(events.length > 1, `${events.length} events`);
    assert.equal(
      events.reduce((count, { points }) => count + points, 0),
      60,
    );
    for (const { message } of events) assert.ok(Buffer.byteLength(message) <= 1_048_576 - 26);
    assert.deepEqual(leftOut, {});

    const large = { text: 'ü'.repeat(600_000) };
    const refused = makeEvents(entry, [gauge('a', large, 1), gauge('b', large, 1)]);
    assert.deepEqual(refused.events, []);
    assert.deepEqual(refused.leftOut, { too_large: 2 });
    assert.match(refused.said[0] ?? '', /larger than an event may be.*"metric":"a"/);
  });

  test('values that are no numbers, and those beyond 2^360, are counted', () => {
    const { events, leftOut } = makeEvents({}, [
      gauge('a', WEB, NaN),
      gauge('b', WEB, Infinity),
      gauge('c', WEB, -(2 ** 361)),
      gauge('d', WEB, 2 ** 360),
      gauge('e', WEB, -0),
    ]);
    assert.deepEqual(leftOut, { not_a_number: 2, out_of_range: 1 });
    assert.deepEqual(Object.keys(events[0]?.event ?? {}).slice(-2), ['d', 'e']);
    assert.deepEqual(validateEmf(events[0]?.message ?? '').faults, []);
  });

  test('a stale marker is nothing, and no loss', () => {
    const stale = { ...point(WEB), isStale: true, value: 0 };
    const { events, leftOut } = makeEvents({}, [metric('a', { kind: 'gauge', points: [stale] })]);
    assert.deepEqual([events, leftOut], [[], {}]);
  });

  test('names that CloudWatch does not take, and those of labels, are counted', () => {
    const { events, leftOut, said } = makeEvents({}, [
      gauge('n'.repeat(256), WEB, 1),
      gauge('zone', WEB, 1),
      gauge('_aws', WEB, 1),
      gauge('n'.repeat(255), WEB, 1),
    ]);
    assert.deepEqual(leftOut, { name: 3 });
    assert.equal(said.length, 3);
    assert.match(said[1] ?? '', /a metric has the name of one of its labels.*"zone"/);
    assert.equal(events[0]?.event['zone'], 'x');
    assert.deepEqual(validateEmf(events[0]?.message ?? '').faults, []);
  });

  test('the older form has its members in the root and a timestamp that is text', () => {
    const labels = { job: 'web', Timestamp: 'mine' };
    const { events, said } = makeEvents({ version: '0', namespace: 'n' }, [gauge('a', labels, 1)]);
    assert.deepEqual(events[0]?.event, {
      Version: '0',
      CloudWatchMetrics: [{ Namespace: 'n', Dimensions: [['job']], Metrics: [{ Name: 'a' }] }],
      Timestamp: String(T_MS),
      job: 'web',
      a: 1,
    });
    assert.deepEqual(validateEmf(events[0]?.message ?? '').faults, []);
    assert.match(said.join(), /a label has a name that the format needs.*"Timestamp"/);
  });

  test('a label of the name Version stays what it is', () => {
    const { events } = makeEvents({}, [gauge('a', { Version: '7' }, 1)]);
    assert.equal(events[0]?.event['Version'], '7');
  });

  test('a metric with the name of a member that we add is in the event once', () => {
    const metrics = [gauge('Version', WEB, 2), gauge('prom_metric_type', WEB, 3)];
    const [first] = makeEvents({}, metrics, { receiver: 'prometheus' }).events;
    for (const name of ['Version', 'prom_metric_type'])
      assert.equal(first?.message.split(`"${name}":`).length, 2, name);
  });

  test('without extraction there is a log event and no metric', () => {
    const { events } = makeEvents({ disable_metric_extraction: true }, [gauge('a', WEB, 1)]);
    assert.deepEqual(
      events.map(({ event, metrics }) => [event, metrics]),
      [[{ job: 'web', zone: 'x', a: 1 }, []]],
    );
  });

  test('each metric is told with its dimensions, as CloudWatch charges for them', () => {
    const entry = { namespace: 'n', dimension_rollup_option: 'SingleDimensionRollupOnly' };
    const keys = (zone: string): readonly string[] =>
      makeEvents(entry, [gauge('a', { job: 'web', zone }, 1)]).events.flatMap(({ metrics }) =>
        metrics.map(({ key }) => key),
      );
    assert.equal(keys('x').length, 3);
    assert.deepEqual(keys('x'), keys('x'));
    assert.equal(new Set([...keys('x'), ...keys('y')]).size, 5);
  });
});

suite('what Prometheus and OpenTelemetry say of metrics', () => {
  test('a resource of the receiver prometheus has the type in each event', () => {
    const metrics = [
      gauge('g', WEB, 1),
      sum('c', WEB, 1),
      histogram('h', WEB, { bounds: [1], counts: [1, 0], sum: 1 }),
      summary('s', WEB, { count: 1, sum: 1, quantiles: [] }),
    ];
    const typesOf = (resource: Record<string, string>): readonly unknown[] =>
      makeEvents({}, metrics, resource).events.map(({ event }) => event['prom_metric_type']);
    assert.deepEqual(typesOf({ receiver: 'prometheus' }), [
      'gauge',
      'counter',
      'histogram',
      'summary',
    ]);
    assert.deepEqual(typesOf({ receiver: 'otlp' }), [undefined]);
  });

  test('the scope is the label OTelLib, and its other attributes are none', () => {
    const labels = { otel_scope_name: 'my.lib', otel_scope_version: '1', job: 'web' };
    const entry = { dimension_rollup_option: 'ZeroAndSingleDimensionRollup' };
    const { events } = makeEvents(entry, [gauge('a', labels, 1)]);
    const { _aws: aws, ...own } = events[0]?.event ?? {};
    assert.deepEqual(own, { Version: '1', OTelLib: 'my.lib', job: 'web', a: 1 });
    const [directive] = (aws as { CloudWatchMetrics: { Dimensions: unknown }[] }).CloudWatchMetrics;
    assert.deepEqual(directive?.Dimensions, [['OTelLib', 'job'], ['OTelLib']]);
  });

  test('an attribute asks for metrics of each second, and is no label', () => {
    const labels = { 'aws.emf.storage_resolution': '1', job: 'web' };
    const { events } = makeEvents({ namespace: 'n' }, [gauge('a', labels, 1)]);
    assert.deepEqual(events[0]?.event['_aws'], {
      Timestamp: T_MS,
      CloudWatchMetrics: [
        {
          Namespace: 'n',
          Dimensions: [['job']],
          Metrics: [{ Name: 'a', StorageResolution: 1 }],
        },
      ],
    });
  });

  test('attributes of the resource are labels where that is asked for, and win', () => {
    const entry = { resource_to_telemetry_conversion: { enabled: true } };
    const resource = { 'aws.ecs.task.family': 'shop', job: 'other' };
    const { events } = makeEvents(entry, [gauge('a', { job: 'web' }, 1)], resource);
    assert.equal(events[0]?.event['job'], 'other');
    assert.equal(events[0]?.event['aws.ecs.task.family'], 'shop');
    const without = makeEvents({}, [gauge('a', { job: 'web' }, 1)], resource);
    assert.equal(without.events[0]?.event['job'], 'web');
    assert.equal(without.events[0]?.event['aws.ecs.task.family'], undefined);
  });

  test('labels that are JSON are written as such, and are no dimensions', () => {
    const entry = { parse_json_encoded_attr_values: ['Sources', 'broken', 'text'] };
    const labels = { Sources: '["a",{"b":1}]', broken: '{', text: '"x"', job: 'web' };
    const { events, leftOut, said } = makeEvents(
      {
        ...entry,
        metric_declarations: [
          {
            dimensions: [['job'], ['Sources'], ['broken', 'text']],
            metric_name_selectors: ['a'],
          },
        ],
      },
      [gauge('a', labels, 1)],
    );
    const event = events[0]?.event ?? {};
    assert.deepEqual(event['Sources'], ['a', { b: 1 }]);
    assert.deepEqual([event['broken'], event['text']], ['{', 'x']);
    assert.deepEqual(validateEmf(events[0]?.message ?? '').faults, []);
    assert.deepEqual(leftOut, {});
    assert.match(said.join(), /a set of dimensions is left out.*is JSON.*"Sources"/);
  });
});

suite('units', () => {
  const cases = {
    s: 'Seconds',
    ms: 'Milliseconds',
    us: 'Microseconds',
    ns: undefined,
    By: 'Bytes',
    bit: 'Bits',
    '1': undefined,
    '%': 'Percent',
    '{request}': 'Count',
    '{request}/s': 'Count/Second',
    'By/s': 'Bytes/Second',
    Bytes: 'Bytes',
    'Bytes/Second': 'Bytes/Second',
    None: undefined,
    MiB: undefined,
    vCPU: undefined,
    requests: undefined,
  };
  for (const [unit, expected] of Object.entries(cases))
    test(`${unit} is ${expected ?? 'none'}`, () => {
      const data = { kind: 'gauge', points: [{ ...point(WEB), value: 1 }] } as const;
      assert.equal(unitOf(makeEvents({}, [metric('a', data, unit)])), expected);
    });

  test('a descriptor gives a unit to what has none, or overwrites it', () => {
    const data = { kind: 'gauge', points: [{ ...point(WEB), value: 1 }] } as const;
    const entry = (overwrite: boolean): object => ({
      metric_descriptors: [{ metric_name: 'a', unit: 'Percent', overwrite }],
    });
    assert.equal(unitOf(makeEvents(entry(false), [metric('a', data, '')])), 'Percent');
    assert.equal(unitOf(makeEvents(entry(false), [metric('a', data, 's')])), 'Seconds');
    assert.equal(unitOf(makeEvents(entry(true), [metric('a', data, 's')])), 'Percent');
  });
});

function unitOf({ events }: ReturnType<typeof makeEvents>): unknown {
  const aws = events[0]?.event['_aws'] as {
    CloudWatchMetrics: { Metrics: { Unit?: string }[] }[];
  };
  return aws.CloudWatchMetrics[0]?.Metrics[0]?.Unit;
}

test('series of one label set share what is made of it, in each commit anew', () => {
  const { make, unfilled } = makeEventsOf({ log_group_name: '{Nothing}' });
  const attributes = makeLabelSet({ job: 'web' });
  const own = { ...point({}), attributes, value: 1 };
  const all = [
    {
      resource: makeLabelSet({}),
      metrics: [
        metric('a', { kind: 'gauge', points: [own] }),
        metric('b', { kind: 'gauge', points: [{ ...own, attributes: [...attributes] }] }),
      ],
    },
  ];
  assert.equal(make(all).length, 1);
  assert.equal(make(all).length, 1);
  assert.deepEqual(unfilled, ['Nothing', 'Nothing']);
});

test('target_info is no metric', () => {
  const { events, leftOut } = makeEvents({}, [gauge('target_info', WEB, 1), gauge('a', WEB, 1)]);
  assert.deepEqual(
    events.map(({ event }) => [event['a'], event['target_info']]),
    [[1, undefined]],
  );
  assert.deepEqual(leftOut, {});
});

test('many points of one metric with equal labels and time take time in proportion', () => {
  const choice: DimensionChoice = { sets: [['job']], faults: [], missed: [] };
  const labels = {
    namespace: 'n',
    group: 'g',
    stream: 's',
    missing: [],
    values: new Map(),
    json: '',
    isHighResolution: false,
    choose: () => choice,
  };
  const one = { name: 'a', unit: undefined, value: '1', choice };
  const metrics = Array.from({ length: 60_000 }, () => one);
  const startMs = performance.now();
  const { events } = writeEvents({ labels, tMs: T_MS, metricType: undefined, metrics }, '1');
  assert.ok(performance.now() - startMs < 5_000, 'takes time by the square');
  assert.equal(events.length, 60_000);
});

test('metrics that come several times fill the first events that have room', () => {
  const names = Array.from({ length: 150 }, (_, i) => `m${i}`);
  const { events } = makeEvents({}, [
    ...names.map((name) => gauge(name, WEB, 1)),
    ...names.map((name) => gauge(name, WEB, 2)),
  ]);
  assert.deepEqual(
    events.map(({ points }) => points),
    [100, 100, 100],
  );
});
