import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLabelSet } from '../../../model/labels.ts';
import { encodeLabels } from '../../../wire/remote-write/labels.ts';
import { WriteRequestEncoder } from '../../../wire/remote-write/encoder.ts';
import { compress } from '../../../wire/snappy.ts';
import { readJob } from './split.ts';

test('the job of a chunk is that of its first series, however long the chunk is', () => {
  const encoder = new WriteRequestEncoder();
  for (let i = 0; i < 2_000; i++)
    encoder.append(
      encodeLabels(
        makeLabelSet({ __name__: 'a', i: String(i * 7), job: i === 0 ? 'web' : 'other' }),
      ),
      1_700_000_000_000,
      i,
    );
  assert.equal(readJob(compress(encoder.bytes())), 'web');
  assert.equal(readJob(compress(new Uint8Array(0))), '');
  assert.equal(readJob(new Uint8Array([200, 1, 255, 255])), '');
});
