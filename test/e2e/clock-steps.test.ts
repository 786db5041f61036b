/**
 * A wall clock that is set back by a second each second, for a minute, so that it stands still:
 * what goes by elapsed time goes on, and the log says it without a line for each step. Processes
 * run in libfaketime, each with a wall clock of its own.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { FAKETIME, FakedWall } from '../kit/faked-wall.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { BARE_AWS, startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';
import { Deployment, sleep } from './churn/deployment.ts';
import { tally } from './churn/tally.ts';

const STEPS = 60;
/** Credentials near their end are fetched again at most every ten seconds. */
const VALID_MS = 25_000;
/** A machine that runs other tests too is late now and then. */
const GAP_MAX_MS = 3_000;
const SHARD_GAP_MAX_MS = 6_000;

/** Steps until a minute is over, or what is waited for has come. */
async function stepFor(walls: readonly FakedWall[], isOver = () => false): Promise<void> {
  for (let step = 0; step < STEPS && !isOver(); step++) {
    for (const wall of walls) wall.step(-1_000);
    await sleep(1_000);
  }
}

function longestGapMs(times: readonly number[], fromMs: number, toMs: number): number {
  const all = [fromMs, ...times.filter((atMs) => atMs > fromMs && atMs < toMs), toMs];
  return Math.max(...all.slice(1).map((atMs, index) => atMs - (all[index] ?? NaN)));
}

/** What the servers round the processes saw, by elapsed time of this process. */
interface Seen {
  readonly scrapes: number[];
  /** Lists that the collector read, and those that discover read. */
  readonly lists: Map<string, number[]>;
  readonly requests: number[];
  /** When each access key ends. */
  readonly ends: Map<string, number>;
  /** Keys of requests that had ended when they came. */
  readonly expired: string[];
}

async function startServers(context: TestContext): Promise<{ seen: Seen; host: string }> {
  const lists = new Map<string, number[]>();
  const seen: Seen = { scrapes: [], lists, requests: [], ends: new Map(), expired: [] };
  const { host } = await serve(context, (request, response) => {
    const atMs = performance.now();
    const [, what = '', who = ''] = (request.url ?? '').split('/');
    if (what === 'metrics') {
      seen.scrapes.push(atMs);
      response.end('up_and_well 1\n');
    } else if (what === 'list') {
      lists.set(who, [...(lists.get(who) ?? []), atMs]);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify([{ targets: [host] }]));
    } else if (what === 'keys') {
      const AccessKeyId = `AKIA${seen.ends.size}`;
      seen.ends.set(AccessKeyId, atMs + VALID_MS);
      const Expiration = new Date(Date.now() + VALID_MS).toISOString();
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ AccessKeyId, SecretAccessKey: 's', Token: 't', Expiration }));
    } else {
      const key = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? 'none';
      seen.requests.push(atMs);
      if (atMs > (seen.ends.get(key) ?? -Infinity)) seen.expired.push(key);
      request.resume().on('end', () => response.writeHead(204).end());
    }
  });
  return { seen, host };
}

test('a wall clock set back each second costs no scrape and no list, and no request has credentials that have ended', async (context) => {
  const peers = skipUnlessPeer(context, FAKETIME);
  if (peers === undefined) return;
  const { seen, host } = await startServers(context);
  const folder = temporaryFolder(context);
  const listOf = (who: string): string =>
    `http_sd_configs: [{ url: 'http://${host}/list/${who}', refresh_interval: 1s }]`;
  const configure = (who: string): string => {
    const file = path.join(folder, `${who}.yml`);
    writeFileSync(
      file,
      `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [{ job_name: j, ${listOf(who)} }]
remote_write: [{ url: 'http://${host}/write', sigv4: { region: us-east-1 }, queue_config: { batch_send_deadline: 100ms } }]
`,
    );
    return file;
  };
  const walls = ['collect', 'discover'].map((who) => new FakedWall(path.join(folder, who)));
  const env = {
    ...BARE_AWS,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${host}/keys`,
  };
  const [collector] = await Promise.all([
    startAmperage(
      context,
      'collect',
      ['--config.file', configure('collect'), '--storage.path', path.join(folder, 'queue')],
      { ...env, ...walls[0]!.environment(peers[FAKETIME]) },
    ),
    startAmperage(context, 'discover', ['--config.file', configure('discover')], {
      ...env,
      ...walls[1]!.environment(peers[FAKETIME]),
    }),
  ]);
  await until('all have begun', 30_000, () => {
    const lists = [...seen.lists.values()];
    return lists.length === 2 && seen.scrapes.length > 1 && seen.requests.length > 1;
  });
  const fromMs = performance.now();
  await stepFor(walls);
  const toMs = performance.now();
  const gaps = {
    scrapes: longestGapMs(seen.scrapes, fromMs, toMs),
    requests: longestGapMs(seen.requests, fromMs, toMs),
    collect: longestGapMs(seen.lists.get('collect') ?? [], fromMs, toMs),
    discover: longestGapMs(seen.lists.get('discover') ?? [], fromMs, toMs),
  };
  const told = collector
    .output()
    .split('\n')
    .filter((line) => line.includes('the wall clock was'));
  const figures = { ...gaps, keys: seen.ends.size, expired: seen.expired, told: told.length };
  context.diagnostic(JSON.stringify(figures));
  for (const [what, gapMs] of Object.entries(gaps)) assert.ok(gapMs <= GAP_MAX_MS, what);
  assert.deepEqual(seen.expired, []);
  assert.ok(seen.ends.size >= 3 && seen.ends.size <= 12, `${seen.ends.size} credentials`);
  assert.ok(told.length >= 1 && told.length <= 3, told.join('\n'));
});

test('two collectors of which one has such a wall clock divide their targets as before', async (context) => {
  const peers = skipUnlessPeer(context, FAKETIME, 'prometheus');
  if (peers === undefined) return;
  const deployment = await Deployment.start({
    receiver: { prometheus: peers.prometheus },
    hasName: true,
  });
  try {
    const wall = new FakedWall(path.join(temporaryFolder(context), 'wall'));
    deployment.begin();
    deployment.begin(wall.environment(peers[FAKETIME]));
    await deployment.settled(2);
    const fromMs = Date.now();
    await stepFor([wall]);
    // One that hangs refuses no request, and so it is missed for its silence alone, which the other
    // measures while its own wall clock stands still.
    deployment.collectors[0]!.child.kill('SIGSTOP');
    let isTaken = false;
    const taking = deployment.settled(1).then(() => {
      isTaken = true;
    });
    await Promise.all([taking, stepFor([wall], () => isTaken)]);
    const steady = tally(deployment.visits, fromMs, fromMs + STEPS * 1_000);
    context.diagnostic(JSON.stringify(steady));
    assert.ok(steady.longestGapMs <= SHARD_GAP_MAX_MS, JSON.stringify(steady));
    assert.ok(steady.more <= (steady.one + steady.none) / 50, JSON.stringify(steady));
  } finally {
    await deployment.stop();
  }
});
