/**
 * What transforms of a route cost: scrapes through the appender of a route into the way in of a
 * remote write sink, with none to ten transforms of series, and with each transform of samples; in
 * the steady state, and where a share of the series is new at each scrape. Each round runs all
 * cases one after the other, so that a slow moment of the machine meets all of them. Prints CPU for
 * each sample, and its ratio to the route without transforms: the median of the rounds with its
 * quartiles. `node bench/transforms.ts [rounds]`
 */
import { DELIVERY_DEFAULTS } from '../src/delivery/settings.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { createHttpClient } from '../src/kernel/http-client.ts';
import { silentLogger } from '../src/kernel/logger.ts';
import { Registry } from '../src/kernel/metrics.ts';
import { type LabelSet, makeLabelSet } from '../src/model/labels.ts';
import type { ChunkQueue } from '../src/model/queue.ts';
import type { RoutedAppender, SeriesOrigin } from '../src/model/sample.ts';
import type { Transform } from '../src/model/transform.ts';
import { compileRelabelRule } from '../src/relabel/relabel.ts';
import { Router } from '../src/routes/router.ts';
import { MESSAGE_1, METADATA_DEFAULTS } from '../src/sinks/remote-write/config.ts';
import { RemoteWriteSink } from '../src/sinks/remote-write/sink.ts';
import { cumulativeToDelta, deltaToCumulative } from '../src/transforms/deltas.ts';
import { externalLabels } from '../src/transforms/external-labels.ts';
import { relabelling } from '../src/transforms/relabelling.ts';
import { resourceLabels } from '../src/transforms/resource-labels.ts';
import { scrapedResource } from '../src/transforms/scraped-resource.ts';

const SERIES = 1_000;
const SCRAPES = 20;
const T0 = 1_700_000_000_000;
const ORIGIN: SeriesOrigin = {
  family: { name: 'http_requests_total', type: 'counter', unit: '' },
};
const DELTA: SeriesOrigin = { family: { ...ORIGIN.family, isDelta: true } };

interface Case {
  readonly name: string;
  readonly transforms: readonly Transform[];
  readonly origin?: SeriesOrigin;
}

/** External labels and a resource as any pipeline has them, and rules between. */
function makeTransforms(count: number): readonly Transform[] {
  const rule = (i: number) =>
    relabelling([
      compileRelabelRule({
        source_labels: ['path'],
        regex: '/api/v1/([a-z]+)/.*',
        target_label: `kind_${i % 3}`,
        replacement: '$1',
      }),
    ]);
  const ends: Transform[] = [externalLabels({ cluster: 'bench' }), scrapedResource, resourceLabels];
  if (count <= ends.length) return ends.slice(0, count);
  return [
    ...ends.slice(0, 2),
    ...Array.from({ length: count - 3 }, (_, i) => rule(i)),
    resourceLabels,
  ];
}

const toDelta = cumulativeToDelta({
  selection: '',
  converts: () => true,
  initialValue: 'keep',
  stalenessMs: 0,
  startMs: 0,
});
const toCumulative = deltaToCumulative({ stalenessMs: 1e12, streamsMax: Infinity });

const CASES: readonly Case[] = [
  { name: 'none', transforms: [] },
  ...[1, 3, 10].map((count) => ({ name: `${count} of series`, transforms: makeTransforms(count) })),
  { name: 'cumulativetodelta', transforms: [toDelta] },
  { name: 'deltatocumulative', transforms: [toCumulative], origin: DELTA },
  { name: 'both', transforms: [toDelta, toCumulative] },
];

function makeLabels(index: number): LabelSet {
  return makeLabelSet({
    __name__: 'http_requests_total',
    instance: '10.0.3.17:9090',
    job: 'ecs-webapp',
    path: `/api/v1/orders/${index}`,
    status: String(200 + (index % 5)),
    taskdefinition: 'webapp-taskdef',
  });
}

const nowhere: ChunkQueue = {
  lanes: 1,
  pendingItems: 0,
  append: () => undefined,
  next: () => Promise.resolve(undefined),
  acknowledge: () => undefined,
  flush: () => Promise.resolve(),
  drain: () => undefined,
};

/** A target whose series are known, with what scrapes it once. */
interface Target {
  readonly scrape: (newSeries: number) => void;
}

function openTarget(appender: RoutedAppender, { origin = ORIGIN }: Case): Target {
  let made = 0;
  let turn = 0;
  const add = () => appender.refOf(makeLabels(made++), origin);
  const refs = Array.from({ length: SERIES }, add);
  return {
    scrape: (newSeries) => {
      turn += 1;
      for (let i = 0; i < newSeries; i++) {
        const at = (turn * newSeries + i) % SERIES;
        appender.forget(refs[at] as number);
        refs[at] = add();
      }
      const tMs = T0 + turn * 1_000;
      for (let i = 0; i < SERIES; i++) appender.append(refs[i] as number, tMs, turn * 7 + i);
      appender.commit();
    },
  };
}

async function openTargets(http: ReturnType<typeof createHttpClient>): Promise<readonly Target[]> {
  const world = { clock: systemClock, log: silentLogger, metrics: new Registry(), http };
  const parts = { id: 'remote_write/bench', name: 'bench', queue: nowhere, world, userAgent: '' };
  const config = {
    url: 'http://127.0.0.1:9/',
    headers: {},
    message: MESSAGE_1 as typeof MESSAGE_1,
    remoteTimeoutMs: 1_000,
    sendExemplars: false,
    sendNativeHistograms: false,
    metadata: METADATA_DEFAULTS,
  };
  const { openAppender } = new RemoteWriteSink(config, DELIVERY_DEFAULTS, parts);
  const router = new Router(world.metrics);
  await router.apply(
    new Map(CASES.map(({ name, transforms }) => [name, [{ openAppender, transforms }]])),
  );
  return CASES.map((one) => openTarget(router.openAppender(one.name, 'target'), one));
}

/** CPU of some scrapes, in nanoseconds for each sample. */
function measureNs({ scrape }: Target, newSeries: number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < SCRAPES; i++) scrape(newSeries);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / (SCRAPES * SERIES);
}

/** The value below which this share of the numbers is. */
function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

function printShare(targets: readonly Target[], share: number, rounds: number): void {
  const newSeries = SERIES * share;
  for (let i = 0; i < 5; i++) for (const target of targets) measureNs(target, newSeries);
  const times: number[][] = CASES.map(() => []);
  const ratios: number[][] = CASES.map(() => []);
  for (let round = 0; round < rounds; round++) {
    // Every second round goes backwards: none is measured before and after all others.
    const order = round % 2 === 0 ? [...targets.keys()] : [...targets.keys()].toReversed();
    const ns: number[] = [];
    for (const i of order) ns[i] = measureNs(targets[i] as Target, newSeries);
    for (const [i, one] of ns.entries()) {
      times[i]?.push(one);
      ratios[i]?.push(one / (ns[0] as number));
    }
  }
  process.stdout.write(`\n${share * 100} % of ${SERIES} series are new at each scrape\n`);
  console.table(
    CASES.map(({ name }, i) => ({
      transforms: name,
      'ns/sample': Number(quantile(times[i] ?? [], 0.5).toFixed(1)),
      'ratio to none': Number(quantile(ratios[i] ?? [], 0.5).toFixed(3)),
      quartiles: [0.25, 0.75].map((q) => quantile(ratios[i] ?? [], q).toFixed(3)).join(' – '),
    })),
  );
}

const rounds = Number(process.argv[2] ?? 100);
const http = createHttpClient();
const targets = await openTargets(http);
for (const share of [0, 0.01, 0.1, 0.5]) printShare(targets, share, rounds);
await http.close();
