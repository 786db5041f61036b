/** The queue and other processes: one that is killed, and two on one folder. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openQueue } from '../../test/kit/durable-queue.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { takeAll } from '../../test/kit/numbered-chunks.ts';
import { createWorld } from '../../test/kit/world.ts';

test('nothing that was appended is lost when the process is killed', async (t) => {
  const directory = temporaryFolder(t);
  const script = `
    import { DurableQueue } from ${JSON.stringify(new URL('./queue.ts', import.meta.url).href)};
    import { systemClock } from ${JSON.stringify(new URL('../kernel/clock.ts', import.meta.url).href)};
    import { silentLogger } from ${JSON.stringify(new URL('../kernel/logger.ts', import.meta.url).href)};
    import { Registry } from ${JSON.stringify(new URL('../kernel/metrics.ts', import.meta.url).href)};
    const queue = new DurableQueue(
      { name: 'child', directory: ${JSON.stringify(directory)}, lanes: 1, capBytes: 1e9 },
      { clock: systemClock, log: silentLogger, metrics: new Registry() },
    );
    await queue.start();
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.alloc(20, '#' + i + ' ');
      queue.append({ bytes, items: 1, oldestMs: i, newestMs: i, lane: 0, rawBytes: 1 });
    }
    process.kill(process.pid, 'SIGKILL');
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(child.signal, 'SIGKILL', child.stderr.toString());
  const queue = await openQueue(directory);
  assert.deepEqual(
    await takeAll(queue),
    Array.from({ length: 200 }, (_, i) => i),
  );
  await queue.stop();
});

test('two processes on one queue refuse each other; the lock of a dead one is taken', async (t) => {
  const directory = temporaryFolder(t);
  const queue = await openQueue(directory);
  await assert.rejects(openQueue(directory), /in use by process \d+; stop it, or give/);
  await queue.stop();
  const dead = spawnSync(process.execPath, ['-e', '0']);
  const holder = { pid: dead.pid, startTicks: '1', namespace: '' };
  writeFileSync(join(directory, 'lock'), JSON.stringify({ ...holder, namespace: 'elsewhere' }));
  const world = createWorld();
  const waiting = openQueue(directory, {}, world);
  await world.clock.advance(5_000);
  await (await waiting).stop();
  assert.ok(!readdirSync(directory).includes('lock'));
  writeFileSync(join(directory, 'lock'), '{"pid":');
  const torn = openQueue(directory, {}, world);
  await world.clock.advance(5_000);
  await (await torn).stop();
});
