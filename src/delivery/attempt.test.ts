import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, chunkOf, DONE, itemsIn, NumberProtocol } from '../../test/kit/delivery.ts';
import { RecoverableError } from '../kernel/errors.ts';
import { attemptOver } from './attempt.ts';

test('what was delivered is counted with its bytes and the newest time', async () => {
  const all = bench();
  const deliver = attemptOver(new NumberProtocol(), all);
  assert.deepEqual(await deliver([chunkOf([1, 2]), chunkOf([9])], 1, all.signals), DONE);
  assert.equal(all.metrics.items.value, 3);
  assert.equal(all.metrics.bytes.value, 1);
  assert.equal(all.load.newestOutMs, 9);
});

test('chunks that are not the encoder’s are refused as corrupt, and nothing is sent', async () => {
  const all = bench();
  const protocol = new NumberProtocol();
  const deliver = attemptOver({ send: protocol.send.bind(protocol), encode: () => undefined }, all);
  const outcome = await deliver([chunkOf([1])], 1, all.signals);
  assert.equal(outcome.kind === 'refused' && outcome.reason, 'corrupt');
  assert.deepEqual(protocol.sent, []);
});

test('of a request that was taken in part the rest goes again, and what is lost is its owner’s', async () => {
  const protocol = new NumberProtocol(() => ({
    kind: 'partial',
    bytes: 5,
    again: [chunkOf([3, 4])],
    lost: [{ reason: 'too_new', owner: 'odd', items: 1 }],
    text: '2 of 5 taken',
  }));
  const all = bench(protocol);
  const outcome = await attemptOver(protocol, all)([chunkOf([1, 2, 3, 4, 5])], 1, all.signals);
  assert.ok(outcome.kind === 'again' && outcome.error instanceof RecoverableError);
  assert.deepEqual(itemsIn(outcome.chunks), [3, 4]);
  assert.deepEqual(all.lost(), ['too_new odd 1']);
  assert.equal(all.metrics.items.value, 2);
});

test('a request of which nothing must go again is done, whatever was lost of it', async () => {
  const lost = [
    { reason: 'bad', owner: 'a', items: 1 },
    { reason: 'bad', owner: 'b', items: 1 },
  ];
  const protocol = new NumberProtocol(() => ({
    kind: 'partial',
    bytes: 5,
    again: [],
    lost,
    text: '',
  }));
  const all = bench(protocol);
  assert.deepEqual(await attemptOver(protocol, all)([chunkOf([1, 2, 3])], 1, all.signals), DONE);
  assert.deepEqual(all.lost(), ['bad a 1', 'bad b 1']);
  assert.equal(all.metrics.items.value, 1);
});
