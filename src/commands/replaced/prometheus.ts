/** The flags of Prometheus, as a server and as an agent, from 2.0 on. Pure. */
import { always, AWS_VARIABLES, GO_RUNTIME, idle, OWN, refused } from './program-table.ts';
import type { ReplacedProgram } from './program-table.ts';

const NO_STORE =
  'nothing is stored here beyond delivery; how much waits on disk is disk_size_limit of ' +
  'remote_write.queue_config';
const NO_QUERIES =
  'there are no queries here: ask AMP, or "amperage workspace" on your own machine';
const NO_RULES = 'no rules are evaluated here: give rules and alerts to AMP or another receiver';
const NO_CONSOLES = 'there are no consoles here: the targets are at /, graphs are in Grafana';
const NO_MEMORY_FLAGS =
  'it is for programs in Go; Node reads the limit of the container, and NODE_OPTIONS=' +
  '--max-old-space-size=MB sets another';

export const prometheus: ReplacedProgram = {
  name: 'Prometheus',
  command: 'collect',
  source: 'https://prometheus.io/docs/prometheus/latest/command-line/prometheus/',
  dashes: '--',
  flags: [
    {
      fate: OWN,
      values:
        'config.file config.auto-reload-interval@3.0 web.listen-address web.config.file@2.24 ' +
        'web.external-url web.route-prefix log.level log.format@2.5',
      switches: 'web.enable-lifecycle web.enable-remote-write-receiver@2.33 version',
    },
    {
      fate: { is: 'as', flag: '--storage.path' },
      values: 'storage.agent.path@2.32 storage.tsdb.path',
    },
    { fate: { is: 'as', flag: '--stop-timeout' }, values: 'storage.remote.flush-deadline@2.5' },
    { fate: always('"collect" is an agent'), switches: 'agent@3.0' },
    {
      fate: {
        is: 'names',
        names: {
          agent: always('"collect" is an agent'),
          'native-histograms': idle(
            'write scrape_native_histograms: true into the configuration, and ' +
              'send_native_histograms: true ' +
              'into remote_write',
          ),
          'extra-scrape-metrics': idle('write extra_scrape_metrics: true into the configuration'),
          'exemplar-storage': idle('write send_exemplars: true into remote_write'),
          'expand-external-labels': always('variables in external_labels are expanded'),
          'new-service-discovery-manager': always('there is only one'),
          'no-default-scrape-port': always('no port is added to an address'),
          'auto-gomaxprocs': idle(NO_MEMORY_FLAGS),
          'auto-gomemlimit': idle(NO_MEMORY_FLAGS),
          'auto-reload-config': idle('give --config.auto-reload-interval'),
          'memory-snapshot-on-shutdown': idle(NO_STORE),
          'promql-at-modifier': idle(NO_QUERIES),
          'promql-negative-offset': idle(NO_QUERIES),
          'promql-per-step-stats': idle(NO_QUERIES),
          'promql-experimental-functions': idle(NO_QUERIES),
          'promql-delayed-name-removal': idle(NO_QUERIES),
          'promql-duration-expr': idle(NO_QUERIES),
          'concurrent-rule-eval': idle(NO_RULES),
          'created-timestamp-zero-ingestion': idle('start times of counters are not made samples'),
          'metadata-wal-records': idle('metadata goes with metadata_config of remote_write'),
          'remote-write-receiver': { is: 'as', flag: '--web.enable-remote-write-receiver' },
          'otlp-write-receiver': idle('write an entry of otlp_receivers into the configuration'),
          'otlp-deltatocumulative': always('deltas of OTLP are added up'),
          'delayed-compaction': idle(NO_STORE),
          'old-ui': idle(NO_CONSOLES),
          'utf8-names': always('names in UTF-8 are taken'),
          'type-and-unit-labels': idle('types and units are not made labels'),
          'use-uncached-io': idle(NO_STORE),
        },
      },
      values: 'enable-feature@2.25',
    },
    {
      fate: idle('an entry of otlp_receivers in the configuration takes OTLP, on ports of its own'),
      switches: 'web.enable-otlp-receiver@3.0',
    },
    {
      fate: idle('remote write 1.0 and 2.0 are both taken'),
      values: 'web.remote-write-receiver.accepted-protobuf-messages@2.54',
    },
    {
      fate: idle('there is no database to administrate here'),
      switches: 'web.enable-admin-api',
    },
    {
      fate: idle(NO_CONSOLES),
      values:
        'web.console.templates web.console.libraries web.user-assets web.local-assets ' +
        'web.page-title@2.6 web.max-notifications-subscribers@3.0',
    },
    {
      fate: idle('pages of other origins may not read what is served here; put a proxy before it'),
      values: 'web.cors.origin',
    },
    {
      fate: idle(
        'limits of connections and times are fixed here; ' +
          'amperage_http_server_bounds_reached_total counts what they end',
      ),
      values: 'web.read-timeout web.max-connections',
    },
    {
      fate: idle(NO_MEMORY_FLAGS),
      values: 'auto-gomemlimit.ratio@3.0',
      switches: 'auto-gomaxprocs@3.0 auto-gomemlimit@3.0',
    },
    {
      fate: idle(NO_STORE),
      values:
        'storage.tsdb.retention storage.tsdb.retention.time@2.7 storage.tsdb.retention.size@2.7 ' +
        'storage.tsdb.head-chunks-write-queue-size@2.33 storage.tsdb.min-block-duration ' +
        'storage.tsdb.max-block-duration storage.tsdb.max-block-chunk-segment-size@2.29 ' +
        'storage.tsdb.wal-segment-size@2.6 storage.tsdb.wal-compression-type@2.45 ' +
        'storage.tsdb.samples-per-chunk@2.43 storage.tsdb.delay-compact-file.path@3.6 ' +
        'storage.tsdb.block-reload-interval@3.5 storage.agent.wal-segment-size@2.32 ' +
        'storage.agent.wal-compression-type@2.45 storage.agent.wal-truncate-frequency@2.32 ' +
        'storage.agent.retention.min-time@2.32 storage.agent.retention.max-time@2.32',
      switches:
        'storage.tsdb.no-lockfile storage.tsdb.wal-compression@2.11 ' +
        'storage.tsdb.allow-overlapping-blocks@2.8 storage.agent.no-lockfile@2.32 ' +
        'storage.agent.wal-compression@2.32',
    },
    {
      fate: idle(NO_QUERIES),
      values:
        'storage.remote.read-sample-limit@2.1 storage.remote.read-concurrent-limit@2.5 ' +
        'storage.remote.read-max-bytes-in-frame@2.13 query.lookback-delta@2.7 query.timeout ' +
        'query.max-concurrency query.max-samples@2.5',
    },
    {
      fate: idle(NO_RULES),
      values:
        'rules.alert.for-outage-tolerance@2.4 rules.alert.for-grace-period@2.4 ' +
        'rules.alert.resend-delay@2.4 rules.max-concurrent-evals@2.49 ' +
        'alertmanager.notification-queue-capacity alertmanager.notification-batch-size@3.3 ' +
        'alertmanager.timeout',
      switches: 'alertmanager.drain-notification-queue-on-shutdown@2.54',
    },
    {
      fate: idle('scrapes are at their time, to a millisecond, without such a setting'),
      values: 'scrape.timestamp-tolerance@2.28 scrape.discovery-reload-interval@2.45',
      switches: 'scrape.adjust-timestamps@2.20',
    },
    {
      fate: idle('write metric_name_escaping_scheme into the configuration'),
      values: 'scrape.name-escaping-scheme@2.54',
    },
    { fate: refused('docs/commands.md has the flags'), switches: 'write-documentation@2.42' },
  ],
  environment: [AWS_VARIABLES, GO_RUNTIME],
};
