/**
 * A service by rate, errors and duration (RED). Names of metrics differ from one library to the
 * next, so they are chosen above; those of the sample application stand first.
 */
import { assembleDashboard } from './assembling.ts';
import { figure, graph, type NamedQuery } from './panels.ts';
import { choice, labelVariable } from './variables.ts';

const RATE = '[$__rate_interval]';
const WHERE = 'cluster=~"$cluster",service=~"$service",taskid=~"$taskid"';
// Raw: Grafana would escape what stands between quotation marks.
const FAILED = `${WHERE},\${errors:raw}`;

const rateOfRequests = (matchers: string, by: string): string =>
  `sum ${by}(rate(\${requests}{${matchers}}${RATE}))`;
/** The denominator's services that had no error are absent from the numerator, so are 0. */
const shareOfErrors = (by: string): string =>
  `(${rateOfRequests(FAILED, by)} or 0 * ${rateOfRequests(WHERE, by)}) / ` +
  `(${rateOfRequests(WHERE, by)} > 0)`;
const quantile = (share: number, by = ''): string =>
  `histogram_quantile(${share}, sum by (${by}le) ` +
  `(rate(\${duration}_bucket{${WHERE}}${RATE}))) / $per_second`;
const mean = (by: string): string =>
  `sum ${by}(rate(\${duration}_sum{${WHERE}}${RATE})) / ` +
  `(sum ${by}(rate(\${duration}_count{${WHERE}}${RATE})) > 0) / $per_second`;

const SERVICE = 'by (service) ';
const TASK = 'by (service, taskid) ';
const QUANTILES: readonly NamedQuery[] = [0.5, 0.9, 0.99].map((share) => [
  `p${share * 100}`,
  quantile(share),
]);

const glance = {
  title: 'At a glance',
  panels: [
    figure(
      {
        title: 'Rate',
        unit: 'reqps',
        remedy: 'At nothing, look at the load balancer, and whether the targets are up.',
        width: 8,
      },
      rateOfRequests(WHERE, ''),
    ),
    figure(
      {
        title: 'Errors',
        unit: 'percentunit',
        remedy: 'Which task, and since when, is below; the traces of these requests tell where.',
        width: 8,
        bad: 0.05,
      },
      shareOfErrors(''),
    ),
    figure(
      {
        title: 'Duration, p99',
        unit: 's',
        remedy: 'Look at what it calls, at CPU that is throttled, and at the number of tasks.',
        width: 8,
      },
      quantile(0.99),
    ),
  ],
};

const services = {
  title: 'Services',
  panels: [
    graph(
      {
        title: 'Rate by service',
        unit: 'reqps',
        remedy:
          'A fall of one alone is in front of it; of all at once it is the way in, or the clock.',
      },
      ['{{service}}', rateOfRequests(WHERE, SERVICE)],
    ),
    graph(
      {
        title: 'Errors by service',
        unit: 'percentunit',
        remedy: 'What fails in all services is what they share: look at the one that all call.',
      },
      ['{{service}}', shareOfErrors(SERVICE)],
    ),
    graph(
      {
        title: 'Duration of all',
        unit: 's',
        remedy:
          'p99 alone is high: some requests are slow, look at traces. p50 too: all is slow. ' +
          'A flat line at the highest bucket says only "longer": buckets are missing.',
      },
      ...QUANTILES,
    ),
    graph(
      {
        title: 'Duration by service, p99',
        unit: 's',
        remedy: 'The slowest that calls no other is where to begin.',
      },
      ['{{service}}', quantile(0.99, 'service, ')],
    ),
  ],
};

const tasks = {
  title: 'Tasks',
  panels: [
    graph(
      {
        title: 'Rate by task',
        unit: 'reqps',
        remedy:
          'One that gets more than its like: the load balancer, or clients that keep connections.',
        width: 8,
      },
      ['{{service}} {{taskid}}', rateOfRequests(WHERE, TASK)],
    ),
    graph(
      {
        title: 'Errors by task',
        unit: 'percentunit',
        remedy: 'One alone: stop it, and ECS starts another. New ones alone: roll back.',
        width: 8,
      },
      ['{{service}} {{taskid}}', shareOfErrors(TASK)],
    ),
    graph(
      {
        title: 'Mean duration by task',
        unit: 's',
        remedy: 'One alone that is slow: its host, or its CPU, is shared with what takes it.',
        width: 8,
      },
      ['{{service}} {{taskid}}', mean(TASK)],
    ),
  ],
};

export const serviceDashboard = assembleDashboard({
  name: 'service',
  title: 'Amperage: rate, errors and duration of a service',
  description: 'What a service serves, by metrics whose names are chosen above the panels.',
  source: 'prometheus',
  variables: [
    choice('requests', 'Counter of requests', {
      description: 'A counter of all requests, those that fail too.',
      values: [
        'load_requests_total',
        'http_requests_total',
        'http_server_request_duration_seconds_count',
      ],
    }),
    choice('errors', 'What is an error', {
      description: 'A matcher on a label of that counter.',
      values: [
        'outcome=~"error|throttled|fault|failed"',
        'code=~"5.."',
        'status=~"5.."',
        'http_response_status_code=~"5.."',
      ],
    }),
    choice('duration', 'Histogram of durations', {
      description: 'Its name without _bucket, _sum and _count.',
      values: [
        'request_duration_milliseconds',
        'http_request_duration_seconds',
        'http_server_request_duration_seconds',
      ],
    }),
    choice('per_second', 'Its unit, by second', {
      description: '1000 where it counts milliseconds, 1 where it counts seconds.',
      values: ['1000', '1'],
    }),
    labelVariable('cluster', 'Cluster', '${requests}'),
    labelVariable('service', 'Service', '${requests}{cluster=~"$cluster"}'),
    labelVariable('taskid', 'Task', '${requests}{cluster=~"$cluster",service=~"$service"}'),
  ],
  sections: [glance, services, tasks],
});
