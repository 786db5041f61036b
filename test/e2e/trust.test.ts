/**
 * Private certificate authorities, named in each possible way, for commands started as users start
 * them: requests over TLS succeed with the authority and fail without it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Authority, makeAuthority, startTlsServer } from '../kit/authority.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { freePort, startAmperage } from '../kit/processes.ts';
import { APS, ENV, startProxy } from '../kit/proxies.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');
/** Clears variables of this machine that would name authorities. */
const NOTHING = {
  AWS_CA_BUNDLE: '',
  SSL_CERT_FILE: '',
  SSL_CERT_DIR: '',
  NODE_EXTRA_CA_CERTS: '',
};

/** Starts a server that records who asked: the path, or the action of an AWS call. */
async function startServer(
  context: TestContext,
): Promise<{ authority: Authority; folder: string; url: string; asked: Set<string> }> {
  const folder = temporaryFolder(context);
  const authority = makeAuthority(folder, 'own');
  const asked = new Set<string>();
  const port = await startTlsServer(context, authority, (incoming, outgoing) => {
    const { url: at = '' } = incoming;
    asked.add(String(incoming.headers['x-amz-target'] ?? at).replace(/^.*\./, ''));
    const answer =
      at === '/token'
        ? '{"access_token": "secret", "expires_in": 60}'
        : at === '/targets'
          ? JSON.stringify([{ targets: [`localhost:${port}`] }])
          : at === '/metrics'
            ? 'a 1\n'
            : at === '/prometheus.yml'
              ? 'scrape_configs: []\n'
              : '{}';
    const type = at === '/metrics' ? 'text/plain' : 'application/json';
    outgoing.writeHead(200, { 'content-type': type }).end(answer);
  });
  return { authority, folder, url: `https://localhost:${port}`, asked };
}

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

async function amperage(given: string[], env: Record<string, string>): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...given],
      { env: { ...process.env, ...NOTHING, ...env } },
      (_error, stdout, stderr) => resolve({ status: child.exitCode, output: stdout + stderr }),
    );
  });
}

test('the proxy reads authorities from each variable and from its flag', async (context) => {
  const { authority, folder, url } = await startServer(context);
  const dir = path.join(folder, 'dir');
  mkdirSync(dir);
  copyFileSync(authority.file, path.join(dir, 'own.crt'));
  const { file } = authority;
  const ways: [Record<string, string>, string[], number][] = [
    [{}, [], 502],
    [{ AWS_CA_BUNDLE: file }, [], 200],
    [{ SSL_CERT_FILE: file }, [], 200],
    [{ SSL_CERT_DIR: dir }, [], 200],
    [{ NODE_EXTRA_CA_CERTS: file }, [], 200],
    [{}, ['--tls.ca-file', file], 200],
  ];
  for (const [env, flags, status] of ways) {
    const given = [...APS, '--host', url, ...flags];
    const proxy = await startProxy(context, given, { ...ENV, ...NOTHING, ...env });
    const named = [...Object.keys(env), ...flags].join(' ');
    assert.equal((await fetch(proxy.url)).status, status, named);
    proxy.admin.child.kill('SIGKILL');
  }
});

test('what collect asks over TLS arrives once the authority is named, and nothing before', async (context) => {
  const { authority, folder, url, asked } = await startServer(context);
  const file = path.join(folder, 'prometheus.yml');
  const host = url.replace('https://', '');
  writeFileSync(
    file,
    `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: found
    scheme: https
    http_sd_configs: [{ url: '${url}/targets' }]
  - job_name: private
    scheme: https
    metrics_path: /with-token
    oauth2: { client_id: a, client_secret: b, token_url: '${url}/token' }
    static_configs: [{ targets: ['${host}'] }]
  - job_name: services
    cloudmap_sd_configs: [{ namespaces: [a] }]
  - job_name: tasks
    aws_sd_configs: [{ role: ecs, region: us-east-1 }]
remote_write:
  - { url: '${url}/signed', sigv4: { region: us-east-1 } }
  - { url: '${url}/plain' }
`,
  );
  const start = async (env: Record<string, string>) =>
    startAmperage(
      context,
      'collect',
      ['--config.file', file, '--storage.path', path.join(folder, `queue${await freePort()}`)],
      { ...ENV, ...NOTHING, AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: url, ...env },
    );
  const without = await start({});
  await until('each said that it does not trust', 15_000, () =>
    /self-signed certificate|unable to (?:get|verify)/.test(without.output()),
  );
  assert.deepEqual([...asked], []);
  without.child.kill('SIGTERM');
  await start({ SSL_CERT_FILE: authority.file });
  const wanted = ['/metrics', '/plain', '/signed', '/targets', '/token', '/with-token'];
  const found = [...wanted, 'ListClusters', 'ListNamespaces'];
  await until(`all arrived: ${found.join()}; there are ${[...asked].join()}`, 20_000, () =>
    found.every((one) => asked.has(one)),
  );
});

test('check uses the same authorities', async (context) => {
  const { authority, url } = await startServer(context);
  for (const given of [
    ['check', 'metrics', `${url}/metrics`],
    ['check', 'config', `${url}/prometheus.yml`],
  ]) {
    const { status, output } = await amperage(given, {});
    assert.match(output, /certificate/);
    assert.notEqual(status, 0);
    const flag = await amperage([...given, '--tls.ca-file', authority.file], {});
    assert.doesNotMatch(flag.output, /certificate/);
    const variable = await amperage(given, { AWS_CA_BUNDLE: authority.file });
    assert.match(variable.output, /: valid/);
  }
});

test('an invalid bundle stops each command at its start, except those that use no TLS', async () => {
  const commands = ['collect', 'discover', 'discover explain', 'proxy', 'sample-app'];
  const checks = ['config a.yml', 'metrics a', 'relabel a.yml a b=c', 'service-discovery a.yml a'];
  const all = [...commands, ...checks.map((one) => `check ${one}`)];
  for (const command of all) {
    const { status, output } = await amperage(command.split(' '), {
      AWS_CA_BUNDLE: '/nowhere.pem',
    });
    assert.equal(status, 2, `${command}: ${output}`);
    assert.match(output, /AWS_CA_BUNDLE names "\/nowhere.pem"/, command);
  }
  const exporter = ['exporter', '--web.telemetry-path', '/'];
  const metadata = { ECS_CONTAINER_METADATA_URI_V4: 'http://127.0.0.1:1/v4/a' };
  const { output } = await amperage(exporter, { AWS_CA_BUNDLE: '/nowhere.pem', ...metadata });
  assert.match(output, /--web.telemetry-path/);
  assert.doesNotMatch(output, /AWS_CA_BUNDLE/);
});
