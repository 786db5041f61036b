/**
 * `npm run bench:traces`: segments by UDP through receiver, queue and sink to a server that takes
 * PutTraceSegments; sender, collector and server are processes. Prints for each run what was sent,
 * received and stored, what we and the kernel dropped, CPU for 1,000 segments and memory:
 * 5,000/s for a minute, a curve over rates, a stalling main thread, and bursts of 2,000 in 100 ms,
 * the last two also with the receive buffer that Linux gives by default.
 * Flags: --seconds 60, --curve-seconds 10, --rates 1000,2500,…; --cores pins the collector, as
 * `taskset -c` takes it (default 1, on Linux); "all" pins nothing.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** What Linux gives by default: net.core.rmem_max. */
const DEFAULT_BUFFER_BYTES = 212_992;
const ASKED_BUFFER_BYTES = 4 * 1024 * 1024;

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    'curve-seconds': { type: 'string', default: '10' },
    rates: { type: 'string', default: '1000,2500,5000,10000,15000' },
    cores: { type: 'string', default: process.platform === 'linux' ? '1' : 'all' },
  },
});

interface Told {
  readonly received: number;
  readonly dropped: number;
  readonly kernelDrops: number;
  readonly bufferBytes: number;
  readonly pending: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly peakBytes: number;
}

interface Run {
  readonly what: string;
  readonly perSecond: number;
  readonly count: number;
  readonly socketBufferBytes?: number;
  readonly stallMs?: number;
}

async function ask<T>(child: ChildProcess, message: string): Promise<T> {
  child.send(message);
  return ((await once(child, 'message')) as [T])[0];
}

async function start(file: string, args: readonly string[]): Promise<[ChildProcess, number]> {
  const child = fork(join(import.meta.dirname, file), args);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return [child, port];
}

/** The collector, on the cores that the flag says. */
async function startCollector(args: readonly string[]): Promise<[ChildProcess, number]> {
  if (flags.cores === 'all') return start('traces-collector.ts', args);
  const file = join(import.meta.dirname, 'traces-collector.ts');
  const child = spawn('taskset', ['-c', flags.cores, process.execPath, file, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return [child, port];
}

async function measure(run: Run): Promise<void> {
  const { what, perSecond, count, socketBufferBytes = ASKED_BUFFER_BYTES, stallMs = 0 } = run;
  const [service, servicePort] = await start('traces-service.ts', []);
  const given = [`http://127.0.0.1:${servicePort}`, `${socketBufferBytes}`, `${stallMs}`];
  const [collector, port] = await startCollector(given);
  const idle = await ask<Told>(collector, 'tell');
  const sender = fork(
    join(import.meta.dirname, 'traces-sender.ts'),
    [port, perSecond, count].map(String),
  );
  const [sent] = (await once(sender, 'message')) as [
    { sent: number; bytes: number; seconds: number },
  ];
  const loaded = await ask<Told>(collector, 'tell');
  const end = await ask<Told>(collector, 'stop');
  const { stored } = await ask<{ stored: number }>(service, 'tell');
  service.kill();
  print({
    run: what,
    'sent/s': Math.round(sent.sent / sent.seconds),
    bytes: Math.round(sent.bytes / sent.sent),
    sent: sent.sent,
    received: end.received,
    stored,
    dropped: end.dropped,
    kernel: end.kernelDrops,
    'CPU s/1000': ((end.cpuSeconds - idle.cpuSeconds) / (end.received / 1_000)).toFixed(3),
    'idle MB': (idle.rssBytes / 1e6).toFixed(0),
    'RSS MB': (loaded.rssBytes / 1e6).toFixed(0),
    'peak MB': (end.peakBytes / 1e6).toFixed(0),
    buffer: end.bufferBytes,
  });
}

let hasHead = false;
function print(row: Readonly<Record<string, string | number>>): void {
  const cells = Object.entries(row);
  const widths = cells.map(([name]) => (name === 'run' ? 34 : Math.max(9, name.length)));
  const pad = (text: string, i: number): string =>
    i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!);
  const line = (texts: readonly string[]): string => `${texts.map(pad).join(' ')}\n`;
  if (!hasHead) process.stdout.write(line(cells.map(([name]) => name)));
  hasHead = true;
  process.stdout.write(line(cells.map(([, value]) => String(value))));
}

const seconds = Number(flags.seconds);
const curveSeconds = Number(flags['curve-seconds']);
await measure({ what: `5,000/s for ${seconds} s`, perSecond: 5_000, count: 5_000 * seconds });
for (const perSecond of flags.rates.split(',').map(Number))
  await measure({ what: `${perSecond}/s`, perSecond, count: perSecond * curveSeconds });
for (const socketBufferBytes of [ASKED_BUFFER_BYTES, DEFAULT_BUFFER_BYTES]) {
  const buffer = `, buffer of ${socketBufferBytes}`;
  await measure({
    what: `5,000/s, stalls${buffer}`,
    perSecond: 5_000,
    count: 5_000 * curveSeconds,
    stallMs: 50,
    socketBufferBytes,
  });
  await measure({
    what: `2,000 in 100 ms${buffer}`,
    perSecond: 20_000,
    count: 2_000,
    socketBufferBytes,
  });
}
