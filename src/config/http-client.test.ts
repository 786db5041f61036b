import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatFinding } from '../settings/finding.ts';
import { checkConfigText } from './load.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';

async function check(job: string, folder = '/nowhere') {
  const text = `scrape_configs:\n  - job_name: a\n${job.replaceAll(/^/gm, '    ')}\n`;
  const { plan, findings } = await checkConfigText(text, join(folder, 'c.yml'), { env: {} });
  const lines = findings.map((one) => formatFinding(one).replace(`${folder}/`, ''));
  return { job: plan?.sources[0]?.scrape, lines };
}

test('a secret in a file is read at each use, relative to the configuration', async (context) => {
  const folder = temporaryFolder(context);
  await writeFile(join(folder, 'token'), 'first\n');
  const { job, lines } = await check('authorization: {credentials_file: token}', folder);
  assert.deepEqual(lines, []);
  assert.equal(job?.authorization?.type, 'Bearer');
  assert.equal(job?.authorization?.credentials(), 'first');
  await writeFile(join(folder, 'token'), 'second\n');
  assert.equal(job?.authorization?.credentials(), 'second');
});

test('a secret that is not there yet is a warning for a scrape', async () => {
  const { job, lines } = await check('basic_auth: {username: u, password_file: none}');
  assert.equal(job?.basicAuth?.username(), 'u');
  assert.deepEqual(lines, ['c.yml:3:46: file "none" does not exist yet [CONFIG_NOTE]']);
});

test('a user name in a file is read at each use, as a password is', async (context) => {
  const folder = temporaryFolder(context);
  const { job, lines } = await check('basic_auth: {username_file: user, password: p}', folder);
  assert.deepEqual(lines, ['c.yml:3:33: file "user" does not exist yet [CONFIG_NOTE]']);
  await writeFile(join(folder, 'user'), 'me\n');
  assert.equal(job?.basicAuth?.username(), 'me');
});

test('a key without effect is checked all the same', async () => {
  const { lines } = await check('enable_http2: abc');
  assert.match(lines.join(), /^c\.yml:3:19: .*\[CONFIG_VALUE\]$/);
});

test('headers are joined, and reserved or malformed ones refused', async () => {
  const { job } = await check('http_headers: {X-A: {values: [a, b], secrets: [c]}}');
  assert.deepEqual(job?.headers, { 'X-A': 'a, b, c' });
  const refused = await check('http_headers: {Host: {values: [a]}, "x y": {values: [a]}}');
  assert.deepEqual(refused.lines, [
    'c.yml:3:26: header "Host" is reserved; remove it [CONFIG_VALUE]',
    'c.yml:3:48: "x y" is not a header name [CONFIG_VALUE]',
  ]);
});

test('basic credentials under authorization are refused with the remedy', async () => {
  const { lines } = await check('authorization: {type: Basic, credentials: x}');
  assert.deepEqual(lines, [
    'c.yml:3:27: authorization type can\'t be "basic"; use "basic_auth" instead [CONFIG_VALUE]',
  ]);
});

test('what has no effect here is said, never silent', async () => {
  const { job, lines } = await check('body_size_limit: 0');
  assert.equal(job?.limits.bodySizeBytes, 16 * 1024 * 1024);
  assert.deepEqual(lines, [
    'c.yml:3:22: a body is never unlimited: 0 is taken as 16MB [CONFIG_NOTE]',
  ]);
});

test('converted histograms that remote_write does not send, or not by 2.0, are said', async () => {
  const jobs = 'scrape_configs: [{ job_name: a, convert_classic_histograms_to_nhcb: true }]';
  const says = async (entry: string): Promise<string> => {
    const text = `${jobs}\nremote_write: [{ url: "http://x/w"${entry} }]\n`;
    const { findings } = await checkConfigText(text, 'c.yml', { env: {} });
    return findings.map(formatFinding).join();
  };
  assert.match(await says(''), /^c\.yml:2:16: it leaves out .* job "a".* set send_native_histogr/);
  const native = ', send_native_histograms: true';
  assert.match(await says(native), /remote write 1\.0 does not specify the bounds .* job "a"/);
  assert.equal(await says(`${native}, protobuf_message: io.prometheus.write.v2.Request`), '');
});

test('TLS, proxy and OAuth 2 settings are checked against each other', async () => {
  const cases: [string, string][] = [
    ['tls_config: {cert: a}', 'a client certificate needs both cert and key'],
    ['tls_config: {ca: a, ca_file: b}', 'only one of "ca" and "ca_file" may be set'],
    ['tls_config: {min_version: TLS9}', 'TLS10'],
    ['proxy_url: "socks://x"', 'must begin with http:// or https://'],
    ['no_proxy: x', 'no_proxy needs a proxy_url'],
    ['proxy_url: "http://p"\nproxy_from_environment: true', 'excludes proxy_url'],
    ['oauth2: {client_id: a, token_url: nonsense}', 'token_url "nonsense" must begin with http://'],
    [
      'oauth2: {client_id: a, token_url: "http://t"}\nauthorization: {credentials: x}',
      'only one of',
    ],
  ];
  for (const [text, message] of cases) {
    const { job, lines } = await check(text);
    assert.equal(job, undefined, text);
    assert.ok(
      lines.some((line) => line.includes(message)),
      `${text}: ${lines.join('; ')}`,
    );
  }
  const { job } = await check(
    'tls_config: {server_name: s, min_version: TLS13}\nproxy_url: "http://p:1"',
  );
  assert.equal(job?.connection?.tls?.serverName, 's');
  assert.equal(job?.connection?.tls?.minVersion, 'TLSv1.3');
  assert.equal(job?.connection?.proxy?.url, 'http://p:1');
});

test('a list of targets over HTTP is checked as every other client is, at its place', async () => {
  const cases: [string, RegExp][] = [
    ['tls_config: {cert: a}', /^c\.yml:4:\d+: a client certificate needs both cert and key/],
    ['basic_auth: {}, authorization: {}', /^c\.yml:4:\d+: only one of "basic_auth" and "auth/],
    ['authorization: {type: basic}', /^c\.yml:4:\d+: authorization type can't be "basic"/],
    ['basic_auth: {password: a, password_file: b}', /^c\.yml:4:\d+: only one of "password" and/],
    ['http_headers: {Host: {values: [a]}}', /^c\.yml:4:\d+: header "Host" is reserved/],
    ['no_proxy: a', /^c\.yml:4:\d+: no_proxy needs a proxy_url/],
  ];
  for (const [keys, message] of cases) {
    const { job, lines } = await check(`http_sd_configs:\n  - {url: "http://x", ${keys}}`);
    assert.equal(job, undefined, keys);
    assert.match(lines.join('\n'), message);
  }
  const file = 'basic_auth: {password_file: none}';
  const { lines } = await check(`http_sd_configs:\n  - {url: "http://x", ${file}}`);
  assert.deepEqual(lines, ['c.yml:4:55: file "none" does not exist yet [CONFIG_NOTE]']);
});

test('protocols, escaping and histograms come from the job, then from global, then from the defaults', async () => {
  const { job } = await check(
    'scrape_native_histograms: true\nfallback_scrape_protocol: OpenMetricsText1.0.0',
  );
  assert.equal(job?.protocols[0], 'PrometheusProto');
  assert.equal(job?.fallback, 'openmetrics');
  assert.equal(job?.escaping, 'allow-utf-8');
  const legacy = await check(
    'metric_name_validation_scheme: legacy\nscrape_protocols: [PrometheusText0.0.4]',
  );
  assert.equal(legacy.job?.escaping, 'underscores');
  assert.deepEqual(legacy.job?.protocols, ['PrometheusText0.0.4']);
});

test('a remote_write whose secret can not be read is refused', async () => {
  const text = 'remote_write:\n  - {url: "http://x/w", authorization: {credentials_file: /}}\n';
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', { env: {} });
  assert.equal(plan, undefined);
  assert.equal(findings[0]?.code, 'CONFIG_FILE');
  assert.match(findings[0]?.message ?? '', /^the secret can't be read: EISDIR/);
});

test('no URL that is refused or remarked shows its password or its query', async () => {
  const texts = [
    'remote_write:\n  - url: "u:hush@x/w?k=hush"\n',
    'remote_write:\n  - url: "ftp://u:hush@x/w"\n',
    'scrape_configs:\n  - {job_name: a, http_sd_configs: [{url: "ftp://u:hush@x?k=hush"}]}\n',
    'scrape_configs:\n  - {job_name: a, proxy_url: "ftp://u:hush@x"}\n',
    'scrape_configs:\n  - {job_name: a, oauth2: {client_id: a, token_url: "ftp://u:hush@x"}}\n',
    'scrape_configs:\n  - {job_name: a, ecs_sd_configs: [{endpoint: "ftp://u:hush@x"}]}\n',
  ];
  for (const text of texts) {
    const { findings } = await checkConfigText(text, 'c.yml', { env: {} });
    const lines = findings.map(formatFinding).join('\n');
    assert.match(lines, /x(?:\/w)?(?:\?…)?" (?:must begin with|has no scheme)/, text);
    assert.doesNotMatch(lines, /hush/);
  }
});
