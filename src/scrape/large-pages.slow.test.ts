import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { body, double, message, sub, text, uint } from '../../test/fuzz/protobuf-page.ts';
import { takeLargeBody } from '../kernel/large-bodies.ts';
import { LENT_BYTES_MAX } from '../model/borrowed.ts';
import type { ExpositionKind } from '../wire/exposition/negotiation.ts';
import { makeScrapeConfig } from './config.ts';
import type { ScrapeMoment } from './transaction.ts';
import { Turns } from './turns.ts';
import { RecordedTarget } from '../../test/kit/recorded-target.ts';
import type { RecordingAppender } from '../../test/kit/recording-appender.ts';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';

/** Lines of a body as pieces, some of which hold nothing for longer than a slice. */
const piece = fc.oneof(
  fc.record({
    text: fc.constantFrom('# TYPE h histogram\n', '# HELP h text\n', '#\n'.repeat(20_000), '\n'),
    first: fc.constant(0),
    count: fc.constant(0),
  }),
  fc.record({
    text: fc.constantFrom('', '# a comment\n', '\n'.repeat(30_000)),
    first: fc.nat(3).map((n) => n * 300),
    count: fc.constantFrom(1, 300, 900),
  }),
);
type Piece = { readonly text: string; readonly first: number; readonly count: number };

interface Step {
  readonly kind: ExpositionKind;
  readonly pieces: readonly Piece[];
  readonly fault: 'none' | 'none too' | 'no body' | 'malformed';
  readonly isBumped: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('text', 'text', 'text', 'openmetrics', 'protobuf'),
  pieces: fc.array(piece, { maxLength: 6 }),
  fault: fc.constantFrom('none', 'none too', 'no body', 'malformed'),
  isBumped: fc.boolean(),
});

function makeExposition({ kind, pieces, fault }: Step, value: number): Uint8Array {
  const isBroken = fault === 'malformed';
  const all = pieces.flatMap(({ first, count }) =>
    Array.from({ length: count }, (_, i) => first + i),
  );
  if (kind === 'protobuf') {
    const families = all.map((i) =>
      message(text(1, `p_${i}`), uint(3, 3), sub(4, message(sub(5, message(double(1, value)))))),
    );
    return Buffer.concat([body(...families), Buffer.from(isBroken ? [9, 1] : [])]);
  }
  const lines = pieces.map(({ text: before, first, count }) => {
    const isText = kind === 'text' || before.startsWith('# TYPE');
    const rows = Array.from({ length: count }, (_, i) => `h_bucket{le="${first + i}"} ${value}\n`);
    return (isText ? before : '') + rows.join('');
  });
  return Buffer.from(lines.join('') + (isBroken ? '{' : kind === 'text' ? '' : '# EOF\n'));
}

test('a body taken in slices commits what it would commit at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 5 }), async (steps) => {
      const [atOnce, sliced, asLoop] = [
        new RecordedTarget(),
        new RecordedTarget(),
        new RecordedTarget(),
      ];
      const all = [atOnce, sliced, asLoop];
      for (const [index, one] of steps.entries()) {
        if (one.isBumped) for (const { appender } of all) appender.generation += 1;
        const tMs = index + 1;
        const exposition =
          one.fault === 'no body' ? new Error('no body') : makeExposition(one, index);
        const expected = atOnce.scrape(exposition, tMs, one.kind);
        assert.deepEqual(await sliced.scrapeInSlices(exposition, tMs, one.kind), expected);
        assert.deepEqual(await asLoop.scrapeAsLoop(exposition, tMs, one.kind), expected);
        for (const other of [sliced, asLoop]) {
          assert.deepEqual(other.liveSeries.sort(), atOnce.liveSeries.sort());
          assert.equal(other.transaction.seriesCount, atOnce.transaction.seriesCount);
        }
      }
      for (const other of [sliced, asLoop])
        assert.deepEqual(other.appender.metadata, atOnce.appender.metadata);
    }),
    { numRuns: 40 },
  );
});

const SERIES = 40_000;
/** A body that is too large to be lent. */
const large = (value: number): string => {
  const lines = Array.from(
    { length: SERIES },
    (_, i) =>
      `a_metric_of_a_large_target{i="${i}", more="of the same, to be a long line"} ${value}\n`,
  );
  return lines.join('');
};

/** The most calls of an appender's method in one turn while `act` runs. */
async function countMost(
  appender: RecordingAppender,
  method: 'refOf' | 'append' | 'appendStale',
  act: () => Promise<unknown>,
): Promise<number> {
  let [calls, most] = [0, 0];
  const real = appender[method].bind(appender) as (...given: unknown[]) => unknown;
  appender[method] = ((...given: unknown[]) => {
    calls += 1;
    most = Math.max(most, calls);
    return real(...given);
  }) as never;
  let isDone = false;
  const turn = (): void => {
    calls = 0;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await act();
  isDone = true;
  appender[method] = real as never;
  return most;
}

test('new series of bodies of any size are taken some hundreds a turn', async () => {
  const page = (length: number, label: string): string =>
    Array.from({ length }, (_, i) => `a_metric_of_a_target{${label}="${i}", more="text"} 1\n`).join(
      '',
    );
  // Without a share, each turn does one step.
  const target = new RecordedTarget({}, [], new Turns(0));
  const scrape = (body: string, tMs: number) => (): Promise<unknown> =>
    target.scrapeAsLoop(body, tMs);
  const { appender } = target;
  const first = page(30_000, 'i');
  assert.ok(first.length < LENT_BYTES_MAX);
  assert.ok((await countMost(appender, 'refOf', scrape(first, 1))) < 1_500, 'all are new');
  assert.equal(target.liveSeries.length, 30_000);
  const other = page(30_000, 'k');
  assert.ok((await countMost(appender, 'refOf', scrape(other, 2))) < 1_500, 'all are others');
  const more = other + page(10_000, 'more');
  assert.ok((await countMost(appender, 'refOf', scrape(more, 3))) < 1_500, 'some come');
  appender.generation += 1;
  const renewed = countMost(appender, 'append', scrape(more.replace(/ 1\n$/, ' 2\n'), 4));
  assert.ok((await renewed) < 1_500, 'all are renewed');
  const made = appender.made.length;
  await target.scrapeAsLoop(more, 5);
  assert.equal(appender.made.length, made, 'and then they are known');
});

test('bodies that come while a turn has no time left are kept and taken in later turns', async () => {
  const turns = new Turns(0);
  const targets = Array.from({ length: 50 }, () => new RecordedTarget({}, [], turns));
  const lent = Buffer.from('a 1\nb 2\n');
  const moment = { tMs: 1, timeoutMs: 1_000, elapsedMs: () => 1 };
  const outcomes = targets.map(async ({ transaction }) =>
    transaction.scrape({ body: lent, kind: 'text' }, moment),
  );
  const committed = (): number => targets.filter(({ appender }) => appender.commits > 0).length;
  assert.equal(committed(), 1);
  // The lender overwrites the bytes after the turn in which it lent them.
  lent.fill('#');
  await nextTurn();
  assert.ok(committed() <= 3, `${committed()} in two turns`);
  targets.at(-1)?.transaction.giveUp();
  const all = await Promise.all(outcomes);
  assert.equal(all.pop(), undefined, 'it was given up');
  assert.ok(all.every((outcome) => outcome?.counts?.scraped === 2));
});

test('a body that waits for its turn until after the timeout is a scrape that failed', async () => {
  const turns = new Turns(0);
  const [first, small, big] = [0, 1, 2].map(() => new RecordedTarget({}, [], turns));
  let elapsed = 10;
  const moment = { tMs: 1, timeoutMs: 1_000, elapsedMs: () => elapsed };
  const scrape = async (target: RecordedTarget | undefined, text: string) =>
    target?.transaction.scrape({ body: Buffer.from(text), kind: 'text' }, moment);
  await scrape(first, 'a 1\n');
  const waiting = [scrape(small, 'a 1\n'), scrape(big, large(1))];
  elapsed = 1_001;
  for (const outcome of await Promise.all(waiting))
    assert.match(String(outcome?.failure), /waited to be read until after the timeout of 1000 ms/);
  for (const target of [small, big])
    assert.deepEqual(target?.taken().lines, [], 'nothing of it is appended');
});

test('only bodies larger than what is lent, and what follows them, take more than one turn', async () => {
  const target = new RecordedTarget();
  const { transaction } = target;
  const exposition = (length: number) => ({ body: new Uint8Array(length), kind: 'text' as const });
  assert.ok(!transaction.isLarge(exposition(LENT_BYTES_MAX)));
  assert.ok(transaction.isLarge(exposition(LENT_BYTES_MAX + 1)));
  assert.ok(!transaction.isLarge(new Error('no body')));
  assert.equal((await target.scrapeInSlices(large(1), 1)).lines.length, SERIES);
  assert.ok(transaction.isLarge(new Error('no body')), 'there are many series to end');
  const end = await target.scrapeInSlices('b 1\n', 2);
  assert.equal(end.lines.length, SERIES + 1);
  assert.equal(transaction.seriesCount, 1);
  assert.ok(!transaction.isLarge(exposition(1)));
});

test('a large body that is given up at any turn leaves nothing', async () => {
  const exposition = Buffer.from(large(2));
  let isDone = false;
  for (let turns = 0; !isDone; turns = turns * 2 + 1) {
    const target = new RecordedTarget();
    target.scrape('a 1\nb 1\n', 1);
    const moment = { tMs: 2, timeoutMs: 1_000, elapsedMs: () => 1 };
    const taken = target.transaction.takeInSlices({ body: exposition, kind: 'text' }, moment);
    for (let turn = 0; turn < turns; turn++) await nextTurn();
    target.transaction.giveUp();
    isDone = (await taken) !== undefined;
    if (isDone) break;
    const { lines, counts } = target.scrape('b 3\nc 3\n', 3);
    // It may have been committed already, and be given up during its clean-up.
    if (target.appender.commits === 3) break;
    assert.deepEqual(lines, ['b 3 @3', 'c 3 @3', 'a stale @3']);
    assert.equal(counts?.added, 1);
    assert.equal(target.transaction.seriesCount, 2);
    assert.deepEqual(target.liveSeries, ['a', 'b', 'c'], 'a lingers');
  }
});

test('a large target that fails, or ends, does so over several turns, and may be given up meanwhile', async () => {
  const target = new RecordedTarget();
  await target.scrapeInSlices(large(1), 1);
  const ended = target.transaction.end(2);
  target.transaction.giveUp();
  await ended;
  const failed = await target.scrapeInSlices(`${large(3)}{`, 3);
  assert.match(failed.failure?.message ?? '', /line 40001/);
  assert.equal(failed.lines.length, SERIES);
  assert.ok(failed.lines.every((line) => line.endsWith(' stale @3')));
  assert.equal((await target.scrapeInSlices(large(4), 4)).counts?.added, 0);
  await target.transaction.end(5);
  assert.equal(target.taken().lines.filter((line) => line.endsWith(' stale @5')).length, SERIES);
});

/**
 * A running manager whose one target has just begun to serve a large body, and serves a small one
 * after it.
 */
async function beginLarge() {
  const expositions = [large(1)];
  const { clock, manager, appenders, requests } = await startRecordedManager({
    answer: () => expositions.pop() ?? 'b 1\n',
  });
  await manager.apply([jobWith({ scrapeTimeoutMs: 10_000 })]);
  manager.update('j', groupOf('h:1'));
  while (requests.length === 0) await clock.advance(100);
  const appender = appenders[0]!;
  assert.equal(appender.commits, 0, 'it is under way');
  /** Advances time and turns until there are that many commits. */
  const commits = async (count: number): Promise<string[]> => {
    const endMs = performance.now() + 20_000;
    while (appender.commits < count) {
      assert.ok(performance.now() < endMs, 'it is committed');
      await clock.advance(500);
    }
    return appender.committed;
  };
  return { clock, appender, manager, commits, asked: () => requests.length };
}

test('a stop does not wait for a large body, and nothing of it is left', async () => {
  const { manager, appender } = await beginLarge();
  await manager.stop(100);
  assert.deepEqual(appender.committed, []);
  assert.ok(appender.closed);
});

test('a last scrape under way takes its large body to the end, and there is no other', async () => {
  const { manager, appender, asked } = await beginLarge();
  const finished = manager.finish(60_000);
  await finished;
  assert.equal(appender.committed.length, SERIES + 5);
  assert.equal(asked(), 1);
  await manager.stop(100);
});

test('a loop that goes on in another job begins where the last commit was, not in a large body', async () => {
  const { manager, appender, commits } = await beginLarge();
  await manager.apply([
    makeScrapeConfig({ jobName: 'j', scrapeIntervalMs: 10_000, honorLabels: true }),
  ]);
  const lines = await commits(1);
  assert.deepEqual(
    lines
      .filter((line) => line.startsWith('a_metric') || line.startsWith('b'))
      .map((line) => line.replace(/@.*/, '')),
    ['b{instance="h:1", job="j"} 1 '],
  );
  assert.ok(!appender.closed);
  assert.equal(appender.live.size, 6);
  await manager.stop(100);
});

test('ticks that pass while a large body is taken in are left out', async () => {
  const { manager, appender, clock, commits, asked } = await beginLarge();
  await clock.advance(35_000);
  assert.equal(asked(), 1);
  await commits(2);
  assert.equal(asked(), 2);
  assert.equal(appender.committed.filter((line) => line.includes(' stale @')).length, SERIES);
  await manager.stop(100);
});

test('a large target that comes back while its end is appended goes on', async () => {
  const { clock, manager, appender, commits } = await beginLarge();
  await commits(1);
  const targets = [{ __address__: 'h:1' }];
  manager.update('j', []);
  const appendStale = appender.appendStale.bind(appender);
  const ends: number[] = [];
  appender.appendStale = (ref, tMs) => {
    if (ends.length === 0) manager.update('j', [{ source: 's', labels: {}, targets }]);
    ends.push(tMs);
    appendStale(ref, tMs);
  };
  // Another commit may come before that of its end.
  const endMs = performance.now() + 20_000;
  while (ends.length === 0 || manager.targets()[0]?.health !== 'up') {
    assert.ok(performance.now() < endMs, `it is scraped again after ${ends.length} ends of series`);
    await clock.advance(500);
  }
  await manager.stop(100);
});

/** A page of 2.1 to 2.3 MB in memory of large bodies, as the HTTP client hands it in. */
function hand(name: string, series: number, value: number): Buffer {
  const line = (i: number): string =>
    `${name}{i="${i}", more="of the same, to be a long line of a page"} ${value}\n`;
  const text = Array.from({ length: series }, (_, i) => line(i)).join('');
  const body = takeLargeBody(text.length);
  body.write(text, 'latin1');
  return body;
}

test('targets with large pages use their memory in turns, and read what is theirs', async () => {
  const turns = new Turns(0);
  const targets = ['a', 'b', 'c'].map((name) => ({
    name: `a_metric_of_${name}`,
    plain: new RecordedTarget(),
    target: new RecordedTarget({}, [], turns),
  }));
  const memories = new Set<ArrayBufferLike>();
  for (let tMs = 1; tMs <= 6; tMs++)
    await Promise.all(
      targets.map(async ({ name, plain, target }, index) => {
        // One changes its series in each scrape, one now and then; one ends half-way.
        const series = 30_000 + (index === 0 ? tMs : index === 1 && tMs > 3 ? 9 : 0);
        const body = hand(name, series, tMs);
        memories.add(body.buffer);
        const expected = plain.scrape(Buffer.from(body).toString('latin1'), tMs);
        const scraped = target.transaction.scrape({ body, kind: 'text' }, moment(tMs));
        if (index === 2 && tMs === 4) target.transaction.giveUp();
        const outcome = await scraped;
        const taken = target.taken();
        if (outcome === undefined) assert.equal(index, 2);
        // A difference of thirty thousand lines would take minutes to show.
        else assert.ok(isSame(taken.lines, expected.lines), `${name} at ${tMs}`);
      }),
    );
  assert.ok(memories.size <= 9, `${memories.size} pieces of memory for 18 pages`);
});

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.join('\n') === others.join('\n');
}

function moment(tMs: number): ScrapeMoment {
  return { tMs, timeoutMs: 1_000, elapsedMs: () => 1 };
}
