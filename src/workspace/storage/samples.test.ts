import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutSamples, joinSamples, type Samples, viewWords } from './samples.ts';

/** The bits of a value are its time and piece: a NaN, whose bits arithmetic would change. */
function samplesOf(times: readonly number[], piece: number): Samples {
  const sorted = [...new Set(times)].sort((a, b) => a - b);
  const values = new Float64Array(sorted.length);
  viewWords(values).set(sorted.flatMap((time) => [time * 16 + piece, 0x7ff00000]));
  return { timesMs: Float64Array.from(sorted), values };
}

function plain({ timesMs, values }: Samples): [number, number, number][] {
  const words = viewWords(values);
  return [...timesMs].map((time, i) => [time, words[i * 2]!, words[i * 2 + 1]!]);
}

const times = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 });

test('joined pieces are all their samples in order, the earlier piece winning', () => {
  fc.assert(
    fc.property(fc.array(times, { maxLength: 4 }), (lists) => {
      const pieces = lists.map(samplesOf);
      const byTime = new Map<number, [number, number, number]>();
      const inOrder = pieces
        .filter((piece) => piece.timesMs.length > 0)
        .toSorted((a, b) => a.timesMs[0]! - b.timesMs[0]!);
      for (const piece of inOrder.toReversed())
        for (const sample of plain(piece)) byTime.set(sample[0], sample);
      const expected = [...byTime.values()].sort(([a], [b]) => a - b);
      assert.deepEqual(plain(joinSamples(pieces)), expected);
    }),
  );
});

test('a cut is open on the left and closed on the right', () => {
  fc.assert(
    fc.property(times, fc.nat(45), fc.nat(45), (list, from, to) => {
      const samples = samplesOf(list, 1);
      assert.deepEqual(
        plain(cutSamples(samples, from, Math.max(from, to))),
        plain(samples).filter(([time]) => time > from && time <= to),
      );
    }),
  );
});
