import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileMechanism } from './file.ts';
import { startDiscovery } from '../../test/kit/discovery.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';

/** Follows `file_sd_configs` in a fresh folder. */
function follow(context: TestContext, files: readonly string[]) {
  const baseDirectory = temporaryFolder(context);
  const world = { mechanism: 'file', baseDirectory };
  const run = startDiscovery(context, fileMechanism, { files }, world);
  return {
    path: (name: string) => join(baseDirectory, name),
    groups: () => run.lists.at(-1) ?? [],
    addresses: () => run.addresses().join(' '),
    until: (isSo: () => boolean, stepMs = 100) => run.until(isSo, stepMs),
  };
}

test('a file that appears, changes or goes is noticed without waiting for the interval', async (context) => {
  const { path, addresses, until } = follow(context, ['*.yml', 'single.json']);
  await writeFile(path('a.yml'), '- targets: [a:1]\n  labels: {env: x}\n');
  await until(() => addresses() === 'a:1', 20);
  await writeFile(path('next'), '[{"targets": ["s:1"]}]');
  await rename(path('next'), path('single.json'));
  await until(() => addresses() === 'a:1 s:1', 20);
  await rm(path('a.yml'));
  await until(() => addresses() === 's:1', 20);
});

test('groups carry the path of their file and the labels written there, numbers as text', async (context) => {
  const { path, groups, until } = follow(context, ['a.yml']);
  await writeFile(path('a.yml'), '- targets: [a:1]\n  labels: {shard: 7}\n');
  await until(() => groups().length > 0);
  assert.deepEqual(groups()[0]?.labels, { shard: '7', __meta_filepath: path('a.yml') });
  assert.equal(groups()[0]?.source, `${path('a.yml')}:0`);
});

test('a file that becomes invalid keeps its groups while others change', async (context) => {
  const { path, addresses, until } = follow(context, ['*.json']);
  await writeFile(path('a.json'), '[{"targets": ["a:1"]}]');
  await until(() => addresses() === 'a:1');
  await writeFile(path('a.json'), '[{"targets": ["a:1"], "lables": {}}]');
  await writeFile(path('b.json'), '[{"targets": ["b:1"]}]');
  await until(() => addresses() === 'a:1 b:1');
});

test('patterns that Prometheus refuses are refused', () => {
  for (const path of ['a.txt', 'a/*/b.json', 'a', '*']) {
    assert.equal(fileMechanism.schema.safeParse({ files: [path] }).success, false, path);
  }
  for (const path of ['a.json', '/x/*.yml', 'x/tg_*.YAML', 'x/pre*post.json', '*a*.json']) {
    assert.equal(fileMechanism.schema.safeParse({ files: [path] }).success, true, path);
  }
});
