/** What a scrape tells a sink of increases: a reading is one also where nothing of it is wanted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Load } from '../src/delivery/load.ts';
import { newDeliveryMetrics } from '../src/delivery/metrics.ts';
import type { ResourceMetrics } from '../src/model/otel-metrics.ts';
import type { Transform } from '../src/model/transform.ts';
import { MemoryQueue } from '../src/queue/memory-queue.ts';
import { FanOut } from '../src/routes/fan-out.ts';
import { ScrapeScratch } from '../src/scrape/scratch.ts';
import { makeScrapeConfig } from '../src/scrape/config.ts';
import { ScrapeTransaction } from '../src/scrape/transaction.ts';
import { newEmfMetrics } from '../src/sinks/emf/metrics.ts';
import { EmfWayIn } from '../src/sinks/emf/way-in.ts';
import { matchMetrics } from '../src/transforms/filter.ts';
import { branch } from '../src/transforms/branch.ts';
import { deltaToCumulative } from '../src/transforms/deltas.ts';
import { targetInfo } from '../src/transforms/target-info.ts';
import { makeMoment } from './kit/recorded-target.ts';
import { createWorld } from './kit/world.ts';

const ONLY_REQUESTS = matchMetrics(
  { matchType: 'regexp', names: ['^http_requests_total$'], attributes: [] },
  undefined,
);
const TARGET_INFO = targetInfo({ namespace: '', ending: [] });
/** Each hands samples on in its own way. */
const WAYS: readonly (readonly Transform[])[] = [
  [],
  [TARGET_INFO],
  [branch({ identity: 'b', takes: () => true, copies: false, path: [TARGET_INFO] })],
  [deltaToCumulative({ stalenessMs: 1e9, streamsMax: 100 })],
];

/** A target of which a filter keeps one counter, and the increases that are sent of it. */
function openTarget(transforms: readonly Transform[]) {
  const world = createWorld();
  const sent: number[] = [];
  const makeEvents = (all: readonly ResourceMetrics[]) => {
    for (const { metrics } of all)
      for (const { name, data } of metrics)
        for (const point of data.points)
          if (name === 'http_requests_total' && 'value' in point) sent.push(point.value);
    return [];
  };
  const wayIn = new EmfWayIn({
    queue: new MemoryQueue({ name: 'test', lanes: 1, maxBytes: 1e6 }, world),
    load: new Load(newDeliveryMetrics(world.metrics, 'emf/test')),
    clock: world.clock,
    log: world.log,
    metrics: newEmfMetrics(world.metrics, 'emf/test'),
    makeEvents,
    retainsInitialValue: false,
    onMetric: () => undefined,
  });
  const outlets = [{ openAppender: wayIn.open, transforms }];
  const transaction = new ScrapeTransaction({
    appender: new FanOut({ key: 'target', resource: [], outlets }),
    targetLabels: [],
    config: makeScrapeConfig({ jobName: 'j' }),
    scratch: new ScrapeScratch(),
  });
  const scrape = (page: string | Error, tMs: number): void => {
    const got = page instanceof Error ? page : { body: Buffer.from(page), kind: 'text' as const };
    transaction.take(got, makeMoment(tMs));
  };
  return { scrape, sent };
}

const COUNTER = '# TYPE http_requests_total counter\nhttp_requests_total 7\n';

for (const way of WAYS)
  for (const transforms of [way, [ONLY_REQUESTS, ...way], [...way, ONLY_REQUESTS]])
    test(`a counter counts from its first value behind ${transforms.map(({ identity }) => identity).join() || 'nothing'}`, () => {
      const read = openTarget(transforms);
      read.scrape('up_time 1\n', 1_000);
      read.scrape(COUNTER, 2_000);
      assert.deepEqual(read.sent, [7]);
      const failed = openTarget(transforms);
      failed.scrape(new Error('refused'), 1_000);
      failed.scrape(COUNTER, 2_000);
      assert.deepEqual(failed.sent, []);
      const bad = openTarget(transforms);
      bad.scrape('up_time 1\n{', 1_000);
      bad.scrape(COUNTER, 2_000);
      assert.deepEqual(bad.sent, []);
    });
