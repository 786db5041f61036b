import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { openQueue } from '../../test/kit/durable-queue.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { createWorld } from '../../test/kit/world.ts';
import { TraceReceiver } from './receiver.ts';

const HEADER = '{"format":"json","version":1}\n';
const DOCUMENTS = 500;
const folder = process.argv[2];

/** A receiver over a durable queue; it says its port, and when all documents are committed. */
async function receive(directory: string): Promise<void> {
  const queue = await openQueue(directory);
  let open = 0;
  let committed = 0;
  const appender = {
    append: () => void (open += 1),
    commit: () => {
      const chunk = { bytes: new Uint8Array(open), rawBytes: open, items: open, lane: 0 };
      queue.append({ ...chunk, oldestMs: 0, newestMs: 0 });
      committed += open;
      open = 0;
      if (committed === DOCUMENTS) process.send?.('committed');
    },
  };
  const settings = { id: 'awsxray', listen: '127.0.0.1:0' };
  const receiver = new TraceReceiver(settings, { world: createWorld(), appender });
  await receiver.start();
  process.send?.(receiver.port);
}

if (folder !== undefined) await receive(folder);
else
  test('what a killed process has committed is in its queue', async (context) => {
    const directory = temporaryFolder(context);
    const child = fork(import.meta.filename, [directory], { execArgv: [] });
    context.after(() => child.kill('SIGKILL'));
    const [port] = (await once(child, 'message')) as [number];
    const sender = createSocket('udp4');
    context.after(() => sender.close());
    const committed = once(child, 'message');
    for (let i = 0; i < DOCUMENTS; i++)
      await new Promise((resolve) => sender.send(`${HEADER}${i}`, port, '127.0.0.1', resolve));
    await committed;
    child.kill('SIGKILL');
    await once(child, 'exit');
    const queue = await openQueue(directory);
    assert.equal(queue.pendingItems, DOCUMENTS);
    await queue.stop();
  });
