/**
 * A real collector each of whose clients is redirected: to https, to another port, to a host below
 * its own, to a foreign one, and back. Credentials go on as far as Go's client and Prometheus take
 * them, and come back never.
 */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeAuthority } from '../kit/authority.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { listen } from '../kit/listen.ts';
import { BARE_AWS, startAmperage, type Running } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const NAMES = path.resolve(import.meta.dirname, '../kit/loopback-names.ts');
const OWN = 'own.test';
const HOSTS = [OWN, `below.${OWN}`, `not${OWN}`, 'foreign.test'];

interface Asked {
  readonly where: string;
  readonly method: string;
  /** User and password, the value of a header of its own, or a token. */
  readonly shown: readonly string[];
}

interface Site {
  /** What each client asked, by the first part of the path. */
  readonly asked: ReadonlyMap<string, Asked[]>;
  /** The chain of each client, whose first is what is configured. */
  readonly chain: readonly string[];
  readonly first: string;
  readonly ca: string;
}

/**
 * Serves each host by http at two ports and by https. The path is `/<client>/<step>`, and each step
 * redirects to the next one of the chain.
 */
async function startSite(
  context: TestContext,
  atEnd: (client: string, response: ServerResponse) => void,
): Promise<Site> {
  const asked = new Map<string, Asked[]>();
  let chain: readonly string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    request.resume();
    const [, client = '', step = ''] = (request.url ?? '').split('/');
    const { authorization = '', host = '' } = request.headers;
    const [scheme = '', value = ''] = authorization.split(' ');
    const shown = [
      scheme === 'Basic' ? Buffer.from(value, 'base64').toString() : value,
      String(request.headers['x-key'] ?? ''),
    ].filter((one) => one !== '');
    const list = asked.get(client) ?? [];
    asked.set(client, list);
    const where = `${'encrypted' in request.socket ? 'https' : 'http'}://${host}`;
    list.push({ where, method: request.method ?? '', shown });
    const next = chain[Number(step) + 1];
    if (next === undefined) atEnd(client, response);
    else response.writeHead(307, { location: `${next}/${client}/${Number(step) + 1}` }).end();
  };
  const authority = makeAuthority(temporaryFolder(context), 'ca', HOSTS);
  const [one, other, secure] = [
    await listen(context, createServer(answer)),
    await listen(context, createServer(answer)),
    await listen(context, createTlsServer(authority.server, answer)),
  ];
  chain = [
    `http://${OWN}:${one.port}`,
    `https://${OWN}:${secure.port}`,
    `http://${OWN}:${other.port}`,
    `https://below.${OWN}:${secure.port}`,
    `http://not${OWN}:${one.port}`,
    `https://foreign.test:${secure.port}`,
    `http://${OWN}:${one.port}`,
  ];
  return { asked, chain, first: `${OWN}:${one.port}`, ca: authority.file };
}

/** How many of the chain are of the own host, before the first foreign one. */
const OWN_STEPS = 4;

function start(context: TestContext, { ca }: Site, config: string): Promise<Running> {
  const folder = temporaryFolder(context);
  const env = { ...BARE_AWS, NODE_OPTIONS: `--import=${NAMES}`, SSL_CERT_FILE: ca };
  const flags = ['--config', config, '--storage.path', path.join(folder, 'storage')];
  return startAmperage(context, 'collect', flags, env);
}

/** All but `remote_write` and the token: those are sent to no other URL. */
test('credentials of scrapes, lists and configurations go to the own host, and never back', async (context) => {
  let config = '';
  const site = await startSite(context, (client, response) => {
    if (client === 'config') response.end(config);
    else response.writeHead(401).end();
  });
  const basic = { username: 'u', password: 'pass' };
  const http_headers = { 'X-Key': { values: ['key'] } };
  const list = { refresh_interval: '1s', http_headers };
  config = JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [
      {
        job_name: 'scrape',
        metrics_path: '/scrape/0',
        static_configs: [{ targets: [site.first] }],
        basic_auth: basic,
        http_headers,
      },
      {
        job_name: 'bare',
        metrics_path: '/bare/0',
        static_configs: [{ targets: [site.first] }],
      },
      {
        job_name: 'list',
        http_sd_configs: [
          { url: `http://${site.first}/list/0`, basic_auth: basic, ...list },
          { url: `http://u:pass@${site.first}/url/0`, ...list },
        ],
      },
    ],
    remote_write: [{ url: `http://${site.first}/nowhere/9` }],
  });
  const collector = await start(context, site, `http://u:p%61ss@${site.first}/config/0`);
  await until('each client has come to the end of its chain', 20_000, () =>
    ['config', 'scrape', 'bare', 'list', 'url'].every(
      (client) => (site.asked.get(client)?.length ?? 0) >= site.chain.length,
    ),
  );
  for (const [client, shown] of [
    ['config', ['u:pass']],
    ['scrape', ['u:pass', 'key']],
    ['list', ['u:pass', 'key']],
    ['url', ['u:pass', 'key']],
    ['bare', []],
  ] as const) {
    const round = site.asked.get(client)?.slice(0, site.chain.length);
    assert.deepEqual(
      round,
      site.chain.map((where, step) => ({
        where,
        method: 'GET',
        shown: step < OWN_STEPS ? shown : [],
      })),
      client,
    );
  }
  const told = `withheld, since a redirect led to notown.test, which is neither own.test nor`;
  await until('the errors are told', 10_000, async () => {
    const targets = await (await fetch(`${collector.url}/api/v1/targets`)).text();
    return targets.split(told).length === 2 && collector.output().includes(told);
  });
});

test('samples and the secret of a token are sent to no other URL, and it is said why', async (context) => {
  const site = await startSite(context, (_client, response) => response.end('a 1\n'));
  const url = `http://u:pass@${site.first}/write/0`;
  const oauth2 = {
    client_id: 'u',
    client_secret: 'pass',
    token_url: `http://${site.first}/token/0`,
  };
  const config = JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [
      {
        job_name: 'target',
        metrics_path: '/target/9',
        static_configs: [{ targets: [site.first] }],
      },
    ],
    remote_write: [
      { name: 'plain', url },
      { name: 'by token', url: `http://${site.first}/unreached/0`, oauth2 },
    ],
  });
  const collector = await start(context, site, `yaml:${config}`);
  await until('both have failed', 20_000, () =>
    [
      `redirects are not followed, write the url of \\"https://own.test`,
      'the token endpoint own.test',
    ].every((words) => collector.output().includes(words)),
  );
  assert.match(collector.output(), /redirects \(status 307\), which is not followed/);
  for (const client of ['write', 'token'])
    for (const one of site.asked.get(client) ?? [])
      assert.deepEqual(one, { where: site.chain[0], method: 'POST', shown: ['u:pass'] });
  assert.equal(site.asked.has('unreached'), false);
});
