/**
 * The alerts of Prometheus' own mixin, over a real Prometheus in agent mode and our collector that
 * do the same: both have one configuration, and write to one receiver. A second Prometheus scrapes
 * both each second and judges them by the mixin's expressions, as the test sets one trouble after
 * the other. Time is compressed: the minutes that the mixin looks back are seconds here, its `for`
 * is three seconds, and two minutes behind are five seconds.
 * Source:
 *   https://github.com/prometheus/prometheus/blob/main/documentation/prometheus-mixin/alerts.libsonnet
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { type Listening, serve } from '../kit/listen.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import {
  freePort,
  query,
  type Running,
  type Series,
  startAmperage,
  startProgram,
} from '../kit/processes.ts';
import { type Receiver, startReceiver } from '../kit/receiver.ts';
import { until } from '../kit/waiting.ts';

const WINDOW = '6s';
const BEHIND_SECONDS = 5;
const REMOTE = 'prometheus_remote_storage';

/** Of what grows with a sync of targets, which comes every five seconds. */
const SYNC_WINDOW = '15s';

const grows = (name: string, window = WINDOW): string =>
  `increase(prometheus_${name}[${window}]) > 0`;
const rate = (name: string): string => `rate(${REMOTE}_${name}[${WINDOW}])`;
const highest = (name: string): string => `max_over_time(${REMOTE}_${name}[${WINDOW}])`;

/** Expressions by alert; both of the one whose metric is another since Prometheus 3.6. */
const EXPRESSIONS: readonly (readonly [alert: string, expr: string])[] = [
  ['PrometheusBadConfig', `max_over_time(prometheus_config_last_reload_successful[2s]) == 0`],
  ['PrometheusSDRefreshFailure', grows('sd_refresh_failures_total')],
  ['PrometheusDuplicateTimestamps', grows('target_scrapes_sample_duplicate_timestamp_total')],
  ['PrometheusOutOfOrderTimestamps', grows('target_scrapes_sample_out_of_order_total')],
  [
    'PrometheusRemoteStorageFailures',
    `${rate('samples_failed_total')} / (${rate('samples_failed_total')} + ` +
      `${rate('samples_total')}) * 100 > 1`,
  ],
  [
    'PrometheusRemoteWriteBehind',
    `${highest('highest_timestamp_in_seconds')} - ignoring(remote_name, url) group_right ` +
      `${highest('queue_highest_sent_timestamp_seconds')} > ${BEHIND_SECONDS}`,
  ],
  [
    'PrometheusRemoteWriteBehind',
    `${highest('queue_highest_timestamp_seconds')} - ` +
      `${highest('queue_highest_sent_timestamp_seconds')} > ${BEHIND_SECONDS}`,
  ],
  ['PrometheusRemoteWriteDesiredShards', `${highest('shards_desired')} > ${highest('shards_max')}`],
  [
    'PrometheusTargetLimitHit',
    grows('target_scrape_pool_exceeded_target_limit_total', SYNC_WINDOW),
  ],
  ['PrometheusLabelLimitHit', grows('target_scrape_pool_exceeded_label_limits_total')],
  ['PrometheusScrapeBodySizeLimitHit', grows('target_scrapes_exceeded_body_size_limit_total')],
  ['PrometheusScrapeSampleLimitHit', grows('target_scrapes_exceeded_sample_limit_total')],
  ['PrometheusTargetSyncFailure', grows('target_sync_failed_total', SYNC_WINDOW)],
];

/** Of both senders: one request at a time, and soon. */
const WRITING = {
  queue_config: {
    min_shards: 1,
    max_shards: 1,
    max_samples_per_send: 50,
    batch_send_deadline: '200ms',
    min_backoff: '30ms',
    max_backoff: '300ms',
  },
  metadata_config: { send: false },
};

const SENDERS = ['prometheus', 'collector'] as const;
type Sender = (typeof SENDERS)[number];

export interface Trial {
  readonly receiver: Receiver;
  /** Gives both another configuration and has them load it. */
  readonly reload: (config: object) => void;
  /**
   * Waits until these alerts, and no others, fire on both, on the collector by each of their
   * expressions; fails when one fires that is neither among them nor among those before,
   * or when those of one have other labels.
   */
  readonly fire: (trouble: string, alerts: readonly string[]) => Promise<void>;
}

/** A target whose exposition may change between two scrapes. */
export function serveTarget(context: TestContext, expose: () => string): Promise<Listening> {
  return serve(context, (_, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    response.end(expose());
  });
}

/**
 * Starts the three; undefined where this machine has no Prometheus.
 *
 * @param config  of both senders, without `remote_write`
 */
export async function startTrial(context: TestContext, config: object): Promise<Trial | undefined> {
  const peers = skipUnlessPeer(context, 'prometheus');
  if (peers === undefined) return undefined;
  const folder = temporaryFolder(context);
  const receiver = await startReceiver(context);
  const ports = { prometheus: await freePort(), collector: await freePort() };
  const files = {
    prometheus: path.join(folder, 'prometheus.yml'),
    collector: path.join(folder, 'collector.yml'),
  };
  const write = (other: object): void => {
    for (const sender of SENDERS) {
      const url = `${receiver.server.url}/${sender}/write`;
      // JSON is valid YAML.
      const text = JSON.stringify({ ...other, remote_write: [{ name: 'amp', url, ...WRITING }] });
      writeFileSync(files[sender], text);
    }
  };
  write(config);
  const judge = await startJudge(context, peers.prometheus, folder, ports);
  const running: Record<Sender, Running> = {
    prometheus: await startProgram(
      context,
      peers.prometheus,
      [
        '--agent',
        `--config.file=${files.prometheus}`,
        `--storage.agent.path=${path.join(folder, 'agent')}`,
        `--web.listen-address=127.0.0.1:${ports.prometheus}`,
      ],
      ports.prometheus,
      '/-/ready',
    ),
    collector: await startAmperage(
      context,
      'collect',
      ['--config.file', files.collector, '--storage.path', path.join(folder, 'queue')],
      {},
      ports.collector,
    ),
  };
  let before: readonly string[] = [];
  return {
    receiver,
    reload: (other) => {
      write(other);
      for (const sender of SENDERS) running[sender].child.kill('SIGHUP');
    },
    fire: async (trouble, alerts) => {
      await waitFor(context, judge, { trouble, alerts, before });
      before = alerts;
    },
  };
}

async function startJudge(
  context: TestContext,
  program: string,
  folder: string,
  ports: Record<Sender, number>,
): Promise<string> {
  const rules = path.join(folder, 'rules.yml');
  const group = EXPRESSIONS.map(([alert, expr], at) => {
    return { alert, expr, for: '3s', labels: { expression: String(at) } };
  });
  writeFileSync(rules, JSON.stringify({ groups: [{ name: 'mixin', rules: group }] }));
  const file = path.join(folder, 'judge.yml');
  const jobs = SENDERS.map((sender) => ({
    job_name: sender,
    static_configs: [{ targets: [`127.0.0.1:${ports[sender]}`] }],
  }));
  const global = { scrape_interval: '1s', evaluation_interval: '1s' };
  writeFileSync(file, JSON.stringify({ global, rule_files: [rules], scrape_configs: jobs }));
  const port = await freePort();
  const { url } = await startProgram(
    context,
    program,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${path.join(folder, 'judge')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    port,
    '/-/ready',
  );
  return url;
}

interface Wait {
  readonly trouble: string;
  readonly alerts: readonly string[];
  readonly before: readonly string[];
}

async function waitFor(
  context: TestContext,
  judge: string,
  { trouble, alerts, before }: Wait,
): Promise<void> {
  const wanted = alerts.toSorted().join(' ');
  const expressions = EXPRESSIONS.filter(([alert]) => alerts.includes(alert)).length;
  const startMs = performance.now();
  const states = new Map<Sender, { readonly fires: string; readonly sinceMs: number }>();
  let firing: readonly Series[] = [];
  const holds = async (): Promise<boolean> => {
    firing = await query(judge, 'ALERTS{alertstate="firing"}');
    for (const sender of SENDERS) {
      const own = firing.filter(({ metric }) => metric['job'] === sender);
      const names = [...new Set(own.map(({ metric }) => metric['alertname'] ?? ''))].toSorted();
      const other = names.filter((name) => !alerts.includes(name) && !before.includes(name));
      assert.deepEqual(other, [], `${trouble}: ${sender}`);
      const fires = names.join(' ');
      if (fires !== states.get(sender)?.fires)
        states.set(sender, { fires, sinceMs: performance.now() - startMs });
      const by = new Set(own.map(({ metric }) => metric['expression'])).size;
      if (sender === 'collector' && fires === wanted && by !== expressions) return false;
    }
    return SENDERS.every((sender) => states.get(sender)?.fires === wanted);
  };
  try {
    await until(`${trouble}: ${wanted || 'none'}`, 60_000, holds, 250);
    assert.deepEqual(listLabels(firing, 'collector'), listLabels(firing, 'prometheus'), trouble);
  } finally {
    const columns = [...states].map(([sender, { fires, sinceMs }]) => {
      const short = fires.replaceAll('Prometheus', '') || 'none';
      return `${sender}: ${short} since ${(sinceMs / 1_000).toFixed(1)} s`;
    });
    context.diagnostic([trouble, ...columns].join(' | '));
  }
}

/** The labels of a sender's alerts, but for those that say whose they are and by what. */
function listLabels(firing: readonly Series[], sender: Sender): string[] {
  const own = firing
    .filter(({ metric }) => metric['job'] === sender)
    .map(({ metric: { job: _job, instance: _instance, expression: _expression, ...labels } }) =>
      JSON.stringify(labels).replace(`/${sender}/write`, '/write'),
    );
  return [...new Set(own)].toSorted();
}
