/** Configurations and commands whose generated policies are proved: a row for each way of use. */
import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { ACCOUNT, type ProvedPlace, type ProvedUse, REGION } from './proved-place.ts';

export interface ProvedRow {
  readonly use: (place: ProvedPlace, port: number) => ProvedUse | Promise<ProvedUse>;
  /** What is said without an action, where that does not name it. */
  readonly says?: Readonly<Record<string, RegExp>>;
  /** Actions that IAM judges itself, by what is said with them. */
  readonly unseen?: Readonly<Record<string, RegExp>>;
}

function collect(
  place: ProvedPlace,
  configuration: string,
  more: Partial<ProvedUse> = {},
): ProvedUse {
  const file = place.write(configuration);
  return {
    command: [
      'collect', '--config.file', file, '--storage.path', `${place.folder}/queue`,
      '--web.listen-address', '127.0.0.1:0',
    ],
    policy: [file],
    ...more,
  }; // prettier-ignore
}

/** A job that finds targets so. */
const found =
  (sd: string): ProvedRow['use'] =>
  (place) =>
    collect(place, `scrape_configs: [{ job_name: a, ${fill(sd, place)} }]\n`);

const fill = (text: string, place: ProvedPlace): string =>
  text
    .replaceAll('URL', place.url)
    .replaceAll('WORKSPACE', place.workspace)
    .replaceAll('BROKERS', place.brokers)
    .replaceAll('CACHE', place.cache)
    .replaceAll('HOST', place.url.replace('http://', ''));

const SCRAPE =
  'scrape_configs: [{ job_name: a, scrape_interval: 1s, scrape_timeout: 1s, ' +
  "static_configs: [{ targets: ['HOST'] }] }]\n";

/** What is scraped goes there. */
const sent =
  (sinks: string): ProvedRow['use'] =>
  (place) =>
    collect(place, fill(`${SCRAPE}${sinks}\n`, place));

/** A configuration that is read there. */
const sourced =
  (source: string): ProvedRow['use'] =>
  async (place) => {
    const text = 'scrape_configs: []\n';
    await place.keep(text);
    const use = collect(place, text);
    return {
      command: use.command.map((word) => (word === use.policy[0] ? source : word)),
      policy: [...use.policy, '--source', source],
    };
  };

/** Spans and segments that are received go there. */
const withSpans =
  (sink: string): ProvedRow['use'] =>
  (place, port) => {
    const received = [
      `otlp_receivers: [{ http: { listen: '127.0.0.1:${port}' } }]`,
      `xray_receivers: [{ listen: '127.0.0.1:${port}', proxy: { enabled: false } }]`,
    ];
    return collect(place, fill(`${[...received, sink].join('\n')}\n`, place), {
      stir: async () => {
        await sendSegment(port);
        return ask(`http://127.0.0.1:${port}/v1/traces`, JSON.stringify(makeSpans()));
      },
    });
  };

function makeSpans(): object {
  const nanos = `${Date.now()}000000`;
  const span = {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    name: 'shop',
    kind: 2,
    startTimeUnixNano: nanos,
    endTimeUnixNano: nanos,
  };
  return { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
}

function sendSegment(port: number): Promise<void> {
  const socket = createSocket('udp4');
  const datagram = `{"format":"json","version":1}\n${JSON.stringify(makeSegment())}`;
  return new Promise((resolve) =>
    socket.send(datagram, port, '127.0.0.1', () => (socket.close(), resolve())),
  );
}

function makeSegment(): object {
  const seconds = Math.floor(Date.now() / 1_000);
  return {
    name: 'shop',
    id: randomBytes(8).toString('hex'),
    trace_id: `1-${seconds.toString(16)}-${randomBytes(12).toString('hex')}`,
    start_time: seconds,
    end_time: seconds + 0.1,
  };
}

/** What it answers; nothing while it does not listen. */
async function ask(url: string, body?: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const init = body === undefined ? {} : { method: 'POST', body, headers };
  return fetch(url, init).then(
    (answer) => answer.text(),
    () => '',
  );
}

/** A segment, and all that clients ask for. */
async function useXray(port: number): Promise<string> {
  await sendSegment(port);
  const asked = { SamplingStatisticsDocuments: [statistics()] };
  const answers = [];
  for (const [path, body] of [
    ['GetSamplingRules', {}],
    ['SamplingTargets', asked],
    ['SamplingStatisticSummaries', {}],
  ] as const)
    answers.push(await ask(`http://127.0.0.1:${port}/${path}`, JSON.stringify(body)));
  return answers.join('\n');
}

const statistics = () => ({
  ClientID: '0123456789abcdef01234567',
  RuleName: 'Default',
  RequestCount: 1,
  SampledCount: 1,
  BorrowCount: 0,
  Timestamp: Math.floor(Date.now() / 1_000),
});

const ECS = 'amperage_ecs_sd_configs: [{ refresh_interval: 1s';

export const PROVED_ROWS = {
  'remote_write to AMP': {
    use: sent(
      "remote_write: [{ url: 'URL/workspaces/WORKSPACE/api/v1/remote_write', " +
        `sigv4: { region: ${REGION} } }]`,
    ),
  },
  'Cloud Map': {
    use: found('cloudmap_sd_configs: [{ namespaces: [shop], refresh_interval: 1s }]'),
  },
  'Cloud Map, namespaces in a parameter': {
    use: found('cloudmap_sd_configs: [{ namespaces_parameter: /names, refresh_interval: 1s }]'),
  },
  'tasks of a cluster': { use: found(`${ECS}, clusters: [prod], service_details: true }]`) },
  'tasks of all clusters': { use: found(`${ECS} }]`) },
  'tasks, with the labels of Prometheus': {
    use: found(`${ECS}, clusters: [prod], labels: prometheus }]`),
  },
  'tasks, as Prometheus finds them': {
    use: found('ecs_sd_configs: [{ clusters: [prod], refresh_interval: 1s }]'),
  },
  instances: { use: found('ec2_sd_configs: [{ refresh_interval: 1s }]') },
  'all brokers': { use: found('msk_sd_configs: [{ refresh_interval: 1s }]') },
  'brokers of a cluster': {
    use: found("msk_sd_configs: [{ refresh_interval: 1s, clusters: ['BROKERS'] }]"),
  },
  'all databases': { use: found('rds_sd_configs: [{ refresh_interval: 1s }]') },
  'databases of a cluster': {
    use: found('rds_sd_configs: [{ refresh_interval: 1s, clusters: [orders] }]'),
  },
  'all caches': { use: found('elasticache_sd_configs: [{ refresh_interval: 1s }]') },
  'a serverless cache': {
    use: found("elasticache_sd_configs: [{ refresh_interval: 1s, clusters: ['CACHE'] }]"),
  },
  'metrics in CloudWatch': {
    use: sent('emf_write: [{ namespace: App, log_group_name: /metrics/app, log_stream_name: s }]'),
  },
  'metrics in CloudWatch, in a group with retention and tags': {
    use: sent(
      'emf_write: [{ namespace: App, log_group_name: /metrics/app, log_stream_name: s, ' +
        'log_retention: 7, tags: { team: a } }]',
    ),
  },
  'metrics by OTLP': {
    use: sent(
      "otlp_write: [{ metrics_endpoint: 'URL/v1/metrics', " +
        `sigv4: { region: ${REGION}, service_name: monitoring } }]`,
    ),
  },
  'spans by OTLP': {
    use: withSpans(
      "otlp_write: [{ traces_endpoint: 'URL/v1/traces', " +
        `sigv4: { region: ${REGION}, service_name: xray } }]`,
    ),
  },
  'segments, and spans by OTLP': {
    use: withSpans('xray_write: [{ spans: otlp, telemetry: { enabled: false } }]'),
  },
  'a role that is assumed': {
    use: sent(
      `remote_write: [{ url: 'URL/workspaces/WORKSPACE/api/v1/remote_write', ` +
        `sigv4: { region: ${REGION}, role_arn: 'arn:aws:iam::${ACCOUNT}:role/other' } }]`,
    ),
    unseen: { 'sts:AssumeRole': /first delivery/ },
  },
  'a configuration in Parameter Store': { use: sourced('ssm:/config') },
  'a configuration in S3': { use: sourced('s3://bucket/config.yml') },
  'a configuration in Secrets Manager': { use: sourced('secretsmanager:config') },
  'instances, by events': {
    use: async (place) => {
      const { url } = (await place.administer('events', { queue: 'events' })) as { url: string };
      let isRunning = true;
      return collect(
        place,
        `scrape_configs: [{ job_name: a, ec2_sd_configs: [{ events_queue_url: '${url}' }] }]\n`,
        {
          stir: async () => {
            isRunning = !isRunning;
            const state = isRunning ? 'running' : 'stopped';
            await place.administer('ec2/instance-state', { id: 'i-0123456789abcdef0', state });
            return '';
          },
        },
      );
    },
  },
  'collectors that share': {
    use: async (place, port) => {
      const { ecs } = place.cloud.home;
      const containers = [{ name: 'app', pid: process.pid, image: 'amperage' }];
      const task = { cluster: 'prod', family: 'fargate', serviceName: 'app', containers };
      const [own] = ecs.cluster('prod').tasks.keys();
      const id = own?.split('/').at(-1) ?? '';
      const told = (await place.administer(`tasks/${id}`, task)) as {
        containers: { metadataUri: string }[];
      };
      const use = collect(place, 'scrape_configs: []\n');
      return {
        ...use,
        command: [...use.command, '--shard', 'ecs', '--shard.listen-address', `127.0.0.1:${port}`],
        env: { ECS_CONTAINER_METADATA_URI_V4: told.containers[0]?.metadataUri ?? '' },
        policy: [...use.policy, '--shard', 'ecs', '--cluster', 'prod'],
      };
    },
  },
  'segments and sampling': {
    use: (place, port) =>
      collect(
        place,
        `xray_receivers: [{ listen: '127.0.0.1:${port}', proxy: {} }]\n` +
          'xray_write: [{ telemetry: { enabled: false } }]\n',
        { stir: () => useXray(port) },
      ),
  },
  discover: {
    use: (place) => {
      const file = place.write(
        'scrape_configs: [{ job_name: a, cloudmap_sd_configs: ' +
          '[{ namespaces: [shop], refresh_interval: 1s }] }]',
      );
      return {
        command: ['discover', '--config.file', file, '--web.listen-address', '127.0.0.1:0'],
        policy: [file, '--for', 'discover'],
      };
    },
  },
  xray: {
    use: (place, port) => ({
      command: [
        'xray', '--bind', `127.0.0.1:${port}`, '--bind-tcp', `127.0.0.1:${port}`, '--local-mode',
        '--region', REGION, '--storage.path', `${place.folder}/segments`,
      ],
      policy: ['--for', 'xray'],
      stir: () => useXray(port),
    }), // prettier-ignore
  },
  proxy: {
    use: (place, port) => ({
      command: [
        'proxy', '--port', `127.0.0.1:${port}`, '--name', 'aps', '--region', REGION, '--host',
        place.url.replace('http://', ''), '--upstream-url-scheme', 'http',
      ],
      policy: ['--for', 'proxy'],
      stir: () =>
        ask(`http://127.0.0.1:${port}/workspaces/${place.workspace}/api/v1/remote_write`, 'x'),
    }), // prettier-ignore
  },
  workspace: {
    use: async (place, port) => {
      await fillPages(place);
      const api = `http://127.0.0.1:${port}/api/v1`;
      return {
        command: [
          'workspace', '--web.listen-address', `127.0.0.1:${port}`, '--storage.path',
          `${place.folder}/store`, '--xray', '--cloudwatch',
        ],
        env: { WORKSPACE_ACCESS_KEY: 'AKIAEXAMPLE', WORKSPACE_SECRET_KEY: 'secret' },
        policy: ['--for', 'workspace'],
        stir: async () =>
          [
            await ask(`${api}/xray/traces`),
            await ask(`${api}/xray/services`),
            await ask(`${api}/cloudwatch/sums?namespace=App&metric=requests`),
          ].join('\n'),
      }; // prettier-ignore
    },
  },
  exporter: {
    use: () => ({
      command: ['exporter', '--web.listen-address', '127.0.0.1:0'],
      policy: ['--for', 'exporter'],
    }),
  },
} satisfies Readonly<Record<string, ProvedRow>>;

/** A trace, and a metric. */
async function fillPages({ cloud }: ProvedPlace): Promise<void> {
  const { asRoot } = cloud;
  await asRoot('xray', 'PutTraceSegments', {
    TraceSegmentDocuments: [JSON.stringify(makeSegment())],
  });
  const log = { logGroupName: '/app', logStreamName: 's' };
  const timestamp = Date.now();
  const metrics = [{ Name: 'requests', Unit: 'Count' }];
  const event = {
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: [{ Namespace: 'App', Dimensions: [[]], Metrics: metrics }],
    },
    requests: 1,
  };
  await asRoot('logs', 'CreateLogGroup', { logGroupName: log.logGroupName });
  await asRoot('logs', 'CreateLogStream', log);
  const logEvents = [{ timestamp, message: JSON.stringify(event) }];
  await asRoot('logs', 'PutLogEvents', { ...log, logEvents });
}
