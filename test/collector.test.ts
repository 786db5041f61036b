/**
 * The running collector under one plan after another: what changes takes effect on the wire, and
 * what does not change is not interrupted. Sockets on the loopback and time are real.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Collector } from '../src/commands/collect/collector.ts';
import { CallLimits } from '../src/discovery/call-limits.ts';
import { findLeftovers } from '../src/commands/collect/leftovers.ts';
import { SharedFolder } from '../src/commands/collect/shared-folder.ts';
import { loadConfigText } from '../src/config/load.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { serve } from './kit/listen.ts';
import { folderName, leaveNumbers } from './kit/left-queues.ts';
import { type Receiver, startReceiver } from './kit/receiver.ts';
import { until as waitUntil } from './kit/waiting.ts';
import { createWorld, openHttp } from './kit/world.ts';
import { temporaryFolder } from './kit/folder.ts';

const INTERVAL_MS = 200;

interface Rig {
  readonly storage: string;
  readonly lines: readonly string[];
  /** Times of the target's scrapes, ms. */
  readonly scrapes: number[];
  readonly collector: Collector;
  readonly apply: (sinks: string, externalLabels?: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

interface RigStorage {
  readonly storage?: string;
  readonly isShared?: boolean;
}

async function startRig(
  t: TestContext,
  sinks: string,
  externalLabels = '{}',
  { storage = temporaryFolder(t), isShared = false }: RigStorage = {},
): Promise<Rig> {
  const scrapes: number[] = [];
  const { host } = await serve(t, (_, response) => {
    scrapes.push(performance.now());
    response.end(`visits ${scrapes.length}\nsteady 1\n`);
  });
  const makePlan = async (own: string, labels: string) =>
    (
      await loadConfigText(
        `global: { scrape_interval: ${INTERVAL_MS}ms, scrape_timeout: ${INTERVAL_MS}ms, ` +
          `external_labels: ${labels} }\nscrape_configs:\n  - job_name: job\n    ` +
          `static_configs: [{ targets: ['${host}'] }]\n${own}`,
        'c.yml',
        { env: {} },
      )
    ).plan;
  const world = createWorld({ clock: systemClock, http: openHttp(t) });
  const { lines } = world;
  const plan = await makePlan(sinks, externalLabels);
  const callLimits = new CallLimits(systemClock, world.metrics);
  const collector = new Collector({
    plan,
    configFile: 'c.yml',
    storagePath: storage,
    world,
    env: {},
    callLimits,
    shared: isShared ? new SharedFolder(storage, world) : undefined,
  });
  await collector.start();
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await collector.stop(2_000);
  };
  t.after(stop);
  const apply = async (own: string, labels = '{}'): Promise<void> =>
    collector.apply(await makePlan(own, labels));
  return { storage, lines, scrapes, collector, apply, stop };
}

const until = (what: string, holds: () => boolean): Promise<void> =>
  waitUntil(what, 10_000, holds, 10);

const QUEUE = 'queue_config: { batch_send_deadline: 50ms, max_backoff: 100ms }';

const entry = (url: string, more = ''): string =>
  `remote_write:\n  - url: ${url}\n    metadata_config: { send: false }\n    ${QUEUE}\n${more}`;

function readValues(receiver: Receiver, name: string): number[] {
  return receiver.kept
    .filter(({ series }) => series.includes(`__name__=${name},`))
    .map(({ value }) => value);
}

/**
 * Every scrape arrived once and in order, except those that failed: a busy machine may answer late,
 * and `up` says so.
 */
function assertWhole(receiver: Receiver): void {
  const visits = readValues(receiver, 'visits').filter((value) => !Number.isNaN(value));
  assert.deepEqual(
    visits,
    [...new Set(visits)].toSorted((a, b) => a - b),
    'each once, in order',
  );
  const failed = readValues(receiver, 'up').filter((value) => value === 0).length;
  const missing = (visits.at(-1) ?? 0) - visits.length;
  assert.ok(missing <= failed, `${missing} scrapes are missing, ${failed} have failed`);
}

const SECRETS = {
  'a password': [
    '    basic_auth: { username: u, password: old }\n',
    '    basic_auth: { username: u, password: new }\n',
    'authorization',
    `Basic ${btoa('u:old')}`,
    `Basic ${btoa('u:new')}`,
  ],
  'a bearer token': [
    '    bearer_token: old\n',
    '    bearer_token: new\n',
    'authorization',
    'Bearer old',
    'Bearer new',
  ],
  credentials: [
    '    authorization: { type: Key, credentials: old }\n',
    '    authorization: { type: Key, credentials: new }\n',
    'authorization',
    'Key old',
    'Key new',
  ],
  'a header': [
    '    headers: { X-Tenant: old }\n',
    '    headers: { X-Tenant: new }\n',
    'x-tenant',
    'old',
    'new',
  ],
  'a secret header': [
    '    http_headers: { X-Key: { secrets: [old] } }\n',
    '    http_headers: { X-Key: { secrets: [new] } }\n',
    'x-key',
    'old',
    'new',
  ],
} as const;

for (const [what, [before, after, header, old, fresh]] of Object.entries(SECRETS)) {
  test(`a reload with ${what} of remote_write that changed has the new one on the wire`, async (t) => {
    const receiver = await startReceiver(t);
    const { apply } = await startRig(t, entry(receiver.url, before));
    const seen = (): unknown[] => receiver.requests.map(({ headers }) => headers[header]);
    await until('the old one is used', () => seen().includes(old));
    await apply(entry(receiver.url, after));
    const from = receiver.requests.length;
    await until('the new one is used', () => seen().includes(fresh));
    await sleep(3 * INTERVAL_MS);
    assert.ok(
      !seen()
        .slice(from + 1)
        .includes(old),
      'the old one is not used any more',
    );
    assert.equal(
      receiver.kept.length,
      new Set(receiver.kept.map((one) => JSON.stringify(one))).size,
    );
  });
}

test('a sink whose password was wrong delivers what waited as soon as it is right', async (t) => {
  const receiver = await startReceiver(t);
  receiver.answer = ({ headers }) => ({
    status: headers.authorization === `Basic ${btoa('u:right')}` ? 204 : 401,
  });
  const wrong = '    basic_auth: { username: u, password: wrong }\n';
  const { apply, scrapes } = await startRig(t, entry(receiver.url, wrong));
  await until('it was refused', () => receiver.requests.length >= 2 && scrapes.length > 5);
  // Without the reload the next attempt would come in half a minute.
  await apply(entry(receiver.url, wrong.replace('wrong', 'right')));
  await until('all came', () => readValues(receiver, 'visits').length > 5);
  assertWhole(receiver);
});

test('while one sink changes, another sink and the scraping go on undisturbed', async (t) => {
  const [one, other] = [await startReceiver(t), await startReceiver(t)];
  // A receiver that hangs delays the hand-over of its sink for as long as it may.
  one.answer = async () => {
    await sleep(5_000);
    return { status: 204 };
  };
  const both = (more: string): string =>
    `${entry(one.url, more)}  - url: ${other.url}\n    metadata_config: { send: false }\n    ` +
    `${QUEUE}\n`;
  const { apply, scrapes } = await startRig(t, both('    headers: { X-Round: "0" }\n'));
  await until('both have samples', () => one.requests.length > 0 && other.kept.length > 0);
  const fromMs = performance.now();
  await apply(both('    headers: { X-Round: "1" }\n'));
  const tookMs = performance.now() - fromMs;
  await sleep(3 * INTERVAL_MS);
  const during = scrapes.filter((atMs) => atMs >= fromMs - INTERVAL_MS);
  const gaps = during.slice(1).map((atMs, i) => atMs - during[i]!);
  assert.ok(tookMs > 500, `the change took ${tookMs} ms: the receiver hung`);
  assert.ok(Math.max(...gaps) < 4 * INTERVAL_MS, `scraped every ${gaps.map(Math.round).join()} ms`);
  assertWhole(other);
  one.answer = () => ({ status: 204 });
});

test('whatever changes in a sink, every scrape arrives once, in order', async (t) => {
  const receiver = await startReceiver(t);
  const named = '    name: mine\n';
  const { apply, scrapes } = await startRig(t, entry(receiver.url, named));
  const changes = [
    named + '    remote_timeout: 7s\n',
    named + '    send_exemplars: true\n',
    named + '    protobuf_message: io.prometheus.write.v2.Request\n',
    named + '    write_relabel_configs: [{ target_label: zone, replacement: a }]\n',
    named + '    write_relabel_configs: [{ target_label: zone, replacement: b }]\n',
    named,
  ];
  receiver.answer = () => ({
    status: 204,
    headers: { 'x-prometheus-remote-write-samples-written': '1' },
  });
  for (const change of changes) {
    const before = scrapes.length;
    await until('it is scraped', () => scrapes.length > before + 2);
    await apply(entry(receiver.url, change));
  }
  for (const shards of [3, 16, 1, 5]) {
    const before = scrapes.length;
    await until('it is scraped', () => scrapes.length > before + 2);
    const queue = QUEUE.replace(' }', `, max_shards: ${shards} }`);
    await apply(entry(receiver.url, named).replace(QUEUE, queue));
  }
  const last = scrapes.length;
  // On a busy machine the last scrape may have failed; then a later one shows that all came.
  await until('the last came', () => readValues(receiver, 'visits').some((one) => one >= last));
  assertWhole(receiver);
  const zones = ['zone=a', 'zone=b'].map((zone) =>
    receiver.kept.some(({ series }) => series.includes(zone)),
  );
  assert.deepEqual(zones, [true, true]);
});

test('external labels that change take effect at the next scrape, and no sink is touched', async (t) => {
  const receiver = await startReceiver(t);
  const { apply, lines } = await startRig(t, entry(receiver.url));
  await until('samples come', () => receiver.kept.length > 0);
  assert.ok(!receiver.kept.some(({ series }) => series.includes('zone')));
  for (const zone of ['x', 'y']) {
    await apply(entry(receiver.url), `{ zone: ${zone} }`);
    await until(`zone ${zone}`, () =>
      receiver.kept.some(({ series }) => series.includes(`zone=${zone}`)),
    );
  }
  assertWhole(receiver);
  assert.ok(!lines.some((line) => line.includes('goes on with other settings')));
});

test('a removed sink ends, and the log names the queue that it left', async (t) => {
  const [one, other] = [await startReceiver(t), await startReceiver(t)];
  one.answer = () => ({ status: 503 });
  const { apply, storage, lines } = await startRig(t, entry(one.url));
  await until('it was refused', () => one.requests.length > 0);
  await apply(entry(other.url));
  await until('the other one has samples', () => other.kept.length > 0);
  const [left] = await findLeftovers(storage, new Set());
  assert.ok(left !== undefined && left.bytes > 0);
  assert.match(lines.join('\n'), /belongs to no configured sink.*folder=/);
  one.answer = () => ({ status: 204 });
  await apply(entry(one.url));
  await until('what waited came', () => readValues(one, 'visits').includes(1));
});

test('a queue under a name that no entry has is named, and sent by an entry of that name', async (t) => {
  const receiver = await startReceiver(t);
  receiver.answer = () => ({ status: 503 });
  const named = entry(receiver.url, '    name: a3a4ec\n');
  const { apply, lines } = await startRig(t, named);
  await until('it was refused', () => receiver.requests.length > 0);
  await apply(entry(receiver.url));
  const said = lines.find((line) => line.includes('belongs to no configured sink')) ?? '';
  assert.match(said, / kind=remote_write name=a3a4ec look="amperage check queue .*\/a3a4ec"/);
  receiver.answer = () => ({ status: 204 });
  await until('the other queue is sent', () => receiver.kept.length > 0);
  assert.ok(!readValues(receiver, 'visits').includes(1));
  await apply(named);
  await until('what waited came', () => readValues(receiver, 'visits').includes(1));
});

test('queues of the other kind of storage, shared or not, are told of at the start', async (t) => {
  const { url } = await startReceiver(t);
  const storage = temporaryFolder(t);
  const named = entry(url, '    name: a\n');
  await leaveNumbers(storage, '.', { queue: 'a', numbers: [1] });
  await leaveNumbers(path.join(storage, 'collectors'), folderName(1), { numbers: [1] });
  const shared = await startRig(t, named, '{}', { storage, isShared: true });
  assert.match(shared.lines.join('\n'), /a collector without --storage\.shared has left queues/);
  await shared.stop();
  const alone = await startRig(t, named, '{}', { storage });
  assert.match(alone.lines.join('\n'), /collectors with --storage\.shared have left queues/);
});

test('file_write beside remote_write: both get every scrape, with external labels', async (t) => {
  const receiver = await startReceiver(t);
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'samples.json');
  const sinks = `${entry(receiver.url)}file_write: [{ path: ${file} }]\n`;
  const { stop } = await startRig(t, sinks, '{ zone: z }');
  await until('some scrapes came', () => readValues(receiver, 'visits').length > 5);
  await stop();
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { labels: Record<string, string>; value?: number });
  const visits = lines.filter(({ labels }) => labels['__name__'] === 'visits');
  assert.deepEqual(
    visits.map(({ value }) => value ?? Number.NaN),
    readValues(receiver, 'visits'),
  );
  assert.ok(lines.every(({ labels }) => labels['zone'] === 'z'));
});
