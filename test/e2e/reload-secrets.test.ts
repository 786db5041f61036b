/**
 * Secrets that change with a reload, from the text of the configuration to the wire: the next
 * scrape has the new secret, and the job's pool, series and offsets in the interval stay the same.
 */
import assert from 'node:assert/strict';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { test, type TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { checkConfigText } from '../../src/config/load.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { createHttpClient } from '../../src/kernel/http-client.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import type { ScrapeConfig } from '../../src/scrape/config.ts';
import { ScrapeManager } from '../../src/scrape/manager.ts';
import { RecordingAppender } from '../kit/recording-appender.ts';
import { until } from '../kit/waiting.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { listen, serve } from '../kit/listen.ts';
import { makeCertificate } from '../kit/authority.ts';

async function parse(keys: string): Promise<ScrapeConfig> {
  const times = 'scrape_interval: 500ms, scrape_timeout: 500ms';
  const text = `scrape_configs: [{ job_name: j, ${times}, ${keys} }]`;
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', { env: {} });
  assert.deepEqual(findings, []);
  return plan!.sources[0]!.scrape;
}

/**
 * Scrapes under one configuration and then under the other.
 *
 * @returns  what the target saw under each, and how the job went on
 */
async function reload(context: TestContext, address: string, before: string, after: string) {
  const metrics = new Registry();
  const appenders: RecordingAppender[] = [];
  let clients = 0;
  const manager = new ScrapeManager({
    world: { clock: systemClock, http: createHttpClient(), metrics, log: silentLogger },
    userAgent: 'test/1',
    openHttp: ({ connection }) => {
      clients += 1;
      return createHttpClient({ connection, reusesBodies: true });
    },
    openAppender: () => {
      const appender = new RecordingAppender();
      appenders.push(appender);
      return appender;
    },
  });
  context.after(() => manager.stop(1_000));
  const scrapes = async (): Promise<void> => {
    const target = () => manager.targets()[0];
    const from = target()?.last?.wallMs ?? 0;
    await until('two more scrapes', 20_000, () => (target()?.last?.wallMs ?? 0) > from + 900);
    assert.equal(target()?.health, 'up', target()?.lastError ?? 'no target');
  };
  await manager.start();
  await manager.apply([await parse(before)]);
  manager.update('j', [{ source: 's', labels: {}, targets: [{ __address__: address }] }]);
  await scrapes();
  await manager.apply([await parse(after)]);
  await scrapes();
  assert.match(metrics.expose(), /^prometheus_target_scrape_pools_total 1$/m);
  assert.equal(appenders.length, 1);
  assert.ok(!appenders[0]?.committed.some((line) => line.includes(' stale ')));
  return clients;
}

const CASES = {
  'a bearer token': ['authorization: { credentials: old }', 'authorization: { credentials: new }'],
  'a password': [
    'basic_auth: { username: u, password: old }',
    'basic_auth: { username: u, password: new }',
  ],
  'a secret header': ['http_headers: { X-Key: { secrets: [old] } }', 'http_headers: { X-Key: { secrets: [new] } }'], // prettier-ignore
  'a bearer token beside TLS settings': [
    'tls_config: { insecure_skip_verify: true }, authorization: { credentials: old }',
    'tls_config: { insecure_skip_verify: true }, authorization: { credentials: new }',
  ],
} as const;

for (const [name, [before, after]] of Object.entries(CASES)) {
  test(`${name} that changes with a reload is sent with the next scrape, from the same pool and client`, async (context) => {
    const seen: string[] = [];
    const { host } = await serve(context, (request, response) => {
      const { authorization = '', 'x-key': key = '' } = request.headers;
      const secret = authorization.startsWith('Basic ')
        ? Buffer.from(authorization.slice('Basic '.length), 'base64').toString()
        : authorization;
      const text = `${secret}${String(key)}`;
      if (seen.at(-1) !== text) seen.push(text);
      response.writeHead(200, { 'content-type': 'text/plain' }).end('a 1\n');
    });
    const clients = await reload(context, host, before, after);
    assert.equal(seen.length, 2, seen.join());
    assert.match(seen[0] ?? '', /old$/);
    assert.match(seen[1] ?? '', /new$/);
    assert.equal(clients, 1);
  });
}

test('a client key that changes with a reload is used from the next scrape on, by a new client of the same pool', async (context) => {
  const folder = temporaryFolder(context);
  const pem = Object.fromEntries(
    ['server', 'old', 'new'].map((name) => [name, makeCertificate(folder, name)]),
  );
  const seen: string[] = [];
  const server = createTlsServer(
    { ...pem['server'], requestCert: true, rejectUnauthorized: false },
    (request: IncomingMessage, response: ServerResponse) => {
      const { CN: name } = (request.socket as TLSSocket).getPeerCertificate().subject;
      if (seen.at(-1) !== name) seen.push(String(name));
      response.writeHead(200, { 'content-type': 'text/plain' }).end('a 1\n');
    },
  );
  const keys = (name: string): string =>
    'scheme: https, tls_config: { insecure_skip_verify: true, cert: ' +
    `${JSON.stringify(pem[name]?.cert)}, key: ${JSON.stringify(pem[name]?.key)} }`;
  const { host } = await listen(context, server);
  const clients = await reload(context, host, keys('old'), keys('new'));
  assert.deepEqual(seen, ['old', 'new']);
  assert.equal(clients, 2);
});
