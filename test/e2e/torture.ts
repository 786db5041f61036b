/**
 * Tortures the road from scrape to receiver with real processes. A collector under load is killed
 * every few seconds; its receiver answers 5xx, 429 and 413, cuts connections, hangs, and is away
 * for a while. Then every sample that a scrape brought is looked up at the receiver. With `--clock`
 * the collector's wall clock is set forth and back instead of kills: torture-clock.ts.
 *
 *     npm run torture -- [seconds] [--clock]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makeRandom } from '../kit/random.ts';
import { peer } from '../kit/peers.ts';
import { FAKETIME } from '../kit/faked-wall.ts';
import { isRight, tortureClock } from './torture-clock.ts';
import {
  type Account,
  BadReceiver,
  CALM_MS,
  type Life,
  listen,
  readSamples,
  sleep,
  startLife,
  Witness,
} from './torture-parts.ts';

const LOAD = { targets: 20, series: 50, intervalMs: 200 };

export interface TortureResult extends Account {
  readonly kills: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Sum of the collectors' own counters over all processes, as far as they could be asked. */
  readonly dropped: number;
  readonly lost: number;
  /**
   * Samples delivered more than once, which is allowed: what was not acknowledged is sent again.
   */
  readonly repeated: number;
  /** Samples that arrived for the first time after a younger one of their series. */
  readonly outOfOrder: number;
}

export async function torture(seconds: number, seed = 7): Promise<TortureResult> {
  const random = makeRandom(seed);
  const witness = new Witness(LOAD);
  const receiver = new BadReceiver((body) => {
    witness.take(readSamples(body));
    return undefined;
  }, random);
  const targets = await listen((request, response) => witness.serve(request, response));
  const sink = await listen((request, response) => receiver.serve(request, response));
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-torture-'));
  let lives = 0;
  const begin = (): Promise<Life> =>
    startLife({
      load: LOAD,
      folder,
      targetPort: targets.port,
      sinkPort: sink.port,
      life: lives++,
    });
  let dropped = 0;
  let isAlive = await begin();
  try {
    const endAt = performance.now() + seconds * 1_000;
    // A busy machine starts a collector slowly; two kills there must be.
    const isOver = (): boolean => performance.now() >= endAt && lives > 2;
    while (!isOver()) {
      await sleep(1_500 + random() * 2_500);
      receiver.isAway = random() < 0.3;
      if (isOver()) break;
      dropped += await readDropped(isAlive);
      isAlive.child.kill('SIGKILL');
      await isAlive.ended;
      isAlive = await begin();
    }
    receiver.isCalm = true;
    await sleep(CALM_MS);
    dropped += await readDropped(isAlive);
    isAlive.child.kill('SIGTERM');
    await isAlive.ended;
  } finally {
    isAlive.child.kill('SIGKILL');
    for (const { server } of [targets, sink]) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
  const account = witness.account((series, visit) => witness.received.get(series)?.has(visit));
  return {
    kills: lives - 1,
    faults: receiver.faults,
    ...account,
    dropped,
    lost: account.committed - account.received - dropped,
    repeated: witness.repeated,
    outOfOrder: witness.outOfOrder,
  };
}

/** Samples that the running collector says it dropped. */
async function readDropped(life: Life): Promise<number> {
  const counts = await life.read('prometheus_remote_storage_samples_dropped_total');
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { clock: { type: 'boolean' } },
    allowPositionals: true,
  });
  const seconds = Number(positionals[0] ?? 60);
  if (values.clock === true) {
    const library = peer(FAKETIME);
    if (library === undefined) throw new Error(`no ${FAKETIME}; run scripts/install-peers.sh`);
    const result = await tortureClock(seconds, library);
    console.log(JSON.stringify(result, undefined, 2));
    if (!isRight(result)) process.exitCode = 1;
    return;
  }
  const result = await torture(seconds);
  console.log(JSON.stringify(result, undefined, 2));
  console.log(`committed − received − counted drops = ${result.lost}`);
  if (result.lost !== 0 || result.outOfOrder !== 0) process.exitCode = 1;
}

if (import.meta.main) await main();
