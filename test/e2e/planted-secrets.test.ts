/**
 * A real collector with a secret in each field that can hold one, whose targets, receivers, token
 * and target servers all fail, so that each error is said: no secret is in its log, its metrics,
 * any answer of its API, its page, what `check` prints or what a reload and a crash say.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { stringify } from 'yaml';
import { type Certificate, makeCertificate } from '../kit/authority.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { listen } from '../kit/listen.ts';
import { BARE_AWS, freePort, MAIN, startAmperage, type Running } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

/** Secrets by where they stand; each has characters that URLs, JSON and YAML write otherwise. */
class Planted {
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

  get size(): number {
    return this.#all.size;
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

/** Fails in each way that is said: by status, by what cannot be read, by what it refuses. */
async function startFailing(context: TestContext, planted: Planted): Promise<string> {
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

type Keys = Readonly<Record<string, unknown>>;

/** Each way to say who we are, with a secret in each place that it has. */
function waysIn(planted: Planted, at: string, host: string, pair: Certificate): Keys[] {
  const hidden = (field: string): string => planted.get(`${at} ${field}`);
  const plain = (field: string): string => planted.plain(`${at} ${field}`);
  const tokens = ['/token', '/no-token', '/gone'].map((end) => ({
    oauth2: {
      client_id: 'c',
      client_secret: hidden('client_secret'),
      token_url: `http://u:${plain('token_url')}@${host}${end}?key=${plain('token query')}`,
      endpoint_params: { more: hidden('endpoint_params') },
    },
  }));
  return [
    { basic_auth: { username: 'u', password: hidden('password') } },
    { authorization: { credentials: plain('credentials') } },
    { bearer_token: plain('bearer_token') },
    ...tokens,
    {
      proxy_url: `http://u:${plain('proxy_url')}@${host}`,
      proxy_connect_header: { 'X-Proxy': [plain('proxy header')] },
    },
    { tls_config: { cert_file: pair.files.cert, key: pair.key } },
  ];
}

const DEAD = '127.0.0.1:1';

function scrapeConfigs(planted: Planted, host: string, pair: Certificate): Keys[] {
  const own = waysIn(planted, 'target', host, pair).map((way, i) => ({
    static_configs: [{ targets: [i % 2 === 0 ? host : DEAD] }],
    ...way,
  }));
  const lists = waysIn(planted, 'http_sd', host, pair).map((way, i) => {
    const [user, key] = [planted.plain('http_sd url'), planted.plain('http_sd query')];
    const url = `http://u:${user}@${host}/${i % 2 === 0 ? 'sd' : 'list'}?key=${key}`;
    return { http_sd_configs: [{ refresh_interval: '1s', url, ...way }] };
  });
  const headers = {
    metrics_path: '/page',
    static_configs: [{ targets: [host] }],
    http_headers: {
      'X-Key': { secrets: [planted.plain('secret header')], values: [planted.plain('header')] },
    },
  };
  planted.keep('a number', '918273645546');
  const number = {
    static_configs: [{ targets: [host] }],
    basic_auth: { username: 'u', password: 918273645546 },
  };
  const ofAws = ['ecs_sd_configs', 'amperage_ecs_sd_configs', 'cloudmap_sd_configs'].map(
    (kind) => ({
      [kind]: [
        {
          region: 'us-east-1',
          endpoint: `http://${host}`,
          refresh_interval: '1s',
          access_key: 'AKIAX',
          secret_key: planted.get(kind),
          [kind === 'cloudmap_sd_configs' ? 'namespaces' : 'clusters']: ['c'],
        },
      ],
    }),
  );
  return [...own, ...lists, headers, number, ...ofAws].map((one, i) => ({
    job_name: `j${i}`,
    ...one,
  }));
}

function prometheusConfig(planted: Planted, host: string, pair: Certificate): Keys {
  const writes = waysIn(planted, 'remote_write', host, pair).map((way, i) => {
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
  const aws = { region: 'us-east-1', access_key: 'AKIAX' };
  return {
    global: { scrape_interval: '1s', scrape_timeout: '900ms' },
    scrape_configs: scrapeConfigs(planted, host, pair),
    remote_write: [
      ...writes,
      { name: 's', url: `http://${host}/w`, sigv4: { ...aws, secret_key: planted.get('sigv4') } },
    ],
    otlp_write: [
      {
        name: 'o',
        metrics_endpoint: `http://${host}/o`,
        headers: { 'X-Otlp': planted.plain('otlp header') },
        basic_auth: { username: 'u', password: planted.get('otlp password') },
      },
    ],
    emf_write: [
      {
        ...aws,
        namespace: 'n',
        endpoint: `http://${host}`,
        log_group_name: '/g',
        secret_key: planted.get('emf_write'),
      },
    ],
  };
}

function collectorConfig(
  planted: Planted,
  host: string,
  pair: Certificate,
  ports: readonly number[],
): Keys {
  const write = (more: Keys): Keys => ({ endpoint: `http://${host}/w`, ...more });
  const job = {
    job_name: 'p',
    scrape_interval: '1s',
    scrape_timeout: '900ms',
    static_configs: [{ targets: [host] }],
    basic_auth: { username: 'u', password: planted.get('receiver password') },
  };
  const extensions = {
    'basicauth/a': { client_auth: { username: 'u', password: planted.get('basicauth') } },
    'bearertokenauth/b': { token: planted.plain('bearertokenauth') },
    'oauth2client/c': {
      client_id: 'i',
      client_secret: planted.get('oauth2client'),
      token_url: `http://${host}/no-token`,
      endpoint_params: { more: planted.get('oauth2client params') },
    },
    'headers_setter/d': { headers: [{ key: 'X-Set', value: planted.plain('headers_setter') }] },
    health_check: {
      endpoint: `127.0.0.1:${ports[0]}`,
      response_headers: { 'X-Health': planted.plain('response header') },
    },
  };
  const exporters = {
    ...Object.fromEntries(
      Object.keys(extensions)
        .filter((name) => name.includes('/'))
        .map((authenticator) => [
          `prometheusremotewrite/${authenticator.slice(-1)}`,
          write({ auth: { authenticator }, headers: { 'X-Own': planted.plain('own header') } }),
        ]),
    ),
    'prometheusremotewrite/e': {
      endpoint: `https://${host}/w`,
      tls: { cert_file: pair.files.cert, key_pem: pair.key },
    },
    otlphttp: {
      endpoint: `http://${host}/o`,
      headers: { 'X-Otlp': planted.plain('otlphttp header') },
    },
  };
  return {
    extensions,
    receivers: {
      prometheus: { config: { scrape_configs: [job] } },
      otlp: { protocols: { http: { endpoint: `127.0.0.1:${ports[1]}` } } },
    },
    exporters,
    service: {
      extensions: Object.keys(extensions),
      pipelines: {
        metrics: { receivers: ['prometheus', 'otlp'], exporters: Object.keys(exporters) },
      },
    },
  };
}

const PATHS = [
  '/',
  '/metrics',
  '/-/healthy',
  '/-/ready',
  ...['config', 'flags', 'receivers', 'buildinfo', 'runtimeinfo'].map(
    (one) => `/api/v1/status/${one}`,
  ),
  ...['targets', 'targets/metadata', 'scrape_pools', 'metadata'].map((one) => `/api/v1/${one}`),
  '/api/v1/targets/relabel_steps?scrapePool=j0&labels=%7B%7D',
];

async function assertAnswersKeep(planted: Planted, { url }: Running): Promise<void> {
  for (const one of PATHS) {
    const answer = await fetch(`${url}${one}`);
    const text = await answer.text();
    planted.assertAbsent(one, text + JSON.stringify([...answer.headers]));
    planted.assertAbsent(`${one}, decoded`, decodeURIComponent(text.replaceAll('%', '%25')));
  }
}

/** Configurations that are refused, each with its secrets near what it is refused for. */
function breakings(text: string): readonly string[] {
  return [
    `${text}\nx: [`,
    text.replaceAll('password: ', 'password: [1], passwort: '),
    text.replaceAll('credentials: ', 'credentials: !!int '),
    text.replaceAll('client_secret: ', 'client_secret: *nowhere '),
    text.replaceAll('http://u:', 'htp://u:'),
    text.replaceAll('127.0.0.1:', '127.0.0.1 :'),
    text.replaceAll('headers:\n', 'headers: |\n'),
    text.replaceAll('secret_key: ', 'secret_key: 5, secret_key: '),
  ];
}

function run(...given: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [MAIN, ...given], {
    encoding: 'utf8',
    env: { ...process.env, ...BARE_AWS },
  });
  return stdout + stderr;
}

for (const dialect of ['Prometheus', 'the Collector'] as const)
  test(`no secret of a configuration of ${dialect} leaves the process, whatever fails`, async (context) => {
    const planted = new Planted();
    const folder = temporaryFolder(context);
    const pair = makeCertificate(folder, 'client');
    planted.keep('a key', pair.key.split('\n')[1] ?? '');
    const host = await startFailing(context, planted);
    const ports = [await freePort(), await freePort()];
    const config =
      dialect === 'Prometheus'
        ? prometheusConfig(planted, host, pair)
        : collectorConfig(planted, host, pair, ports);
    const text = stringify(config);
    const file = path.join(folder, 'config.yml');
    writeFileSync(file, text);
    const storage = path.join(folder, 'storage');
    const flags = ['--config', file, '--storage.path', storage, '--web.enable-lifecycle'];
    flags.push('--log.level', 'debug');
    const collector = await startAmperage(context, 'collect', flags, BARE_AWS);
    await until('deliveries and scrapes fail', 30_000, () => {
      const said = collector.output();
      return said.includes('delivery failed') && said.includes('targets cannot be scraped');
    });
    await until('some rounds have passed', 30_000, async () => {
      const metrics = await (await fetch(`${collector.url}/metrics`)).text();
      return /^prometheus_target_scrape_pool_sync_total.* [1-9]/m.test(metrics);
    });
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await assertAnswersKeep(planted, collector);

    for (const [i, broken] of breakings(text).entries()) {
      if (broken === text) continue;
      writeFileSync(file, broken);
      const refused = await fetch(`${collector.url}/-/reload`, { method: 'POST' });
      planted.assertAbsent('the answer to a reload', await refused.text());
      assert.notEqual(refused.status, 200, broken);
      // Both read it alike; a process for each is slow.
      const check = i === 0 ? 'convert' : 'config';
      planted.assertAbsent(`check ${check}`, run('check', check, file));
      await assertAnswersKeep(planted, collector);
    }
    writeFileSync(file, text);
    planted.assertAbsent('check config', run('check', 'config', file));
    // A second one, which ends for what the first has.
    const second = run('collect', ...flags, '--web.listen-address', new URL(collector.url).host);
    planted.assertAbsent('a process that cannot start', second);
    collector.child.kill('SIGTERM');
    await collector.exited;
    planted.assertAbsent('the log', collector.output());
    assert.ok(planted.size > 10);
  });
