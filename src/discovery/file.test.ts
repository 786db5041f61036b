import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CallLimits } from './call-limits.ts';
import { VirtualClock } from '../kernel/clock.ts';
import { silentLogger } from '../kernel/logger.ts';
import { Registry } from '../kernel/metrics.ts';
import { type TargetGroup } from '../model/target.ts';
import { fileMechanism } from './file.ts';
import { type DiscoveryWorld } from './mechanism.ts';

/** Follows file_sd in a fresh folder; `until` lets virtual time and real file events go on until something is so. */
async function withFolder(
  files: readonly string[],
  work: (folder: {
    path: (name: string) => string;
    addresses: () => string;
    groups: () => readonly TargetGroup[];
    until: (isSo: () => boolean, stepMs?: number) => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const baseDirectory = await mkdtemp(join(tmpdir(), 'amperage-file-'));
  const clock = new VirtualClock();
  const abort = new AbortController();
  const world = {
    clock,
    metrics: new Registry(),
    log: silentLogger,
    http: undefined as unknown as DiscoveryWorld['http'],
    mechanism: 'file',
    signal: abort.signal,
    baseDirectory,
    callLimits: new CallLimits(new VirtualClock(), new Registry()),
  };
  let groups: readonly TargetGroup[] = [];
  const ended = (async () => {
    const config = fileMechanism.schema.parse({ files });
    for await (const list of fileMechanism.discover(config, world)) groups = list;
  })();
  try {
    await work({
      path: (name) => join(baseDirectory, name),
      groups: () => groups,
      addresses: () =>
        groups.flatMap((group) => group.targets.map((one) => one['__address__'])).join(' '),
      async until(isSo, stepMs = 100) {
        const endMs = performance.now() + 5_000;
        while (!isSo() && performance.now() < endMs) await clock.advance(stepMs);
        assert.ok(isSo(), 'it did not happen within five seconds');
      },
    });
  } finally {
    abort.abort();
    await ended;
    await rm(baseDirectory, { recursive: true });
  }
}

test('a file that appears, changes or goes is noticed without waiting for the interval', () =>
  withFolder(['*.yml', 'single.json'], async ({ path, addresses, until }) => {
    await writeFile(path('a.yml'), '- targets: [a:1]\n  labels: {env: x}\n');
    await until(() => addresses() === 'a:1', 20);
    await writeFile(path('next'), '[{"targets": ["s:1"]}]');
    await rename(path('next'), path('single.json'));
    await until(() => addresses() === 'a:1 s:1', 20);
    await rm(path('a.yml'));
    await until(() => addresses() === 's:1', 20);
  }));

test('groups carry the path of their file and the labels written there, numbers as text', () =>
  withFolder(['a.yml'], async ({ path, groups, until }) => {
    await writeFile(path('a.yml'), '- targets: [a:1]\n  labels: {shard: 7}\n');
    await until(() => groups().length > 0);
    assert.deepEqual(groups()[0]?.labels, { shard: '7', __meta_filepath: path('a.yml') });
    assert.equal(groups()[0]?.source, `${path('a.yml')}:0`);
  }));

test('a file that becomes invalid keeps its groups while others change', () =>
  withFolder(['*.json'], async ({ path, addresses, until }) => {
    await writeFile(path('a.json'), '[{"targets": ["a:1"]}]');
    await until(() => addresses() === 'a:1');
    await writeFile(path('a.json'), '[{"targets": ["a:1"], "lables": {}}]');
    await writeFile(path('b.json'), '[{"targets": ["b:1"]}]');
    await until(() => addresses() === 'a:1 b:1');
  }));

test('patterns that Prometheus refuses are refused', () => {
  for (const path of ['a.txt', 'a/*/b.json', 'a', '*']) {
    assert.equal(fileMechanism.schema.safeParse({ files: [path] }).success, false, path);
  }
  for (const path of ['a.json', '/x/*.yml', 'x/tg_*.YAML', 'x/pre*post.json', '*a*.json']) {
    assert.equal(fileMechanism.schema.safeParse({ files: [path] }).success, true, path);
  }
});
