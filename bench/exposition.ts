/**
 * The reading half: an exposition parsed without memory of the last one, and through the cache of a
 * target whose appender does nothing. Prints a table in nanoseconds per sample, because mitata's
 * figures are per exposition.
 */
import { bench, do_not_optimize, group } from 'mitata';
import { makeLabelSet } from '../src/model/labels.ts';
import { type RoutedAppender } from '../src/model/sample.ts';
import { ScrapeScratch } from '../src/scrape/scratch.ts';
import { makeScrapeConfig } from '../src/scrape/config.ts';
import { ScrapeTransaction } from '../src/scrape/transaction.ts';
import { ExpositionReader } from '../src/wire/exposition/reader.ts';
import { type Exposition, makeExpositions } from './payloads.ts';

interface Case {
  readonly name: string;
  readonly exposition: Exposition;
  readonly run: () => void;
}

export function makeEmptyAppender(): RoutedAppender {
  let refs = 0;
  let sum = 0;
  return {
    generation: 0,
    refOf: () => refs++,
    renew: (ref) => ref,
    append: (ref, tMs, value) => void (sum += ref + tMs + value),
    appendStale: () => undefined,
    appendHistogram: () => undefined,
    appendExemplar: () => undefined,
    setMetadata: () => undefined,
    setCreated: () => undefined,
    forget: () => undefined,
    commit: () => {
      do_not_optimize(sum);
    },
    rollback: () => undefined,
    close: () => undefined,
  };
}

function readAll(reader: ExpositionReader, body: Uint8Array, isDecoding: boolean): number {
  let sum = 0;
  reader.open(body);
  for (let entry = reader.next(); entry !== 'end'; entry = reader.next()) {
    if (entry !== 'sample') continue;
    sum += reader.value;
    if (isDecoding) sum += reader.labels().length;
  }
  return sum;
}

function newTarget(): ScrapeTransaction {
  return new ScrapeTransaction({
    appender: makeEmptyAppender(),
    targetLabels: makeLabelSet({ job: 'ecs', instance: '10.0.3.17:9100' }),
    config: makeScrapeConfig({ jobName: 'ecs' }),
    scratch: new ScrapeScratch(),
  });
}

function scrapeOnce(target: ScrapeTransaction, body: Uint8Array, turn: number): void {
  const moment = { tMs: turn * 1_000, timeoutMs: 10_000, elapsedMs: () => 1 };
  target.take({ body, kind: 'text' }, moment);
}

/** Scrapes the bodies in turn, so that values differ from one scrape to the next. */
function makeScraping(bodies: readonly Uint8Array[]): () => void {
  const target = newTarget();
  let turn = 0;
  return () => scrapeOnce(target, bodies[turn++ % bodies.length] ?? new Uint8Array(0), turn);
}

function makeCases(exposition: Exposition): Case[] {
  const [first, second] = exposition.bodies;
  const reader = new ExpositionReader();
  const text = Buffer.from(second).toString();
  const extra = Buffer.from(`appeared{since="now"} 1\n${text}`);
  const names: [string, () => void][] = [
    ['cursor only', () => do_not_optimize(readAll(reader, first, false))],
    ['cursor and label strings', () => do_not_optimize(readAll(reader, first, true))],
    ['cache, same series in the same order', makeScraping([first, second])],
    ['cache, a series comes and goes', makeScraping([first, extra])],
    ['cache, first scrape', () => scrapeOnce(newTarget(), first, 1)],
  ];
  return names.map(([name, run]) => ({ name, exposition, run }));
}

export function registerExposition(): Promise<() => Promise<void>> {
  const cases = makeExpositions().flatMap((exposition) => makeCases(exposition));
  for (const exposition of new Set(cases.map((one) => one.exposition)))
    group(`reading: ${exposition.name}, ${exposition.samples} samples`, () => {
      for (const one of cases) if (one.exposition === exposition) bench(one.name, one.run);
    });
  return Promise.resolve(async () => printTable(cases));
}

/** The median of nine runs of about 50 ms each. */
function measureNsPerRun(run: () => void): number {
  const times: number[] = [];
  for (let round = 0; round < 9; round++) {
    const start = process.hrtime.bigint();
    let runs = 0;
    let spent = 0;
    while (spent < 5e7) {
      run();
      runs += 1;
      spent = Number(process.hrtime.bigint() - start);
    }
    times.push(spent / runs);
  }
  return times.sort((a, b) => a - b)[4] ?? NaN;
}

function printTable(cases: readonly Case[]): void {
  const rows = cases.map(({ name, exposition, run }) => {
    const ns = measureNsPerRun(run);
    return {
      exposition: exposition.name,
      what: name,
      'ns/sample': Number((ns / exposition.samples).toFixed(1)),
      'MB/s': Math.round((exposition.bodies[0].length / ns) * 1_000),
    };
  });
  console.table(rows);
}

if (import.meta.main) printTable(makeExpositions().flatMap((exposition) => makeCases(exposition)));
