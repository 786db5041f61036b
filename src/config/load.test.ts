import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mechanisms } from '../discovery/mechanisms.ts';
import { describeError } from '../kernel/errors.ts';
import { formatIdentity } from '../model/transform.ts';
import { formatFinding } from '../settings/finding.ts';
import type { RemoteWriteConfig } from '../sinks/remote-write/config.ts';
import { checkConfigFile, checkConfigText, loadConfig } from './load.ts';
import type { CollectorPlan } from './plan.ts';

function testdata(name: string): string {
  return fileURLToPath(new URL(`testdata/${name}`, import.meta.url));
}

async function linesOf(name: string): Promise<string[]> {
  const text = readFileSync(testdata(name), 'utf8');
  return (await checkConfigText(text, name, { env: {} })).findings.map(formatFinding);
}

async function check(text: string, env: Record<string, string> = {}) {
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env });
  return { plan, lines: findings.map(formatFinding) };
}

/** Of the first remote_write entry. */
function settingsOf(plan: CollectorPlan): RemoteWriteConfig {
  return plan.sinks[0]?.settings as RemoteWriteConfig;
}

test('the Fargate article works as published once its dashes are dashes', async () => {
  const { plan, warnings } = await loadConfig(testdata('fargate-to-amp.yml'));
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ['there is no file /output/ecs_file_sd.yml yet; no targets of it'],
  );
  const [source] = plan.sources;
  assert.equal(source?.id, 'ecs');
  assert.equal(source?.scrape.jobName, 'ecs');
  assert.equal(source?.scrape.scrapeIntervalMs, 30_000);
  assert.equal(source?.scrape.scrapeTimeoutMs, 10_000);
  const entry = { files: ['/output/ecs_file_sd.yml'], refresh_interval: 60_000 };
  assert.deepEqual(source?.discovery.entries, [{ key: 'file_sd_configs', config: entry }]);
  assert.equal(settingsOf(plan).sigv4?.region, 'us-east-1');
  assert.equal(plan.sinks[0]?.delivery?.ageLimitMs, 59 * 60_000);
});

test('en dashes for list dashes are named with their places', async () => {
  const lines = await linesOf('fargate-to-amp-en-dashes.yml');
  assert.equal(lines.length, 4);
  assert.equal(
    lines[0],
    'fargate-to-amp-en-dashes.yml:6:3: the line begins with an en dash (U+2013) where YAML ' +
      'wants "-"; a web page or a word processor has replaced it: type "-" instead ' +
      '[CONFIG_EN_DASH]',
  );
  const quoted = await check('global:\n  external_labels:\n    a: |\n      – text\n    b: "– x"\n');
  assert.deepEqual(quoted.lines, []);
});

test('the EC2 article works unchanged: a timeout above the job interval only by default is lowered', async () => {
  const { plan } = await loadConfig(testdata('ec2-to-amp.yml'));
  assert.equal(plan.sources[0]?.scrape.scrapeTimeoutMs, 5_000);
  assert.equal(
    plan.transforms[0]?.transform.identity,
    formatIdentity('external_labels_add', { monitor: 'monitor' }),
  );
  assert.equal(settingsOf(plan).sigv4, undefined);
});

test('the ADOT article works unchanged: a bare refresh_interval is seconds, and said to be', async () => {
  const { plan, warnings } = await loadConfig(testdata('adot-http-sd.yml'));
  const entry = { url: 'http://localhost:9001/prometheus-targets', refresh_interval: 60_000 };
  assert.deepEqual(plan.sources[0]?.discovery.entries, [{ key: 'http_sd_configs', config: entry }]);
  assert.deepEqual(plan.sinks, []);
  assert.equal(
    warnings[0]?.message,
    'refresh_interval 60 has no unit and is taken as 60s, as published ADOT examples mean ' +
      'it; Prometheus refuses it: write 60s',
  );
});

for (const name of ['errors', 'conflicts', 'otel-errors']) {
  test(`every error of ${name}.yml has its place, its reason and its remedy`, async () => {
    const golden = readFileSync(testdata(`${name}.txt`), 'utf8')
      .trimEnd()
      .split('\n');
    const keys = mechanisms.map((one) => one.key).join(', ');
    const lines = (await linesOf(`${name}.yml`)).map((line) => line.replace(keys, '<keys>'));
    assert.deepEqual(lines, golden);
  });
}

test('a load throws the first error and says how many more there are', async () => {
  await assert.rejects(loadConfig(testdata('errors.yml')), (error: Error) => {
    assert.match(
      describeError(error),
      /errors\.yml:2:20: .* \(and 13 more; see "amperage check config"\) \[CONFIG_VALUE\]$/,
    );
    return true;
  });
  const { findings } = await checkConfigFile('no-such.yml');
  assert.deepEqual(findings.map(formatFinding), [
    'no-such.yml: the file does not exist; check the path [CONFIG_FILE]',
  ]);
});

test('faults of the YAML itself have their place', async () => {
  assert.deepEqual((await check('global: {}\nglobal: {}\n')).lines, [
    'c.yml:2:1: key "global" is given twice in one mapping; keep one of them [CONFIG_DUPLICATE]',
  ]);
  const tabs = await check('global:\n\tscrape_interval: 1m\n');
  assert.match(tabs.lines[0] ?? '', /^c\.yml:2:1: not valid YAML: tabs .*\[CONFIG_YAML\]$/);
  const list = await check('- a\n');
  assert.deepEqual(list.lines, ['c.yml:1:1: the top level: expected a mapping, got a list [CONFIG_TYPE]']);
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (let i = 0; i < 8; i++) bomb.push(`b${i}: &b${i} [${`*${i === 0 ? 'a' : `b${i - 1}`},`.repeat(9)}]`);
  const expanded = await check(bomb.join('\n'));
  assert.match(expanded.lines[0] ?? '', /more than 1000000 values, aliases expanded \[CONFIG_YAML\]$/);
}); // prettier-ignore

test('an empty file is an empty configuration', async () => {
  assert.deepEqual((await check('')).plan?.sources, []);
});

test('the environment is expanded in external_labels and nowhere else', async () => {
  const text = [
    'global:',
    '  external_labels: {a: "${TEST}", b: "foo$TEST-bar", c: "x$$y", d: "$NONE", e: 1.0}',
    'scrape_configs:',
    '  - job_name: $TEST',
    '    relabel_configs: [{target_label: a, replacement: $1}]',
  ].join('\n');
  const { plan, lines } = await check(text, { TEST: 'v' });
  const expected = { a: 'v', b: 'foov-bar', c: 'x$y', d: '', e: '1.0' };
  assert.equal(
    plan?.transforms[0]?.transform.identity,
    formatIdentity('external_labels_add', expected),
  );
  assert.equal(plan?.sources[0]?.scrape.jobName, '$TEST');
  assert.equal(plan?.sources[0]?.scrape.relabelRules[0]?.replacement, '$1');
  assert.deepEqual(lines, [
    'c.yml:2:68: environment variable "NONE" is not set and taken as empty [CONFIG_NOTE]',
  ]);
});

test('anchors and merge keys work', async () => {
  const text = [
    'scrape_configs:',
    '  - &base {job_name: a, scrape_interval: 5s}',
    '  - <<: *base',
    '    job_name: b',
  ].join('\n');
  const { plan } = await check(text);
  const jobs = plan?.sources.map(({ scrape }) => [scrape.jobName, scrape.scrapeIntervalMs]);
  assert.deepEqual(jobs, [
    ['a', 5_000],
    ['b', 5_000],
  ]);
});

test('the region of sigv4 comes from its key, the url or the environment', async () => {
  const region = async (url: string, env: Record<string, string>): Promise<string | undefined> => {
    const text = `remote_write:\n  - url: ${url}\n    sigv4: {}\n`;
    const { plan } = await check(text, env);
    return plan && settingsOf(plan).sigv4?.region;
  };
  const amp = 'https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write';
  assert.equal(await region(amp, { AWS_REGION: 'us-east-2' }), 'eu-west-1');
  assert.equal(await region('http://localhost:9090/w', { AWS_REGION: 'us-east-2' }), 'us-east-2');
  assert.equal(await region('http://localhost:9090/w', {}), undefined);
});

test('an alias within what it names is an error at its place', async () => {
  for (const text of ['scrape_configs: &a [*a]', 'receivers: &a { prometheus: *a }']) {
    const { findings } = await checkConfigText(text, 'c.yml', { env: {} });
    assert.match(
      findings.map(formatFinding).join(),
      /c\.yml:1:\d+: .*\*a stands within what it names/,
    );
  }
});
