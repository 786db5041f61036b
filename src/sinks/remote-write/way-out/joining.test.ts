/** Joined chunks: the same bytes in the same order, and small targets in few of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeLabelSet } from '../../../model/labels.ts';
import { WireError } from '../../../wire/errors.ts';
import { decodeWriteRequest } from '../../../wire/remote-write/decoder.ts';
import { WriteRequestEncoder } from '../../../wire/remote-write/encoder.ts';
import { encodeLabels } from '../../../wire/remote-write/labels.ts';
import { compress, concatSnappy, uncompress } from '../../../wire/snappy.ts';
import { joinBlocks } from './joining.ts';

const MAX = 1 << 24;

/** A message of a target with so many series, as its commit makes one. */
function message(target: number, series: number, tMs = 1_700_000_000_000): Uint8Array {
  const encoder = new WriteRequestEncoder();
  for (let i = 0; i < series; i++) {
    const labels = makeLabelSet({
      __name__: `application_requests_of_kind_${i}_total`,
      instance: `10.0.3.${target}:9090`,
      job: 'ecs-webapp',
      taskdefinition: 'webapp-taskdef',
    });
    encoder.append(encodeLabels(labels), tMs, target * 7 + i * 13);
  }
  return encoder.bytes().slice();
}

/** Series, times and values of a message, in order. */
function samplesOf(block: Uint8Array): string[] {
  const found: string[] = [];
  decodeWriteRequest(uncompress(block, MAX), {
    series: (labels, times, values, count) => {
      for (let i = 0; i < count; i++)
        found.push(`${JSON.stringify(labels)} ${times[i]} ${values[i]}`);
    },
  });
  return found;
}

test('joined chunks are byte for byte the same samples in the same order, of any sizes', () => {
  // A size of 300 series is about 32 KiB, below and above which chunks are treated differently.
  const size = fc.oneof(
    fc.nat({ max: 40 }),
    fc.integer({ min: 250, max: 350 }),
    fc.nat({ max: 900 }),
  );
  const targets = fc.array(fc.tuple(fc.nat({ max: 5 }), size), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(targets, (list) => {
      const messages = list.map(([target, series], i) => message(target, series, i));
      const blocks = messages.map((one) => compress(one));
      const joined = joinBlocks(blocks);
      assert.deepEqual(uncompress(joined, MAX), new Uint8Array(Buffer.concat(messages)));
      assert.deepEqual(samplesOf(joined), blocks.flatMap(samplesOf));
      assert.ok(joined.length <= concatSnappy(blocks).length, 'more bytes than without');
    }),
    { numRuns: 60 },
  );
});

test("many small targets are sent in two thirds of their chunks' bytes", () => {
  const blocks = Array.from({ length: 500 }, (_, target) => compress(message(target, 20)));
  const [together, alone] = [joinBlocks(blocks).length, concatSnappy(blocks).length];
  assert.ok(together < (alone * 2) / 3, `${together} of ${alone}`);
});

test('a large chunk goes as it is, also between small ones', () => {
  const large = compress(message(1, 900));
  const small = compress(message(2, 20));
  const joined = Buffer.from(joinBlocks([small, small, large, small, small]));
  // Behind the length in front of it, which has three bytes.
  assert.ok(joined.includes(large.subarray(3)));
  assert.equal(joinBlocks([large]), large);
  assert.equal(joinBlocks([small]), small);
});

test('small chunks without anything in common are not made larger', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 2, maxLength: 50 }),
      (originals) => {
        const blocks = originals.map((one) => compress(one));
        const joined = joinBlocks(blocks);
        assert.deepEqual(uncompress(joined, MAX), new Uint8Array(Buffer.concat(originals)));
        assert.ok(joined.length <= concatSnappy(blocks).length);
      },
    ),
  );
});

test('a damaged chunk among small ones is said, and a good request follows', () => {
  const good = compress(message(1, 20));
  const bad = good.slice(0, good.length - 3);
  assert.throws(() => joinBlocks([good, bad, good]), WireError);
  assert.deepEqual(samplesOf(joinBlocks([good, good])).length, 40);
});
