import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createWorld } from '../../test/kit/world.ts';
import { HELD_AGE_MAX_MS, HELD_MAX, HeldStatistics } from './held-statistics.ts';
import { readReport } from './sampling-report.ts';

function open() {
  const world = createWorld();
  const { metrics } = world;
  const held = new HeldStatistics(world.clock, {
    held: metrics.gauge('held', ''),
    tooOld: metrics.counter('too_old', ''),
    tooMany: metrics.counter('too_many', ''),
  });
  /** What is sent for a report of one client, which is held where X-Ray does not take it. */
  const send = (isTaken: boolean, counts: Record<string, number>, time: number, client = 'c1') => {
    const SamplingStatisticsDocuments = Object.entries(counts).map(([RuleName, count]) => ({
      RuleName,
      ClientID: client,
      RequestCount: count,
      SampledCount: count,
      BorrowCount: 1,
      Timestamp: time,
      Future: { kept: true },
    }));
    const bytes = Buffer.from(JSON.stringify({ SamplingStatisticsDocuments, Other: [1] }));
    const taken = held.take(readReport(bytes)!, bytes);
    if (!isTaken) held.hold(taken);
    return { sent: readReport(taken.body)!, isSame: taken.body === bytes };
  };
  return { ...world, send };
}

test('what X-Ray did not take is in the next report, and unknown members stay', () => {
  const { send, metric } = open();
  assert.ok(send(false, { a: 5, b: 7 }, 1).isSame);
  assert.equal(metric('held'), 2);
  const { sent, isSame } = send(true, { a: 2 }, 2);
  assert.ok(!isSame);
  assert.deepEqual(sent.whole, {
    SamplingStatisticsDocuments: [
      {
        RuleName: 'a',
        ClientID: 'c1',
        RequestCount: 7,
        SampledCount: 7,
        BorrowCount: 2,
        Timestamp: 2,
        Future: { kept: true },
      },
    ],
    Other: [1],
  });
  assert.equal(metric('held'), 1, 'rule b waits for a report that names it');
  assert.ok(send(true, { a: 1 }, 3).isSame);
});

test('a report that a client sends again is counted once', () => {
  const { send } = open();
  send(false, { a: 5 }, 1);
  send(false, { a: 5 }, 1);
  assert.equal(send(true, { a: 2 }, 2).sent.statistics[0]?.RequestCount, 7);
});

test('two reports within one second are two where their figures differ', () => {
  const { send } = open();
  send(false, { a: 5 }, 1);
  assert.equal(send(true, { a: 2 }, 1).sent.statistics[0]?.RequestCount, 7);
});

test('clients do not get the figures of others', () => {
  const { send } = open();
  send(false, { a: 5 }, 1, 'c1');
  assert.ok(send(true, { a: 2 }, 1, 'c2').isSame);
});

test('what is too old, or too much, is given up and counted by reports', async () => {
  const { send, clock, metric } = open();
  send(false, { a: 5 }, 1);
  send(false, { a: 5 }, 2);
  await clock.advance(HELD_AGE_MAX_MS + 60_001);
  assert.ok(send(false, { z: 1 }, 3).isSame);
  assert.equal(metric('too_old'), 2);
  assert.equal(metric('held'), 1);
  for (let i = 0; i < HELD_MAX; i++) send(false, { a: 1 }, 4, `client ${i}`);
  assert.equal(metric('held'), HELD_MAX);
  assert.equal(metric('too_many'), 1);
});

test('no request is lost and none counted twice, whatever X-Ray takes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(1_000)), { maxLength: 30 }), (reports) => {
      const { send } = open();
      let taken = 0;
      for (const [at, [isTaken, count]] of [...reports, [true, 1] as const].entries()) {
        const [sum] = send(isTaken, { a: count }, at).sent.statistics;
        if (isTaken) taken += sum!.RequestCount;
      }
      assert.equal(
        taken,
        reports.reduce((sum, [, count]) => sum + count, 1),
      );
    }),
  );
});
