/**
 * Sets the wall clock of a collector under load back and forth by minutes, every few seconds, while
 * its receiver fails as in torture.ts. The collector alone runs in libfaketime, which reads how far
 * its wall clock is off from a file; monotonic time is left as it is.
 *
 *     wall time      ┌─ taken ─┐            ┌─ taken ─┐
 *     of samples     │         │ refused    │         │ refused
 *                 ───┘         └────────────┘         └─────
 *
 * The receiver does with what is older than the newest of its series what Prometheus and AMP do:
 * it answers 400 "out of order sample". Prometheus keeps nothing of such a request, AMP all that is
 * in order; here chance decides. A sample that it has already it takes again, as AMP does within
 * its out-of-order window.
 *
 * No two stretches overlap in the time of the samples: so a time says in which stretch its sample
 * was made, and a series and a time are one sample. Scrapes are judged by numbers of visits and by
 * elapsed time of this process.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { FakedWall } from '../kit/faked-wall.ts';
import { makeRandom } from '../kit/random.ts';
import {
  type Account,
  BadReceiver,
  CALM_MS,
  type CameSample,
  type Life,
  listen,
  readRealMs,
  readSamples,
  sleep,
  startLife,
  type TortureLoad,
  Witness,
} from './torture-parts.ts';

const LOAD: TortureLoad = { targets: 100, series: 50, intervalMs: 1_000 };
/** A refused batch costs a hundred requests; where each second one failed, none would end. */
const FAULT_SHARE = 0.1;
/** The refusals of the last stretch have ended when there was none for so long. */
const QUIET_MS = 3_000;
const WORK_OFF_MAX_MS = 180_000;
/** Between two stretches, in the time of samples, there is more than twice this. */
const BETWEEN_MS = 20_000;
const MINUTE_MS = 60_000;

export interface ClockResult extends Account {
  readonly steps: { readonly back: number; readonly forth: number };
  readonly faults: Readonly<Record<string, number>>;
  /** Of the committed samples. */
  readonly refused: number;
  /** Committed, and neither received nor refused. */
  readonly lost: number;
  /** All samples that the receiver refused, those that tell of scrapes among them. */
  readonly refusedInAll: number;
  /** What the collector's counter of lost items says, by reason. */
  readonly counted: Readonly<Record<string, number>>;
  /** Samples of one series and one time with two values. */
  readonly doubles: number;
  readonly visits: number;
  /** The longest time between two visits of a target, in intervals of elapsed time. */
  readonly gapMax: number;
  /** By how much timers of this process were late, at most, in intervals: the machine was busy. */
  readonly lateMax: number;
  /** What the log has of each step, and of refusals. */
  readonly said: { readonly back: number; readonly forth: number; readonly refusals: number };
  /** One at the first, one each minute, and one at the end. */
  readonly refusalsSaidMax: number;
}

export function isRight(result: ClockResult): boolean {
  const { steps, said, lost, counted, refused, refusedInAll, doubles, gapMax, lateMax } = result;
  const { out_of_order: outOfOrder = 0, ...others } = counted;
  return (
    lost === 0 &&
    refused > 0 &&
    result.received > 0 &&
    outOfOrder === refusedInAll &&
    Object.keys(others).length === 0 &&
    doubles === 0 &&
    gapMax <= 2 + lateMax &&
    said.back === steps.back &&
    said.forth === steps.forth &&
    said.refusals >= 1 &&
    said.refusals <= result.refusalsSaidMax
  );
}

/** @param library  libfaketime */
export async function tortureClock(
  seconds: number,
  library: string,
  load = LOAD,
): Promise<ClockResult> {
  const random = makeRandom(7);
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-torture-'));
  const wall = new SteppedWall(path.join(folder, 'wall'));
  const witness = new Witness(load);
  const store = new OrderedStore(witness, (tMs) => wall.toRealMs(tMs));
  const take = (body: Buffer): string | undefined => store.take(body, random() < 0.5);
  const receiver = new BadReceiver(take, random, FAULT_SHARE);
  const targets = await listen((request, response) => witness.serve(request, response));
  const sink = await listen((request, response) => receiver.serve(request, response));
  let life: Life | undefined;
  const startedAtMs = readRealMs();
  const delays = monitorEventLoopDelay();
  delays.enable();
  const steps = { back: 0, forth: 0 };
  try {
    life = await startLife({
      load,
      folder,
      targetPort: targets.port,
      sinkPort: sink.port,
      life: 0,
      env: wall.environment(library),
    });
    const endAtMs = startedAtMs + seconds * 1_000;
    const dwell = async (): Promise<void> => {
      receiver.isAway = random() < 0.3;
      await sleep(5_000 + random() * 4_000);
    };
    do {
      await dwell();
      const backMs = MINUTE_MS * (1.5 + random());
      wall.step(-backMs);
      steps.back += 1;
      await dwell();
      // Beyond all that was sent so far, so that it is taken.
      wall.step(backMs + MINUTE_MS * (3.5 + random()));
      steps.forth += 1;
    } while (readRealMs() < endAtMs);
    receiver.isCalm = true;
    await sleep(CALM_MS);
    await untilWorkedOff(receiver, life, load);
    const counted = sumByReason(await life.read('amperage_sink_items_dropped_total'));
    life.child.kill('SIGTERM');
    await life.ended;
    const minutes = (readRealMs() - startedAtMs) / MINUTE_MS;
    return {
      steps,
      faults: receiver.faults,
      ...store.account(),
      counted,
      ...measureVisits(witness, load),
      lateMax: inIntervals(delays.max / 1e6, load),
      said: readSaid(life.lines()),
      refusalsSaidMax: 2 + Math.floor(minutes),
    };
  } finally {
    life?.child.kill('SIGKILL');
    for (const { server } of [targets, sink]) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** Waits until little more than what the scrapes bring meanwhile is in the queue. */
async function untilWorkedOff(
  { faults }: BadReceiver,
  life: Life,
  { targets, series }: TortureLoad,
): Promise<void> {
  const endAtMs = readRealMs() + WORK_OFF_MAX_MS;
  for (let before = -1; readRealMs() < endAtMs;) {
    const waiting = await life.read('prometheus_remote_storage_samples_pending');
    const isLittle = Math.max(...waiting.values()) < 3 * targets * series;
    if (isLittle && before === faults['400']) return;
    before = faults['400'] ?? 0;
    await sleep(QUIET_MS);
  }
}

/** The wall clock of the collector. */
class SteppedWall {
  readonly #wall: FakedWall;
  readonly #stretches: { readonly sinceMs: number; readonly aheadMs: number }[] = [];

  constructor(file: string) {
    this.#wall = new FakedWall(file);
    this.step(0);
  }

  environment(library: string): Record<string, string> {
    return this.#wall.environment(library);
  }

  step(ms: number): void {
    const sinceMs = readRealMs();
    this.#wall.step(ms);
    this.#stretches.push({ sinceMs, aheadMs: this.#wall.aheadMs });
  }

  /** When a sample was made, as this process measures time. */
  toRealMs(tMs: number): number {
    const found = this.#stretches.find(({ sinceMs, aheadMs }, index) => {
      const untilMs = this.#stretches[index + 1]?.sinceMs ?? Infinity;
      const realMs = tMs - aheadMs;
      return realMs >= sinceMs - BETWEEN_MS && realMs <= untilMs + BETWEEN_MS;
    });
    return tMs - (found?.aheadMs ?? NaN);
  }
}

interface KeptSeries {
  newestMs: number;
  readonly stored: Map<number, number>;
  readonly refused: Set<number>;
}

/** What the receiver has of each series, in order of time. */
class OrderedStore {
  readonly #witness: Witness;
  readonly #toRealMs: (tMs: number) => number;
  readonly #series = new Map<string, KeptSeries>();
  /** Visit numbers refused, by target and series. */
  readonly #refusedVisits = new Map<string, Set<number>>();
  #doubles = 0;

  constructor(witness: Witness, toRealMs: (tMs: number) => number) {
    this.#witness = witness;
    this.#toRealMs = toRealMs;
  }

  /** @param isWhole  whether one sample out of order makes it refuse all others of the request */
  take(body: Buffer, isWhole: boolean): string | undefined {
    const samples = readSamples(body);
    for (const sample of samples)
      if (sample.name === 'up') this.#witness.noteUp(sample, this.#toRealMs(sample.tMs));
    const late = samples.filter((sample) => !this.#isInOrder(sample));
    for (const sample of late) this.#refuse(sample);
    if (!isWhole || late.length === 0) {
      const isLate = new Set(late);
      const taken = samples.filter((sample) => !isLate.has(sample));
      for (const sample of taken) this.#store(sample);
      this.#witness.take(taken.filter(({ name }) => name === 'torture'));
    }
    const [first] = late;
    if (first === undefined) return undefined;
    return `user=1: err: out of order sample. timestamp=${first.tMs}, series=${keyOf(first)}`;
  }

  account(): Account & { refused: number; lost: number; refusedInAll: number; doubles: number } {
    const { received } = this.#witness;
    const isRefused = (series: string, visit: number): boolean =>
      this.#refusedVisits.get(series)?.has(visit) === true;
    const known = this.#witness.account(
      (series, visit) => received.get(series)?.has(visit) === true || isRefused(series, visit),
    );
    const taken = this.#witness.account((series, visit) => received.get(series)?.has(visit));
    let refusedInAll = 0;
    for (const { refused } of this.#series.values()) refusedInAll += refused.size;
    return {
      ...known,
      received: taken.received,
      refused: known.received - taken.received,
      lost: known.committed - known.received,
      refusedInAll,
      doubles: this.#doubles,
    };
  }

  #isInOrder(sample: CameSample): boolean {
    const { newestMs, stored } = this.#find(sample);
    return sample.tMs > newestMs || stored.has(sample.tMs);
  }

  #store(sample: CameSample): void {
    const { tMs, value } = sample;
    const series = this.#find(sample);
    const before = series.stored.get(tMs);
    if (before !== undefined && !Object.is(before, value)) this.#doubles += 1;
    series.stored.set(tMs, value);
    series.newestMs = Math.max(series.newestMs, tMs);
  }

  #refuse(sample: CameSample): void {
    this.#find(sample).refused.add(sample.tMs);
    if (sample.name !== 'torture') return;
    const series = `${sample.target}/${sample.index}`;
    const visits = this.#refusedVisits.get(series) ?? new Set();
    this.#refusedVisits.set(series, visits.add(sample.value));
  }

  #find(sample: CameSample): KeptSeries {
    const key = keyOf(sample);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const series: KeptSeries = { newestMs: -Infinity, stored: new Map(), refused: new Set() };
    this.#series.set(key, series);
    return series;
  }
}

function keyOf({ name, target, index }: CameSample): string {
  return `${name}/${target}/${index}`;
}

function measureVisits({ visits }: Witness, load: TortureLoad): { visits: number; gapMax: number } {
  const gaps = visits.flatMap((list) =>
    list.slice(1).map(({ atMs }, index) => atMs - (list[index]?.atMs ?? NaN)),
  );
  return {
    visits: visits.reduce((sum, list) => sum + list.length, 0),
    gapMax: inIntervals(
      gaps.reduce((most, gap) => Math.max(most, gap), 0),
      load,
    ),
  };
}

function inIntervals(ms: number, { intervalMs }: TortureLoad): number {
  return Math.round((ms / intervalMs) * 1_000) / 1_000;
}

function sumByReason(counts: ReadonlyMap<string, number>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [labels, count] of counts) {
    const reason = /reason="([^"]*)"/.exec(labels)?.[1] ?? '';
    if (count > 0) sums[reason] = (sums[reason] ?? 0) + count;
  }
  return sums;
}

function readSaid(lines: readonly string[]): ClockResult['said'] {
  const count = (text: string): number => lines.filter((line) => line.includes(text)).length;
  return {
    back: count('the wall clock was set back'),
    forth: count('the wall clock was set forth'),
    refusals: count('reason=out_of_order'),
  };
}
