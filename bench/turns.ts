/**
 * How long large and hostile scrape bodies hold the event loop. `node bench/turns.ts` prints, for
 * bodies of 16 MiB, the longest turn of their scrape and how long the whole scrape took. The
 * appender does nothing.
 */
import { performance } from 'node:perf_hooks';
import { message, sub, text, body, uint, double, label } from '../test/fuzz/protobuf-page.ts';
import { makeLabelSet } from '../src/model/labels.ts';
import { ScrapeScratch } from '../src/scrape/scratch.ts';
import { makeScrapeConfig } from '../src/scrape/config.ts';
import { ScrapeTransaction } from '../src/scrape/transaction.ts';
import type { ExpositionKind } from '../src/wire/exposition/negotiation.ts';
import { makeEmptyAppender } from './exposition.ts';

const BODY_BYTES = 16 * 1024 * 1024;
const ROUNDS = 3;

/** Scrapes of one target, one after another. */
interface Case {
  readonly name: string;
  readonly kind?: ExpositionKind;
  /** Each body is made when it is needed. An Error stands for a scrape without a body. */
  readonly bodies: readonly (() => Buffer | Error)[];
}

function makeSeries(value: number, from = 0, step = 1): Buffer {
  const lines: string[] = [];
  let bytes = 0;
  for (let i = from; bytes < BODY_BYTES - 100; i += step) {
    const line =
      `http_requests_total{path="/api/v1/orders/${i}",method="GET",status="200",pod="a"} ` +
      `${value}\n`;
    bytes += line.length;
    lines.push(line);
  }
  return Buffer.from(lines.join(''));
}

const fillBody = (line: string, tail = ''): Buffer =>
  Buffer.concat([Buffer.alloc(BODY_BYTES - tail.length, line), Buffer.from(tail)]);

function makeTinySeries(): Buffer {
  const lines: string[] = [];
  for (let i = 0, bytes = 0; bytes < BODY_BYTES - 20; bytes += (lines.at(-1) ?? '').length)
    lines.push(`a${(i++).toString(36)} 1\n`);
  return Buffer.from(lines.join(''));
}

function makeProtobuf(): Buffer {
  const metric = (i: number) =>
    message(sub(1, label('path', `/api/v1/orders/${i}`)), sub(5, message(double(1, i))));
  const metrics = Array.from({ length: 200_000 }, (_, i) => message(sub(4, metric(i))));
  return Buffer.from(body(Buffer.concat([message(text(1, 'a'), uint(3, 3)), ...metrics])));
}

const CASES: readonly Case[] = [
  { name: 'first scrape', bodies: [() => makeSeries(1)] },
  { name: 'same series', bodies: [() => makeSeries(1), () => makeSeries(2)] },
  {
    name: 'a series comes',
    bodies: [() => makeSeries(1), () => Buffer.concat([Buffer.from('new 1\n'), makeSeries(2)])],
  },
  { name: 'every other series goes', bodies: [() => makeSeries(1), () => makeSeries(2, 0, 2)] },
  { name: 'all series go', bodies: [() => makeSeries(1), () => Buffer.from('a 1\n')] },
  { name: 'no body', bodies: [() => makeSeries(1), () => new Error('refused')] },
  {
    name: 'breaks at its end',
    bodies: [() => makeSeries(1), () => Buffer.concat([makeSeries(2, 1), Buffer.from('{')])],
  },
  { name: 'protobuf, 200k series', kind: 'protobuf', bodies: [makeProtobuf] },
  { name: 'tiny series, all new', bodies: [makeTinySeries] },
  { name: 'one series again and again', bodies: [() => fillBody('a 1\n')] },
  { name: 'one line: a label', bodies: [() => fillBody('x', '"} 1\n').fill('a{b="', 0, 5)] },
  { name: 'one line: labels', bodies: [() => fillBody('a="1",', '} 1\n').fill('a{', 0, 2)] },
  { name: 'one line: a name', bodies: [() => fillBody('x', ' 1\n')] },
  { name: 'one line: HELP', bodies: [() => fillBody('\\n', '\n').fill('# HELP a ', 0, 9)] },
  { name: 'comments', bodies: [() => fillBody('# a comment\n')] },
  { name: 'empty comments', bodies: [() => fillBody('#\n')] },
  { name: 'empty lines', bodies: [() => fillBody('\n')] },
  { name: 'lines of one byte', bodies: [() => fillBody('a\n')] },
  { name: 'HELP lines', bodies: [() => fillBody('# HELP a b\n')] },
  {
    name: 'bad UTF-8 at the end of short lines',
    bodies: [() => fillBody('a 1\n', '\xff\n').fill(0xff, BODY_BYTES - 2, BODY_BYTES - 1)],
  },
  { name: 'protobuf: empty families', kind: 'protobuf', bodies: [() => fillBody('\x03\x0a\x01a')] },
  { name: 'protobuf: empty metrics', kind: 'protobuf', bodies: [makeEmptyMetrics] },
];

function makeEmptyMetrics(): Buffer {
  const metrics = Buffer.alloc(BODY_BYTES - 100, '\x22\x00');
  const inner = Buffer.concat([message(text(1, 'a')), metrics]);
  return Buffer.from(body(inner));
}

async function measure({ bodies, kind = 'text' }: Case): Promise<{ longest: number; all: number }> {
  const target = new ScrapeTransaction({
    appender: makeEmptyAppender(),
    targetLabels: makeLabelSet({ job: 'ecs', instance: '10.0.3.17:9100' }),
    config: makeScrapeConfig({ jobName: 'ecs' }),
    scratch: new ScrapeScratch(),
  });
  let result = { longest: 0, all: 0 };
  for (const [index, makeBody] of bodies.entries()) {
    const made = makeBody();
    const got = made instanceof Error ? made : { body: new Uint8Array(made), kind };
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const moment = { tMs: (index + 1) * 1_000, timeoutMs: 10_000, elapsedMs: () => 1 };
    result = await watchTurns(async () => {
      await target.scrape(got, moment);
    });
  }
  return result;
}

/**
 * The longest time between two turns of the event loop while `act` runs, and its whole time, in ms.
 */
async function watchTurns(act: () => Promise<void>): Promise<{ longest: number; all: number }> {
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
for (const scenario of CASES) {
  const runs: { longest: number; all: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) runs.push(await measure(scenario));
  // Other load on the machine only adds to a time, so the smallest of the rounds is taken.
  const least = (of: (run: { longest: number; all: number }) => number): number =>
    Math.round(Math.min(...runs.map(of)) * 10) / 10;
  rows.push({
    body: scenario.name,
    'longest turn, ms': least((run) => run.longest),
    'all, ms': least((run) => run.all),
  });
}
console.table(rows);
