/** The health of the collector, by its own metrics: a job that scrapes its :9090/metrics. */
import { assembleDashboard } from './assembling.ts';
import { discoverySection, processSection } from './collector-parts.ts';
import { figure, graph } from './panels.ts';
import { labelVariable } from './variables.ts';

const RATE = '[$__rate_interval]';
const WHERE = '{instance=~"$instance"}';
const STORAGE = 'prometheus_remote_storage';

const of = (metric: string): string => `${metric}${WHERE}`;
const rateOf = (metric: string): string => `rate(${of(metric)}${RATE})`;
/** Counters that begin with their first event are absent until then. */
const quantileOf = (share: number, metric: string, by: string): string =>
  `histogram_quantile(${share}, sum by (${by}, le) (${rateOf(`${metric}_bucket`)}))`;

const glance = {
  title: 'At a glance',
  panels: [
    figure(
      {
        title: 'Targets',
        unit: 'none',
        remedy: 'Fewer than expected: "amperage discover explain" tells why a container is none.',
      },
      `sum(${of('prometheus_target_scrape_pool_targets')})`,
    ),
    figure(
      {
        title: 'Targets that are down',
        unit: 'none',
        remedy: '/targets of the collector has the error of each; often a security group.',
        bad: 1,
      },
      `sum(${of('amperage_scrape_targets_down')})`,
    ),
    figure(
      {
        title: 'Samples taken in per second',
        unit: 'short',
        remedy: 'At nothing no target is scraped: look at discovery.',
      },
      `sum(${rateOf(`${STORAGE}_samples_in_total`)})`,
    ),
    figure(
      {
        title: 'Newest sample delivered is old',
        unit: 's',
        remedy: 'The receiver does not take what is sent. Nothing is lost yet: AMP takes an hour.',
        bad: 300,
      },
      `time() - min(${of(`${STORAGE}_queue_highest_sent_timestamp_seconds`)})`,
    ),
    figure(
      {
        title: 'Lost samples, in what is shown',
        unit: 'short',
        remedy: 'By reason below; docs/remote-write.md says what each means. No figure: none.',
        bad: 1,
      },
      `sum(increase(${of(`${STORAGE}_samples_dropped_total`)}[$__range]))`,
    ),
    figure(
      {
        title: 'Configurations that are not valid',
        unit: 'none',
        remedy: 'The one before runs on. "amperage check config" names each fault with its line.',
        bad: 1,
      },
      `sum(1 - ${of('prometheus_config_last_reload_successful')})`,
    ),
  ],
};

const queue = {
  title: 'Queue',
  panels: [
    graph(
      {
        title: 'Age of the queue',
        unit: 's',
        remedy:
          'Newest taken in minus newest delivered. Growing: the receiver refuses, or is slow.',
      },
      [
        '{{remote_name}}',
        `max by (remote_name) (${of(`${STORAGE}_queue_highest_timestamp_seconds`)}) - ` +
          `max by (remote_name) (${of(`${STORAGE}_queue_highest_sent_timestamp_seconds`)})`,
      ],
      [
        '{{sink}}',
        `max by (sink) (${of('amperage_sink_newest_taken_timestamp_seconds')}) - ` +
          `max by (sink) (${of('amperage_sink_newest_delivered_timestamp_seconds')})`,
      ],
    ),
    graph(
      {
        title: 'Items that wait',
        unit: 'short',
        remedy: 'A saw tooth is sound. A slope is an outage, or shards at their bound: see below.',
      },
      ['{{queue}}', `sum by (queue) (${of('queue_pending_items')})`],
    ),
    graph(
      {
        title: 'Queue on disk',
        unit: 'bytes',
        remedy: 'Above the cap the oldest is given up: raise it, or mend the receiver first.',
      },
      ['{{queue}}', `sum by (queue) (${of('queue_disk_bytes')})`],
    ),
    graph(
      {
        title: 'What a full disk did not take',
        unit: 'bytes',
        remedy: 'It is in memory, and lost above its limit: make room on the disk.',
      },
      ['{{queue}}', `sum by (queue) (${of('queue_unwritten_bytes')})`],
    ),
  ],
};

const sending = {
  title: 'Sending',
  panels: [
    graph(
      {
        title: 'Items delivered per second',
        unit: 'short',
        remedy: 'Less than is taken in: the queue grows. Compare with shards.',
        width: 8,
      },
      ['{{remote_name}}', `sum by (remote_name) (${rateOf(`${STORAGE}_samples_total`)})`],
      ['{{sink}}', `sum by (sink) (${rateOf('amperage_sink_items_delivered_total')})`],
    ),
    graph(
      {
        title: 'Bytes delivered per second',
        unit: 'Bps',
        remedy:
          'Compressed. From a private subnet an endpoint of the VPC is cheaper than a NAT gateway.',
        width: 8,
      },
      ['{{remote_name}}', `sum by (remote_name) (${rateOf(`${STORAGE}_bytes_total`)})`],
      ['{{sink}}', `sum by (sink) (${rateOf('amperage_sink_bytes_delivered_total')})`],
    ),
    graph(
      {
        title: 'Send failures: items sent again per second',
        unit: 'short',
        remedy: 'The log says what the receiver answers: 429 is a quota, 403 a role, 5xx passes.',
        width: 8,
      },
      ['{{remote_name}}', `sum by (remote_name) (${rateOf(`${STORAGE}_samples_retried_total`)})`],
      ['{{sink}}', `sum by (sink) (${rateOf('amperage_sink_items_retried_total')})`],
    ),
    graph(
      {
        title: 'Duration of a request',
        unit: 's',
        remedy:
          'Slow and steady is distance: send larger requests. Slow and uneven is the receiver.',
      },
      [
        'p50 {{remote_name}}',
        quantileOf(0.5, `${STORAGE}_sent_batch_duration_seconds`, 'remote_name'),
      ],
      [
        'p99 {{remote_name}}',
        quantileOf(0.99, `${STORAGE}_sent_batch_duration_seconds`, 'remote_name'),
      ],
      ['p99 {{sink}}', quantileOf(0.99, 'amperage_sink_request_duration_seconds', 'sink')],
    ),
    graph(
      {
        title: 'Shards',
        unit: 'short',
        remedy: 'Desired above the bound: raise max_shards, or share the targets (--shard ecs).',
      },
      ['{{remote_name}}', `max by (remote_name) (${of(`${STORAGE}_shards`)})`],
      ['desired {{remote_name}}', `max by (remote_name) (${of(`${STORAGE}_shards_desired`)})`],
      ['bound {{remote_name}}', `min by (remote_name) (${of(`${STORAGE}_shards_max`)})`],
    ),
  ],
};

const LOST = `${STORAGE}_samples_dropped_total`;
const losses = {
  title: 'Losses',
  panels: [
    graph(
      {
        title: 'Samples that remote write lost, by reason',
        unit: 'short',
        remedy: 'docs/remote-write.md says what each reason means. No line: nothing was lost.',
      },
      ['{{reason}} {{remote_name}}', `sum by (reason, remote_name) (${rateOf(LOST)})`],
    ),
    graph(
      {
        title: 'Items that other sinks lost, by reason',
        unit: 'short',
        remedy: 'docs/sinks.md says what each reason means. No line: nothing was lost.',
      },
      [
        '{{reason}} {{sink}}',
        `sum by (reason, sink) (${rateOf('amperage_sink_items_dropped_total')})`,
      ],
    ),
  ],
};

const scraping = {
  title: 'Scraping',
  panels: [
    graph(
      {
        title: 'Targets up and down',
        unit: 'none',
        remedy: 'Down for long: /targets has the error. Up and down in turns: timeouts.',
      },
      [
        'up {{scrape_job}}',
        `sum by (scrape_job) (${of('prometheus_target_scrape_pool_targets')}) - ` +
          `sum by (scrape_job) (${of('amperage_scrape_targets_down')})`,
      ],
      ['down {{scrape_job}}', `sum by (scrape_job) (${of('amperage_scrape_targets_down')})`],
    ),
    graph(
      {
        title: 'Scrapes that failed, by reason',
        unit: 'short',
        remedy:
          'Refused, timeout: security groups, or the port. A status: the path. Too large: limits.',
      },
      ['{{reason}}', `sum by (reason) (${rateOf('amperage_scrape_failures_total')})`],
    ),
    graph(
      {
        title: 'Samples of each job',
        unit: 'short',
        remedy: 'What a scrape of all its targets brings: what costs most in AMP stands above.',
      },
      ['{{job}}', 'topk(10, sum by (job) (scrape_samples_post_metric_relabeling))'],
    ),
    graph(
      {
        title: 'Scrapes that were left out, and lateness',
        unit: 'short',
        remedy:
          'The scrape before took longer than the interval: scrape less often, or serve less.',
      },
      ['left out per second', `sum(${rateOf('amperage_scrapes_missed_total')})`],
      [
        'p99 of the interval {{interval}}, in seconds',
        'max by (interval) (prometheus_target_interval_length_seconds' +
          '{instance=~"$instance",quantile="0.99"})',
      ],
    ),
  ],
};

export const collectorDashboard = assembleDashboard({
  name: 'collector',
  title: 'Amperage: the collector',
  description: 'What "amperage collect" takes in, holds, delivers and loses.',
  source: 'prometheus',
  variables: [labelVariable('instance', 'Collector', 'amperage_scrape_pools')],
  sections: [glance, queue, sending, losses, scraping, discoverySection, processSection],
});
