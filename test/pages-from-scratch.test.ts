/**
 * What a target's pages become does not depend on the pages before: whatever series are added,
 * removed, moved, repeated or back again, each page leaves the samples in the queue, bit for bit,
 * that it leaves when it is the first one; and each series that it lacks gets one stale marker.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeLabelSet } from '../src/model/labels.ts';
import type { RoutedAppender } from '../src/model/sample.ts';
import { makeScrapeConfig } from '../src/scrape/config.ts';
import { ScrapeScratch } from '../src/scrape/scratch.ts';
import { ScrapeTransaction } from '../src/scrape/transaction.ts';
import { decodeWriteRequest } from '../src/wire/remote-write/decoder.ts';
import { uncompress } from '../src/wire/snappy.ts';
import type { MemoryQueue } from './kit/memory-queue.ts';
import { openWayIn } from './kit/way-in.ts';

const T0 = 1_700_000_000_000;
const STALE_BITS = '7ff0000000000002';
/** A name that a report has. */
const REPORT = /^\[\{"name":"__name__","value":"(?:up|scrape_\w+)"/;
const TARGET = makeLabelSet({ instance: 'i:1', job: 'j' });

interface Taken {
  /** `labels time bits` of each sample but the report's. */
  readonly samples: string[];
  /** Labels of the series with a stale marker. */
  readonly markers: string[];
}

/** The road from a page to the queue, for one target. */
class Road {
  readonly #queue: MemoryQueue;
  readonly #transaction: ScrapeTransaction;
  #taken = 0;

  constructor(maxItemsPerSend: number) {
    const { pool, queue } = openWayIn(maxItemsPerSend);
    this.#queue = queue;
    const appender: RoutedAppender = Object.assign(pool.open('t'), {
      generation: 0,
      renew: (ref: number) => ref,
    });
    this.#transaction = new ScrapeTransaction({
      appender,
      targetLabels: TARGET,
      config: makeScrapeConfig({ jobName: 'j' }),
      scratch: new ScrapeScratch(),
    });
  }

  take(page: string, tMs: number): Taken {
    const moment = { tMs, timeoutMs: 1_000, elapsedMs: () => 1 };
    const outcome = this.#transaction.take({ body: Buffer.from(page), kind: 'text' }, moment);
    assert.equal(outcome.failure, undefined);
    const chunks = this.#queue.chunks.slice(this.#taken);
    this.#taken = this.#queue.chunks.length;
    const [samples, markers]: [string[], string[]] = [[], []];
    const bits = new DataView(new ArrayBuffer(8));
    for (const chunk of chunks)
      decodeWriteRequest(uncompress(chunk.bytes, 1e7), {
        series: (labels, times, values, count) => {
          const name = JSON.stringify(labels);
          if (REPORT.test(name)) return;
          for (let i = 0; i < count; i++) {
            bits.setFloat64(0, values[i] as number);
            const hex = bits.getBigUint64(0).toString(16).padStart(16, '0');
            if (hex === STALE_BITS) markers.push(name);
            else samples.push(`${name} ${times[i]} ${hex}`);
          }
        },
      });
    return { samples: samples.toSorted(), markers: markers.toSorted() };
  }
}

const NAMES = Array.from({ length: 500 }, (_, i) => {
  const labels = i % 4 === 0 ? '' : `{path="/orders/${i}",le="${i % 7}"}`;
  return `metric_${Math.floor(i / 4)}${labels}`;
});
const VALUES = ['0', '-0', '1', '17', '3.25', '1e9', '-1.5e-300', '+Inf', '-Inf', 'NaN', '1e+06'];

/** What becomes of the list of series before the next page. */
interface Change {
  readonly kind: 'add' | 'remove' | 'move' | 'repeat' | 'replace' | 'others' | 'restore';
  readonly at: number;
  readonly what: number;
}
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('add', 'remove', 'move', 'repeat', 'replace', 'others', 'restore'),
  at: fc.nat(80),
  what: fc.nat(NAMES.length - 1),
});
const page = fc.record({
  changes: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(change, { maxLength: 3 })),
  value: fc.nat(VALUES.length - 1),
  comment: fc.oneof({ weight: 5, arbitrary: fc.constant(-1) }, fc.nat(60)),
});

function applyChange(list: string[], { kind, at, what }: Change): string[] {
  const name = NAMES[what] as string;
  const place = list.length === 0 ? 0 : at % list.length;
  const without = list.filter((_, i) => i !== place);
  switch (kind) {
    case 'add':
      return list.includes(name) ? list : list.toSpliced(place, 0, name);
    case 'remove':
      return without;
    case 'move':
      return list[place] === undefined
        ? list
        : without.toSpliced(what % list.length, 0, list[place]);
    case 'repeat':
      return list[place] === undefined ? list : [...list, list[place]];
    case 'replace':
      return without.includes(name) ? without : without.toSpliced(place, 0, name);
    case 'others':
      return [...new Set([...list.slice(0, 30), ...NAMES.slice(what, what + 20)])];
    case 'restore':
      return NAMES.slice(0, 40);
  }
}

test('each page leaves the samples that it leaves when it is the first one', () => {
  fc.assert(
    fc.property(
      fc.array(page, { minLength: 60, maxLength: 90 }),
      fc.constantFrom(9, 25, 5_000),
      (pages, maxItems) => {
        const road = new Road(maxItems);
        let list = NAMES.slice(0, 40);
        let before = new Set<string>();
        pages.forEach(({ changes, value, comment }, index) => {
          for (const one of changes) list = applyChange(list, one);
          const text = list
            .map((name, i) => {
              const type = i === comment ? `# TYPE ${name.replace(/\{.*/, '')} gauge\n` : '';
              return `${type}${name} ${VALUES[(i + value * (index % 3)) % VALUES.length]}\n`;
            })
            .join('');
          const tMs = T0 + index * 1_000;
          const taken = road.take(text, tMs);
          const fresh = new Road(maxItems).take(text, tMs);
          assert.deepEqual(taken.samples, fresh.samples);
          const now = new Set(
            fresh.samples.map((line) => line.slice(0, line.lastIndexOf(']') + 1)),
          );
          assert.deepEqual(taken.markers, [...before].filter((name) => !now.has(name)).toSorted());
          before = now;
        });
      },
    ),
    { numRuns: 60 },
  );
});
