/**
 * Hostile targets, each beside a good one that must not be affected. Real sockets, real time, a few
 * seconds.
 */
import assert from 'node:assert/strict';
import { type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../kernel/clock.ts';
import { createHttpClient } from '../kernel/http-client.ts';
import { DEFAULT_LIMITS, makeScrapeConfig } from './config.ts';
import type { RecordingAppender } from '../../test/kit/recording-appender.ts';
import { listen, serve } from '../../test/kit/listen.ts';
import { createRecordedManager } from '../../test/kit/recorded-manager.ts';
import { groupOf } from '../../test/kit/scrape-jobs.ts';

const INTERVAL_MS = 200;
const LIMIT_BYTES = 100_000;
const bomb = gzipSync(Buffer.alloc(50_000_000, 'a'));
let visit = 0;

/** How each target misbehaves, and the error that the collector shows for it. */
const WAYS: Readonly<Record<string, [answer: (response: ServerResponse) => void, error: RegExp]>> =
  {
    silent: [() => undefined, /took longer/],
    dripping: [
      (response) => {
        const timer = setInterval(() => response.write('a'), 20);
        response.once('close', () => clearInterval(timer));
      },
      /took longer/,
    ],
    endless: [
      (response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('a_long_name_of_nothing 1\n'.repeat(1_000)));
          response.once('drain', more);
        };
        more();
      },
      /larger than 100000 bytes/,
    ],
    bomb: [
      (response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
      /larger than 100000 bytes/,
    ],
    binary: [(response) => void response.end(Buffer.from([0xff, 0xfe, 0, 1, 10])), /invalid UTF-8/],
    hugeLabel: [
      (response) => void response.end(`a{b="${'x'.repeat(90_000)}"} 1\n`),
      /label_value_length_limit/,
    ],
    circling: [
      (response) => void response.writeHead(302, { location: '/circling' }).end(),
      /more than 10 redirects/,
    ],
    stealing: [
      (response) =>
        void response.writeHead(302, { location: 'http://169.254.170.2/v2/credentials' }).end(),
      /metadata address/,
    ],
    headers: [
      (response) => void response.writeHead(200, { 'x-flood': 'x'.repeat(200_000) }).end(),
      /failed|Headers/,
    ],
    breaking: [
      (response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('a 1\n');
        setTimeout(() => response.destroy(), 10);
      },
      /failed|other side closed|terminated/,
    ],
  };

test('whatever a target does, its neighbour keeps its schedule and memory stays bounded', async (context) => {
  const { host: address } = await serve(context, (request, response) => {
    const name = (request.url ?? '').slice(1);
    if (name === 'good') response.end('good 1\n');
    else if (name === 'changing')
      response.end(
        Array.from({ length: 500 }, (_, i) => `c{v="${visit++}",i="${i}"} 1\n`).join(''),
      );
    else WAYS[name]?.[0](response);
  });
  const garbage = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('\0\0not http at all\n');
  });
  const { host: garbageAddress } = await listen(context, garbage);
  const appenders = new Map<string, RecordingAppender>();
  const names = [...Object.keys(WAYS), 'good', 'changing', 'garbage'];
  const { manager } = createRecordedManager({
    clock: systemClock,
    openHttp: () => createHttpClient({ isGuarded: true, reusesBodies: true }),
    onOpen: (key, appender) => void appenders.set(key, appender),
  });
  // Runs also after a failure; else the endless answers would keep the process alive.
  context.after(() => manager.stop(1_000));
  await manager.start();
  await manager.apply(
    names.map((jobName) =>
      makeScrapeConfig({
        jobName,
        scrapeIntervalMs: INTERVAL_MS,
        scrapeTimeoutMs: INTERVAL_MS - 50,
        metricsPath: `/${jobName}`,
        limits: { ...DEFAULT_LIMITS, bodySizeBytes: LIMIT_BYTES, labelValueBytes: 10_000 },
      }),
    ),
  );
  for (const job of names) {
    manager.update(job, groupOf(job === 'garbage' ? garbageAddress : address));
  }
  const before = process.memoryUsage().rss;
  await systemClock.sleep(4_000);
  const grown = process.memoryUsage().rss - before;
  const status = new Map(manager.targets().map((one) => [one.job, one]));
  for (const [name, [, error]] of Object.entries(WAYS)) {
    assert.equal(status.get(name)?.health, 'down', name);
    assert.match(status.get(name)?.lastError ?? '', error, name);
  }
  assert.equal(status.get('garbage')?.health, 'down');
  assert.equal(status.get('good')?.health, 'up');
  assert.equal(status.get('changing')?.health, 'up');
  // Each change of its series ends the old series: never more are known than one body has.
  assert.equal(status.get('changing')?.seriesCount, 500);
  const good = [...appenders].find(([key]) => key.includes('/good'))?.[1];
  const times = (good?.committed ?? [])
    .filter((line) => line.startsWith('up{'))
    .map((line) => Number(line.split('@')[1]));
  const gaps = times.slice(1).map((time, i) => time - times[i]!);
  assert.ok(times.length >= 8, String(times.length));
  const late = gaps.slice(1).filter((gap) => gap > 2 * INTERVAL_MS + 50).length;
  assert.ok(late <= 1, `gaps of the good target: ${gaps.join()}`);
  assert.ok(grown < 400e6, `${grown} bytes`);
});
