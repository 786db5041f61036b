/**
 * Simulates the road from commit to receiver from one seed: virtual time, a network that fails in
 * every way, a disk that refuses writes, a process that dies at any point, a sink that changes
 * settings and lanes while it runs. After each run everything that was committed has arrived, each
 * series in order, except what was counted as dropped. 100 runs, or ten thousand with
 * AMPERAGE_LONG=1. A failure names its seed, and AMPERAGE_SEED repeats that run.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Alarm } from '../../src/kernel/alarms.ts';
import { type Clock, VirtualClock } from '../../src/kernel/clock.ts';
import {
  type ClientRequest,
  type ClientResponse,
  type HttpClient,
  HttpClientError,
} from '../../src/kernel/http-client.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { makeLabelSet, labelValue } from '../../src/model/labels.ts';
import type { Appender } from '../../src/model/sample.ts';
import { DurableQueue } from '../../src/queue/queue.ts';
import {
  MESSAGE_1,
  MESSAGE_2,
  METADATA_DEFAULTS,
  type RemoteWriteConfig,
} from '../../src/sinks/remote-write/config.ts';
import { DELIVERY_DEFAULTS } from '../../src/delivery/settings.ts';
import type { Sharding } from '../../src/delivery/shards.ts';
import { RemoteWriteSink } from '../../src/sinks/remote-write/sink.ts';
import { decodeWriteRequest } from '../../src/wire/remote-write/decoder.ts';
import { downgradeRequest } from '../../src/wire/remote-write/downgrade.ts';
import { uncompress } from '../../src/wire/snappy.ts';

const RUNS = Number(process.env['AMPERAGE_RUNS'] ?? 100);
const LONG_RUNS = 10_000;
/**
 * A process that died in the simulation keeps its files open, so a real process runs only this
 * many.
 */
const RUNS_A_PROCESS = 1_000;
const FIRST_SEED = Number(process.env['AMPERAGE_SEED'] ?? 1);
const TARGETS = 3;
const SERIES = 4;
const STEPS = 40;
/** How often the queue does its housekeeping. No other wait of a run has this length. */
const QUEUE_TICK_MS = 1_000;
const LANES = 3;
/** Small limits, so that segments, batches and lanes change all the time. */
const QUEUE = {
  shardsMin: 1,
  shardsMax: LANES,
  maxItemsPerSend: 10,
  batchSendDeadlineMs: 500,
  maxBackoffMs: 900,
};
const SETTINGS = { ...DELIVERY_DEFAULTS, ...QUEUE };
/** A file system in memory where there is one, because ten thousand runs would wear a disk. */
const ROOT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

type Random = (below: number) => number;

function makeRandom(seed: number): Random {
  let state = seed * 0x9e3779b1;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** What was committed and what arrived, by series. */
class Ledger {
  readonly committed = new Map<string, number[]>();
  readonly #arrived = new Map<string, Set<number>>();
  readonly disorder: string[] = [];

  commit(series: string, value: number): void {
    const list = this.committed.get(series) ?? [];
    this.committed.set(series, list);
    list.push(value);
  }

  /** @param version  the version of remote write */
  take(body: Uint8Array, version: 1 | 2): void {
    const message = uncompress(body, 1e7);
    decodeWriteRequest(version === 2 ? downgradeRequest(message) : message, {
      series: (labels, _, values, count) => {
        const series = `${labelValue(labels, 'target')}/${labelValue(labels, 'i')}`;
        const known = this.#arrived.get(series) ?? new Set<number>();
        this.#arrived.set(series, known);
        for (let at = 0; at < count; at++) {
          const value = values[at]!;
          if (!known.has(value) && [...known].some((other) => other > value))
            this.disorder.push(`${series}: ${value}`);
          known.add(value);
        }
      },
    });
  }

  missing(): string[] {
    return [...this.committed].flatMap(([series, values]) =>
      values
        .filter((value) => this.#arrived.get(series)?.has(value) !== true)
        .map((value) => `${series}: ${value}`),
    );
  }
}

/** The clock of one life. A wait of a process that has died never ends. */
class MortalClock implements Clock {
  isDead = false;
  /**
   * How many waits of the queue's housekeeping are under way; then it has no request to the disk.
   */
  ticksAsleep = 0;
  readonly #clock: Clock;
  constructor(clock: Clock) {
    this.#clock = clock;
  }
  nowMs(): number {
    return this.#clock.nowMs();
  }
  elapsedMs(): number {
    return this.#clock.elapsedMs();
  }
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const isTick = ms === QUEUE_TICK_MS;
    if (isTick) this.ticksAsleep += 1;
    try {
      await this.#clock.sleep(ms, signal);
    } finally {
      if (isTick) this.ticksAsleep -= 1;
    }
    if (this.isDead) await new Promise<void>(() => undefined);
  }
  alarm(ring: () => void): Alarm {
    return this.#clock.alarm(() => (this.isDead ? undefined : ring()));
  }
}

/** A network that fails at random. */
class Network {
  isCalm = false;
  isDown = false;
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #takes2: boolean;
  constructor(ledger: Ledger, random: Random) {
    this.#ledger = ledger;
    this.#random = random;
    this.#takes2 = random(2) === 0;
  }

  client(clock: MortalClock): HttpClient {
    return {
      close: () => Promise.resolve(),
      send: async (request) => {
        await clock.sleep(1 + this.#random(200), request.signal);
        const answer = await this.#answer(request, clock);
        if (clock.isDead) await new Promise<void>(() => undefined);
        return answer;
      },
    };
  }

  async #answer(request: ClientRequest, clock: Clock): Promise<ClientResponse> {
    const body = request.body as Uint8Array;
    const mood = this.isCalm ? 99 : this.#random(100);
    const status = (code: number, headers: Record<string, string> = {}): ClientResponse => ({
      status: code,
      headers,
      body: Buffer.alloc(0),
    });
    const broken = (): HttpClientError => new HttpClientError('reset', 'the connection broke');
    if (this.isDown && !this.isCalm) throw broken();
    if (mood < 10) return status(503);
    if (mood < 16) return status(429, { 'retry-after': '2' });
    if (mood < 24) throw broken();
    if (mood < 27) return status(403);
    if (mood < 30 && body.length > 150) return status(413);
    if (mood < 33) {
      await clock.sleep(request.timeoutMs, request.signal);
      throw new HttpClientError('timeout', 'no answer');
    }
    const version = request.headers!['x-prometheus-remote-write-version'] === '2.0.0' ? 2 : 1;
    if (version === 2 && !this.#takes2) return status(this.#random(2) === 0 ? 415 : 204);
    this.#ledger.take(body, version);
    // The receiver has accepted the request, but the sender does not learn of it.
    if (mood < 45) throw broken();
    return status(204, { 'x-prometheus-remote-write-samples-written': '1' });
  }
}

interface Life {
  readonly clock: MortalClock;
  readonly metrics: Registry;
  readonly queue: DurableQueue;
  sink: RemoteWriteSink;
  appenders: readonly Appender[];
  readonly open: (before?: RemoteWriteSink) => RemoteWriteSink;
}

class Simulation {
  readonly ledger = new Ledger();
  readonly clock = new VirtualClock();
  readonly network: Network;
  dropped = 0;
  readonly #random: Random;
  readonly #directory: string;
  #message: typeof MESSAGE_1 | typeof MESSAGE_2;
  #next = 0;
  #life: Life | undefined;
  #refused: string | undefined;

  constructor(random: Random, directory: string) {
    this.#random = random;
    this.#directory = directory;
    this.network = new Network(this.ledger, random);
    this.#message = random(2) === 0 ? MESSAGE_1 : MESSAGE_2;
  }

  async begin(): Promise<void> {
    const clock = new MortalClock(this.clock);
    const metrics = new Registry();
    const world = {
      clock,
      log: silentLogger,
      metrics,
      http: this.network.client(clock),
    };
    const queue = new DurableQueue(
      {
        name: 'sim',
        directory: this.#directory,
        lanes: LANES,
        capBytes: 1e9,
        segmentBytes: 700,
        cacheMaxBytes: 1_000,
        onDropped: (samples) => {
          this.dropped += samples;
        },
      },
      world,
    );
    const random = (): number => this.#random(1_000) / 1_000;
    const sharding: Sharding = {
      intervalMs: 3_000,
      desired: 1,
      next: () => 1 + this.#random(LANES),
    };
    const open = (before?: RemoteWriteSink): RemoteWriteSink => {
      const parts = { id: 'remote_write/sim', name: 'sim', queue, world, userAgent: '', before };
      return new RemoteWriteSink(this.#config(), SETTINGS, parts, { random, sharding });
    };
    const sink = open();
    const starting = queue.start();
    await this.clock.advance(0);
    await starting;
    await sink.start();
    this.#life = { clock, metrics, queue, sink, appenders: openAppenders(sink), open };
  }

  /**
   * Gives the sink other settings, perhaps with another message and other lanes. Scrapes go on
   * until the moment of the change.
   */
  async change(): Promise<void> {
    const life = this.#life!;
    const released = life.sink.release(500);
    this.scrape();
    for (let i = 0; i < 4; i++) await this.clock.advance(250);
    await released;
    if (this.#random(3) === 0) this.#message = this.#message === MESSAGE_1 ? MESSAGE_2 : MESSAGE_1;
    life.queue.configure({ lanes: 1 + this.#random(LANES + 2), capBytes: 1e9 });
    const next = life.open(life.sink);
    if (next.openAppender !== life.sink.openAppender) {
      for (const appender of life.appenders) appender.close();
      life.appenders = openAppenders(next);
    }
    life.sink = next;
    await next.start();
  }

  #config(): RemoteWriteConfig {
    return {
      url: 'http://receiver/write',
      headers: {},
      message: this.#message,
      remoteTimeoutMs: 2_000,
      sendExemplars: false,
      sendNativeHistograms: false,
      metadata: { ...METADATA_DEFAULTS, isSent: false },
    };
  }

  scrape(): void {
    const target = this.#random(TARGETS);
    const appender = this.#life!.appenders[target]!;
    const value = this.#next++;
    for (let i = 0; i < SERIES; i++) {
      const labels = makeLabelSet({ __name__: 'sim', target: String(target), i: String(i) });
      const ref = appender.refOf(labels);
      appender.append(ref, this.clock.nowMs(), value);
      appender.forget(ref);
    }
    if (this.#random(12) === 0) {
      appender.rollback();
      return;
    }
    appender.commit();
    for (let i = 0; i < SERIES; i++) this.ledger.commit(`${target}/${i}`, value);
  }

  /** The next segment file cannot be made; what does not fit the present one waits in memory. */
  refuseDisk(): void {
    if (this.#refused !== undefined) return;
    const ids = readdirSync(this.#directory).flatMap(
      (name) => /^(\d{10})\.seg$/.exec(name)?.[1] ?? [],
    );
    const id = Math.max(0, ...ids.map(Number)) + 1;
    this.#refused = path.join(this.#directory, `${String(id).padStart(10, '0')}.seg`);
    mkdirSync(this.#refused);
  }

  async healDisk(): Promise<void> {
    if (this.#refused !== undefined) rmSync(this.#refused, { recursive: true });
    this.#refused = undefined;
    // Until it is written, what waits in memory would die with the process, and the queue reports
    // that.
    for (let i = 0; i < 100 && this.#isWaitingForDisk(); i++) {
      await this.clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  #isWaitingForDisk(): boolean {
    return !/queue_unwritten_bytes\{.*\} 0$/m.test(this.#life!.metrics.expose());
  }

  /** Dies as it is: nothing is stopped, flushed or closed. */
  async die(): Promise<void> {
    await this.healDisk();
    this.#life!.clock.isDead = true;
    // What the operating system was asked for is completed before the next process begins, because
    // a dead process writes no more.
    while (this.#life!.clock.ticksAsleep === 0)
      await new Promise((resolve) => setTimeout(resolve, 1));
    for (const name of readdirSync(this.#directory))
      if (name.includes('lock')) rmSync(path.join(this.#directory, name), { recursive: true });
    await this.begin();
  }

  async end(): Promise<void> {
    await this.healDisk();
    this.network.isCalm = true;
    const { queue, sink } = this.#life!;
    for (let i = 0; i < 200 && queue.pendingItems > 0; i++) await this.clock.advance(1_000);
    const stopped = sink.stop(10_000).then(() => queue.stop());
    await this.clock.advance(20_000);
    await stopped;
  }
}

function openAppenders(sink: RemoteWriteSink): readonly Appender[] {
  return Array.from({ length: TARGETS }, (_, target) => sink.openAppender(`t${target}`));
}

async function run(seed: number): Promise<{ committed: number; dropped: number }> {
  const random = makeRandom(seed);
  const directory = mkdtempSync(path.join(ROOT, 'amperage-sim-'));
  try {
    const simulation = new Simulation(random, directory);
    await simulation.begin();
    for (let step = 0; step < STEPS; step++) {
      const dice = random(100);
      if (dice < 60) simulation.scrape();
      else if (dice < 85) await simulation.clock.advance(random(2_000));
      else if (dice < 91) await simulation.die();
      else if (dice < 93) await simulation.change();
      else if (dice < 95) simulation.network.isDown = !simulation.network.isDown;
      else if (dice < 97) simulation.refuseDisk();
      else await simulation.healDisk();
      if (dice >= 95 && dice < 97 && random(2) === 0) await simulation.healDisk();
    }
    await simulation.end();
    const missing = simulation.ledger.missing();
    assert.equal(
      missing.length,
      simulation.dropped,
      `seed ${seed}: ${missing.slice(0, 5).join('; ')}`,
    );
    assert.deepEqual(simulation.ledger.disorder, [], `seed ${seed}`);
    const committed = [...simulation.ledger.committed.values()].flat().length;
    return { committed, dropped: simulation.dropped };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test(
  'whatever fails, everything committed arrives, each series in order',
  { timeout: 3_600_000 },
  async (context) => {
    if (process.env['AMPERAGE_LONG'] !== undefined) {
      runLong(context);
      return;
    }
    let committed = 0;
    let dropped = 0;
    for (let i = 0; i < RUNS; i++) {
      const result = await run(FIRST_SEED + i);
      committed += result.committed;
      dropped += result.dropped;
    }
    context.diagnostic(
      `${RUNS} runs, ${committed} samples committed, ${dropped} counted as dropped`,
    );
    assert.ok(committed > RUNS * 50);
  },
);

/** Ten thousand runs, in processes of a thousand. */
function runLong(context: TestContext): void {
  for (let done = 0; done < LONG_RUNS; done += RUNS_A_PROCESS) {
    const { AMPERAGE_LONG: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
    const own = {
      ...env,
      AMPERAGE_RUNS: String(RUNS_A_PROCESS),
      AMPERAGE_SEED: String(FIRST_SEED + done),
    };
    const child = spawnSync(process.execPath, [import.meta.filename], {
      env: own,
      encoding: 'utf8',
    });
    assert.equal(child.status, 0, child.stdout);
    context.diagnostic(/\d+ runs, .*/.exec(child.stdout)?.[0] ?? '');
  }
}
