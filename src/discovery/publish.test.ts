import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { TargetGroup } from '../model/target.ts';
import { FilePublisher, renderTargets } from './publish.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';

function makeGroups(count: number): TargetGroup[] {
  return Array.from({ length: count }, (_, index) => ({
    source: `s${index}`,
    targets: [{ __address__: `10.0.0.1:${index}`, own: 'yes' }],
    labels: { 'a "b"': 'line\nbreak', own: 'no', index: String(index) },
  }));
}

for (const count of [0, 1, 199, 200, 201, 1_000])
  test(`${count} targets in pieces are the same JSON as at once`, async () => {
    const entries = makeGroups(count).map(({ targets, labels }) => {
      const { __address__: address, ...own } = targets[0]!;
      return { targets: [address], labels: { ...labels, ...own } };
    });
    const text = Buffer.concat(await renderTargets(makeGroups(count))).toString();
    assert.equal(text, `${JSON.stringify(entries, undefined, 2)}\n`);
  });

test('of lists that come while one is written the newest is written, and no draft stays', async (context) => {
  const folder = temporaryFolder(context);
  const file = path.join(folder, 'targets.json');
  const publisher = new FilePublisher(file, (error) => assert.fail(String(error)));
  const first = publisher.publish(makeGroups(1));
  void publisher.publish(makeGroups(2));
  void publisher.publish(makeGroups(3));
  await first;
  assert.equal((JSON.parse(await readFile(file, 'utf8')) as unknown[]).length, 3);
  assert.deepEqual(await readdir(folder), ['targets.json']);
});

test('bug: a folder that was deleted meanwhile is made again', async (context) => {
  const folder = path.join(temporaryFolder(context), 'lists');
  const file = path.join(folder, 'targets.json');
  const publisher = new FilePublisher(file, (error) => assert.fail(String(error)));
  await publisher.publish(makeGroups(1));
  await rm(folder, { recursive: true });
  await publisher.publish(makeGroups(2));
  assert.equal((JSON.parse(await readFile(file, 'utf8')) as unknown[]).length, 2);
});
