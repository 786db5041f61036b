/** Configurations and commands whose generated policies are proved: a row for each way of use. */
import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { ACCOUNT, type ProvedPlace, REGION } from './proved-place.ts';

export interface ProvedUse {
  /** Of the command line. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of `generate policies`. */
  readonly policy: readonly string[];
  /** Gives it something to do, again and again. */
  readonly stir?: () => Promise<void>;
}

export interface ProvedRow {
  readonly use: (place: ProvedPlace, ports: readonly [number, number]) => ProvedUse;
  /** What is said without an action, where that does not name it. */
  readonly says?: Readonly<Record<string, RegExp>>;
}

function collect(
  place: ProvedPlace,
  port: number,
  configuration: string,
  more: Partial<ProvedUse> = {},
): ProvedUse {
  const file = place.write(configuration);
  return {
    command: [
      'collect', '--config.file', file, '--storage.path', `${place.folder}/queue-${port}`,
      '--web.listen-address', `127.0.0.1:${port}`,
    ],
    policy: [file],
    ...more,
  }; // prettier-ignore
}

/** A job that finds targets so. */
const found =
  (sd: string): ProvedRow['use'] =>
  (place, [port]) =>
    collect(place, port, `scrape_configs: [{ job_name: a, ${fill(sd, place)} }]\n`);

const fill = (text: string, place: ProvedPlace): string =>
  text
    .replaceAll('URL', place.url)
    .replaceAll('WORKSPACE', place.workspace)
    .replaceAll('BROKERS', place.brokers)
    .replaceAll('HOST', place.url.replace('http://', ''));

const SCRAPE =
  'scrape_configs: [{ job_name: a, scrape_interval: 1s, scrape_timeout: 1s, ' +
  "static_configs: [{ targets: ['HOST'] }] }]\n";

/** What is scraped goes there. */
const sent =
  (sinks: string): ProvedRow['use'] =>
  (place, [port]) =>
    collect(place, port, fill(`${SCRAPE}${sinks}\n`, place));

function sendSegment(port: number): Promise<void> {
  const seconds = Math.floor(Date.now() / 1_000);
  const segment = {
    name: 'shop',
    id: randomBytes(8).toString('hex'),
    trace_id: `1-${seconds.toString(16)}-${randomBytes(12).toString('hex')}`,
    start_time: seconds,
    end_time: seconds + 0.1,
  };
  const socket = createSocket('udp4');
  const datagram = `{"format":"json","version":1}\n${JSON.stringify(segment)}`;
  return new Promise((resolve) =>
    socket.send(datagram, port, '127.0.0.1', () => (socket.close(), resolve())),
  );
}

async function askSampling(port: number): Promise<void> {
  for (const [path, body] of [
    ['GetSamplingRules', {}],
    ['SamplingTargets', { SamplingStatisticsDocuments: [statistics()] }],
    ['SamplingStatisticSummaries', {}],
  ] as const)
    await fetch(`http://127.0.0.1:${port}/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    }).then(
      (answer) => answer.text(),
      () => undefined,
    );
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

export const PROVED_ROWS: Readonly<Record<string, ProvedRow>> = {
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
        `sigv4: { region: ${REGION}, service: monitoring } }]`,
    ),
  },
  'a role that is assumed': {
    use: sent(
      `remote_write: [{ url: 'URL/workspaces/WORKSPACE/api/v1/remote_write', ` +
        `sigv4: { region: ${REGION}, role_arn: 'arn:aws:iam::${ACCOUNT}:role/other' } }]`,
    ),
  },
  'segments and sampling': {
    use: (place, [port, traces]) =>
      collect(
        place,
        port,
        `xray_receivers: [{ listen: '127.0.0.1:${traces}', proxy: {} }]\nxray_write: [{}]\n`,
        { stir: async () => (await sendSegment(traces), askSampling(traces)) },
      ),
  },
  discover: {
    use: (place, [port]) => {
      const file = place.write(
        'scrape_configs: [{ job_name: a, cloudmap_sd_configs: [{ namespaces: [shop], ' +
          'refresh_interval: 1s }] }]',
      );
      return {
        command: ['discover', '--config.file', file, '--web.listen-address', `127.0.0.1:${port}`],
        policy: [file, '--for', 'discover'],
      };
    },
  },
  xray: {
    use: (place, [, traces]) => ({
      command: [
        'xray', '--bind', `127.0.0.1:${traces}`, '--bind-tcp', `127.0.0.1:${traces}`, '--local-mode',
        '--region', REGION, '--storage.path', `${place.folder}/segments-${traces}`,
      ],
      policy: ['--for', 'xray'],
      stir: async () => (await sendSegment(traces), askSampling(traces)),
    }), // prettier-ignore
  },
  proxy: {
    use: (place, [port]) => ({
      command: [
        'proxy', '--port', `127.0.0.1:${port}`, '--name', 'aps', '--region', REGION, '--host',
        place.url.replace('http://', ''), '--upstream-url-scheme', 'http',
      ],
      policy: ['--for', 'proxy'],
      stir: async () => {
        await fetch(
          `http://127.0.0.1:${port}/workspaces/${place.workspace}/api/v1/remote_write`,
          { method: 'POST', body: 'x' },
        ).catch(() => undefined);
      },
    }), // prettier-ignore
  },
};
