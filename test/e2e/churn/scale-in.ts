/**
 * Collectors of a service go, and what it costs: how long a target was without a scrape, what was
 * scraped twice, and which committed samples never came to a strict receiver.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Collector, Deployment, sleep } from './deployment.ts';
import { until } from '../../kit/waiting.ts';
import { StrictReceiver } from './strict-receiver.ts';

export const SCENARIOS = [
  '3 to 1',
  '3 to 1, 2 s',
  '1 to 3',
  'roll 100/200',
  'roll 0/100',
  'kill one',
  'kill the leader',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface ScaleInOptions {
  readonly scenario: Scenario;
  /** Whether the collectors share a storage folder that stays; else each loses its own. */
  readonly isKept: boolean;
  /** Whether the receiver is down from before the change until after it. */
  readonly isReceiverDown: boolean;
}

export interface ScaleInResult extends ScaleInOptions {
  /** The longest time between two scrapes of a target, in intervals. */
  readonly gap: number;
  /** Times that two collectors scraped a target within half an interval. */
  readonly overlaps: number;
  /** Scrapes that were committed and never came. */
  readonly lost: number;
  /** Scrapes that came more than once. */
  readonly twice: number;
  /** Requests that the receiver refused, for a sample out of order. */
  readonly refused: number;
  readonly staleMarkers: number;
  /** Scrapes that failed. */
  readonly failed: number;
  /** Samples of which collectors said at their end that they are lost with the task's disk. */
  readonly toldLost: number;
  /** Folders that collectors that are gone have left in the shared storage in the end. */
  readonly foldersLeft: number;
  readonly logs: string;
}

/** What a scrape of a target commits: visits, 20 others, and 5 reports. */
export const SAMPLES_PER_SCRAPE = 26;

const COUNT = 30;
const INTERVAL_MS = 2_000;
/** A scrape that the target answered so shortly before a kill was perhaps not committed. */
const UNSURE_MS = 300;
const BEFORE_MS = 4_000;
const AFTER_MS = 6_000;
/** How long what is left may take to be found and sent. */
const SETTLED_WITHIN_MS = 40_000;
/** How long what waits in those that are left may take where nothing else is left. */
const SENT_WITHIN_MS = 8_000;
/** By this a collector on Fargate knows that its disk goes with it. */
const ON_FARGATE = { AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE' };
/** Shorter than by default, so that an end while the receiver is down is soon over. */
const STOP_FLAGS = ['--stop-timeout', '4s'];

interface Play {
  readonly deployment: Deployment;
  readonly running: readonly Collector[];
  /** When collectors were killed, by name. */
  readonly killedMs: Map<string, number>;
  readonly isKept: boolean;
}

function begin({ deployment, isKept }: Pick<Play, 'deployment' | 'isKept'>): Collector {
  return deployment.begin(isKept ? {} : ON_FARGATE, STOP_FLAGS);
}

/** Ends a collector, and its disk where that does not stay. */
async function end(play: Play, collector: Collector, killAfterMs?: number): Promise<void> {
  await play.deployment.end(collector, killAfterMs);
  if (collector.child.signalCode === 'SIGKILL') play.killedMs.set(collector.name, Date.now());
  lose(play, collector);
}

async function kill(play: Play, collector: Collector): Promise<void> {
  play.killedMs.set(collector.name, Date.now());
  await play.deployment.kill(collector);
  lose(play, collector);
}

function lose({ deployment, isKept }: Play, { name }: Collector): void {
  if (!isKept) rmSync(deployment.storageOf(name), { recursive: true, force: true });
}

/** Those with the lowest ids lead. */
function byId(running: readonly Collector[]): readonly Collector[] {
  return running.toSorted((a, b) => (a.task.taskArn < b.task.taskArn ? -1 : 1));
}

const changes: Record<Scenario, (play: Play) => Promise<void>> = {
  async '3 to 1'(play) {
    await Promise.all(play.running.slice(1).map((one) => end(play, one)));
  },
  async '3 to 1, 2 s'(play) {
    await Promise.all(play.running.slice(1).map((one) => end(play, one, 2_000)));
  },
  async '1 to 3'(play) {
    const { deployment } = play;
    begin(play);
    begin(play);
    await deployment.settled(3);
  },
  async 'roll 100/200'(play) {
    for (let i = 0; i < 3; i++) begin(play);
    await play.deployment.settled(6);
    await Promise.all(play.running.map((one) => end(play, one)));
  },
  async 'roll 0/100'(play) {
    await Promise.all(play.running.map((one) => end(play, one)));
    const begun = [0, 1, 2].map(() => begin(play).name);
    await until('those that were begun scrape', 60_000, () => {
      const seen = new Set(play.deployment.visits.flat().map(({ collector }) => collector));
      return begun.every((name) => seen.has(name));
    });
  },
  async 'kill one'(play) {
    const last = byId(play.running).at(-1);
    if (last !== undefined) await kill(play, last);
  },
  async 'kill the leader'(play) {
    const [first] = byId(play.running);
    if (first !== undefined) await kill(play, first);
  },
};

export async function runScaleIn(options: ScaleInOptions): Promise<ScaleInResult> {
  const { scenario, isKept, isReceiverDown } = options;
  const receiver = new StrictReceiver();
  await receiver.start();
  const deployment = await Deployment.start({
    receiver: { url: receiver.url },
    hasName: true,
    targets: { count: COUNT, intervalMs: INTERVAL_MS },
    isShared: isKept,
  });
  try {
    const count = scenario === '1 to 3' ? 1 : 3;
    for (let i = 0; i < count; i++) begin({ deployment, isKept });
    await deployment.settled(count);
    const running = [...deployment.collectors];
    await sleep(BEFORE_MS);
    receiver.isDown = isReceiverDown;
    if (isReceiverDown) await sleep(BEFORE_MS);
    const fromMs = Date.now();
    const play: Play = { deployment, running, killedMs: new Map(), isKept };
    await changes[scenario](play);
    await sleep(AFTER_MS);
    receiver.isDown = false;
    const toMs = Date.now();
    await sleep(2_000);
    const lost = (): number => countLost(deployment, receiver, { toMs, killedMs: play.killedMs });
    const foldersLeft = (): number => (isKept ? countFoldersLeft(deployment) : 0);
    const endMs = Date.now() + (isKept ? SETTLED_WITHIN_MS : SENT_WITHIN_MS);
    while ((lost() > 0 || foldersLeft() > 0) && Date.now() < endMs) await sleep(500);
    return {
      ...options,
      ...measureVisits(deployment, fromMs, toMs),
      lost: lost(),
      twice: countTwice(receiver),
      refused: receiver.refused,
      staleMarkers: sum(receiver.stale),
      failed: sum(receiver.failed),
      toldLost: countToldLost(deployment.collectors),
      foldersLeft: foldersLeft(),
      logs: deployment.collectors.map(({ name, output }) => `--- ${name}\n${output}`).join('\n'),
    };
  } finally {
    await deployment.stop();
    await receiver.stop();
  }
}

function countLost(
  { visits }: Deployment,
  receiver: StrictReceiver,
  { toMs, killedMs }: { toMs: number; killedMs: ReadonlyMap<string, number> },
): number {
  let lost = 0;
  for (const [target, all] of visits.entries()) {
    // A scrape whose body was read too late is no committed one.
    let failed = receiver.failed.get(target) ?? 0;
    for (const [at, { atMs, collector }] of all.entries()) {
      const isUnsure = (killedMs.get(collector) ?? Infinity) - atMs < UNSURE_MS;
      const came = receiver.visits.get(target)?.has(at + 1) === true;
      if (came || isUnsure || atMs >= toMs) continue;
      if (failed > 0) failed -= 1;
      else lost += 1;
    }
  }
  return lost;
}

/** Folders beyond those of the collectors that run. */
function countFoldersLeft(deployment: Deployment): number {
  const running = deployment.collectors.filter(
    ({ child }) => child.exitCode === null && child.signalCode === null,
  );
  const folders = readdirSync(join(deployment.storageOf(''), 'collectors'), {
    withFileTypes: true,
  });
  return folders.filter((entry) => entry.isDirectory()).length - running.length;
}

function countToldLost(collectors: readonly Collector[]): number {
  const told = /not all could be sent before the end: it is lost with the disk.* items=(\d+)/;
  return collectors.reduce((sum, { output }) => sum + Number(told.exec(output)?.[1] ?? 0), 0);
}

function sum(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((all, one) => all + one, 0);
}

function countTwice({ visits }: StrictReceiver): number {
  return [...visits.values()]
    .flatMap((all) => [...all.values()])
    .reduce((sum, times) => sum + times - 1, 0);
}

function measureVisits(
  { visits }: Deployment,
  fromMs: number,
  toMs: number,
): Pick<ScaleInResult, 'gap' | 'overlaps'> {
  let longestMs = 0;
  let overlaps = 0;
  for (const all of visits) {
    const during = all.filter(({ atMs }) => atMs >= fromMs - INTERVAL_MS && atMs <= toMs);
    longestMs = Math.max(longestMs, toMs - (during.at(-1)?.atMs ?? fromMs));
    for (const [at, visit] of during.entries()) {
      const before = during[at - 1];
      if (before === undefined) continue;
      const apartMs = visit.atMs - before.atMs;
      longestMs = Math.max(longestMs, apartMs);
      if (before.collector !== visit.collector && apartMs < INTERVAL_MS / 2) overlaps += 1;
    }
  }
  return { gap: longestMs / INTERVAL_MS, overlaps };
}

export function scaleInHeadline(): string {
  return (
    'scenario         volume  receiver   gap (intervals)  overlaps   lost  twice  refused  ' +
    `stale  failed (${COUNT} targets)`
  );
}

export function formatScaleIn(result: ScaleInResult): string {
  return [
    result.scenario.padEnd(16),
    (result.isKept ? 'kept' : 'lost').padEnd(7),
    (result.isReceiverDown ? 'down' : 'up').padEnd(8),
    result.gap.toFixed(2).padStart(17),
    String(result.overlaps).padStart(9),
    String(result.lost).padStart(6),
    String(result.twice).padStart(6),
    String(result.refused).padStart(8),
    String(result.staleMarkers).padStart(6),
    String(result.failed).padStart(7),
  ].join(' ');
}
