/**
 * The contract of a protocol (delivery/protocol.ts) as a suite. Call `protocolContract` with a
 * function that makes a fresh protocol, chunks as its sink's encoder makes them, and a receiver
 * that can be taken away.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { countItems, type Protocol } from '../../src/delivery/protocol.ts';
import { RecoverableError } from '../../src/kernel/errors.ts';
import type { Chunk } from '../../src/model/queue.ts';

export interface ProtocolFixture<Request = unknown> {
  readonly protocol: Protocol<Request>;
  /**
   * A chunk of items with these times, each of another series. The first items of two chunks belong
   * to the same series.
   */
  readonly chunkOf: (timesMs: readonly number[]) => Chunk;
  /** The times of the items of chunks, in order. */
  readonly timesIn: (chunks: readonly Chunk[]) => number[];
  /** The times of the items that the receiver has accepted; those of one series in their order. */
  readonly arrived: () => number[];
  /** Stops the receiver, so that nobody answers. */
  readonly takeAway: () => Promise<void> | void;
}

const T0 = 1_700_000_000_000;
const never = new AbortController().signal;
const BYTES_OF_NOBODY = Buffer.from('no encoder wrote this');

const sorted = (times: readonly number[]): number[] => times.toSorted((a, b) => a - b);

export function protocolContract<Request>(
  what: string,
  make: (context: TestContext) => ProtocolFixture<Request> | Promise<ProtocolFixture<Request>>,
): void {
  const times = (count: number): number[] => Array.from({ length: count }, (_, i) => T0 + i);
  /** Two chunks of three items each. */
  const two = ({ chunkOf }: ProtocolFixture<Request>): Chunk[] => [
    chunkOf(times(6).slice(0, 3)),
    chunkOf(times(6).slice(3)),
  ];

  test(`${what}: a request of several chunks brings all their items, each series in order`, async (context) => {
    const fixture = await make(context);
    const { protocol } = fixture;
    const answer = await protocol.send(protocol.encode(two(fixture))!, 1, never);
    assert.equal(answer.kind, 'delivered');
    assert.ok(answer.kind === 'delivered' && answer.bytes > 0);
    const arrived = fixture.arrived();
    assert.deepEqual(sorted(arrived), times(6));
    for (const first of times(3))
      assert.ok(arrived.indexOf(first) < arrived.indexOf(first + 3), 'a series is in order');
  });

  test(`${what}: a request that is sent again is the same`, async (context) => {
    const fixture = await make(context);
    const { protocol } = fixture;
    const request = protocol.encode(two(fixture))!;
    for (const attempt of [1, 2]) {
      const { kind } = await protocol.send(request, attempt, never);
      assert.equal(kind, 'delivered');
    }
    assert.deepEqual(sorted(fixture.arrived()), sorted([...times(6), ...times(6)]));
  });

  test(`${what}: encoding and taking apart leave the chunks as they are`, async (context) => {
    const fixture = await make(context);
    const { protocol } = fixture;
    const chunks = two(fixture);
    const before = chunks.map(({ bytes }) => Buffer.from(bytes));
    protocol.encode(chunks);
    protocol.halve?.(chunks);
    protocol.withoutOlder?.(chunks, T0 + 4);
    protocol.ownersOf?.(chunks);
    chunks.forEach(({ bytes }, i) => assert.deepEqual(Buffer.from(bytes), before[i]));
  });

  test(`${what}: without an answer it fails with an error that is retried`, async (context) => {
    const fixture = await make(context);
    const { protocol } = fixture;
    const request = protocol.encode(two(fixture))!;
    await fixture.takeAway();
    await assert.rejects(protocol.send(request, 1, never), RecoverableError);
  });

  test(`${what}: a split gives two ordered halves that are not empty, until each item is alone`, async (context) => {
    const fixture = await make(context);
    const { protocol } = fixture;
    if (protocol.halve === undefined) return;
    const alone = (chunks: readonly Chunk[]): (readonly Chunk[])[] => {
      const halves = protocol.halve?.(chunks);
      if (halves === undefined) return [chunks];
      const both = [halves.first, halves.second];
      assert.equal(countItems(both.flat()), countItems(chunks));
      for (const half of both) assert.ok(countItems(half) > 0, 'no half is empty');
      return both.flatMap(alone);
    };
    const pieces = alone([...two(fixture), fixture.chunkOf([T0 + 6])]);
    assert.deepEqual(
      pieces.map((piece) => fixture.timesIn(piece)),
      times(7).map((one) => [one]),
    );
    for (const [chunk] of pieces) {
      assert.equal(chunk!.items, 1);
      assert.deepEqual(
        [chunk!.oldestMs, chunk!.newestMs],
        [fixture.timesIn([chunk!])[0], fixture.timesIn([chunk!])[0]],
      );
    }
  });

  test(`${what}: only what is too old is taken out`, async (context) => {
    const fixture = await make(context);
    const { protocol } = fixture;
    if (protocol.withoutOlder === undefined) return;
    for (const cutoffMs of [T0 - 1, T0, T0 + 1, T0 + 3, T0 + 5, T0 + 6]) {
      const { kept, dropped } = protocol.withoutOlder(two(fixture), cutoffMs);
      assert.deepEqual(
        fixture.timesIn(kept),
        times(6).filter((one) => one >= cutoffMs),
      );
      assert.deepEqual(
        fixture.timesIn(dropped),
        times(6).filter((one) => one < cutoffMs),
      );
      assert.equal(countItems(kept) + countItems(dropped), 6);
    }
  });

  test(`${what}: each item has one owner`, async (context) => {
    const fixture = await make(context);
    const { protocol } = fixture;
    if (protocol.ownersOf === undefined) return;
    const owners = protocol.ownersOf(two(fixture));
    assert.equal(
      [...owners.values()].reduce((sum, one) => sum + one, 0),
      6,
    );
  });

  test(`${what}: bytes that its encoder did not write cause no exception`, async (context) => {
    const { protocol, chunkOf } = await make(context);
    const rotten = { ...chunkOf(times(3)), bytes: BYTES_OF_NOBODY };
    protocol.encode([rotten]);
    protocol.halve?.([rotten]);
    protocol.ownersOf?.([rotten]);
  });
}
