/**
 * How long large and hostile pages hold the event loop: `node bench/turns.ts` prints, for pages of
 * 16 MiB, the longest turn of their scrape and how long all of it took. The appender does nothing.
 */
import { performance } from 'node:perf_hooks';
import { message, sub, text, body, uint, double, label } from '../test/fuzz/protobuf-page.ts';
import { makeLabelSet } from '../src/model/labels.ts';
import { ScrapeScratch } from '../src/scrape/cache.ts';
import { makeScrapeConfig } from '../src/scrape/config.ts';
import { ScrapeTransaction } from '../src/scrape/transaction.ts';
import type { ExpositionKind } from '../src/wire/exposition/negotiation.ts';
import { nothingAppender } from './exposition.ts';

const PAGE_BYTES = 16 * 1024 * 1024;
const ROUNDS = 3;

/** One page after another of one target. */
interface Case {
  readonly name: string;
  readonly kind?: ExpositionKind;
  /** Each is made when it is needed; an error is a scrape that found none. */
  readonly pages: readonly (() => Buffer | Error)[];
}

function series(value: number, from = 0, step = 1): Buffer {
  const lines: string[] = [];
  let bytes = 0;
  for (let i = from; bytes < PAGE_BYTES - 100; i += step) {
    const line =
      `http_requests_total{path="/api/v1/orders/${i}",method="GET",status="200",pod="a"} ` +
      `${value}\n`;
    bytes += line.length;
    lines.push(line);
  }
  return Buffer.from(lines.join(''));
}

const filled = (line: string, tail = ''): Buffer =>
  Buffer.concat([Buffer.alloc(PAGE_BYTES - tail.length, line), Buffer.from(tail)]);

function tinySeries(): Buffer {
  const lines: string[] = [];
  for (let i = 0, bytes = 0; bytes < PAGE_BYTES - 20; bytes += (lines.at(-1) ?? '').length)
    lines.push(`a${(i++).toString(36)} 1\n`);
  return Buffer.from(lines.join(''));
}

function protobuf(): Buffer {
  const metric = (i: number) =>
    message(sub(1, label('path', `/api/v1/orders/${i}`)), sub(5, message(double(1, i))));
  const metrics = Array.from({ length: 200_000 }, (_, i) => message(sub(4, metric(i))));
  return Buffer.from(body(Buffer.concat([message(text(1, 'a'), uint(3, 3)), ...metrics])));
}

const CASES: readonly Case[] = [
  { name: 'first scrape', pages: [() => series(1)] },
  { name: 'same series', pages: [() => series(1), () => series(2)] },
  {
    name: 'a series comes',
    pages: [() => series(1), () => Buffer.concat([Buffer.from('new 1\n'), series(2)])],
  },
  { name: 'every other series goes', pages: [() => series(1), () => series(2, 0, 2)] },
  { name: 'all series go', pages: [() => series(1), () => Buffer.from('a 1\n')] },
  { name: 'no page', pages: [() => series(1), () => new Error('refused')] },
  {
    name: 'breaks at its end',
    pages: [() => series(1), () => Buffer.concat([series(2, 1), Buffer.from('{')])],
  },
  { name: 'protobuf, 200k series', kind: 'protobuf', pages: [protobuf] },
  { name: 'tiny series, all new', pages: [tinySeries] },
  { name: 'one series again and again', pages: [() => filled('a 1\n')] },
  { name: 'one line: a label', pages: [() => filled('x', '"} 1\n').fill('a{b="', 0, 5)] },
  { name: 'one line: labels', pages: [() => filled('a="1",', '} 1\n').fill('a{', 0, 2)] },
  { name: 'one line: a name', pages: [() => filled('x', ' 1\n')] },
  { name: 'one line: HELP', pages: [() => filled('\\n', '\n').fill('# HELP a ', 0, 9)] },
  { name: 'comments', pages: [() => filled('# a comment\n')] },
  { name: 'empty comments', pages: [() => filled('#\n')] },
  { name: 'empty lines', pages: [() => filled('\n')] },
  { name: 'lines of one byte', pages: [() => filled('a\n')] },
  { name: 'HELP lines', pages: [() => filled('# HELP a b\n')] },
  {
    name: 'bad UTF-8 at the end of short lines',
    pages: [() => filled('a 1\n', '\xff\n').fill(0xff, PAGE_BYTES - 2, PAGE_BYTES - 1)],
  },
  { name: 'protobuf: empty families', kind: 'protobuf', pages: [() => filled('\x03\x0a\x01a')] },
  { name: 'protobuf: empty metrics', kind: 'protobuf', pages: [emptyMetrics] },
];

function emptyMetrics(): Buffer {
  const metrics = Buffer.alloc(PAGE_BYTES - 100, '\x22\x00');
  const inner = Buffer.concat([message(text(1, 'a')), metrics]);
  return Buffer.from(body(inner));
}

async function measure({ pages, kind = 'text' }: Case): Promise<{ longest: number; all: number }> {
  const target = new ScrapeTransaction({
    appender: nothingAppender(),
    targetLabels: makeLabelSet({ job: 'ecs', instance: '10.0.3.17:9100' }),
    config: makeScrapeConfig({ jobName: 'ecs' }),
    scratch: new ScrapeScratch(),
  });
  let result = { longest: 0, all: 0 };
  for (const [index, page] of pages.entries()) {
    const made = page();
    const got = made instanceof Error ? made : { body: new Uint8Array(made), kind };
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const moment = { tMs: (index + 1) * 1_000, timeoutMs: 10_000, elapsedMs: () => 1 };
    result = await watched(async () => {
      if (target.isLarge(got)) await target.takeInSlices(got, moment);
      else target.take(got, moment);
    });
  }
  return result;
}

/** The longest stretch between two turns while something is done. */
async function watched(act: () => Promise<void>): Promise<{ longest: number; all: number }> {
  let longest = 0;
  let isDone = false;
  const start = performance.now();
  let last = start;
  const tick = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isDone) setImmediate(tick);
  };
  setImmediate(tick);
  await act();
  tick();
  isDone = true;
  return { longest, all: performance.now() - start };
}

const rows: Record<string, string | number>[] = [];
for (const one of CASES) {
  const runs: { longest: number; all: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) runs.push(await measure(one));
  // What else the machine does only adds to it.
  const least = (of: (run: { longest: number; all: number }) => number): number =>
    Math.round(Math.min(...runs.map(of)) * 10) / 10;
  rows.push({
    page: one.name,
    'longest turn, ms': least((run) => run.longest),
    'all, ms': least((run) => run.all),
  });
}
console.table(rows);
