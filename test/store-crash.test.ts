import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../src/kernel/clock.ts';
import { labelValue } from '../src/model/labels.ts';
import { Store, STORE_DEFAULTS } from '../src/workspace/storage/store.ts';
import { temporaryFolder } from './kit/folder.ts';
import { createWorld } from './kit/world.ts';

const writer = join(import.meta.dirname, 'fixtures/store-writer.ts');

/**
 * Runs the writer until it has acknowledged this many requests and kills it. @returns the numbers
 * it printed
 */
async function writeAndKill(
  directory: string,
  baseMs: number,
  acknowledgements: number,
): Promise<number[]> {
  const child = spawn(process.execPath, [writer, directory, String(baseMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString();
    if (said.split('\n').length > acknowledgements) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [unknown, string];
  assert.equal(signal, 'SIGKILL');
  // The last line may be cut off.
  return said.split('\n').slice(0, -1).map(Number);
}

test('after kill -9 everything acknowledged is in the store, once, with its value', async (context) => {
  const directory = temporaryFolder(context);
  const world = createWorld({ clock: systemClock });
  let expected: number[] = [];
  const firstMs = Date.now() - 60_000;
  for (const [round, count] of [60, 1, 235].entries()) {
    const baseMs = firstMs + round * 10_000;
    const said = await writeAndKill(directory, baseMs, count);
    assert.ok(said.length >= count);
    expected = [...expected, ...said.map((n) => baseMs + n)];

    const store = new Store({ ...STORE_DEFAULTS, directory }, world);
    await store.start();
    const found = new Set<number>();
    for (const series of store.select([{ name: '__name__', op: '=', value: 'n' }], 0, Infinity)) {
      series.timestampsMs.forEach((tMs, i) => {
        const n = (tMs - firstMs) % 10_000;
        assert.equal(series.values[i], n);
        assert.equal(labelValue(series.labels, 'series'), String(n % 7));
        assert.ok(!found.has(tMs), 'a sample is there twice');
        found.add(tMs);
      });
    }
    assert.deepEqual(
      expected.filter((tMs) => !found.has(tMs)),
      [],
    );
    await store.stop();
  }
});
