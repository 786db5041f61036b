import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { onEnd } from '../../../test/kit/ending.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { type LogsReceiver, refuse, startLogsReceiver } from '../../../test/kit/logs-receiver.ts';
import { until } from '../../../test/kit/waiting.ts';
import { createWorld, openHttp, type TestWorld } from '../../../test/kit/world.ts';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import { makeLabelSet } from '../../model/labels.ts';
import type { Appender, SeriesType } from '../../model/sample.ts';
import { DurableQueue } from '../../queue/queue.ts';
import type { Reporter } from '../../settings/finding.ts';
import { openEmf } from './kind.ts';
import type { EmfEdges, EmfSink } from './sink.ts';
import { emfSchema, resolveEmf } from './schema.ts';

const waitUntil = (holds: () => boolean): Promise<void> => until(String(holds), 10_000, holds, 2);
const T0 = 1_700_000_000_000;

interface Run {
  readonly world: TestWorld<Clock>;
  readonly queue: DurableQueue;
  readonly sink: EmfSink;
  readonly appender: Appender;
  /** Ends as a killed process does: what is not in a file is gone. */
  readonly kill: () => Promise<void>;
  readonly open: (more: object) => Promise<EmfSink>;
}

const faults: string[] = [];
const report: Reporter = {
  error: (path, _, message) => void faults.push(`${path.join('.')}: ${message}`),
  warn: () => undefined,
  lacks: (path, message) => void faults.push(`${path.join('.')}: ${message}`),
  positionOf: () => '',
};

async function openRoad(context: TestContext) {
  const receiver = await startLogsReceiver(context);
  const folder = temporaryFolder(context);
  const start = async (more: object = {}, edges: EmfEdges = {}): Promise<Run> => {
    const world = createWorld({ http: openHttp(context), clock: systemClock });
    const options = { name: 'test', directory: folder, lanes: 2, capBytes: 1e9 };
    const queue = new DurableQueue(options, world);
    await queue.start();
    let isKilled = false;
    onEnd(context, () => (isKilled ? undefined : queue.stop()));
    let before: EmfSink | undefined;
    const open = async (change: object): Promise<EmfSink> => {
      const entry = { ...receiver.entry, ...change };
      const checked = { report, path: ['emf_write', 0], baseDirectory: '/', env: {} };
      const resolved = resolveEmf(emfSchema.parse(entry), checked);
      assert.deepEqual(faults, []);
      const parts = { id: 'emf/test', name: 'test', queue, folder, world, userAgent: 'test' };
      const sink = openEmf(resolved, { ...parts, before }, edges);
      await before?.release(1_000);
      before = sink;
      await sink.start();
      onEnd(context, () => (isKilled ? undefined : sink.stop(0)));
      return sink;
    };
    const sink = await open(more);
    const kill = async (): Promise<void> => {
      isKilled = true;
      await sink.release(0);
      await queue.stop();
    };
    return { world, queue, sink, appender: sink.openAppender('target'), kill, open };
  };
  return { receiver, start };
}

/** Appends one sample of each name and commits. */
function commit(
  appender: Appender,
  tMs: number,
  values: Readonly<Record<string, number>>,
  type: SeriesType = 'gauge',
): void {
  for (const [name, value] of Object.entries(values)) {
    const labels = makeLabelSet({ __name__: name, path: name });
    const ref = appender.refOf(labels, { family: { name, type, unit: '' } });
    appender.append(ref, tMs, value);
  }
  appender.commit();
}

const readValues = ({ kept }: LogsReceiver, name: string): number[] =>
  kept.flatMap(({ message }) => {
    const value = (JSON.parse(message) as Record<string, unknown>)[name];
    return typeof value === 'number' ? [value] : [];
  });

test('after a kill counters go on: no increase is lost, and none comes twice', async (context) => {
  const { receiver, start } = await openRoad(context);
  const first = await start();
  commit(first.appender, T0, { requests: 100 }, 'counter');
  commit(first.appender, T0 + 1_000, { requests: 107 }, 'counter');
  await waitUntil(() => readValues(receiver, 'requests').length === 1);
  receiver.answer = () => ({ status: 503 });
  commit(first.appender, T0 + 2_000, { requests: 110 }, 'counter');
  await first.kill();
  receiver.answer = () => undefined;
  const second = await start();
  commit(second.appender, T0 + 9_000, { requests: 115 }, 'counter');
  await waitUntil(() => readValues(receiver, 'requests').length >= 3);
  const distinct = new Map(receiver.kept.map(({ timestamp, message }) => [timestamp, message]));
  assert.equal(distinct.size, 3);
  const sum = [...distinct.values()].reduce(
    (total, message) => total + (JSON.parse(message) as { requests: number }).requests,
    0,
  );
  assert.equal(sum, 15);
});

test('missing log groups and streams are made once, with tags and retention', async (context) => {
  const { receiver, start } = await openRoad(context);
  receiver.groups = new Map();
  const { appender, world } = await start({
    log_stream_name: '{path}',
    log_retention: 7,
    tags: { team: 'shop' },
  });
  commit(appender, T0, { a: 1, b: 2, c: 3 });
  await waitUntil(() => receiver.kept.length === 3);
  const made = receiver.calls.filter(({ action }) => action === 'CreateLogGroup');
  assert.deepEqual(
    made.map(({ input }) => input),
    [{ logGroupName: '/shop', tags: { team: 'shop' } }],
  );
  const retention = receiver.calls.filter(({ action }) => action === 'PutRetentionPolicy');
  assert.deepEqual(
    retention.map(({ input }) => input),
    [{ logGroupName: '/shop', retentionInDays: 7 }],
  );
  assert.deepEqual(receiver.groups.get('/shop'), new Set(['a', 'b', 'c']));
  assert.match(world.metrics.expose(), /amperage_emf_log_groups_created_total\{[^}]*\} 1/);
  const { headers } = receiver.calls[0]!.request;
  assert.equal(headers['x-amzn-logs-format'], 'json/emf');
  assert.equal(headers['x-amz-target'], 'Logs_20140328.PutLogEvents');
});

test('a group that others made keeps its retention', async (context) => {
  const { receiver, start } = await openRoad(context);
  receiver.groups = new Map([['/shop', new Set<string>()]]);
  const { appender } = await start({ log_retention: 7 });
  commit(appender, T0, { a: 1 });
  await waitUntil(() => receiver.kept.length === 1);
  assert.deepEqual(
    receiver.calls.map(({ action }) => action),
    ['PutLogEvents', 'CreateLogStream', 'PutLogEvents'],
  );
});

test('rejected events are counted by cause, and the others are kept', async (context) => {
  const { receiver, start } = await openRoad(context);
  receiver.answer = ({ action }) =>
    action !== 'PutLogEvents'
      ? undefined
      : {
          status: 200,
          body: JSON.stringify({
            rejectedLogEventsInfo: {
              tooOldLogEventEndIndex: 1,
              expiredLogEventEndIndex: 3,
              tooNewLogEventStartIndex: 5,
            },
            rejectedEntityInfo: { errorType: 'InvalidEntity' },
          }),
        };
  const { appender, world } = await start({ queue_config: { batch_send_deadline: '100ms' } });
  for (let i = 0; i < 6; i++) commit(appender, T0 + i, { a: i });
  await waitUntil(() => receiver.puts.length === 1);
  await waitUntil(() => world.metrics.expose().includes('reason="too_new"'));
  const text = world.metrics.expose();
  const countOf = (reason: string): number =>
    Number(
      new RegExp(`items_dropped_total\\{[^}]*reason="${reason}",owner="/shop"\\} (\\d+)`).exec(
        text,
      )?.[1],
    );
  assert.deepEqual(['too_old', 'expired', 'too_new'].map(countOf), [1, 2, 1]);
  assert.match(text, /amperage_sink_items_delivered_total\{[^}]*\} 2/);
  assert.match(text, /amperage_emf_entities_rejected_total\{[^}]*\} 1/);
});

test('throttling and faults of the service are waited for, and nothing is lost', async (context) => {
  const { receiver, start } = await openRoad(context);
  const answers = [
    refuse('ThrottlingException', 'Rate exceeded'),
    refuse('ServiceUnavailableException', '', 503),
    refuse('InvalidSequenceTokenException'),
    refuse('OperationAbortedException'),
  ];
  receiver.answer = () => answers.shift();
  const { appender, world } = await start();
  commit(appender, T0, { a: 1 });
  await waitUntil(() => receiver.kept.length === 1);
  assert.equal(receiver.puts.length, 5);
  assert.doesNotMatch(world.metrics.expose(), /items_dropped_total\{/);
});

test('a service slower than the readings makes no gap: what waits goes in fewer requests', async (context) => {
  const { receiver, start } = await openRoad(context);
  receiver.answer = async ({ action }) => {
    if (action === 'PutLogEvents') await systemClock.sleep(100);
    return undefined;
  };
  const { appender, world } = await start();
  const readings = 150;
  for (let i = 0; i <= readings; i++) {
    commit(appender, T0 + i, { requests: 3 * i }, 'counter');
    await systemClock.sleep(2);
  }
  await waitUntil(() => receiver.kept.length >= readings);
  const times = receiver.kept.map(({ timestamp }) => timestamp - T0).sort((a, b) => a - b);
  assert.deepEqual(
    times,
    Array.from({ length: readings }, (_, i) => i + 1),
  );
  assert.ok(readValues(receiver, 'requests').every((value) => value === 3));
  assert.ok(receiver.puts.length < readings / 3, String(receiver.puts.length));
  assert.doesNotMatch(world.metrics.expose(), /items_dropped_total\{/);
});

test('data that CloudWatch has accepted already counts as delivered', async (context) => {
  const { receiver, start } = await openRoad(context);
  receiver.answer = () => refuse('DataAlreadyAcceptedException');
  const { appender, queue } = await start();
  commit(appender, T0, { a: 1 });
  await waitUntil(() => queue.pendingItems === 0);
  assert.equal(receiver.puts.length, 1);
});

test('of a request that is refused, only the event at fault is lost', async (context) => {
  const { receiver, start } = await openRoad(context);
  receiver.answer = ({ input }) =>
    JSON.stringify(input['logEvents'] ?? '').includes('"a\\":13')
      ? refuse('InvalidParameterException', 'bad')
      : undefined;
  const { appender, world } = await start({ queue_config: { batch_send_deadline: '100ms' } });
  for (let i = 0; i < 40; i++) commit(appender, T0 + i, { a: i });
  await waitUntil(() => receiver.kept.length === 39);
  await waitUntil(() => world.metrics.expose().includes('reason="bad_request",owner="/shop"} 1\n'));
});

test('a log group without permission holds up no other, and is said with the remedy', async (context) => {
  const { receiver, start } = await openRoad(context);
  receiver.answer = ({ input }) =>
    input['logGroupName'] === '/shop/b' ? refuse('AccessDeniedException') : undefined;
  const { appender, world, queue } = await start({ log_group_name: '/shop/{path}' });
  for (let i = 0; i < 30; i++) {
    commit(appender, T0 + i, { a: i, b: i });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await waitUntil(() => readValues(receiver, 'a').length >= 30);
  const denied = receiver.calls.filter(({ input }) => input['logGroupName'] === '/shop/b');
  assert.equal(denied.length, 1);
  assert.ok(queue.pendingItems >= 30);
  const said = world.lines.find((line) => line.includes('does not take events'));
  assert.match(said ?? '', /logs:PutLogEvents/);
});

test('requests are full: a megabyte as CloudWatch counts it, in chronological order', async (context) => {
  const { receiver, start } = await openRoad(context);
  receiver.answer = () => ({ status: 503 });
  const { appender } = await start();
  const label = 'ü'.repeat(400);
  for (let i = 0; i < 5_000; i++) {
    const labels = makeLabelSet({ __name__: 'm', path: `${label}${i}` });
    const ref = appender.refOf(labels, { family: { name: 'm', type: 'gauge', unit: '' } });
    appender.append(ref, T0 + ((i * 7919) % 5_000), i);
    if (i % 100 === 99) appender.commit();
  }
  receiver.answer = () => undefined;
  await waitUntil(() => receiver.kept.length === 5_000);
  const accepted = receiver.puts.slice(-Math.ceil((5_000 * 1_100) / 1_048_576));
  const sizes = receiver.puts.map((events) =>
    events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + 26, 0),
  );
  assert.ok(Math.max(...sizes) <= 1_048_576 && Math.max(...sizes) > 900_000, String(sizes));
  for (const events of accepted)
    for (const [index, { timestamp }] of events.entries())
      assert.ok(index === 0 || timestamp >= (events[index - 1]?.timestamp ?? 0));
});

test('events of more than a day are in requests of at most a day', async (context) => {
  const { receiver, start } = await openRoad(context);
  const { appender } = await start({ queue_config: { batch_send_deadline: '100ms' } });
  for (let i = 0; i < 5; i++) commit(appender, T0 + i * 43_200_000, { a: i });
  await waitUntil(() => receiver.kept.length === 5);
  const spans = receiver.puts.map(
    (events) => (events.at(-1)?.timestamp ?? 0) - (events[0]?.timestamp ?? 0),
  );
  assert.deepEqual(
    spans.toSorted((a, b) => a - b),
    [43_200_000, 86_400_000],
  );
});

test('with output_destination stdout events are lines, and nothing is sent', async (context) => {
  const { receiver, start } = await openRoad(context);
  const written: string[] = [];
  const drains = new Set<() => void>();
  const output = {
    write: (text: string) => {
      written.push(text);
      setTimeout(() => drains.forEach((drain) => drain()), 5);
      return false;
    },
    once: (_: string, listener: () => void) => drains.add(listener),
    off: (_: string, listener: () => void) => drains.delete(listener),
  };
  const { appender } = await start({ output_destination: 'stdout' }, { output });
  commit(appender, T0, { a: 1 });
  commit(appender, T0 + 1, { a: 2 });
  await waitUntil(() => written.join('').split('\n').length >= 3);
  const lines = written.join('').trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { a: number }).a),
    [1, 2],
  );
  assert.equal(receiver.calls.length, 0);
});

test('after a change of settings appenders go on, with what is known of counters', async (context) => {
  const { receiver, start } = await openRoad(context);
  const { appender, open, sink } = await start();
  commit(appender, T0, { requests: 5 }, 'counter');
  const next = await open({ namespace: 'Shop' });
  assert.equal(next.openAppender, sink.openAppender);
  commit(appender, T0 + 1, { requests: 9 }, 'counter');
  await waitUntil(() => receiver.kept.length === 1);
  assert.match(receiver.kept[0]!.message, /"Shop".*"requests":4|"requests":4.*"Shop"/);
});

test('at the stop the log tells what CloudWatch may charge', async (context) => {
  const { receiver, start } = await openRoad(context);
  const { appender, sink, world } = await start();
  for (let i = 0; i < 3; i++) commit(appender, T0 + i, { a: i, b: i });
  await waitUntil(() => receiver.kept.length === 6);
  await sink.stop(1_000);
  const said = world.lines.find((line) => line.includes('may charge')) ?? '';
  assert.match(said, /custom_metrics=2 /);
  assert.match(said, /metrics_usd_per_month=0\.6 /);
  const sent = receiver.kept.reduce((sum, { message }) => sum + message.length + 26, 0);
  assert.ok(said.includes(`ingested_bytes=${sent} `), said);
});

test('a first value that is not sent is told once, with the key that sends it', async (context) => {
  const { start } = await openRoad(context);
  const { appender, world, open } = await start();
  commit(appender, T0, { requests: 100, faults: 3 }, 'counter');
  const sink = await open({});
  commit(sink.openAppender('other'), T0, { requests: 100 }, 'counter');
  const told = world.lines.filter((line) => line.includes('retain_initial_value_of_delta_metric'));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /level=info.*metric=requests/);
});
