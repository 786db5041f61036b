/**
 * What a workspace of AMP is used for, and what that costs, by the metrics that AMP gives to
 * CloudWatch. One that is missing there is 0.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-CW-usage-metrics.html; price:
 * https://aws.amazon.com/prometheus/pricing/, us-east-1
 */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  MetricEditorMode,
  MetricQueryType,
  MetricsQueryBuilder,
  QueryMode,
} from '@grafana/grafana-foundation-sdk/cloudwatch';
import {
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { assembleDashboard } from './assembling.ts';
import { figureOf, graphOf, type Queries, sourceOf } from './panels.ts';
import { textVariable } from './variables.ts';

const REGION = '$region';
const SECONDS_PER_MONTH = 30 * 86_400;
const BILLION = '1000000000';

interface Asked {
  readonly id: string;
  readonly label: string;
  readonly statistic?: 'Average' | 'Maximum' | 'Sum';
  readonly isHidden?: boolean;
}

const query = ({
  id,
  label,
  statistic = 'Average',
  isHidden = false,
}: Asked): MetricsQueryBuilder =>
  new MetricsQueryBuilder()
    .queryMode(QueryMode.Metrics)
    .metricQueryType(MetricQueryType.Search)
    .metricEditorMode(MetricEditorMode.Builder)
    .region(REGION)
    .id(id)
    .refId(id)
    .label(label)
    .statistic(statistic)
    .hide(isHidden)
    .period('');

/** A figure of the quota of that name, and the quota itself is in Service Quotas. */
const usage = (resource: string, asked: Asked): MetricsQueryBuilder =>
  query(asked)
    .namespace('AWS/Usage')
    .metricName('ResourceCount')
    .dimensions({
      Type: 'Resource',
      Service: 'Prometheus',
      Class: 'None',
      Resource: resource,
      ResourceId: '$workspace',
    })
    .matchExact(true);

/**
 * Of the workspace. What has a further dimension is found by a search, which metric math does not
 * take.
 */
const own = (
  metric: string,
  { by, ...asked }: Asked & { readonly by?: 'Reason' | 'RuleGroup' },
): MetricsQueryBuilder =>
  query({
    statistic: 'Sum',
    ...asked,
    label: by === undefined ? asked.label : `${asked.label} \${PROP('Dim.${by}')}`.trimStart(),
  })
    .namespace('AWS/Prometheus')
    .metricName(metric)
    .dimensions({ Workspace: '$workspace' })
    .matchExact(by === undefined);

/** Metric math on the queries beside it. */
const computed = (label: string, expression: string): MetricsQueryBuilder =>
  query({ id: 'computed', label })
    .metricEditorMode(MetricEditorMode.Code)
    .namespace('')
    .metricName('')
    .expression(expression);

const ask = (...targets: Builder<Dataquery>[]): Queries => ({ source: 'cloudwatch', targets });

const INGESTION = usage('IngestionRate', { id: 'ingested', label: 'ingested', isHidden: true });
const INGESTION_COST = `ingested * ${SECONDS_PER_MONTH} / 10000000 * $price_ingested`;
const PROCESSED = own('QuerySamplesProcessed', { id: 'processed', label: '', isHidden: true });
const QUERIED = `processed / PERIOD(processed) * ${SECONDS_PER_MONTH}`;
const QUERY_COST = `${QUERIED} / ${BILLION} * $price_queried`;

const cost = {
  title: 'Cost, as it goes on',
  panels: [
    figureOf(
      {
        title: 'Ingestion, a month at this rate',
        unit: 'currencyUSD',
        remedy:
          'At the price of the first 2 billion samples. Scrape less often, and drop what nobody ' +
          'asks for by write_relabel_configs: "Samples of each job" of the collector names it.',
        width: 6,
      },
      ask(INGESTION, computed('a month', INGESTION_COST)),
    ),
    figureOf(
      {
        title: 'Queries, a month at this rate',
        unit: 'currencyUSD',
        remedy:
          'Rules and dashboards that look far back: shorten them, or record what they ask for.',
        width: 6,
      },
      ask(PROCESSED, computed('a month', QUERY_COST)),
    ),
    figureOf(
      {
        title: 'Samples ingested per second',
        unit: 'short',
        remedy:
          'Compare with the quota of the workspace in Service Quotas, and ask for more in time.',
        width: 6,
      },
      ask(usage('IngestionRate', { id: 'ingested', label: 'samples' })),
    ),
    figureOf(
      {
        title: 'Active series',
        unit: 'short',
        remedy:
          'Each deployment makes new ones: drop labels that only tell the task where you can.',
        width: 6,
      },
      ask(usage('ActiveSeries', { id: 'series', label: 'series', statistic: 'Maximum' })),
    ),
    graphOf(
      {
        title: 'Cost of ingestion, a month at this rate',
        unit: 'currencyUSD',
        remedy: 'A step is a deployment, or a new job: compare with the annotations of both.',
      },
      ask(INGESTION, computed('a month', INGESTION_COST)),
    ),
    graphOf(
      {
        title: 'Query samples processed',
        unit: 'short',
        remedy:
          'Peaks are people, a level is rules: the query log of the workspace names the queries.',
      },
      ask(own('QuerySamplesProcessed', { id: 'processed', label: 'samples' })),
    ),
  ],
};

const ingestion = {
  title: 'Ingestion',
  panels: [
    graphOf(
      {
        title: 'Ingestion rate',
        unit: 'short',
        remedy:
          'At the quota AMP refuses with 429: the collector waits and sends again. Ask for more.',
        width: 8,
      },
      ask(usage('IngestionRate', { id: 'ingested', label: 'samples per second' })),
    ),
    graphOf(
      {
        title: 'Active series',
        unit: 'short',
        remedy: 'At the quota new series are refused, known ones are not. Limits per job bound it.',
        width: 8,
      },
      ask(usage('ActiveSeries', { id: 'series', label: 'series', statistic: 'Maximum' })),
    ),
    graphOf(
      {
        title: 'Samples that AMP discarded, by reason',
        unit: 'short',
        remedy:
          'rate_limited, per_user_series_limit: quotas. new-value-for-timestamp: two collectors ' +
          'send one series. sample-out-of-order, sample-too-old: a clock, or a long outage.',
        width: 8,
      },
      ask(own('DiscardedSamples', { id: 'discarded', label: '', by: 'Reason' })),
    ),
  ],
};

const requests = {
  title: 'Requests',
  panels: [
    graphOf(
      {
        title: 'Writes per second',
        unit: 'reqps',
        remedy: 'Many small ones: raise max_samples_per_send, or batch_send_deadline.',
      },
      ask(usage('RemoteWriteTPS', { id: 'writes', label: 'remote write' })),
    ),
    graphOf(
      {
        title: 'Reads per second',
        unit: 'reqps',
        remedy: 'At the quota dashboards fail: refresh less often, or put a cache before them.',
      },
      ask(
        usage('QueryMetricsTPS', { id: 'queries', label: 'queries' }),
        usage('GetLabelsTPS', { id: 'labels', label: 'labels' }),
        usage('GetSeriesTPS', { id: 'found', label: 'series' }),
      ),
    ),
  ],
};

const rules = {
  title: 'Rules and alerts',
  panels: [
    graphOf(
      {
        title: 'Rules that failed, or were left out',
        unit: 'short',
        remedy:
          'The log of the workspace names it. Left out: the group is slower than its interval.',
        width: 8,
      },
      ask(
        own('RuleEvaluationFailures', { id: 'failures', label: 'failed', by: 'RuleGroup' }),
        own('RuleGroupIterationsMissed', {
          id: 'missed',
          label: 'left out',
          by: 'RuleGroup',
        }),
      ),
    ),
    graphOf(
      {
        title: 'Duration of groups of rules',
        unit: 's',
        remedy: 'Near the interval of the group, divide it: its rules run one after another.',
        width: 8,
      },
      ask(
        own('RuleGroupLastEvaluationDuration', {
          id: 'duration',
          label: '',
          by: 'RuleGroup',
          statistic: 'Maximum',
        }),
      ),
    ),
    graphOf(
      {
        title: 'Alerts',
        unit: 'short',
        remedy:
          'Failed notifications reach nobody: look at the role of the alert manager and at SNS.',
        width: 8,
      },
      ask(
        usage('ActiveAlerts', { id: 'active', label: 'active', statistic: 'Maximum' }),
        own('AlertManagerNotificationsFailed', { id: 'failed', label: 'failed notifications' }),
        own('AlertManagerNotificationsThrottled', { id: 'throttled', label: 'throttled' }),
      ),
    ),
  ],
};

const region = new QueryVariableBuilder('region')
  .label('Region')
  .query({ queryType: 'regions', refId: 'region' })
  .datasource(sourceOf('cloudwatch'))
  .refresh(VariableRefresh.OnDashboardLoad)
  .sort(VariableSort.AlphabeticalAsc)
  .current({ text: 'us-east-1', value: 'us-east-1' });

const workspace = new QueryVariableBuilder('workspace')
  .label('Workspace')
  .query({
    queryType: 'dimensionValues',
    refId: 'workspace',
    region: REGION,
    namespace: 'AWS/Usage',
    metricName: 'ResourceCount',
    dimensionKey: 'ResourceId',
    dimensionFilters: { Service: 'Prometheus', Resource: 'IngestionRate' },
  })
  .datasource(sourceOf('cloudwatch'))
  .refresh(VariableRefresh.OnTimeRangeChanged)
  .sort(VariableSort.AlphabeticalAsc);

export const usageDashboard = assembleDashboard({
  name: 'amp-usage',
  title: 'Amperage: usage and cost of AMP',
  description: 'What a workspace takes in and answers, its cost, and how near its quotas it is.',
  source: 'cloudwatch',
  from: 'now-24h',
  variables: [
    region,
    workspace,
    textVariable('price_ingested', 'USD for 10 million samples', {
      description:
        'https://aws.amazon.com/prometheus/pricing/: us-east-1, the first 2 billion a month',
      value: '0.90',
    }),
    textVariable('price_queried', 'USD for a billion query samples', {
      description: 'https://aws.amazon.com/prometheus/pricing/: us-east-1',
      value: '0.10',
    }),
  ],
  sections: [cost, ingestion, requests, rules],
});
