/**
 * Configurations of both dialects that have a secret in each field that can hold one, all of which
 * are used and fail: by status, by what cannot be read, by what is refused.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import type { Certificate } from '../kit/authority.ts';
import { listen } from '../kit/listen.ts';
import { type FieldPath, valuesAt } from '../kit/secret-fields.ts';

/** Secrets by where they stand; each has characters that URLs, JSON and YAML write otherwise. */
export class Planted {
  readonly #all = new Map<string, string>();

  /** What is looked for; what is written is this with more around it. */
  get(place: string): string {
    return `"é\\${this.plain(place)}/+ &%`;
  }

  /** For headers, URLs and keys, which have fewer characters. */
  plain(place: string): string {
    const core = `hush${String(1_000 + this.#all.size)}q`;
    this.#all.set(core, place);
    return core;
  }

  /** A text that is secret as it is, such as a line of a key. */
  keep(place: string, text: string): void {
    this.#all.set(text, place);
  }

  /** Fails naming each field in which the configuration has no secret of these. */
  assertIn(config: unknown, fields: readonly FieldPath[]): void {
    const bare = fields.filter(
      (field) => !valuesAt(config, field).some((value) => this.#isPlanted(value)),
    );
    assert.deepEqual(
      bare.map((field) => field.join('.')),
      [],
      'each secret field of the schemas has a secret in this configuration',
    );
  }

  #isPlanted(value: unknown): boolean {
    const text = String(value);
    return [...this.#all.keys()].some((core) => text.includes(core));
  }

  assertAbsent(from: string, text: string): void {
    for (const [core, place] of this.#all) {
      const spellings = [core, ...[0, 1, 2].map((shift) => inBase64(core, shift))];
      for (const spelling of spellings) {
        const at = text.indexOf(spelling);
        assert.ok(
          at < 0,
          `${from} has the secret of ${place}: ${text.slice(Math.max(0, at - 300), at + 80)}`,
        );
      }
    }
  }
}

/** What base64 makes of a text behind `shift` other bytes, without what its neighbours change. */
function inBase64(text: string, shift: number): string {
  const whole = Buffer.from(`${'x'.repeat(shift)}${text}`).toString('base64');
  return whole.slice(Math.ceil((shift * 4) / 3), Math.floor(((shift + text.length) * 4) / 3) - 1);
}

/** Stands for everything that is asked, and fails in each way that is said. @returns host:port */
export async function startFailing(context: TestContext, planted: Planted): Promise<string> {
  const answer = planted.plain('an answer');
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    request.resume();
    if (pathname.startsWith('/sd') || pathname.startsWith('/token'))
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(`[{"${answer}": '${answer}'`);
    else if (pathname === '/list')
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(`[{"targets": ["${answer}:x:y"], "labels": {"${answer}": ["${answer}"]}}]`);
    else if (pathname === '/no-token')
      response.writeHead(401, { 'content-type': 'application/json' }).end(`{"x":"${answer}"}`);
    else if (pathname.startsWith('/page')) response.writeHead(200).end('a 1\nb{ 2\n');
    else response.writeHead(500).end('no');
  });
  server.on('connect', (_, socket) => socket.end('HTTP/1.1 403 No\r\n\r\n'));
  const { host } = await listen(context, server);
  return host;
}

export type Keys = Readonly<Record<string, unknown>>;

export interface Field {
  readonly planted: Planted;
  /** Where everything that fails is. */
  readonly host: string;
  readonly pair: Certificate;
  /** Ports to listen on, of which no other configuration of the test takes one. */
  readonly ports: readonly number[];
}

const DEAD = '127.0.0.1:1';
const AWS = { region: 'us-east-1', access_key: 'AKIAX' };

/** How a client connects, with a secret in each place that this has. */
function waysThere({ planted, host, pair }: Field, at: string): Keys[] {
  return [
    {
      proxy_url: `http://u:${planted.plain(`${at} proxy_url`)}@${host}`,
      proxy_connect_header: { 'X-Proxy': [planted.plain(`${at} proxy header`)] },
    },
    { tls_config: { cert_file: pair.files.cert, key: pair.key } },
  ];
}

/** Each way to say who we are, with a secret in each place that it has. */
function waysIn(field: Field, at: string): Keys[] {
  const { planted, host } = field;
  const hidden = (key: string): string => planted.get(`${at} ${key}`);
  const plain = (key: string): string => planted.plain(`${at} ${key}`);
  const tokens = ['/token', '/no-token', '/gone'].map((end) => ({
    oauth2: {
      client_id: 'c',
      client_secret: hidden('client_secret'),
      token_url: `http://u:${plain('token_url')}@${host}${end}?key=${plain('token query')}`,
      endpoint_params: { more: hidden('endpoint_params') },
    },
  }));
  const farTokens = waysThere(field, `${at} token`).map((way) => ({
    oauth2: {
      client_id: 'c',
      client_secret: hidden('client_secret'),
      token_url: `https://${host}/token`,
      ...way,
    },
  }));
  return [
    { basic_auth: { username: 'u', password: hidden('password') } },
    { authorization: { credentials: plain('credentials') } },
    { bearer_token: plain('bearer_token') },
    ...tokens,
    ...farTokens,
    ...waysThere(field, at),
  ];
}

function ownHeaders({ planted }: Field, at: string): Keys {
  return {
    http_headers: {
      'X-Key': { secrets: [planted.plain(`${at} secret header`)] },
      'X-Other': { values: [planted.plain(`${at} header`)] },
    },
  };
}

/** Mechanism on AWS → the keys that say what it looks for. */
const AWS_LISTS: Readonly<Record<string, Keys>> = {
  ecs_sd_configs: { clusters: ['c'] },
  ec2_sd_configs: { filters: [{ name: 'tag:a', values: ['b'] }] },
  rds_sd_configs: { clusters: ['c'], filters: [{ name: 'engine', values: ['b'] }] },
  elasticache_sd_configs: { clusters: ['arn:aws:elasticache:us-east-1:1:cluster:c'] },
  msk_sd_configs: { clusters: ['arn:aws:kafka:us-east-1:1:cluster/c/1'] },
  amperage_ecs_sd_configs: { clusters: ['c'] },
  cloudmap_sd_configs: { namespaces: ['c'] },
  aws_sd_configs: { role: 'ecs', clusters: ['c'] },
};

function awsLists({ planted, host, pair }: Field): Keys[] {
  return Object.entries(AWS_LISTS).map(([kind, place]) => ({
    [kind]: [
      {
        ...AWS,
        endpoint: `http://${host}`,
        refresh_interval: '1s',
        secret_key: planted.get(kind),
        ...place,
        ...(kind === 'cloudmap_sd_configs'
          ? {}
          : { tls_config: { cert_file: pair.files.cert, key: pair.key } }),
      },
    ],
  }));
}

function scrapeConfigs(field: Field): Keys[] {
  const { planted, host } = field;
  const own = [...waysIn(field, 'target'), ownHeaders(field, 'target')].map((way, i) => ({
    static_configs: [{ targets: [i % 2 === 0 ? host : DEAD] }],
    ...way,
  }));
  const lists = [...waysIn(field, 'http_sd'), ownHeaders(field, 'http_sd')].map((way, i) => {
    const [user, key] = [planted.plain('http_sd url'), planted.plain('http_sd query')];
    const url = `http://u:${user}@${host}/${i % 2 === 0 ? 'sd' : 'list'}?key=${key}`;
    return { http_sd_configs: [{ refresh_interval: '1s', url, ...way }] };
  });
  const page = {
    metrics_path: '/page',
    static_configs: [{ targets: [host] }],
    ...ownHeaders(field, 'page'),
  };
  planted.keep('a number', '918273645546');
  const number = {
    static_configs: [{ targets: [host] }],
    basic_auth: { username: 'u', password: 918273645546 },
  };
  return [...own, ...lists, page, number, ...awsLists(field)].map((one, i) => ({
    job_name: `j${i}`,
    ...one,
  }));
}

function remoteWrites(field: Field): Keys[] {
  const { planted, host } = field;
  const ways = [...waysIn(field, 'remote_write'), ownHeaders(field, 'remote_write')];
  const writes = ways.map((way, i) => {
    const [user, key] = [planted.plain('write url'), planted.plain('write query')];
    const url = `http://u:${user}@${i % 2 === 0 ? host : DEAD}/w?key=${key}`;
    return {
      name: `w${i}`,
      url: i === 0 ? `http://${host}/w` : url,
      headers: { 'X-Write': planted.plain('write header') },
      remote_timeout: '1s',
      ...way,
    };
  });
  const sigv4 = { ...AWS, secret_key: planted.get('sigv4') };
  return [...writes, { name: 's', url: `http://${host}/w`, sigv4 }];
}

function otlpWrites(field: Field): Keys[] {
  const { planted, host } = field;
  const sigv4 = { ...AWS, service_name: 'xray', secret_key: planted.get('otlp sigv4') };
  return [...waysIn(field, 'otlp_write'), { sigv4 }].map((way, i) => ({
    name: `o${i}`,
    metrics_endpoint: `http://${host}/o`,
    headers: { 'X-Otlp': planted.plain('otlp header') },
    ...way,
  }));
}

/** What sends to AWS, once for each way there. */
function awsWrites(field: Field, at: string, keys: Keys): Keys[] {
  const { planted, host } = field;
  return waysThere(field, at).map((way, i) => ({
    ...AWS,
    name: `${at}${i}`,
    endpoint: `http://${host}`,
    secret_key: planted.get(`${at} secret_key`),
    ...keys,
    ...way,
  }));
}

export function plantPrometheus(field: Field): Keys {
  const { planted, host, pair, ports } = field;
  const [http, grpc, ...proxies] = ports.map((port) => `127.0.0.1:${port}`);
  const tls = { cert_file: pair.files.cert, key: pair.key };
  return {
    global: { scrape_interval: '1s', scrape_timeout: '900ms' },
    scrape_configs: scrapeConfigs(field),
    otlp_receivers: [{ http: { listen: http, tls }, grpc: { listen: grpc, tls } }],
    xray_receivers: waysThere(field, 'xray proxy').map((way, i) => ({
      name: `x${i}`,
      listen: proxies[i],
      proxy: {
        ...AWS,
        endpoint: `http://${host}`,
        secret_key: planted.get('xray proxy secret_key'),
        ...way,
      },
    })),
    remote_write: remoteWrites(field),
    otlp_write: otlpWrites(field),
    emf_write: awsWrites(field, 'emf_write', { namespace: 'n', log_group_name: '/g' }),
    xray_write: awsWrites(field, 'xray_write', {}),
  };
}

function extensionsOf({ planted, host, pair, ports }: Field): Keys {
  const server = { cert_file: pair.files.cert, key_pem: pair.key };
  const token = { client_id: 'i', token_url: `https://${host}/no-token` };
  const header = (place: string): Keys => ({ 'X-Answer': planted.plain(place) });
  return {
    'basicauth/a': { client_auth: { username: 'u', password: planted.get('basicauth') } },
    'bearertokenauth/b': { token: planted.plain('bearertokenauth') },
    'bearertokenauth/t': { tokens: [planted.plain('tokens'), planted.plain('tokens')] },
    'oauth2client/c': {
      ...token,
      client_secret: planted.get('oauth2client'),
      endpoint_params: { more: planted.get('oauth2client params') },
      tls: server,
    },
    'oauth2client/l': {
      ...token,
      client_secret: planted.get('oauth2client'),
      endpoint_params: { more: [planted.get('oauth2client list')] },
    },
    'headers_setter/d': {
      headers: [
        {
          key: 'X-Set',
          value: planted.plain('headers_setter'),
          default_value: planted.plain('headers_setter default'),
        },
      ],
    },
    health_check: {
      endpoint: `127.0.0.1:${ports[0]}`,
      response_headers: header('response header'),
    },
    'health_check/tls': {
      endpoint: `127.0.0.1:${ports[1]}`,
      tls: server,
      response_headers: [{ name: 'X-Answer', value: planted.plain('response header') }],
    },
    zpages: { endpoint: `127.0.0.1:${ports[2]}`, response_headers: header('zpages header') },
    'zpages/tls': {
      endpoint: `127.0.0.1:${ports[3]}`,
      tls: server,
      response_headers: [{ name: 'X-Answer', value: planted.plain('zpages header') }],
    },
    awsproxy: { endpoint: `127.0.0.1:${ports[4]}`, region: 'us-east-1', tls: server },
  };
}

function exportersOf({ planted, host, pair }: Field, authenticators: readonly string[]): Keys {
  const tls = { cert_file: pair.files.cert, key_pem: pair.key };
  const endpoint = `https://${host}/w`;
  const header = (): Keys => ({ 'X-Own': planted.plain('own header') });
  const headers = (): Keys[] => [{ name: 'X-Own', value: planted.plain('own header') }];
  const writes = ['prometheusremotewrite', 'awsprometheusremotewrite'].flatMap((kind) => [
    [`${kind}/map`, { endpoint, tls, headers: header() }],
    [`${kind}/list`, { endpoint, headers: headers() }],
    [`${kind}/http`, { http: { endpoint, tls, headers: header() } }],
    [`${kind}/http_list`, { http: { endpoint, headers: headers() } }],
  ]);
  const otlp = [
    ['otlphttp', { endpoint: `https://${host}/o`, tls, headers: header() }],
    ['otlphttp/list', { endpoint: `http://${host}/o`, headers: headers() }],
    ['otlp', { endpoint: host, tls, headers: header() }],
    ['otlp/list', { endpoint: host, tls: { insecure: true }, headers: headers() }],
  ];
  const authenticated = authenticators.map((authenticator) => [
    `prometheusremotewrite/${authenticator.slice(-1)}`,
    { endpoint: `http://${host}/w`, auth: { authenticator }, headers: header() },
  ]);
  return Object.fromEntries([...writes, ...otlp, ...authenticated]) as Keys;
}

export function plantCollector(field: Field): Keys {
  const { planted, pair } = field;
  const tls = { cert_file: pair.files.cert, key_pem: pair.key };
  const extensions = extensionsOf(field);
  const isAuthenticator = (name: string): boolean => /\/[a-z]$/.test(name);
  const exporters = exportersOf(field, Object.keys(extensions).filter(isAuthenticator));
  const [first, second, third, fourth, fifth] = field.ports
    .slice(5)
    .map((port) => `127.0.0.1:${port}`);
  const header = planted.plain('otlp answers');
  return {
    extensions,
    receivers: {
      prometheus: {
        config: {
          global: { scrape_interval: '1s', scrape_timeout: '900ms' },
          scrape_configs: scrapeConfigs(field),
        },
      },
      otlp: {
        protocols: {
          http: { endpoint: first, tls, response_headers: { 'X-Answer': header } },
          grpc: { endpoint: second, tls },
        },
      },
      'otlp/list': {
        protocols: {
          http: { endpoint: third, response_headers: [{ name: 'X-Answer', value: header }] },
        },
      },
      awsxray: {
        endpoint: fourth,
        proxy_server: { endpoint: fifth, region: 'us-east-1', tls },
      },
    },
    exporters: { ...exporters, awsxray: { region: 'us-east-1', endpoint: `http://${field.host}` } },
    service: {
      extensions: Object.keys(extensions),
      pipelines: {
        metrics: {
          receivers: ['prometheus', 'otlp', 'otlp/list'],
          exporters: Object.keys(exporters),
        },
        traces: { receivers: ['awsxray'], exporters: ['awsxray'] },
      },
    },
  };
}
