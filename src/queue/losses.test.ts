/** Losses of the queue: counted by reason, and passed on with bytes within the bound of reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../kernel/logger.ts';
import { systemClock } from '../kernel/clock.ts';
import { Registry } from '../kernel/metrics.ts';
import { type Entry, newEntry, storedEntry } from './entry.ts';
import { QueueLosses } from './losses.ts';

const chunk = {
  bytes: Buffer.from('in memory'),
  items: 3,
  rawBytes: 1,
  oldestMs: 0,
  newestMs: 0,
  lane: 0,
};

function onDisk(): Entry {
  const { bytes: _, ...rest } = chunk;
  const header = { ...rest, length: 7, lanes: 1, crc: 0, offset: 0 };
  return storedEntry({ segment: { id: 1, path: '', size: 0, live: 1 }, header }, false);
}

test('each loss is counted by its reason and told with its items', () => {
  const registry = new Registry();
  const told: unknown[] = [];
  const losses = new QueueLosses({
    onDropped: (...loss) => void told.push(loss),
    read: () => Buffer.from('on disk'),
    dropped: registry.counters('dropped', 'Test.'),
    log: silentLogger,
    clock: systemClock,
  });
  losses.count(3, 'disk_cap', chunk.bytes);
  losses.count(4, 'disk_cap', undefined);
  losses.count(5, 'corrupt', undefined);
  assert.match(registry.expose(), /dropped\{reason="disk_cap"\} 7/);
  assert.match(registry.expose(), /dropped\{reason="corrupt"\} 5/);
  assert.deepEqual(told[0], [3, 'disk_cap', chunk.bytes]);
});

test('bytes are read from disk for so many losses a second, never for rotten ones, and not for nobody', () => {
  let reads = 0;
  const options = {
    read: () => Buffer.from(`${(reads += 1)}`),
    dropped: new Registry().counters('dropped', 'Test.'),
    log: silentLogger,
    clock: systemClock,
  };
  const losses = new QueueLosses({ ...options, onDropped: () => undefined });
  assert.equal(
    losses.bytesOf(newEntry(chunk, 1, { wallMs: 0, elapsedMs: 0 }), 'memory_full'),
    chunk.bytes,
  );
  assert.equal(losses.bytesOf(onDisk(), 'corrupt'), undefined);
  assert.equal(reads, 0);
  const found = Array.from({ length: 100 }, () => losses.bytesOf(onDisk(), 'disk_cap'));
  assert.equal(reads, 64);
  assert.equal(found.filter((bytes) => bytes !== undefined).length, 64);
  losses.tick();
  assert.ok(losses.bytesOf(onDisk(), 'disk_cap') !== undefined);
  const unheard = new QueueLosses({ ...options, onDropped: undefined });
  assert.equal(
    unheard.bytesOf(newEntry(chunk, 1, { wallMs: 0, elapsedMs: 0 }), 'disk_cap'),
    undefined,
  );
});
