/** The end of a command, in a process of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const PROGRAM = `
  import { createWorld, runUntilSignal } from '${import.meta.resolve('./runner.ts')}';
  const part = { name: 'part', start: async () => console.log('started'), stop: async () => {} };
  setInterval(() => {}, 60_000);
  process.on('exit', () => process.stdout.write('ended ' + Math.round(performance.now() - atMs)));
  let atMs = 0;
  process.once('SIGTERM', () => { atMs = performance.now(); });
  await runUntilSignal(part, createWorld({}), {
    flags: { 'log.totalsInterval': '0' }, started: () => ({}), totals: {},
  });
`;

test('a timer that a library left does not hold up the end of a command', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.on('data', (part: Buffer) => {
    output += part.toString();
    if (output === 'started\n') child.kill('SIGTERM');
  });
  const [status] = (await once(child, 'close')) as [number];
  assert.equal(status, 0);
  const tookMs = Number(/ended (\d+)/.exec(output)?.[1]);
  assert.ok(tookMs < 1_500, output);
});
