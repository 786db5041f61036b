/** `npm start`, ended as a service manager ends it: by a signal to npm alone. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { onEnd } from '../kit/ending.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

test('SIGTERM to npm ends the demo and its processes in order', async (context) => {
  const folder = temporaryFolder(context);
  const given = ['start', '--', '--free-ports', '--storage.path', folder];
  const npm = spawn('npm', given, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  npm.stdout.on('data', (data: Buffer) => (output += data.toString()));
  npm.stderr.on('data', (data: Buffer) => (output += data.toString()));
  onEnd(context, () => void npm.kill('SIGKILL'));
  await until('the demo runs', 60_000, () => output.includes('  Open  '));
  const urls = [...output.matchAll(/✓ \S+ +(http:\/\/127\.0\.0\.1:\d+)/g)].map(([, url]) => url!);
  assert.equal(urls.length, 6, output);
  npm.kill('SIGTERM');
  const [status] = (await once(npm, 'exit')) as [number | null];
  assert.equal(status, 0, output);
  assert.match(output, /^stopping …$/m);
  for (const url of urls) await assert.rejects(fetch(url), `${url} still answers`);
});
