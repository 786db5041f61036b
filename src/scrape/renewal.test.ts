import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  body,
  double,
  int,
  label,
  message,
  sub,
  text,
  uint,
} from '../../test/fuzz/protobuf-page.ts';
import { makeLabelSet } from '../model/labels.ts';
import type { ExpositionKind } from '../wire/exposition/negotiation.ts';
import { makeScrapeConfig } from './config.ts';
import { RecordedTarget } from '../../test/kit/recorded-target.ts';

test('when sinks change, a series is renewed at its next sample, once, and is no new one', () => {
  const target = new RecordedTarget();
  const { appender } = target;
  target.scrape('# TYPE a gauge\na 1\nb 1\n', 1);
  appender.metadata.clear();
  appender.generation += 1;
  const { lines, counts } = target.scrape('# TYPE a gauge\na 2\nb 2\n', 2);
  assert.deepEqual(lines, ['a 2 @2', 'b 2 @2']);
  assert.equal(counts?.added, 0);
  assert.deepEqual(appender.incomplete, []);
  assert.equal(appender.renewed.length, 7, 'the report too');
  assert.equal(appender.metadata.get('a'), 'a gauge [] ', 'the new sinks are told');
  target.scrape('# TYPE a gauge\na 3\nb 3\n', 3);
  target.scrape('b 4\na 4\n', 4);
  assert.equal(appender.renewed.length, 7);
});

test('a series that is gone when sinks change ends at the ref that it had', () => {
  const target = new RecordedTarget();
  target.scrape('a 1\nb 1\n', 1);
  target.appender.generation += 1;
  assert.deepEqual(target.scrape('a 2\n', 2).lines, ['a 2 @2', 'b stale @2']);
  assert.ok(!target.appender.renewed.includes('b'));
  assert.deepEqual(target.liveSeries, ['a']);
});

test('a scrape that fails when sinks change ends series at the refs that they had; the next good one renews', () => {
  for (const failing of [new Error('refused'), 'a 2\nnew 2\n{']) {
    const target = new RecordedTarget();
    const { appender } = target;
    target.scrape('a 1\nb 1\n', 1);
    appender.generation += 1;
    assert.deepEqual(target.scrape(failing, 2).lines, ['a stale @2', 'b stale @2']);
    assert.ok(!appender.renewed.includes('b'));
    assert.ok(appender.renewed.includes('up'), 'the report goes on to the new sinks');
    const { lines, counts } = target.scrape('a 3\nb 3\n', 3);
    assert.deepEqual(lines, ['a 3 @3', 'b 3 @3']);
    assert.equal(counts?.added, 0);
    assert.deepEqual(appender.incomplete, []);
    assert.equal(appender.renewed.length, 7);
  }
});

test('a series may become wanted when sinks change, and another unwanted', () => {
  const target = new RecordedTarget();
  const { appender } = target;
  appender.wants = (series) => series !== 'a';
  assert.deepEqual(target.scrape('a 1\nb 1\n', 1).lines, ['b 1 @1']);
  appender.generation += 1;
  appender.wants = (series) => series !== 'b';
  assert.deepEqual(target.scrape('a 2\nb 2\n', 2).lines, ['a 2 @2']);
  appender.generation += 1;
  appender.wants = () => true;
  assert.deepEqual(target.scrape('a 3\nb 3\n', 3).lines, ['a 3 @3', 'b 3 @3']);
  assert.deepEqual(target.scrape('', 4).lines, ['a stale @4', 'b stale @4']);
  assert.equal(appender.made.filter((series) => series === 'b').length, 1);
});

test('extra series that come or go as sinks change are made, renewed and ended once', () => {
  const target = new RecordedTarget({ hasExtraMetrics: true });
  const { appender, transaction } = target;
  target.scrape('', 1);
  appender.generation += 1;
  transaction.setConfig(makeScrapeConfig({ jobName: 'j' }));
  assert.equal(target.scrape('', 2).report.filter((line) => line.includes(' stale ')).length, 3);
  assert.equal(appender.renewed.length, 5);
  appender.generation += 1;
  transaction.setConfig(makeScrapeConfig({ jobName: 'j', hasExtraMetrics: true }));
  assert.equal(target.scrape('', 3).report.length, 8);
  assert.equal(appender.renewed.length, 10);
  assert.deepEqual(appender.incomplete, []);
});

test('extra series that are asked for again before the next scrape go on without a marker', () => {
  const target = new RecordedTarget({ hasExtraMetrics: true });
  target.scrape('', 1);
  target.transaction.setConfig(makeScrapeConfig({ jobName: 'j' }));
  target.transaction.setConfig(makeScrapeConfig({ jobName: 'j', hasExtraMetrics: true }));
  assert.ok(target.scrape('', 2).report.every((line) => !line.includes(' stale ')));
});

interface Line {
  readonly name: string;
  readonly value: number;
  readonly seconds: number | undefined;
}

interface Step {
  readonly kind: ExpositionKind;
  readonly lines: readonly Line[];
  readonly fault: 'none' | 'none too' | 'no body' | 'malformed';
  readonly hasExtra: boolean;
  readonly isBumped: boolean;
}

/** A series that looks the same in all formats. */
const NAMES = ['a', 'b', 'c', 'd_total', 'e_total'];

function makeExposition({ kind, lines, fault }: Step): Uint8Array {
  const isBroken = fault === 'malformed';
  if (kind === 'protobuf') {
    const families = lines.map(({ name, value, seconds }) => {
      const time = seconds === undefined ? [] : [int(6, seconds * 1_000)];
      const metric = message(sub(1, label('x', '1')), sub(5, message(double(1, value))), ...time);
      return message(text(1, name), uint(3, 3), sub(4, metric));
    });
    return Buffer.concat([body(...families), Buffer.from(isBroken ? [9, 1] : [])]);
  }
  const unit = kind === 'text' ? 1_000 : 1;
  const rows = lines.map(
    ({ name, value, seconds }) =>
      `${name}{x="1"} ${value}${seconds === undefined ? '' : ` ${seconds * unit}`}\n`,
  );
  const tail = kind === 'text' ? '' : '# EOF\n';
  return Buffer.from(`${rows.join('')}${isBroken ? '{' : tail}`);
}

const line = fc.record({
  name: fc.constantFrom(...NAMES),
  value: fc.integer({ min: 0, max: 99 }),
  seconds: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined, freq: 3 }),
});
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('text', 'text', 'openmetrics', 'protobuf'),
  lines: fc.array(line, { maxLength: 6 }),
  fault: fc.constantFrom('none', 'none too', 'no body', 'malformed'),
  hasExtra: fc.boolean(),
  isBumped: fc.boolean(),
});

test('whatever targets serve and whenever sinks change, the same is committed as if they had not', () => {
  const steps = fc.array(step, { maxLength: 14 });
  fc.assert(
    fc.property(steps, fc.subarray(NAMES), fc.boolean(), (all, unwanted, isTracked) => {
      const config = { trackTimestampsStaleness: isTracked };
      const [plain, bumped] = [0, 1].map(
        () => new RecordedTarget(config, makeLabelSet({ j: 'j' })),
      );
      assert.ok(plain !== undefined && bumped !== undefined);
      for (const { appender } of [plain, bumped])
        appender.wants = (series) => !unwanted.some((name) => series.startsWith(`${name}{`));
      all.forEach((one, index) => {
        if (one.isBumped) bumped.appender.generation += 1;
        const results = [plain, bumped].map((target) => {
          const set = { jobName: 'j', ...config, hasExtraMetrics: one.hasExtra };
          target.transaction.setConfig(makeScrapeConfig(set));
          const exposition = one.fault === 'no body' ? new Error('no body') : makeExposition(one);
          const { lines, report, counts } = target.scrape(
            exposition,
            (index + 1) * 1_000,
            one.kind,
          );
          // Markers of one commit come in the order of slots, which is none that counts.
          const [samples, markers] = [false, true].map((isMarker) =>
            lines.filter((line) => line.includes(' stale @') === isMarker),
          );
          const known = target.transaction.seriesCount;
          return { samples, markers: markers?.toSorted(), report, counts, known };
        });
        assert.deepEqual(results[1], results[0]);
        if (one.fault.startsWith('none')) assert.deepEqual(bumped.appender.incomplete, []);
      });
    }),
    { numRuns: 1_000 },
  );
});
