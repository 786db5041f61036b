/** The exporter on a listening socket that its parent passes as file descriptor 3, like systemd. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { test, type TestContext } from 'node:test';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const EXPORTER = [MAIN, 'exporter', '--web.systemd-socket', '--log.level', 'debug'];

interface Run {
  readonly child: ChildProcess;
  readonly errors: () => string;
}

/** Starts the exporter behind a shell that becomes it, so that LISTEN_PID is its own. */
function start(context: TestContext, third: Server | 'ignore', before: string): Run {
  const handle: { fd: number } | undefined =
    third === 'ignore' ? undefined : Reflect.get(third, '_handle');
  const child = spawn(
    '/bin/sh',
    ['-c', `${before} exec "$0" "$@"`, process.execPath, ...EXPORTER],
    {
      env: { ...process.env, ECS_CONTAINER_METADATA_URI_V4: 'http://127.0.0.1:1/v4/a' },
      stdio: ['ignore', 'pipe', 'pipe', handle?.fd ?? 'ignore'],
    },
  );
  context.after(() => child.kill('SIGKILL'));
  let errors = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (part: Buffer) => (errors += part.toString()));
  return { child, errors: () => errors };
}

test('a socket of systemd is served on, and told by its address', async (context) => {
  const parent = createServer().listen(0, '127.0.0.1');
  await once(parent, 'listening');
  context.after(() => parent.close());
  const { port } = parent.address() as AddressInfo;
  const { child, errors } = start(context, parent, 'LISTEN_FDS=1 LISTEN_PID=$$');
  while (!errors().includes('started') && child.exitCode === null)
    await Promise.race([
      once(child.stderr!, 'data'),
      once(child.stdout!, 'data'),
      once(child, 'exit'),
    ]);
  parent.close();
  assert.match(errors(), new RegExp(`http://127\\.0\\.0\\.1:${port}`));
  const answer = await fetch(`http://127.0.0.1:${port}/health`);
  assert.equal(await answer.text(), 'ok\n');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

for (const [what, before, words] of [
  ['no socket', '', /no socket is passed: LISTEN_FDS and LISTEN_PID are not both set.*FLAG_VALUE/],
  ['one of another process', 'LISTEN_FDS=1 LISTEN_PID=1', /LISTEN_PID "1" is another process/],
  ['no number', 'LISTEN_FDS=0 LISTEN_PID=$$', /LISTEN_FDS "0" is not a number from 1 to 64/],
  ['no listener', 'LISTEN_FDS=1 LISTEN_PID=$$', /file descriptor 3 is no socket to.*LISTEN_FAILED/],
] as const)
  test(`${what}: it ends with status 2 and says why`, async (context) => {
    const { child, errors } = start(context, 'ignore', before);
    const [status] = (await once(child, 'close')) as [number];
    assert.match(errors(), words);
    assert.equal(status, 2);
  });
