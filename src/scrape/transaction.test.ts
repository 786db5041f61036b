import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { HttpClientError } from '../kernel/http-client.ts';
import { makeLabelSet } from '../model/labels.ts';
import { LENT_BYTES_MAX } from '../model/borrowed.ts';
import { ScrapeScratch } from './scratch.ts';
import { DEFAULT_LIMITS, makeScrapeConfig } from './config.ts';
import { ScrapeTransaction } from './transaction.ts';
import { Turns } from './turns.ts';
import { RecordingAppender } from '../../test/kit/recording-appender.ts';
import { RecordedTarget } from '../../test/kit/recorded-target.ts';

/** Values of the report, in order, as in `up 1 @1`. */
const valuesOf = (report: readonly string[]): string =>
  report.map((line) => line.split(' ').at(-2)).join(' ');

test('a good scrape is committed once, with its report', () => {
  const target = new RecordedTarget({}, makeLabelSet({ job: 'j' }));
  const { lines, report, failure, counts, durationMs } = target.scrape('a 1\nb 2\n', 1);
  assert.equal(failure, undefined);
  assert.equal(durationMs, 250);
  assert.equal(counts?.added, 2);
  assert.deepEqual(lines, ['a{job="j"} 1 @1', 'b{job="j"} 2 @1']);
  assert.deepEqual(report, [
    'up{job="j"} 1 @1',
    'scrape_duration_seconds{job="j"} 0.25 @1',
    'scrape_samples_scraped{job="j"} 2 @1',
    'scrape_samples_post_metric_relabeling{job="j"} 2 @1',
    'scrape_series_added{job="j"} 2 @1',
  ]);
  assert.equal(target.appender.commits, 1);
});

test('a body that breaks leaves no sample, its markers and its report are committed together', () => {
  const target = new RecordedTarget();
  target.scrape('a 1\nb 1\n', 1);
  const { lines, report, failure, counts } = target.scrape('a 2\nnew 2\n{', 2);
  assert.match(failure?.message ?? '', /line 3/);
  assert.equal(counts?.scraped, 2);
  assert.deepEqual(lines, ['a stale @2', 'b stale @2']);
  assert.equal(valuesOf(report), '0 0.25 2 2 0');
  assert.equal(target.appender.commits, 2);
});

test('a scrape without a body reports no samples, and a size that tells why', () => {
  const target = new RecordedTarget({
    hasExtraMetrics: true,
    limits: { ...DEFAULT_LIMITS, samples: 7 },
  });
  target.scrape('a 1\n', 1);
  const large = target.scrape(new HttpClientError('body_too_large', 'too large'), 2);
  assert.equal(large.counts, undefined);
  assert.deepEqual(large.lines, ['a stale @2']);
  assert.equal(valuesOf(large.report), '0 0.25 0 0 0 5 7 -1');
  const late = target.scrape(new HttpClientError('timeout', 'too late'), 3);
  assert.deepEqual(late.lines, []);
  assert.equal(valuesOf(late.report), '0 0.25 0 0 0 5 7 0');
  assert.equal(valuesOf(target.scrape('a 1\n', 4).report), '1 0.25 1 1 0 5 7 4');
});

test('series that the last body brought get their markers when the next scrape finds no body', () => {
  const target = new RecordedTarget();
  target.scrape('a 1\n', 1);
  target.scrape('a 2\nb 2\n', 2);
  const { lines } = target.scrape(new HttpClientError('connect', 'refused'), 3);
  assert.deepEqual(lines, ['a stale @3', 'b stale @3']);
  assert.equal(target.scrape('a 4\nb 4\n', 4).counts?.added, 0);
});

test('after a rest the series are still known, in another order and without one too', () => {
  const target = new RecordedTarget();
  target.scrape('a 1\nb 1\n', 1);
  target.transaction.rest();
  const { lines, counts } = target.scrape('b 2\nc 2\n', 2);
  assert.deepEqual(lines, ['b 2 @2', 'c 2 @2', 'a stale @2']);
  assert.equal(counts?.added, 1);
});

test('the end of a target is a marker for each of its series and of its report', async () => {
  const target = new RecordedTarget();
  target.scrape('a 1\nb 1\n', 1);
  await target.transaction.end(2);
  const { lines, report } = target.taken();
  assert.deepEqual(lines, ['a stale @2', 'b stale @2']);
  assert.equal(report.filter((line) => line.endsWith(' stale @2')).length, 5);
  target.transaction.close();
  assert.ok(target.appender.closed);
});

/** Its commit takes four slices: the samples go on in the second and later ones. */
class SlowlyCommitted extends RecordingAppender {
  slices = 0;
  *commitSlices(): Generator<undefined, void, undefined> {
    for (; this.slices < 3; this.slices++) yield;
    this.commit();
  }
}

const NOW = { tMs: 1, timeoutMs: 5_000, elapsedMs: (): number => 250 };

function openSlowly() {
  const appender = new SlowlyCommitted();
  const transaction = new ScrapeTransaction({
    appender,
    targetLabels: [],
    config: makeScrapeConfig({ jobName: 'j' }),
    // No time is left behind a step, so that each has a turn of its own.
    scratch: new ScrapeScratch(0, new Turns(0)),
  });
  return { appender, transaction };
}

const LARGE_BODY = Buffer.from('a 1\n#' + ' '.repeat(LENT_BYTES_MAX) + '\n');

test('a large scrape is committed in slices; given up between them, the rest follows at once', async () => {
  for (const isGivenUp of [false, true]) {
    const { appender, transaction } = openSlowly();
    const taken = transaction.takeInSlices({ body: LARGE_BODY, kind: 'text' }, NOW);
    for (let turns = 0; turns < 10_000 && appender.slices === 0; turns++) await nextTurn();
    assert.ok(appender.slices > 0, 'it is committed in slices');
    assert.equal(appender.commits, 0);
    if (isGivenUp) {
      assert.ok(appender.slices < 3, 'it is in the midst of its commit');
      transaction.giveUp();
      assert.equal(appender.commits, 1, 'it is committed when giveUp returns');
    } else await taken;
    assert.equal(appender.commits, 1);
    assert.deepEqual(appender.take().slice(0, 2), ['a 1 @1', 'up 1 @1']);
  }
});

test('the markers of a target that has ended are committed in slices', async () => {
  const { appender, transaction } = openSlowly();
  transaction.take({ body: Buffer.from('a 1\n'), kind: 'text' }, NOW);
  appender.take();
  await transaction.end(2);
  assert.equal(appender.slices, 3);
  assert.equal(appender.take()[0], 'a stale @2');
});

test('bodies that wait lie in memory of their own, which later ones get again', async () => {
  const scratch = new ScrapeScratch(0, new Turns(0));
  const open = (): { appender: RecordingAppender; transaction: ScrapeTransaction } => {
    const appender = new RecordingAppender();
    const config = makeScrapeConfig({ jobName: 'j' });
    return {
      appender,
      transaction: new ScrapeTransaction({ appender, targetLabels: [], config, scratch }),
    };
  };
  const targets = Array.from({ length: 5 }, open);
  const lent = Buffer.alloc(16);
  const scrapeAll = async (round: number): Promise<string[]> => {
    const taken = targets.map(({ transaction }, i) => {
      // The lender overwrites its bytes as soon as it has its answer.
      const body = lent.subarray(0, lent.write(`a ${round * 10 + i}\n`));
      const outcome = transaction.takeInSlices({ body, kind: 'text' }, { ...NOW, tMs: round });
      lent.fill('x');
      return outcome;
    });
    // One is given up while it waits: its memory is another one's only behind that.
    targets[1]?.transaction.giveUp();
    await Promise.all(taken);
    return targets.map(({ appender }) => appender.take()[0] ?? 'nothing');
  };
  for (let round = 1; round < 4; round++)
    assert.deepEqual(
      await scrapeAll(round),
      [0, 1, 2, 3, 4].map((i) => (i === 1 ? 'nothing' : `a ${round * 10 + i} @${round}`)),
    );
  const sizes = new Set<ArrayBufferLike>();
  const loans = Array.from({ length: 6 }, () => scratch.bodies.open());
  for (const { take } of loans) sizes.add(take(16).buffer);
  assert.equal(sizes.size, 6, 'no buffer is lent twice');
});
