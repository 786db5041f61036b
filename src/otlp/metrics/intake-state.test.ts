import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeRequest,
  gauge,
  histogram,
  histogramPoint,
  metric,
  numberPoint,
  POINT_MS,
  resourceMetrics,
  sum,
} from '../../../test/kit/otlp-metrics.ts';
import { openIntake } from '../../../test/kit/otlp-intake.ts';
import { MalformedRequest } from '../intake.ts';

const T = `@${POINT_MS}`;

function request(service: string, ...names: string[]): Buffer {
  const points = names.map((name) => numberPoint(1, { attributes: { name } }));
  return encodeRequest(
    resourceMetrics({ 'service.name': service }, [metric('up', gauge(...points))]),
  );
}

test('a known series is asked for once, wherever it stands in a request', async () => {
  const { intake, appenders, sent } = openIntake();
  await intake.take(request('shop', 'a', 'b', 'c'));
  await intake.take(request('shop', 'c', 'a', 'new', 'b'));
  assert.deepEqual(appenders[0]?.made, [
    'up{name="a"}',
    'up{name="b"}',
    'up{name="c"}',
    'up{name="new"}',
  ]);
  assert.deepEqual(sent().slice(3), [
    `up{name="c"} 1 ${T}`,
    `up{name="a"} 1 ${T}`,
    `up{name="new"} 1 ${T}`,
    `up{name="b"} 1 ${T}`,
  ]);
  assert.equal(appenders[0]?.commits, 2);
});

test('attributes in another order are of the same series', async () => {
  const { intake, appenders } = openIntake();
  for (const attributes of [
    { x: '1', y: '2' },
    { y: '2', x: '1' },
  ])
    await intake.take(
      encodeRequest(resourceMetrics({}, [metric('up', gauge(numberPoint(1, { attributes })))])),
    );
  assert.deepEqual(appenders[0]?.made, ['up{x="1", y="2"}']);
});

test('of a malformed request nothing is committed, and what it brought is unknown again', async () => {
  const { intake, appenders, sent, world } = openIntake();
  await intake.take(request('shop', 'a'));
  sent();
  const torn = Buffer.concat([request('shop', 'a', 'b'), Buffer.from([0x0a, 0x05, 0x12])]);
  await assert.rejects(intake.take(torn), MalformedRequest);
  assert.deepEqual(sent(), []);
  assert.equal(world.metric('amperage_otlp_metric_series{receiver="otlp"}'), 1);
  await intake.take(request('shop', 'a', 'b'));
  assert.deepEqual(sent(), [`up{name="a"} 1 ${T}`, `up{name="b"} 1 ${T}`]);
  assert.equal(appenders.length, 1);
});

test('when a commit fails, what is behind it comes once with the request that is sent again', async () => {
  const { intake, appenders, sent } = openIntake();
  const services = ['first', 'full', 'behind'];
  const all = (...names: string[]) =>
    Buffer.concat(services.map((service) => request(service, ...names)));
  await intake.take(all('a'));
  sent();
  const [, full, behind] = appenders;
  assert.ok(full !== undefined && behind !== undefined);
  const commit = full.commit.bind(full);
  full.commit = () => {
    throw new Error('the disk is full');
  };
  await assert.rejects(intake.take(all('a', 'b')), /the disk is full; 1 of its 3 resources/);
  full.commit = commit;
  assert.deepEqual(sent(), [`up{name="a"} 1 ${T}`, `up{name="b"} 1 ${T}`]);
  await intake.take(request('behind', 'c'));
  assert.deepEqual(sent(), [`up{name="c"} 1 ${T}`]);
  await intake.take(all('a', 'b'));
  for (const appender of [full, behind])
    assert.deepEqual([...appender.live.values()].filter((one) => !one.includes('"c"')), [
      'up{name="a"}',
      'up{name="b"}',
    ]);
  assert.deepEqual(sent().length, 6);
}); // prettier-ignore

test('refs are renewed when the sinks have changed, and metadata told again', async () => {
  const { intake, appenders, sent } = openIntake();
  await intake.take(request('shop', 'a', 'b'));
  const [appender] = appenders;
  assert.ok(appender);
  appender.generation += 1;
  appender.metadata.clear();
  await intake.take(request('shop', 'a', 'b'));
  assert.deepEqual(appender.renewed, ['up{name="a"}', 'up{name="b"}']);
  assert.equal(appender.metadata.size, 2);
  assert.deepEqual(appender.incomplete, []);
  assert.equal(sent().length, 4);
});

test('what is silent for long is forgotten: resources, and series of those that go on', async () => {
  const { intake, appenders, world } = openIntake({ idleMs: 60_000 });
  await intake.take(request('shop', 'a', 'b'));
  await intake.take(request('gone', 'a'));
  await world.clock.advance(40_000);
  await intake.take(request('shop', 'a'));
  await world.clock.advance(40_000);
  await intake.take(request('shop', 'a'));
  assert.equal(appenders[1]?.closed, true);
  assert.deepEqual([...(appenders[0]?.live.values() ?? [])], ['up{name="a"}']);
  assert.equal(world.metric('amperage_otlp_metric_resources{receiver="otlp"}'), 1);
});

test('above a limit the resource that was silent longest makes room, and that is told', async () => {
  const { intake, appenders, world } = openIntake({ resourcesMax: 2 });
  for (const service of ['one', 'two', 'one', 'three']) await intake.take(request(service, 'a'));
  assert.deepEqual(
    appenders.map(({ closed }) => closed),
    [false, true, false],
  );
  const forgotten =
    'amperage_otlp_metric_resources_forgotten_total{receiver="otlp",reason="resources"}';
  assert.equal(world.metric(forgotten), 1);
  assert.match(world.lines.join('\n'), /the limit of resources is reached/);
});

test('points for which there is no room are refused and counted', async () => {
  const { intake, sent, world } = openIntake({ seriesMax: 2 });
  const taken = await intake.take(request('shop', 'a', 'b', 'c'));
  assert.equal(taken.items, 2);
  assert.equal(taken.rejected, 1);
  assert.match(taken.message, /1: there is no room for more series/);
  assert.equal(sent().length, 2);
  const refused =
    'amperage_otlp_metric_points_rejected_total{receiver="otlp",reason="series_limit"}';
  assert.equal(world.metric(refused), 1);
});

/** In points, texts and resources alike, a few large ones are as much as many small ones. */
const KIB = 'x'.repeat(1_024);
const LARGE: Readonly<Record<string, (index: number) => Buffer>> = {
  'attributes of points': (index) => {
    const attributes = { a: `${index}${KIB}` };
    return encodeRequest(
      resourceMetrics({ a: 'b' }, [metric('up', gauge(numberPoint(1, { attributes })))]),
    );
  },
  'each series of a histogram': (index) => {
    const attributes = { a: `${index}${'x'.repeat(256)}` };
    const parts = { explicitBounds: [1, 2], bucketCounts: [1, 1, 1], count: 3, attributes };
    return encodeRequest(resourceMetrics({}, [metric('h', histogram([histogramPoint(parts)]))]));
  },
  descriptions: (index) =>
    encodeRequest(
      resourceMetrics({ a: 'b' }, [
        metric(`m${index}`, gauge(numberPoint(1)), { description: KIB }),
      ]),
    ),
  'names of scopes': (index) =>
    encodeRequest(
      resourceMetrics({}, [metric('up', gauge(numberPoint(1)))], { name: `${index}${KIB}` }),
    ),
};

for (const [name, make] of Object.entries(LARGE))
  test(`${name} are bounded in bytes, told, and their room is free again`, async () => {
    const { intake, world } = openIntake({ labelBytesMax: 20_480, idleMs: 60_000 });
    const held = () => world.metric('amperage_otlp_metric_label_bytes{receiver="otlp"}') ?? 0;
    // In one request: a resource that is being read does not make room for itself.
    const all = Array.from({ length: 40 }, (_, index) => make(index));
    const taken = await intake.take(Buffer.concat(all));
    assert.ok(taken.rejected > 19 && taken.rejected < 25, `${taken.rejected} are refused`);
    assert.equal(taken.items, 40 - taken.rejected);
    assert.match(taken.message, /there is no room for more bytes of labels; send shorter/);
    assert.ok(held() > 16_384 && held() <= 20_480, `${held()} bytes`);
    assert.equal(
      world.metric(
        'amperage_otlp_metric_points_rejected_total{receiver="otlp",reason="label_bytes_limit"}',
      ),
      taken.rejected,
    );
    assert.equal((await intake.take(make(0))).rejected, 0, 'what is known goes on');
    await world.clock.advance(90_000);
    assert.equal((await intake.take(request('shop', 'a'))).rejected, 0);
    assert.ok(held() < 100, `${held()} bytes`);
  });

test('resources are bounded in bytes: the one that was silent longest makes room', async () => {
  const { intake, appenders, world } = openIntake({ labelBytesMax: 4_096 });
  for (let index = 0; index < 6; index++)
    assert.equal((await intake.take(request(`${index}${KIB}`, 'a'))).rejected, 0);
  assert.deepEqual(appenders.map(({ closed }) => closed), [true, true, true, false, false, false]);
  const forgotten =
    'amperage_otlp_metric_resources_forgotten_total{receiver="otlp",reason="label_bytes"}';
  assert.equal(world.metric(forgotten), 3);
  assert.match(world.lines.join('\n'), /the limit of bytes of labels is reached/);
}); // prettier-ignore

test('what is no point of a metric is refused by its reason', async () => {
  const { intake } = openIntake();
  const { items, rejected, message } = await intake.take(
    encodeRequest(
      resourceMetrics({}, [
        metric('late', gauge(numberPoint(1, { timeMs: 0 }))),
        metric('', gauge(numberPoint(1))),
        metric('vague', sum([numberPoint(1)], 'unspecified')),
        metric('nameless', gauge(numberPoint(1, { attributes: { '': 'x' } }))),
      ]),
    ),
  );
  assert.deepEqual([items, rejected], [0, 4]);
  for (const words of ['time_unix_nano', 'no name', 'temporality', 'attributes have no name'])
    assert.match(message, new RegExp(words));
});

test('a point without a value ends the series that it has', async () => {
  const { intake, sent } = openIntake();
  const made = { count: 1, bucketCounts: [1, 0], explicitBounds: [1] };
  const one = (parts: object): Buffer =>
    encodeRequest(resourceMetrics({}, [metric('took', histogram([histogramPoint(parts)]))]));
  await intake.take(one(made));
  sent();
  await intake.take(one({ flags: 1 }));
  assert.deepEqual(sent(), [
    `took_count stale ${T}`,
    `took_bucket{le="1"} stale ${T}`,
    `took_bucket{le="+Inf"} stale ${T}`,
  ]);
});

test('an exemplar has the ids of its trace, goes to its bucket, and comes once', async () => {
  const { intake, sent } = openIntake();
  const body = encodeRequest(
    resourceMetrics({}, [
      metric(
        'took',
        histogram([
          histogramPoint({
            count: 1,
            bucketCounts: [0, 1, 0],
            explicitBounds: [1, 2],
            exemplars: [
              {
                timeMs: POINT_MS - 5,
                value: { is: 'double', value: 1.5 },
                spanId: Buffer.from('00000000000000aa', 'hex'),
                traceId: Buffer.from('000000000000000000000000000000bb', 'hex'),
                filteredAttributes: [],
              },
            ],
          }),
        ]),
      ),
    ]),
  );
  await intake.take(body);
  await intake.take(body);
  assert.deepEqual(
    sent().filter((line) => line.includes('#')),
    [
      `took_bucket{le="2"} # {span_id="00000000000000aa", ` +
        `trace_id="000000000000000000000000000000bb"} 1.5 @${POINT_MS - 5}`,
    ],
  );
});
