import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries, openRoute } from '../../../../test/kit/transforming.ts';
import { formatFinding } from '../../../settings/finding.ts';
import { checkConfigText } from '../../load.ts';

/** The transforms of the processors, and the findings; `keys` is YAML in flow style. */
async function resolve(...processors: readonly (readonly [name: string, keys: string])[]) {
  const names = processors.map(([name]) => name);
  const text = `receivers:
  prometheus: { config: { scrape_configs: [{ job_name: j, static_configs: [{ targets: ['a:1'] }] }] } }
processors:
${processors.map(([name, keys]) => `  ${name}: ${keys}\n`).join('')}exporters:
  file: { path: out.jsonl }
service:
  pipelines:
    metrics: { receivers: [prometheus], processors: [${names.join(', ')}], exporters: [file] }
`;
  const { plan, findings } = await checkConfigText(text, '/c.yml', { env: {} });
  const transforms = (plan?.transforms ?? []).filter(({ id }) => id.startsWith('processor:'));
  return {
    lines: findings.map(formatFinding),
    transforms: transforms.map(({ transform }) => transform),
  };
}

/** The names of counters and of a histogram that leave as deltas. */
async function converted(keys: string, ...names: string[]): Promise<string[]> {
  const { transforms, lines } = await resolve(['cumulativetodelta', keys]);
  assert.deepEqual(lines, []);
  const route = openRoute(...transforms);
  const counters = names.map((name) =>
    makeSeries({ __name__: name }, { family: { type: 'counter' } }),
  );
  const count = makeSeries({ __name__: 'h_count' }, { family: { type: 'histogram', name: 'h' } });
  const refs = route.refs(...counters, count);
  for (const [i, value] of [10, 11].entries()) {
    for (const ref of refs) route.appender.append(ref, i, value);
    route.appender.commit();
  }
  return route
    .sent()
    .filter((line) => line.endsWith(' 1 @1'))
    .map((line) => line.split(' ')[0] ?? '');
}

test('cumulativetodelta converts what include names and exclude does not', async () => {
  const names = ['a_total', 'ab_total'];
  assert.deepEqual(await converted('{}', ...names), [...names, 'h_count']);
  const strict = '{ include: { match_type: strict, metrics: [a_total, b] } }';
  assert.deepEqual(await converted(strict, ...names), ['a_total']);
  const anywhere = '{ include: { match_type: regexp, metrics: ["b_"] } }';
  assert.deepEqual(await converted(anywhere, ...names), ['ab_total']);
  const anchored = '{ include: { match_type: regexp, metrics: ["^b_", "^h$"] } }';
  assert.deepEqual(await converted(anchored, ...names), ['h_count']);
  assert.deepEqual(await converted('{ include: { metric_types: [Sum] } }', ...names), names);
  const exclude =
    '{ exclude: { match_type: strict, metrics: [a_total], metric_types: [HISTOGRAM] } }';
  assert.deepEqual(await converted(exclude, ...names), ['ab_total']);
  // As the CloudWatch agent writes it.
  const numbered = '{ include: { match_type: "" }, initial_value: 2, max_staleness: 0s }';
  assert.deepEqual(await converted(numbered, ...names), [...names, 'h_count']);
  const native = '{ exclude: { metric_types: [exponentialhistogram] } }';
  assert.deepEqual(await converted(native, ...names), [...names, 'h_count']);
});

test('faults of cumulativetodelta are told at their line', async () => {
  for (const [keys, expected] of [
    ['{ include: { metrics: [a] } }', 'match_type is missing; write strict or regexp beside'],
    ['{ exclude: { match_type: strict } }', 'match_type is set without metrics'],
    ['{ include: { match_type: glob, metrics: [a] } }', 'expected one of: strict, regexp'],
    ['{ include: { match_type: regexp, metrics: ["a("] } }', '"a(": '],
    ['{ include: { match_type: regexp, metrics: ["a)|(b"] } }', '"a)|(b": '],
    ['{ include: { metric_types: [gauge] } }', 'expected one of: sum, histogram, exponential'],
    ['{ include: { metric_types: [exponentialhistogram] } }', 'native histograms stay cumulative'],
    ['{ initial_value: none }', 'expected one of: auto, keep, drop'],
    ['{ initial_value: 3 }', 'expected one of: auto, keep, drop'],
    ['{ max_staleness: 5 }', 'has no unit'],
    ['{ metrics: [a] }', 'unknown key "metrics"'],
  ] as const) {
    const { lines } = await resolve(['cumulativetodelta', keys]);
    assert.equal(lines.length, 1, `${keys}: ${lines.join('\n')}`);
    assert.ok(lines[0]!.startsWith('/c.yml:4:') && lines[0]!.includes(expected), lines[0]!);
  }
});

test('faults of deltatocumulative are told at their line', async () => {
  for (const [keys, expected] of [
    ['{ max_stale: 0s }', 'must be more than 0'],
    ['{ max_streams: -1 }', 'must not be negative'],
    ['{ max_streams: 1.5 }', 'expected a whole number'],
    ['{ streams: 1 }', 'unknown key "streams"'],
  ] as const) {
    const { lines } = await resolve(['deltatocumulative', keys]);
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.ok(lines[0]!.startsWith('/c.yml:4:') && lines[0]!.includes(expected), lines[0]!);
  }
  for (const valid of ['0', '9223372036854775807'])
    assert.deepEqual(
      (await resolve(['delta_to_cumulative', `{ max_streams: ${valid} }`])).lines,
      [],
    );
});

test('both processors in a pipeline give cumulative values again', async () => {
  const { transforms, lines } = await resolve(
    ['cumulative_to_delta', '{ initial_value: keep }'],
    ['deltatocumulative', '{ max_stale: 1h }'],
  );
  assert.deepEqual(lines, []);
  const route = openRoute(...transforms);
  const [ref = -1] = route.refs(makeSeries({ __name__: 'a' }, { family: { type: 'counter' } }));
  for (const value of [3, 4, 6]) {
    route.appender.append(ref, value, value);
    route.appender.commit();
  }
  assert.deepEqual(route.sent(), ['a 3 @3', 'a 4 @4', 'a 6 @6']);
});

test('processors that make rates or new metrics are refused with what to use', async () => {
  for (const name of ['deltatorate', 'metricsgeneration', 'experimental_metricsgeneration']) {
    const { lines } = await resolve([name, '{}']);
    assert.match(lines[0] ?? '', /recording rule/);
  }
});
