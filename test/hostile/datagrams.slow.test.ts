/**
 * What listens without HTTP in a collector, as its command starts it: datagrams and lines of
 * hostile senders are counted, hold little memory, and good ones are taken after them.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEnd } from '../kit/ending.ts';
import { until } from '../kit/waiting.ts';
import { type Listener, startCollector } from './listeners.ts';
import { startHostileClient } from './peers.ts';

/** Of all listeners together, on a loaded machine. */
const TIMEOUT_MS = 300_000;
const HELD_BYTES = 16 * 1024 * 1024 + 20e6;
const FLOOD = 20_000;
const CLIENTS = 1_200;
const NOW_S = Math.floor(Date.now() / 1_000);
const SEGMENT = `{"format":"json","version":1}\n${JSON.stringify({
  name: 'a',
  id: '70de5b6f19ff9a0a',
  trace_id: `1-${NOW_S.toString(16)}-a006649127e371903a2de979`,
  start_time: NOW_S,
  end_time: NOW_S + 0.5,
})}`;

const GARBAGE: Readonly<Record<string, Buffer>> = {
  'nothing at all': Buffer.alloc(0),
  zeros: Buffer.alloc(1_400),
  'as much as a datagram holds': Buffer.alloc(65_000, 'a'),
  'bytes above those of text': Buffer.alloc(1_400, 0xff),
  'a header without a document': Buffer.from('{"format":"json","version":1}\n'),
  'deep brackets': Buffer.from(`{"format":"json","version":1}\n${'['.repeat(30_000)}`),
  'lines without end': Buffer.from('a\n'.repeat(30_000)),
};

/** The sum of the samples of a metric of the collector. */
async function sumOf(page: string, metric: string): Promise<number> {
  const text = await (await fetch(`${page}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(metric));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

function openSender(context: TestContext, port: number): (bytes: Uint8Array) => Promise<void> {
  const socket = createSocket('udp4');
  onEnd(context, () => void socket.close());
  return (bytes) =>
    new Promise((resolve) => socket.send(bytes, port, '127.0.0.1', () => resolve()));
}

test('what is no HTTP stands hostile senders', { timeout: TIMEOUT_MS }, async (context) => {
  const all = await startCollector(context);
  const find = (wanted: string): Listener => all.find(({ name }) => name === wanted)!;
  const page = `http://127.0.0.1:${find('collect').port}`;
  const { owner } = find('collect');
  const cases = [
    [
      'StatsD by UDP',
      'amperage_statsd_lines_taken_total',
      'amperage_statsd_lines_refused_total',
      'a:1|c',
    ],
    [
      'segments by UDP',
      'amperage_sink_items_taken_total',
      'amperage_xray_datagrams_rejected_total',
      SEGMENT,
    ],
  ] as const;
  for (const [name, taken, refused, good] of cases)
    await context.test(name, async (inner) => {
      const send = openSender(inner, find(name).port);
      const before = await owner.held();
      for (const bytes of Object.values(GARBAGE)) {
        for (let count = 0; count < 20; count++) await send(bytes);
        await sleep(300);
        const takenBefore = await sumOf(page, taken);
        await send(Buffer.from(good));
        const isTaken = async (): Promise<boolean> => (await sumOf(page, taken)) > takenBefore;
        await until('a good one is taken', 10_000, isTaken, 50);
      }
      assert.ok((await sumOf(page, refused)) >= 20, 'garbage is counted');
      let held = 0;
      for (let count = 0; count < FLOOD; count++) {
        void send(GARBAGE['lines without end']!.subarray(0, 1_400));
        if (count % 500 === 0) await sleep(1);
        if (count % 5_000 === 0) held = Math.max(held, (await owner.held()) - before);
      }
      assert.equal((await fetch(`${page}/-/healthy`)).status, 200);
      inner.diagnostic(`${(held / 1e6).toFixed(1)} MB`);
      assert.ok(held < HELD_BYTES, `${(held / 1e6).toFixed(1)} MB are held`);
    });
  await context.test('StatsD by TCP', async (inner) => {
    const { port } = find('StatsD by TCP');
    const before = await owner.held();
    const taken = 'amperage_statsd_lines_taken_total';
    const scripts = [
      { first: '', again: 'a' },
      { first: '', again: 'a\n' },
      { first: Buffer.from([255, 255, 0, 0]), again: 'b' },
      { first: Buffer.from([255, 255, 255, 0]), again: 'b' },
      { first: 'POST / HTTP/1.1\r\nhost: a\r\n\r\n', again: 'evil:1|c\n' },
      { first: 'a:', again: '1', everyMs: 20 },
    ];
    const clients = scripts.map((script) => startHostileClient(inner, port, script));
    await sleep(1_500);
    const held = (await owner.held()) - before;
    const takenBefore = await sumOf(page, taken);
    const good = connect(port, '127.0.0.1').end('good:1|c\n');
    onEnd(inner, () => void good.destroy());
    const isTaken = async (): Promise<boolean> => (await sumOf(page, taken)) > takenBefore;
    await until('a good one is taken', 10_000, isTaken, 50);
    assert.deepEqual(
      clients.map((client) => client.isClosed()),
      [false, false, true, true, true, false],
    );
    for (const { socket } of clients) socket.destroy();
    assert.ok(held < HELD_BYTES, `${(held / 1e6).toFixed(1)} MB are held`);
    for (let count = 0; count < CLIENTS; count++) {
      startHostileClient(inner, port, { first: '' });
      if (count % 50 === 0) await sleep(5);
    }
    await sleep(700);
    const crowded = await sumOf(page, taken);
    // On a loaded machine the crowd still comes, and may take a place again.
    const isServed = async (): Promise<boolean> => {
      const late = connect(port, '127.0.0.1').on('error', () => undefined);
      onEnd(inner, () => void late.destroy());
      late.end('late:1|c\n');
      await sleep(300);
      return (await sumOf(page, taken)) > crowded;
    };
    await until('one more is taken', 20_000, isServed);
  });
});
