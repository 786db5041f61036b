/**
 * The dashboard of AMP's usage: each query of CloudWatch asks for a metric that AMP gives to it, by
 * the dimensions that this metric has, and the cost is that of the price list.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-CW-usage-metrics.html
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillIn, listPanels, readDashboards, type Target, textOf } from '../kit/dashboards.ts';

interface CloudWatchTarget extends Target {
  readonly id: string;
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly matchExact?: boolean;
  readonly statistic: string;
  readonly region: string;
  readonly label: string;
  readonly expression?: string;
}

/** Values of the dimension Resource of the metric ResourceCount in AWS/Usage. */
const RESOURCES =
  'CreateAlertManagerAlertsTPS DeleteAlertManagerSilencesTPS GetAlertManagerSilenceTPS ' +
  'GetAlertManagerStatusTPS GetLabelsTPS GetMetricMetadataTPS GetSeriesTPS ' +
  'InhibitionRulesInAlertManagerDefinition HAReplicaGroupCount QueryMetricsTPS ' +
  'RemoteWriteTPS ActiveAlerts ActiveSeries AllSilences IngestionRate WorkspaceCount ' +
  'SizeOfAlerts SuppressedAlerts UnprocessedAlerts AllAlerts AllRules ' +
  'NativeHistogramActiveSeries NativeHistogramIngestionRate';
/** Metrics of AWS/Prometheus that may be summed, and their dimensions beside the workspace. */
const OWN: Readonly<Record<string, string>> = {
  AlertManagerAlertsReceived: '',
  AlertManagerNotificationsFailed: '',
  AlertManagerNotificationsThrottled: '',
  DiscardedSamples: 'Reason',
  QuerySamplesProcessed: '',
  RuleEvaluations: 'RuleGroup',
  RuleEvaluationFailures: 'RuleGroup',
  RuleGroupIterationsMissed: 'RuleGroup',
  RuleGroupLastEvaluationDuration: 'RuleGroup',
};

const usage = readDashboards().get('amp-usage');
assert.ok(usage);
const panels = listPanels(usage).map(({ title, targets }) => ({
  title,
  targets: targets as readonly CloudWatchTarget[],
}));

function judge({ namespace, metricName, dimensions = {}, ...rest }: CloudWatchTarget): void {
  const { matchExact, statistic, label } = rest;
  if (namespace === 'AWS/Usage') {
    const { Resource = '', ...others } = dimensions;
    assert.ok(RESOURCES.split(' ').includes(Resource), Resource);
    assert.equal(metricName, 'ResourceCount');
    assert.deepEqual(others, {
      Type: 'Resource',
      Service: 'Prometheus',
      Class: 'None',
      ResourceId: '$workspace',
    });
    assert.equal(matchExact, true);
    // AWS gives no sum of them.
    assert.match(statistic, /^(?:Average|Maximum)$/);
    return;
  }
  assert.equal(namespace, 'AWS/Prometheus');
  const further = OWN[metricName];
  assert.ok(further !== undefined, metricName);
  assert.deepEqual(dimensions, { Workspace: '$workspace' });
  // Exact, it would find none where there is a further dimension; a search is not for metric math.
  assert.equal(matchExact, further === '', metricName);
  const named = /PROP\('Dim\.(\w+)'\)/.exec(label)?.[1] ?? '';
  assert.equal(named, further, `${metricName} is told apart by ${further}`);
}

test('each query asks for a metric that AMP gives to CloudWatch, by its dimensions', () => {
  let count = 0;
  for (const { title, targets } of panels)
    for (const target of targets) {
      assert.equal(target.region, '$region', title);
      if (target.expression !== undefined) continue;
      judge(target);
      count++;
    }
  assert.ok(count >= 18, String(count));
});

test('metric math names queries of its panel, which are hidden, and has only its own signs', () => {
  const computed = panels.flatMap(({ title, targets }) =>
    targets
      .filter(({ expression }) => expression !== undefined)
      .map((target) => ({ title, target, targets })),
  );
  assert.equal(computed.length, 3);
  for (const { title, target, targets } of computed) {
    const filled = fillIn(target.expression ?? '', { price_ingested: '0.9', price_queried: '0.1' });
    const names = filled.match(/[a-z_]\w*/gi) ?? [];
    const known = targets.filter(({ hide }) => hide === true).map(({ id }) => id);
    assert.deepEqual(
      names.filter((name) => name !== 'PERIOD' && !known.includes(name)),
      [],
      title,
    );
    assert.match(filled, /^[\w\s*/().]+$/, title);
    for (const { id } of targets) assert.match(id, /^[a-z]\w*$/);
  }
});

/** The value of the math of a panel whose one query has `value` for each period of `seconds`. */
function compute(title: string, value: number, seconds: number): number {
  const panel = panels.find((one) => one.title === title);
  const prices = Object.fromEntries(
    (usage?.templating.list ?? []).map((variable) => [variable.name, textOf(variable)]),
  );
  const expression = panel?.targets.find((one) => one.expression !== undefined)?.expression ?? '';
  const factors = fillIn(expression, prices)
    .replace(/PERIOD\(\w+\)/, String(seconds))
    .replace(/[a-z]+/, String(value))
    .split(' ');
  let result = Number(factors[0]);
  for (let at = 1; at < factors.length; at += 2) {
    const factor = Number(factors[at + 1]);
    result = factors[at] === '*' ? result * factor : result / factor;
  }
  return result;
}

test('1,000 series each 15 s cost $15.55 a month, and a billion query samples a day $3', () => {
  const perSecond = 1_000 / 15;
  for (const title of [
    'Ingestion, a month at this rate',
    'Cost of ingestion, a month at this rate',
  ])
    assert.ok(Math.abs(compute(title, perSecond, 300) - 15.552) < 1e-9, title);
  const inFiveMinutes = 1e9 / 288;
  assert.ok(Math.abs(compute('Queries, a month at this rate', inFiveMinutes, 300) - 3) < 1e-9);
});

test('the prices say where they are from', () => {
  const prices = usage.templating.list.filter(({ name }) => name.startsWith('price_'));
  assert.equal(prices.length, 2);
  for (const { name, ...rest } of prices)
    assert.match(JSON.stringify(rest), /https:\/\/aws\.amazon\.com\/prometheus\/pricing\//, name);
});

test('the workspace is chosen among those of the region that have usage', () => {
  const workspace = usage.templating.list.find(({ name }) => name === 'workspace');
  const { dimensionFilters, ...query } = (workspace?.query ?? {}) as Record<string, unknown>;
  assert.deepEqual(query, {
    queryType: 'dimensionValues',
    refId: 'workspace',
    region: '$region',
    namespace: 'AWS/Usage',
    metricName: 'ResourceCount',
    dimensionKey: 'ResourceId',
  });
  assert.deepEqual(dimensionFilters, { Service: 'Prometheus', Resource: 'IngestionRate' });
});
