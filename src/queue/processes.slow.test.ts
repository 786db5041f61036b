/** The queue and other processes: one that is killed, and two on one folder. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
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

test('of twelve processes that start at once on a dead lock, one takes it, each time', async (t) => {
  const lock = new URL('./lock.ts', import.meta.url).href;
  const clock = new URL('../kernel/clock.ts', import.meta.url).href;
  const script = `
    import { takeLock } from ${JSON.stringify(lock)};
    import { systemClock } from ${JSON.stringify(clock)};
    console.log('ready');
    for await (const line of process.stdin) {
      const directory = String(line).trim();
      const taken = await takeLock(directory, systemClock).then(() => 'taken', () => 'refused');
      console.log(taken);
    }
  `;
  const children = Array.from({ length: 12 }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    return child;
  });
  const answers = async (): Promise<string[]> =>
    Promise.all(
      children.map(async ({ stdout }) => String((await once(stdout, 'data'))[0] as Buffer).trim()),
    );
  await answers();
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  for (let round = 0; round < 5; round++) {
    const directory = temporaryFolder(t);
    const queue = await openQueue(directory);
    const own = readFileSync(join(directory, 'lock'), 'utf8');
    await queue.stop();
    writeFileSync(join(directory, 'lock'), own.replace(/"pid":\d+/, `"pid":${pid}`));
    const all = answers();
    for (const { stdin } of children) stdin.write(`${directory}\n`);
    const taken = (await all).filter((answer) => answer === 'taken');
    assert.equal(taken.length, 1, `round ${round}`);
  }
});
