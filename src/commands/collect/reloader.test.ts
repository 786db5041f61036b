import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createWorld } from '../../../test/kit/world.ts';
import { loadConfigText } from '../../config/load.ts';
import type { ConfigSources } from '../../config/sources/sources.ts';
import { Reloader } from './reloader.ts';

async function open(t: TestContext, everyMs = 0) {
  const world = createWorld();
  let reads = 0;
  let kept = 0;
  const texts: string[] = [];
  const sources = {
    names: 'test',
    current: { text: '', file: 'prometheus.yaml' },
    read: async () => {
      reads += 1;
      const text = texts.at(-1) ?? 'scrape_configs: []\n';
      return { text, file: 'prometheus.yaml', version: everyMs > 0 ? text : String(reads) };
    },
    keep: async () => void (kept += 1),
    close: () => undefined,
  };
  const reloader = new Reloader({
    world,
    sources: sources as unknown as ConfigSources,
    first: await loadConfigText('scrape_configs: []\n', 'prometheus.yaml', { allowPartial: false }),
    firstVersion: '0',
    apply: async () => undefined,
    everyMs,
    loading: {},
  });
  t.after(() => reloader.stop());
  return { clock: world.clock, reloader, texts, reads: () => reads, kept: () => kept };
}

test('reloads are gathered: the longer a storm of them, the further they are apart', async (t) => {
  const { clock, reloader, texts, reads } = await open(t);
  const all: Promise<void>[] = [];
  const begunAt: number[] = [];
  for (let atMs = 0; atMs < 240_000; atMs += 50) {
    if (texts.length < reads()) {
      texts.push('scrape_configs: []\n');
      begunAt.push(Math.round(atMs / 1_000));
    }
    all.push(reloader.reload('SIGHUP'));
    await clock.advance(50);
  }
  assert.deepEqual(begunAt, [0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181, 211]);
  await clock.advance(60_000);
  await Promise.all(all);
});

test('after a storm of reloads the next one begins at once, and one soon after it a second later', async (t) => {
  const { clock, reloader, reads } = await open(t);
  const all: Promise<void>[] = [];
  for (let asked = 0; asked < 200; asked++) {
    all.push(reloader.reload('SIGHUP'));
    await clock.advance(50);
  }
  await clock.advance(60_000);
  await Promise.all(all);
  const before = reads();
  await reloader.reload('SIGHUP');
  assert.equal(reads(), before + 1);
  const next = reloader.reload('SIGHUP');
  await clock.advance(1_000);
  await next;
  assert.equal(reads(), before + 2);
});

test('who asks for a reload gets what came of one that began after that', async (t) => {
  const { clock, reloader, texts, reads } = await open(t);
  const good = reloader.reload('SIGHUP');
  await good;
  texts.push('scrape_configs: {');
  const bad = [reloader.reload('a request'), reloader.reload('SIGHUP')];
  const refused = Promise.all(bad.map((one) => assert.rejects(one)));
  assert.equal(reads(), 1);
  await clock.advance(1_000);
  await refused;
  assert.equal(reads(), 2);
  assert.equal(reloader.isGood, false);
});

test('a reload that waits for its turn when the process stops is given up', async (t) => {
  const { reloader, reads } = await open(t);
  await reloader.reload('SIGHUP');
  const waiting = assert.rejects(reloader.reload('SIGHUP'));
  await reloader.stop();
  await waiting;
  assert.equal(reads(), 1);
});

test('bug: a look that finds nothing new keeps what is in use, and nothing that was refused', async (t) => {
  const { clock, reloader, texts, reads, kept } = await open(t, 1_000);
  texts.push('scrape_configs: []');
  await reloader.start();
  await clock.advance(5_500);
  const looks = reads();
  assert.ok(looks > 3);
  assert.ok(kept() >= looks - 1, `${kept()} of ${looks}`);
  texts.push('scrape_configs: {');
  await clock.advance(2_000);
  const before = kept();
  await clock.advance(10_000);
  assert.equal(reloader.isGood, false);
  assert.equal(kept(), before);
});
