/**
 * Hostile contents of requests of metrics: millions of empty messages, points and descriptions of
 * megabytes, what has no points. Other work has its turns, and nothing of it is kept.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeRequest,
  gauge,
  metric,
  numberPoint,
  resourceMetrics,
} from '../../../test/kit/otlp-metrics.ts';
import { openIntake } from '../../../test/kit/otlp-intake.ts';
import { RecordingAppender } from '../../../test/kit/recording-appender.ts';
import { ProtoWriter } from '../../wire/protobuf/writer.ts';
import { keepBytes } from '../../kernel/byte-keys.ts';
import { KnownResource } from './known-resource.ts';
import { walkRequest } from './request-walk.ts';

function field(number: number, ...parts: readonly Uint8Array[]): Buffer {
  const writer = new ProtoWriter();
  writer.field(number, Buffer.concat(parts));
  return Buffer.from(writer.written());
}

/** So many empty messages in a field. */
function empties(number: number, count: number): Buffer {
  return Buffer.alloc(count * 2).fill(Buffer.from([number * 8 + 2, 0]));
}

/** A resource with one scope and a metric of one field for each name, of which points are. */
function makeMetrics(count: number, points: Uint8Array): Buffer {
  const names = Array.from({ length: count }, (_, index) => Buffer.from(`m${index}`));
  const metrics = names.map((name) => field(2, field(1, name), field(5, points)));
  return field(1, field(1), field(2, ...metrics));
}

test('millions of empty messages give way to other work', async (context) => {
  // Each look at the time finds the share of the turn used up, however fast the machine is.
  let nowMs = 0;
  context.mock.method(performance, 'now', () => (nowMs += 1_000));
  const count = 1_000_000;
  const bodies = [
    empties(1, count),
    field(1, empties(2, count)),
    field(1, field(2, empties(2, count))),
    // Each scope alone is short.
    field(1, ...Array.from({ length: 1_000 }, () => field(2, empties(2, 1_000)))),
    field(1, field(2, field(2, field(1, Buffer.from('g')), field(5, empties(1, count))))),
  ];
  const { intake } = openIntake();
  for (const [index, body] of bodies.entries()) {
    let turns = 0;
    let isDone = false;
    const countTurn = (): void => {
      turns += 1;
      if (!isDone) setImmediate(countTurn);
    };
    setImmediate(countTurn);
    await intake.take(body);
    isDone = true;
    assert.ok(turns > 2, `body ${index}: ${turns} turns`);
  }
});

function makeResource(): KnownResource {
  return new KnownResource({
    key: 'r',
    appender: Object.assign(new RecordingAppender(), { generation: 0 }),
    bytes: keepBytes(new Uint8Array(0), 0, 0),
    bytesHash: 0,
    budget: { count: 0, labelBytes: 0 },
  });
}

/** Takes a request, whose resource is the given one whatever it says. */
function takeInto(resource: KnownResource, body: Buffer): void {
  const walk = walkRequest(body, {
    histograms: 'classic',
    request: 1,
    atMs: 0,
    makeRoom: () => undefined,
    takeResource: () => resource,
  });
  for (let step = walk.next(); step.done !== true;) step = walk.next();
}

test('what has no points is not kept, however much of it there is', () => {
  const resource = makeResource();
  const scopes = Array.from({ length: 100 }, (_, index) =>
    field(2, field(1, field(1, Buffer.from(`s${index}`)))),
  );
  const good = numberPoint(1);
  for (const body of [
    field(1, field(1), ...scopes),
    makeMetrics(100, new Uint8Array(0)),
    // A point that is refused, since it has no time.
    makeMetrics(100, field(1)),
    encodeRequest(
      resourceMetrics({}, [metric('g', gauge(good)), metric('e', gauge(numberPoint(1, { timeMs: 0 })))]),
    ),
  ])
    takeInto(resource, body);
  const kept = resource.scopes.flatMap(({ metrics }) => metrics.map(({ name }) => name));
  assert.deepEqual([resource.scopes.length, kept], [1, ['g']]);
}); // prettier-ignore

test('a longer spelling of known labels is the same point, and not kept', () => {
  const resource = makeResource();
  const { attributes, ...rest } = numberPoint(1, { attributes: { name: 'a' } });
  // What is given several times with one value is given once.
  for (const times of [1, 100]) {
    const point = { ...rest, attributes: Array.from({ length: times }, () => attributes).flat() };
    takeInto(resource, encodeRequest(resourceMetrics({}, [metric('up', gauge(point))])));
  }
  const points = resource.scopes[0]?.metrics[0]?.points;
  assert.equal(points?.length, 1);
  assert.ok((points[0]?.key.length ?? 0) < 50, `${points[0]?.key.length} bytes`);
});

test('a resource without points takes the place of no other', async () => {
  const { intake, appenders } = openIntake({ resourcesMax: 2 });
  const good = encodeRequest(resourceMetrics({ a: 'good' }, [metric('g', gauge(numberPoint(1)))]));
  await intake.take(good);
  const others = Array.from({ length: 10 }, (_, index) => resourceMetrics({ a: String(index) }, []));
  await intake.take(encodeRequest(...others));
  await intake.take(good);
  assert.equal(appenders.length, 1);
  assert.equal(appenders[0]?.made.length, 1);
}); // prettier-ignore

test('points and descriptions of megabytes are refused, and the others taken', async () => {
  const { intake, sent } = openIntake();
  const large = 'x'.repeat(200_000);
  const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 'v']));
  const plain = [metric('g', gauge(numberPoint(1)))];
  const request = encodeRequest(
    resourceMetrics({ large }, plain),
    resourceMetrics({}, plain, { name: large }),
    resourceMetrics({}, plain, { schemaUrl: large }),
    resourceMetrics({ a: 'b' }, [
      metric(large, gauge(numberPoint(1))),
      metric('d', gauge(numberPoint(1)), { description: large }),
      metric('p', gauge(numberPoint(1, { attributes: many }), numberPoint(2))),
    ]),
  );
  const { items, rejected, message } = await intake.take(request);
  assert.deepEqual([items, rejected], [1, 6]);
  assert.match(message, /6: points, or the descriptions .* are above 128 KiB/);
  assert.deepEqual(sent().map((line) => line.split(' ')[0]), ['p']);
}); // prettier-ignore
