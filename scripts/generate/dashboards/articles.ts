/**
 * The panels of the AWS articles: their queries, on the names that the sample application and the
 * exporter serve, and on those of older exporters and of ADOT, which `--profile` serves.
 * Source: the articles on ECS and Amazon Managed Service for Prometheus, and the dashboard "ECS
 * Task Monitoring" of aws-samples/ecsdemo-amp
 */
import { PANELS, type PanelDefinition, RATE_WINDOW, type Unit } from '../../../src/page/panels.ts';
import { assembleDashboard } from './assembling.ts';
import { figure, graph, type NamedQuery } from './panels.ts';

const RATE = '[$__rate_interval]';
const BY = 'by (path, taskid)';

/** Grafana's names of the units of the web page. */
const UNITS: Readonly<Record<Unit, string>> = {
  'per second': 'reqps',
  milliseconds: 'ms',
  percent: 'percent',
  bytes: 'bytes',
};

/** What to do when a panel of the web page is bad, by its id. */
const REMEDIES: Readonly<Record<string, string>> = {
  'request-rate':
    'At nothing the application is not asked, or not scraped: the dashboard of the collector ' +
    'tells which.',
  'mean-latency':
    'Where it grows with the rate, look at CPU in use; where alone, at what it calls.',
  'latency-share':
    'A line that falls while the mean stays: some requests alone are slow. Look at traces.',
  cpu: '100 is one vCPU. At the limit of the task it is throttled: give it more, or add tasks.',
  memory: 'At its limit a container is killed: look for what grows, or raise the limit.',
};

/** A panel of the web page, over the window that Grafana chooses. */
const fromPage = ({ id, title, unit, queries }: PanelDefinition) =>
  graph(
    { title, unit: UNITS[unit], remedy: REMEDIES[id] ?? '' },
    ...queries.map(({ query, legend }): NamedQuery => [
      legend.replaceAll(/\{(\w+)\}/g, '{{$1}}'),
      query.replaceAll(`[${RATE_WINDOW}]`, RATE),
    ]),
  );

const others = [
  graph(
    {
      title: 'Mean response latency by path and task',
      unit: 'ms',
      remedy: 'One task that is slower than its like is replaced; one path is looked at in code.',
    },
    [
      '{{path}} {{taskid}}',
      `sum ${BY} (rate(request_duration_milliseconds_sum${RATE})) / ` +
        `sum ${BY} (rate(request_duration_milliseconds_count${RATE}))`,
    ],
  ),
  graph(
    {
      title: 'Average CPU usage of hosts',
      unit: 'percent',
      remedy:
        'Of node-exporter, so on EC2 alone. Near 100 for long, more instances are due: look at ' +
        'the capacity provider.',
    },
    [
      '{{instance}}',
      `100 - (avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}${RATE})) * 100)`,
    ],
  ),
  graph(
    {
      title: 'CPU of the application (ecs-exporter 1.2)',
      unit: 'percent',
      remedy: 'Wants "--profile ecs_cpu_percent". Near 100, give the task more CPU, or add tasks.',
    },
    ['{{container}}', 'ecs_cpu_percent{container="webapp"}'],
  ),
];

const ADOT_REMEDY = 'Wants "--profile adot". ';
const byFamily = (metric: string): string =>
  `sum by (aws_ecs_task_family) (avg_over_time(${metric}${RATE}))`;

const adot = {
  title: 'ECS Task Monitoring, by the names of ADOT',
  panels: [
    figure(
      {
        title: 'Running ECS tasks',
        unit: 'none',
        remedy: `${ADOT_REMEDY}Fewer than wanted: the events of the service tell why.`,
        width: 8,
      },
      'count(count by (aws_ecs_task_id) (ecs_task_cpu_reserved{aws_ecs_task_id=~".*"}))',
    ),
    figure(
      {
        title: 'Total memory usage',
        unit: 'mbytes',
        remedy: `${ADOT_REMEDY}Growth without more tasks: look which family grows, below.`,
        width: 8,
      },
      'sum(ecs_task_memory_usage) / 1024 / 1024',
    ),
    figure(
      {
        title: 'Total vCPU usage',
        unit: 'short',
        remedy: `${ADOT_REMEDY}Growth without more load: look which family grows, below.`,
        width: 8,
      },
      'sum(ecs_task_cpu_usage_vcpu)',
    ),
    graph(
      {
        title: 'CPU usage',
        unit: 'percent',
        remedy: `${ADOT_REMEDY}Summed over the tasks of a family: compare with their number.`,
      },
      ['{{aws_ecs_task_family}}', byFamily('ecs_task_cpu_utilized')],
    ),
    graph(
      {
        title: 'Memory usage',
        unit: 'percent',
        remedy: `${ADOT_REMEDY}Of what is reserved. Near 100 a container is killed next.`,
      },
      [
        '{{aws_ecs_task_family}}',
        `${byFamily('ecs_task_memory_utilized')} * 100 / ${byFamily('ecs_task_memory_reserved')}`,
      ],
    ),
    graph(
      {
        title: 'Network Rx',
        unit: 'Bps',
        remedy: `${ADOT_REMEDY}At nothing under load, look at security groups.`,
      },
      ['{{aws_ecs_task_family}}', byFamily('ecs_task_network_rate_rx')],
    ),
    graph(
      {
        title: 'Network Tx',
        unit: 'Bps',
        remedy: `${ADOT_REMEDY}Growth without load costs: look where it goes, by VPC flow logs.`,
      },
      ['{{aws_ecs_task_family}}', byFamily('ecs_task_network_rate_tx')],
    ),
  ],
};

export const articlesDashboard = assembleDashboard({
  name: 'articles',
  title: 'Amperage: the panels of the AWS articles',
  description: 'The queries that the AWS articles on ECS and AMP show.',
  source: 'prometheus',
  sections: [
    { title: 'The panels of the articles', panels: [...PANELS.map(fromPage), ...others] },
    adot,
  ],
});
