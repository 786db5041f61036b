import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { findKernelDrops, readKernelDrops } from './udp-drops.ts';

const UDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  471: 0100007F:07D0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 17
  472: 0F01A8C0:07D0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12346 2 0000000000000000 4
  473: 00000000:07D1 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12347 2 0000000000000000 1
  473: 00000000:07D1 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12348 2 0000000000000000 2
`;
const UDP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  471: 00000000000000000000000000000000:07D0 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 23456 2 0000000000000000 5
  471: 00000000000000000000000001000000:07D0 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 23457 2 0000000000000000 6
  471: B80D0120000000000000000001020304:07D0 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 23458 2 0000000000000000 7
  471: 0000000000000000FFFF00000100007F:07D0 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 23459 2 0000000000000000 8
`;

test('drops are found by address and port', () => {
  const find = (host: string, port: number): number | undefined =>
    findKernelDrops(UDP, { host, port, family: 4 });
  assert.equal(find('127.0.0.1', 2_000), 17);
  assert.equal(find('192.168.1.15', 2_000), 4);
  assert.equal(find('0.0.0.0', 2_001), 3);
  assert.equal(find('0.0.0.0', 2_000), undefined);
  assert.equal(find('127.0.0.1', 2_001), undefined);
});

test('drops of sockets of IPv6', () => {
  const find = (host: string): number | undefined =>
    findKernelDrops(UDP6, { host, port: 2_000, family: 6 });
  assert.equal(find('::'), 5);
  assert.equal(find('::1'), 6);
  assert.equal(find('2001:db8::403:201'), 7);
  assert.equal(find('2001:db8:0:0:0:0:403:201%eth0'), 7);
  assert.equal(find('::ffff:127.0.0.1'), 8);
  assert.equal(find('::2'), undefined);
});

test('a table that is not one tells nothing', () => {
  for (const table of ['', 'sl', '1: 0100007F:07D0', UDP.replaceAll(/ \d+$/gm, '')])
    assert.equal(findKernelDrops(table, { host: '127.0.0.1', port: 2_000, family: 4 }), undefined);
});

for (const [family, host] of [
  [4, '127.0.0.1'],
  [6, '::1'],
] as const)
  test(
    `a real socket of IPv${family} that is not read drops, and the kernel says how many`,
    { skip: process.platform !== 'linux' && 'only Linux tells' },
    async (context) => {
      const type = `udp${family}` as const;
      const receiver = createSocket({ type, recvBufferSize: 16_384 });
      context.after(() => receiver.close());
      await new Promise<void>((resolve) => receiver.bind(0, host, resolve));
      const { port } = receiver.address();
      const address = { host, port, family };
      assert.equal(await readKernelDrops(address), 0);
      const sender = createSocket(type);
      context.after(() => sender.close());
      await new Promise<void>((resolve) => sender.connect(port, host, resolve));
      let read = 0;
      receiver.on('message', () => (read += 1));
      // All are sent in one turn of the event loop, in which nobody reads.
      for (let i = 0; i < 200; i++) sender.send(Buffer.alloc(1_000));
      let drops: number | undefined = 0;
      while (read + (drops ?? 0) < 200) drops = await readKernelDrops(address);
      assert.ok(drops !== undefined && drops > 100, `${drops} drops`);
      assert.equal(read + drops, 200);
    },
  );
