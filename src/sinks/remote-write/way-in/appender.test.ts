/**
 * From scrapes to chunks: whatever comes and goes, what is decoded of the chunks is what was
 * appended, each series in order.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeLabelSet, labelValue } from '../../../model/labels.ts';
import type { Chunk } from '../../../model/queue.ts';
import { decodeWriteRequest } from '../../../wire/remote-write/decoder.ts';
import { uncompress } from '../../../wire/snappy.ts';
import { openWayIn } from '../../../../test/kit/way-in.ts';

const T0 = 1_700_000_000_000;

/** All samples as `series time value`, in the order of their message. */
function told(chunks: readonly Chunk[]): string[] {
  return chunks.flatMap((chunk) => {
    const lines: string[] = [];
    decodeWriteRequest(uncompress(chunk.bytes, 1e7), {
      series: (labels, times, values, count) => {
        for (let i = 0; i < count; i++)
          lines.push(`${labelValue(labels, 'i')} ${times[i]} ${values[i]}`);
      },
    });
    assert.equal(lines.length, chunk.items);
    return lines;
  });
}

type Odd = 'twice' | 'early' | 'absent';

const scrape = fc.record({
  /** How many series come new, and which go. */
  added: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat(12)),
  gone: fc.oneof(
    { weight: 8, arbitrary: fc.constant<number[]>([]) },
    fc.array(fc.nat(60), { maxLength: 4 }),
  ),
  /** What of them has a second sample, a sample at a time of its own, or none. */
  odd: fc.oneof(
    { weight: 8, arbitrary: fc.constant<[number, Odd][]>([]) },
    fc.array(fc.tuple(fc.nat(60), fc.constantFrom<Odd[]>('twice', 'early', 'absent')), {
      maxLength: 4,
    }),
  ),
  isRolledBack: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.boolean()),
});

test('random lives of a target: each series’ samples arrive as they were appended', () => {
  fc.assert(
    fc.property(
      fc.array(scrape, { minLength: 1, maxLength: 40 }),
      fc.constantFrom(7, 50, 5_000),
      (scrapes, maxItems) => {
        const { pool, queue } = openWayIn(maxItems);
        const appender = pool.open('target');
        let series: { ref: number; name: string }[] = [];
        let names = 0;
        const expected = new Map<string, string[]>();
        scrapes.forEach(({ added, gone, odd, isRolledBack }, n) => {
          const tMs = T0 + n * 15_000;
          const lines: [string, string][] = [];
          const append = (
            one: { ref: number; name: string },
            atMs: number,
            value: number,
          ): void => {
            appender.append(one.ref, atMs, value);
            lines.push([one.name, `${one.name} ${atMs} ${value}`]);
          };
          for (let i = 0; i < added + (n === 0 ? 20 : 0); i++) {
            const name = String(names++);
            const labels = makeLabelSet({ __name__: 'up', i: name, job: 'j'.repeat(names % 5) });
            series.push({ ref: appender.refOf(labels), name });
          }
          const oddOf = new Map(odd.map(([at, kind]) => [series[at % series.length], kind]));
          series.forEach((one, at) => {
            const kind = oddOf.get(one);
            if (kind === 'absent') return;
            if (kind === 'early') append(one, 1_000 + n, at);
            append(one, tMs, at % 3 === 0 ? n : n / 3 + at);
            if (kind === 'twice') append(one, tMs + 1, at);
          });
          if (isRolledBack) appender.rollback();
          else {
            appender.commit();
            for (const [name, line] of lines)
              expected.set(name, [...(expected.get(name) ?? []), line]);
          }
          const leaving = new Set(gone.map((at) => series[at % Math.max(1, series.length)]));
          for (const one of leaving) if (one !== undefined) appender.forget(one.ref);
          series = series.filter((one) => !leaving.has(one));
          if (series.length === 0) {
            const name = String(names++);
            series.push({ ref: appender.refOf(makeLabelSet({ __name__: 'up', i: name })), name });
          }
        });
        const arrived = new Map<string, string[]>();
        for (const line of told(queue.chunks)) {
          const name = line.split(' ')[0] ?? '';
          arrived.set(name, [...(arrived.get(name) ?? []), line]);
        }
        assert.deepEqual(
          [...arrived].toSorted(([a], [b]) => Number(a) - Number(b)),
          [...expected].toSorted(([a], [b]) => Number(a) - Number(b)),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test('a slice of a commit puts one chunk into the queue, and their order is that of the samples', () => {
  const { pool, queue } = openWayIn(10);
  const appender = pool.open('a');
  const refs = Array.from({ length: 100 }, (_, i) =>
    appender.refOf(makeLabelSet({ __name__: 'm', i: `${i}` })),
  );
  for (const [i, ref] of refs.entries()) appender.append(ref, T0, i);
  assert.equal(queue.chunks.length, 0);
  const slices = appender.commitSlices?.();
  assert.ok(slices !== undefined);
  for (let count = 1; slices.next().done !== true; count++)
    assert.equal(queue.chunks.length, count);
  assert.equal(queue.chunks.length, 10);
  assert.deepEqual(
    told(queue.chunks),
    refs.map((_, i) => `${i} ${T0} ${i}`),
  );
});
