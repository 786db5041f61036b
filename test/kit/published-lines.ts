/** Command lines of replaced programs, as task definitions, images and charts have them. */
import assert from 'node:assert/strict';
import type { ReplacedProgram } from '../../src/commands/replaced/program-table.ts';
import { PROGRAMS } from '../../src/commands/replaced/programs.ts';

export interface PublishedLine {
  readonly name: string;
  readonly program: ReplacedProgram;
  readonly given: readonly string[];
  /** Values of our flags that it must come to. */
  readonly expected: Readonly<Record<string, unknown>>;
}

const LINES: readonly (readonly [string, string, readonly string[], Record<string, unknown>])[] = [
  [
    'the image of Prometheus 2',
    'Prometheus',
    [
      '--config.file=/etc/prometheus/prometheus.yml',
      '--storage.tsdb.path=/prometheus',
      '--web.console.libraries=/usr/share/prometheus/console_libraries',
      '--web.console.templates=/usr/share/prometheus/consoles',
    ],
    { 'config.file': '/etc/prometheus/prometheus.yml', 'storage.path': '/prometheus' },
  ],
  [
    'the chart prometheus-community/prometheus, as an agent',
    'Prometheus',
    [
      '--config.file=/etc/config/prometheus.yml',
      '--web.enable-lifecycle',
      '--enable-feature=agent',
      '--agent',
      '--storage.agent.path=/data',
      '--storage.remote.flush-deadline=1m',
      '--web.listen-address=0.0.0.0:9090',
      '--web.listen-address=:9091',
    ],
    {
      'storage.path': '/data',
      'web.enableLifecycle': true,
      'web.listenAddress': ['0.0.0.0:9090', ':9091'],
      stopTimeout: '1m',
    },
  ],
  [
    'the chart kube-prometheus-stack',
    'Prometheus',
    [
      '--web.console.templates=/etc/prometheus/consoles',
      '--web.console.libraries=/etc/prometheus/console_libraries',
      '--config.file=/etc/prometheus/config_out/prometheus.env.yaml',
      '--web.enable-lifecycle',
      '--web.external-url=http://stack.monitoring:9090',
      '--web.route-prefix=/',
      '--storage.tsdb.retention.time=10d',
      '--storage.tsdb.path=/prometheus',
      '--storage.tsdb.wal-compression',
      '--no-storage.tsdb.allow-overlapping-blocks',
      '--web.config.file=/etc/prometheus/web_config/web-config.yaml',
    ],
    { 'web.routePrefix': '/', 'storage.path': '/prometheus' },
  ],
  [
    'the chart victoria-metrics-agent',
    'vmagent',
    [
      '-promscrape.config=/config/scrape.yml',
      '-remoteWrite.tmpDataPath=/tmpData',
      '-remoteWrite.url=https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write',
      '-remoteWrite.aws.useSigv4',
      '-remoteWrite.aws.region=us-east-1',
      '-envflag.enable=true',
      '-envflag.prefix=VM_',
      '-httpListenAddr=:8429',
      '-loggerFormat=json',
      '-loggerLevel=WARN',
    ],
    {
      'config.file': '/config/scrape.yml',
      'storage.path': '/tmpData',
      'web.listenAddress': [':8429'],
      'log.format': 'json',
      'log.level': 'warn',
      config: [
        'yaml:{"remote_write":[{"url":"https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write","sigv4":{"region":"us-east-1"}}]}',
      ],
    },
  ],
  [
    'the image of ADOT, with --set and gates',
    'ADOT collector',
    [
      '--config=/etc/otel-config.yaml',
      '--set=processors.batch.timeout=2s',
      '--feature-gates=-component.UseLocalHostAsDefaultHost',
    ],
    { config: ['/etc/otel-config.yaml', 'yaml:{"processors":{"batch":{"timeout":"2s"}}}'] },
  ],
  [
    'ADOT with Docker Compose, as its examples show it',
    'ADOT collector',
    ['--config=/etc/otel-agent-config.yaml', '--log-level=DEBUG'],
    { config: ['/etc/otel-agent-config.yaml'], 'log.level': 'debug' },
  ],
  [
    'Prometheus with both ways to take pushes',
    'Prometheus',
    [
      '--config.file=/etc/prometheus/prometheus.yml',
      '--web.enable-admin-api',
      '--web.enable-remote-write-receiver',
      '--enable-feature=remote-write-receiver',
    ],
    { 'web.enableRemoteWriteReceiver': true },
  ],
  [
    'vmagent with a token in a variable, and templates without values',
    'vmagent',
    [
      '-remoteWrite.url=http://a/api/v1/write',
      '-remoteWrite.bearerToken=%{PATH}',
      '-remoteWrite.streamAggr.config=',
    ],
    {
      config: [
        `yaml:${JSON.stringify({
          remote_write: [
            { url: 'http://a/api/v1/write', authorization: { credentials: process.env['PATH'] } },
          ],
        })}`,
      ],
    },
  ],
  [
    'aws-sigv4-proxy with headers to strip',
    'aws-sigv4-proxy',
    ['--strip-header=x-aws-*', '--strip-header', 'X-B', '--web.config.file='],
    { strip: ['x-aws-*', 'X-B'] },
  ],
  [
    'prometheus-ecs-discovery, as in the first article',
    'prometheus-ecs-discovery',
    ['-config.cluster=prod', '-config.write-to=/output/ecs_file_sd.yml'],
    { 'config.cluster': 'prod', 'config.writeTo': '/output/ecs_file_sd.yml' },
  ],
  [
    'aws-sigv4-proxy, as in the second article',
    'aws-sigv4-proxy',
    [
      '--name',
      'aps',
      '--region',
      'us-east-1',
      '--host',
      'aps-workspaces.us-east-1.amazonaws.com',
      '--port',
      ':8005',
    ],
    { port: ':8005', name: 'aps' },
  ],
  [
    'the image of the X-Ray daemon',
    'X-Ray daemon',
    ['-t', '0.0.0.0:2000', '-b', '0.0.0.0:2000'],
    {},
  ],
  [
    'ecs_exporter',
    'ecs_exporter',
    ['--web.telemetry-path=/m', '--no-web.disable-exporter-metrics'],
    {},
  ],
];

export const publishedLines: readonly PublishedLine[] = LINES.map(
  ([name, whose, given, expected]) => {
    const program = PROGRAMS.find((one) => one.name === whose);
    assert.ok(program, whose);
    return { name, program, given, expected };
  },
);
