import assert from 'node:assert/strict';
import { test } from 'node:test';
import { momentAt } from '../../test/kit/moment.ts';
import { RecordingAppender } from '../../test/kit/recording-appender.ts';
import type { LabelSet } from '../model/labels.ts';
import type { SeriesOrigin } from '../model/sample.ts';
import { compileSearch } from '../relabel/search.ts';
import { parseLine } from './line.ts';
import type { Observer, StatsdReceiverSettings } from './settings.ts';
import { LABEL_BYTES_MAX, SERIES_OBSERVATIONS_MAX, StatsdTable } from './table.ts';

class OriginAppender extends RecordingAppender {
  readonly families: string[] = [];
  override refOf(labels: LabelSet, origin?: SeriesOrigin): number {
    const { type, isDelta = false } = origin!.family;
    this.families.push(`${type}${isDelta ? ' increases' : ''}`);
    return super.refOf(labels);
  }
}

const HISTOGRAM: Observer = { is: 'histogram', bucketsMax: 160, explicit: [] };

function open(changes: Partial<StatsdReceiverSettings> = {}, random = () => 0.5) {
  const appender = new OriginAppender();
  const settings: StatsdReceiverSettings = {
    id: 's', transport: 'udp', listen: '', listenFlag: '', permissions: 0, socketBufferBytes: 0,
    intervalMs: 60_000, hasMetricType: false, takesSimpleTags: true, isMonotonic: false,
    counterType: 'int', observers: {}, isCumulative: false, escapesNames: false, seriesMax: 100,
    expireMs: 300_000, ...changes,
  };
  const table = new StatsdTable(settings, appender, random);
  const send = (nowMs: number, ...lines: string[]) =>
    lines.map((text) => {
      const line = parseLine(text, true);
      return typeof line === 'string' ? line : table.take(line, momentAt(nowMs));
    });
  const flush = async (nowMs: number) => {
    await table.flush(momentAt(nowMs), () => assert.fail('a transaction failed'));
    return appender.take();
  };
  return { table, appender, send, flush };
} // prettier-ignore

test('increases are of their interval, totals go on and are told again', async () => {
  const delta = open();
  delta.send(0, 'a:3000|c|#k:v', 'a:20|c|@0.25|#k:v');
  assert.deepEqual(await delta.flush(60_000), ['a{k="v"} 3080 @60000']);
  assert.deepEqual(await delta.flush(120_000), []);
  delta.send(120_000, 'a:1|c|#k:v');
  assert.deepEqual(await delta.flush(180_000), ['a{k="v"} 1 @180000']);
  assert.deepEqual(delta.appender.families, ['gauge increases']);

  const total = open({ isCumulative: true, isMonotonic: true });
  total.send(5, 'a:3|c');
  assert.deepEqual(await total.flush(60_000), ['a 3 @60000']);
  assert.deepEqual(await total.flush(120_000), ['a 3 @120000']);
  total.send(120_000, 'a:2|c');
  assert.deepEqual(await total.flush(180_000), ['a 5 @180000']);
  assert.deepEqual(total.appender.families, ['counter']);
  assert.equal(total.appender.created.get('a'), 5);
});

test('a series ends after its time: a total by a stale marker, an increase by silence', async () => {
  const total = open({ isCumulative: true });
  total.send(0, 'a:3|c');
  await total.flush(60_000);
  assert.deepEqual(await total.flush(300_000), ['a 3 @300000']);
  assert.deepEqual(await total.flush(300_001), ['a stale @300001']);
  assert.equal(total.table.size, 0);
  assert.equal(total.appender.live.size, 0);
  total.send(400_000, 'a:1|c');
  assert.deepEqual(await total.flush(460_000), ['a 1 @460000']);

  const delta = open();
  delta.send(0, 'a:3|c');
  await delta.flush(60_000);
  assert.deepEqual(await delta.flush(360_001), []);
  assert.equal(delta.appender.live.size, 0);
});

test('a gauge keeps its value over intervals, so that a change has something to change', async () => {
  const { send, flush } = open();
  send(0, 'g:500|g', 'g:400|g', 'g:+2|g');
  assert.deepEqual(await flush(60_000), ['g 402 @60000']);
  send(60_000, 'g:-1|g');
  assert.deepEqual(await flush(120_000), ['g 401 @120000']);
});

test('fractions of counts are cut off, kept, or rounded by chance', async () => {
  for (const [counterType, sum] of [['int', 6], ['float', 20 / 3], ['stochastic_int', 8]] as const) {
    const { send, flush } = open({ counterType }, () => 0.1);
    send(0, 'a:1|c|@0.3', 'a:1|c|@0.3');
    assert.deepEqual(await flush(1), [`a ${sum} @1`]);
  }
}); // prettier-ignore

test('a set counts its different members in an interval', async () => {
  const { send, flush } = open({ isCumulative: true });
  send(0, 'u:a|s', 'u:b|s', 'u:a|s', 'u:10:2|s');
  assert.deepEqual(await flush(1), ['u 3 @1']);
  assert.deepEqual(await flush(2), ['u 0 @2']);
});

test('observations are points at times of their own, also several in a line', async () => {
  const { send, flush } = open({ observers: { timing: { is: 'gauge' } } });
  send(10, 't:5:6|ms', 't:7|ms');
  assert.deepEqual(await flush(60_000), ['t 5 @10', 't 6 @11', 't 7 @12']);
});

test('a summary weighs observations by their rate', async () => {
  const observers = { timing: { is: 'summary', percentiles: [0, 50, 100] } } as const;
  const { send, flush, appender } = open({ observers });
  send(0, 't:1|ms', 't:2|ms', 't:10|ms|@0.1');
  const parts = ['t{quantile="0"} 1', 't{quantile="0.5"} 10', 't{quantile="1"} 10'];
  assert.deepEqual(
    await flush(1),
    [...parts, 't_sum 103', 't_count 12'].map((one) => `${one} @1`),
  );
  assert.equal(appender.families[0], 'summary');
  const total = open({ observers, isCumulative: true });
  total.send(0, 't:4|ms');
  await total.flush(1);
  assert.deepEqual(await total.flush(2), ['t_sum 4 @2', 't_count 1 @2']);
});

test('a histogram has the buckets of the first pattern that its name has', async () => {
  const explicit = [{ pattern: compileSearch('^re.*_ms$'), bounds: [1, 10] }];
  const observers = { timing: { is: 'histogram', bucketsMax: 160, explicit } } as const;
  const { send, flush, appender } = open({ observers });
  send(0, 'reads_ms:1|ms', 'reads_ms:7|ms|@0.5', 'reads_ms:11|ms', 'other:4|ms');
  const told = await flush(1);
  assert.deepEqual(told.slice(0, 5), [
    'reads_ms_bucket{le="1"} 1 @1', 'reads_ms_bucket{le="10"} 3 @1', 'reads_ms_bucket{le="+Inf"} 4 @1',
    'reads_ms_sum 26 @1', 'reads_ms_count 4 @1',
  ]);
  assert.match(told[5] ?? '', /^other \{"schema":8,.*"count":1,"sum":4/);
  assert.deepEqual(new Set(appender.families), new Set(['histogram increases']));
}); // prettier-ignore

test('fractions of a rate are not lost: 100 lines at 0.3 are 333 observations', async () => {
  const { send, flush } = open({ observers: { histogram: HISTOGRAM } });
  for (let i = 0; i < 100; i++) send(0, 'h:1|h|@0.3');
  assert.match((await flush(1))[0] ?? '', /"count":333,/);
});

test('what adds to nothing says why', () => {
  const { send } = open({ isMonotonic: true, seriesMax: 2, observers: { timing: HISTOGRAM } });
  assert.deepEqual(send(0, 'a:-1|c', 'h:1|h', 'a:1|c', 'a:1|g', 'b:1|g', 'c:1|g', 'a:1|c'), [
    'negative_count', 'unmapped', undefined, 'type_conflict', undefined, 'series_limit', undefined,
  ]);
}); // prettier-ignore

test('observations are bounded until the next interval', async () => {
  const { send, flush } = open({ observers: { timing: { is: 'gauge' } } });
  const line = `t:${Array.from({ length: 1_000 }, () => '1').join(':')}|ms`;
  for (let i = 0; i < SERIES_OBSERVATIONS_MAX / 1_000; i++)
    assert.deepEqual(send(0, line), [undefined]);
  assert.deepEqual(send(0, 't:1|ms', 'g:1|g'), ['observation_limit', undefined]);
  assert.equal((await flush(1)).length, SERIES_OBSERVATIONS_MAX + 1);
  assert.deepEqual(send(2, 't:1|ms'), [undefined]);
});

test('names and tags become those of Prometheus, and the type a label, where asked for', async () => {
  const { send, flush } = open({ escapesNames: true, hasMetricType: true, isCumulative: true });
  send(0, '9.a-b:1|c|#k.x:v,flag,__name__:evil|c:abc');
  assert.deepEqual(await flush(1), [
    '_9_a_b{container_id="abc", flag="true", k_x="v", metric_type="counter"} 1 @1',
  ]);
});

test('series are renewed when the routes have changed', async () => {
  const { send, flush, appender } = open();
  send(0, 'a:1|c', 'b:1|c');
  await flush(1);
  appender.generation += 1;
  send(2, 'a:1|c');
  assert.deepEqual(await flush(3), ['a 1 @3']);
  assert.deepEqual(appender.incomplete, []);
});

test('many series are told in transactions, between which other work has its turn', async () => {
  const { send, flush, appender } = open({ seriesMax: 10_000 });
  for (let i = 0; i < 5_000; i++) send(0, `a${i}:1|c`);
  let turns = 0;
  const count = () => {
    turns += 1;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  const told = await flush(1);
  clearImmediate(timer);
  assert.equal(told.length, 5_000);
  assert.equal(appender.commits, 3);
  assert.ok(turns >= 2);
});

test('where the ends of totals cannot be committed, that is told and the next interval goes on', async () => {
  const { table, send, appender } = open({ isCumulative: true });
  send(0, 'a:3|c');
  await table.flush(momentAt(60_000), () => assert.fail('a transaction failed'));
  const commit = appender.commit.bind(appender);
  appender.commit = () => {
    throw new Error('no space');
  };
  const failed: number[] = [];
  await table.flush(momentAt(360_001), (series) => void failed.push(series));
  assert.deepEqual(failed, [1]);
  assert.equal(appender.live.size, 0);
  appender.commit = commit;
  send(360_002, 'a:1|c');
  await table.flush(momentAt(420_000), () => assert.fail('a transaction failed'));
  assert.deepEqual(appender.take(), ['a 3 @60000', 'a 1 @420000']);
});

test('totals that end together are told in few transactions', async () => {
  const { send, flush, appender } = open({ seriesMax: 10_000, isCumulative: true });
  for (let i = 0; i < 5_000; i++) send(0, `a${i}:1|c`);
  await flush(1);
  const before = appender.commits;
  assert.equal((await flush(400_000)).length, 5_000);
  assert.equal(appender.commits - before, 3);
});

test('a rate near 0 is refused: one line would make a series infinite for good', async () => {
  const { send, flush } = open({ observers: { timing: HISTOGRAM }, counterType: 'float' });
  const hostile = send(1, 'a:1|c|@5e-324', 'b:1|ms|@5e-324', 'c:1|c|@1e-10', 'd:1|c|@1e-9');
  assert.deepEqual(hostile, ['rate', 'rate', 'rate', undefined]);
  send(1, 'a:1|c', 'b:1|ms');
  const lines = await flush(2);
  assert.ok(
    lines.every((line) => !/Inf|NaN/.test(line)),
    lines.join('\n'),
  );
});

test('long members of sets, which are held by their hashes, are told apart', async () => {
  const { send, flush } = open();
  const member = (index: number): string => `${index}-${'m'.repeat(4_000)}`;
  for (let index = 0; index < 100; index++) send(1, `s:${member(index)}|s`);
  send(1, `s:${member(3)}|s`);
  assert.deepEqual(await flush(2), ['s 100 @2']);
});

test('names and tags of all series together are bounded, and those that are forgotten make room', async () => {
  const { table, send, flush } = open({ seriesMax: 1_000_000 });
  const long = 'v'.repeat(8_000);
  const fitting = Math.floor(LABEL_BYTES_MAX / 8_020);
  let refused: unknown;
  let taken = 0;
  while (refused === undefined && taken < 2 * fitting)
    [refused] = send(0, `a${taken++}:1|c|#k:${long}`);
  assert.equal(refused, 'label_bytes_limit');
  assert.ok(Math.abs(taken - fitting) < 20, String(taken));
  assert.deepEqual(send(0, 'a0:1|c|#k:'.concat(long)), [undefined], 'a known series goes on');
  await flush(1);
  await flush(400_000);
  assert.equal(table.size, 0);
  assert.deepEqual(send(400_000, `b:1|c|#k:${long}`), [undefined]);
});
