/** Commits that are divided: what is sent of counters, also after a kill between two parts. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { Load } from '../../delivery/load.ts';
import { newDeliveryMetrics } from '../../delivery/metrics.ts';
import { systemClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { Registry } from '../../kernel/metrics.ts';
import { makeLabelSet } from '../../model/labels.ts';
import type { Chunk, ChunkQueue } from '../../model/queue.ts';
import type { Appender, SeriesRef } from '../../model/sample.ts';
import { silentReporter } from '../../settings/finding.ts';
import { unpackEvents } from './chunk.ts';
import { makeEventMaker } from './events.ts';
import { newEmfMetrics } from './metrics.ts';
import { emfSchema, resolveEmf } from './schema.ts';
import { EmfWayIn } from './way-in.ts';

const SERIES = 2_000;
const FIRST_MS = Date.now();

function openBench(context: TestContext) {
  const folder = temporaryFolder(context);
  const chunks: Chunk[] = [];
  let newest: Chunk | undefined;
  const queue = {
    append: (chunk: Chunk) => void chunks.push((newest = chunk)),
    newest: () => newest?.bytes,
  } as Partial<ChunkQueue> as ChunkQueue;
  /** One run of the process; it ends as a killed one does. */
  const run = async (): Promise<EmfWayIn> => {
    const metrics = new Registry();
    const entry = { region: 'us-east-1', namespace: 'test' };
    const context = { path: [], baseDirectory: '/', report: silentReporter, env: {} };
    const { settings } = resolveEmf(emfSchema.parse(entry), context);
    const wayIn = new EmfWayIn({
      queue,
      load: new Load(newDeliveryMetrics(metrics, 'test')),
      clock: systemClock,
      log: silentLogger,
      metrics: newEmfMetrics(metrics, 'test'),
      makeEvents: makeEventMaker(settings, {
        onLeftOut: () => undefined,
        onUnfilled: () => undefined,
        warn: () => undefined,
      }),
      retainsInitialValue: false,
      onMetric: () => undefined,
    });
    await wayIn.resume(folder);
    return wayIn;
  };
  /** How often each value is in the queue. */
  const takeValues = (): Record<string, number> => {
    const values: Record<string, number> = {};
    for (const chunk of chunks)
      for (const { message } of unpackEvents(chunk)?.events ?? []) {
        const { c_total: value } = JSON.parse(message.toString()) as { c_total: number };
        values[value] = (values[value] ?? 0) + 1;
      }
    chunks.length = 0;
    return values;
  };
  return { run, takeValues };
}

/** A reading of counters that are all of this value. */
class Target {
  readonly #appender: Appender;
  readonly #refs: readonly SeriesRef[];

  constructor(wayIn: EmfWayIn, key: string) {
    this.#appender = wayIn.open(key);
    const family = { name: 'c_total', type: 'counter', unit: '' } as const;
    this.#refs = Array.from({ length: SERIES }, (_, i) =>
      this.#appender.refOf(makeLabelSet({ __name__: 'c_total', path: `/${i}` }), { family }),
    );
  }

  begin(reading: number, value: number) {
    const tMs = FIRST_MS + reading * 1_000;
    for (const ref of this.#refs) this.#appender.append(ref, tMs, value);
    const slices = this.#appender.commitSlices?.(true);
    assert.ok(slices !== undefined);
    return slices;
  }

  read(reading: number, value: number): number {
    const slices = this.begin(reading, value);
    let count = 1;
    while (slices.next().done !== true) count += 1;
    return count;
  }
}

test('a large commit is many slices, and says what has been added', async (context) => {
  const { run, takeValues } = openBench(context);
  const target = new Target(await run(), 'target');
  assert.ok(target.read(0, 100) > 10);
  assert.deepEqual(takeValues(), {});
  target.read(1, 107);
  assert.deepEqual(takeValues(), { 7: SERIES });
});

test('another target that is read meanwhile makes no first value an increase', async (context) => {
  const { run, takeValues } = openBench(context);
  const wayIn = await run();
  const [one, other] = [new Target(wayIn, 'one'), new Target(wayIn, 'other')];
  const slices = one.begin(0, 100);
  for (let i = 0; i < 12; i++) slices.next();
  other.read(0, 200);
  while (slices.next().done !== true);
  assert.deepEqual(takeValues(), {});
  other.read(1, 203);
  one.read(1, 107);
  assert.deepEqual(takeValues(), { 3: SERIES, 7: SERIES });
});

test('a kill within the first reading makes no first value an increase', async (context) => {
  const { run, takeValues } = openBench(context);
  const slices = new Target(await run(), 'target').begin(0, 100);
  for (let i = 0; i < 13; i++) slices.next();
  const second = new Target(await run(), 'target');
  second.read(1, 107);
  const { 7: added = 0, ...rest } = takeValues();
  assert.ok(added > 0 && added < SERIES, `${added} series were known`);
  assert.deepEqual(rest, {});
  second.read(2, 110);
  assert.deepEqual(takeValues(), { 3: SERIES });
});

test('a kill within a later reading loses no increase, and sends none twice', async (context) => {
  const { run, takeValues } = openBench(context);
  const first = new Target(await run(), 'target');
  first.read(0, 100);
  const slices = first.begin(1, 107);
  for (let i = 0; i < 13; i++) slices.next();
  const { 7: early = 0 } = takeValues();
  assert.ok(early > 0 && early < SERIES, `${early} series were sent`);
  const second = new Target(await run(), 'target');
  second.read(2, 110);
  assert.deepEqual(takeValues(), { 3: early, 10: SERIES - early });
});
