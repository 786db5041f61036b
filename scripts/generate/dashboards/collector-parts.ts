/** The lower sections of the collector's dashboard: discovery, and its process. */
import type { Section } from './assembling.ts';
import { graph } from './panels.ts';

const RATE = '[$__rate_interval]';
const of = (metric: string): string => `${metric}{instance=~"$instance"}`;
const rateOf = (metric: string): string => `rate(${of(metric)}${RATE})`;

export const discoverySection: Section = {
  title: 'Discovery',
  panels: [
    graph(
      {
        title: 'Age of what is known of a cluster',
        unit: 's',
        remedy: 'Above some refreshes: AWS does not answer, or throttles. Known targets stay.',
        width: 8,
      },
      ['{{scope}}', `max by (scope) (${of('amperage_sd_snapshot_age_seconds')})`],
    ),
    graph(
      {
        title: 'Parts of the list that are not known',
        unit: 'none',
        remedy: 'The log names the call of AWS, and the action that the role lacks.',
        width: 8,
      },
      ['{{what}} {{cause}}', `sum by (what, cause) (${of('amperage_sd_lacking')})`],
    ),
    graph(
      {
        title: 'Readings of a list that failed',
        unit: 'short',
        remedy: 'The log has the error. The last list stays, so running targets are scraped on.',
        width: 8,
      },
      ['{{mechanism}}', `sum by (mechanism) (${rateOf('prometheus_sd_refresh_failures_total')})`],
    ),
    graph(
      {
        title: 'Targets found',
        unit: 'none',
        remedy: 'A step down without a deployment: look at what is not known, beside.',
        width: 8,
      },
      ['{{config}}', `sum by (config) (${of('prometheus_sd_discovered_targets')})`],
    ),
    graph(
      {
        title: 'Calls of AWS, by outcome',
        unit: 'short',
        remedy: 'Denied: the policy of the role. Throttled: raise refresh_interval.',
        width: 8,
      },
      [
        '{{action}} {{outcome}}',
        `sum by (action, outcome) (${rateOf('amperage_aws_calls_total')})`,
      ],
    ),
    graph(
      {
        title: 'Calls that AWS throttled',
        unit: 'short',
        remedy:
          'The rate is shared with all who call there. An event queue makes most calls needless.',
        width: 8,
      },
      ['{{category}}', `sum by (category) (${rateOf('amperage_sd_calls_throttled_total')})`],
    ),
  ],
};

export const processSection: Section = {
  title: 'Process',
  panels: [
    graph(
      {
        title: 'Event loop delay',
        unit: 's',
        remedy: 'p99 above 0.25 s: more CPU for the task, or several collectors (--shard ecs).',
        width: 8,
      },
      ...[0.5, 0.99].map(
        (share) =>
          [
            `p${share * 100} {{instance}}`,
            `histogram_quantile(${share}, sum by (instance, le) ` +
              `(${rateOf('amperage_event_loop_delay_seconds_bucket')}))`,
          ] as const,
      ),
    ),
    graph(
      {
        title: 'Memory',
        unit: 'bytes',
        remedy: 'It follows the number of series. At the limit of the task: docs/how-to/sizing.md.',
        width: 8,
      },
      ['{{instance}}', `max by (instance) (${of('process_resident_memory_bytes')})`],
    ),
    graph(
      {
        title: 'CPU',
        unit: 'short',
        remedy: 'One thread does the work: above 0.8, share the targets among several collectors.',
        width: 8,
      },
      ['{{instance}}', `sum by (instance) (${rateOf('process_cpu_seconds_total')})`],
    ),
    graph(
      {
        title: 'Open files',
        unit: 'none',
        remedy: 'One for each connection to a target. Near ulimits of the container, raise nofile.',
        width: 8,
      },
      ['{{instance}}', `max by (instance) (${of('process_open_fds')})`],
    ),
    graph(
      {
        title: 'Steps of the wall clock',
        unit: 'none',
        remedy: 'Look at time synchronisation of the host: receivers refuse what is out of order.',
        width: 8,
      },
      [
        '{{direction}} {{instance}}',
        `sum by (instance, direction) (increase(${of('amperage_clock_steps_total')}${RATE}))`,
      ],
    ),
    graph(
      {
        title: 'Credentials that could not be fetched',
        unit: 'short',
        remedy:
          'The role of the task, or its endpoint. What is signed already goes on until it ends.',
        width: 8,
      },
      [
        '{{source}} {{reason}}',
        `sum by (source, reason) (${rateOf('amperage_credentials_refresh_failures_total')})`,
      ],
    ),
  ],
};
