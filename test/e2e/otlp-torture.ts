/**
 * Tortures the road from a commit to a receiver of OTLP: a process that commits numbered points and
 * spans into an otlp_write is killed or stopped every second or so, and its receiver is a bad one
 * (otlp-torture-peer.ts). Then every number whose commit had returned is looked up.
 *
 * A number may come twice where the answer to it was lost: because the receiver lost it, or because
 * the process was killed before it had noted the answer on disk.
 *
 *     npm run torture:otlp -- [seconds] [http|grpc]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeRandom } from '../kit/random.ts';
import { BadOtlp } from './otlp-torture-peer.ts';

const WRITER = path.join(import.meta.dirname, 'otlp-torture-writer.ts');
/** How long the end may take until all has arrived. */
const CALM_MS = 60_000;
/** Within so long before a kill, an answer may not have been noted on disk. */
const UNNOTED_MS = 2_000;

export interface OtlpTortureResult {
  readonly kills: number;
  readonly stops: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly committed: number;
  readonly received: number;
  /** Committed, and never received. */
  readonly lost: number;
  readonly repeated: number;
  /** Repeated though the answer was not lost. */
  readonly repeatedForNothing: number;
}

interface Life {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  /** Numbers whose commit has returned. */
  readonly committed: number[];
}

export async function tortureOtlp(
  seconds: number,
  protocol: 'http' | 'grpc',
  seed = 11,
): Promise<OtlpTortureResult> {
  const random = makeRandom(seed);
  const receiver = new BadOtlp(protocol, random);
  await receiver.start();
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-otlp-torture-'));
  const lives: Life[] = [];
  const killedMs: number[] = [];
  let stops = 0;
  const begin = (): Life => {
    const last = lives.at(-1)?.committed.at(-1) ?? -1;
    // The number after the last one may be committed too; it is not used again.
    const life = start([folder, `http://127.0.0.1:${receiver.port}`, protocol, String(last + 2)]);
    lives.push(life);
    return life;
  };
  let life = begin();
  try {
    const endAt = performance.now() + seconds * 1_000;
    while (performance.now() < endAt) {
      await until(() => life.committed.length > 50);
      await sleep(500 + random() * 1_000);
      receiver.isAway = random() < 0.3;
      const isKill = killedMs.length === 0 || receiver.isAway || random() < 0.8;
      if (isKill) {
        life.child.kill('SIGKILL');
        killedMs.push(performance.now());
      } else {
        stops += 1;
        life.child.kill('SIGTERM');
      }
      await life.ended;
      life = begin();
    }
    receiver.isCalm = true;
    await until(() => life.committed.length > 0);
    // It ends when its queue is empty.
    life.child.kill('SIGTERM');
    await Promise.race([life.ended, sleep(CALM_MS, undefined, { ref: false })]);
  } finally {
    for (const { child } of lives) child.kill('SIGKILL');
    receiver.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
  const all = lives.flatMap(({ committed }) => committed);
  const received = all.filter((number) => receiver.received.has(number)).length;
  const { faults, repeats } = receiver;
  const isExcused = (atMs: number): boolean =>
    killedMs.some((killed) => atMs <= killed && killed - atMs < UNNOTED_MS);
  return {
    kills: killedMs.length,
    stops,
    faults,
    committed: all.length,
    received,
    lost: all.length - received,
    repeated: repeats.length,
    repeatedForNothing: repeats.filter(({ before }) => !isExcused(before.atMs)).length,
  };
}

function start(parameters: readonly string[]): Life {
  const child = spawn(process.execPath, [WRITER, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const committed: number[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    committed.push(...lines.map(Number));
  });
  // Its output is read to the end, too.
  const ended = new Promise((resolve) => child.once('close', resolve));
  return { child, ended, committed };
}

async function until(holds: () => boolean): Promise<void> {
  const endAt = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > endAt) throw new Error('the writer does not commit');
    await sleep(10);
  }
}

if (import.meta.main) {
  const [seconds = '60', only] = process.argv.slice(2);
  for (const protocol of ['http', 'grpc'] as const) {
    if (only !== undefined && only !== protocol) continue;
    const result = await tortureOtlp(Number(seconds), protocol);
    console.log(protocol, JSON.stringify(result, undefined, 2));
    console.log(`committed − received = ${result.lost}`);
    if (result.lost !== 0) process.exitCode = 1;
  }
}
