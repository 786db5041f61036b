/**
 * The keys of discovery on ECS, EC2, MSK, RDS and ElastiCache: Prometheus' own as Prometheus has
 * them, ours under a key of their own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RULE_KEYS } from '../discovery/ecs/keys.ts';
import { formatFinding } from '../settings/finding.ts';
import { checkConfigText } from './load.ts';

/** One entry of a discovery, a key a line: the first stands in line 4. */
async function check(mechanism: string, keys: readonly string[], allowPartial = false) {
  const entry = keys.map((key, index) => `      ${index === 0 ? '- ' : '  '}${key}`).join('\n');
  const text = `scrape_configs:\n  - job_name: a\n    ${mechanism}:\n${entry}\n`;
  const options = { env: {}, allowPartial };
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', options);
  const lines = findings.map((one) => formatFinding(one).replace('/nowhere/', ''));
  const [found] = plan?.sources[0]?.discovery.entries ?? [];
  return { config: found?.config as Record<string, unknown> | undefined, lines };
}

const SHARED = [
  'region: us-east-1',
  'endpoint: "http://localhost:4566"',
  'access_key: a',
  'secret_key: s',
  'role_arn: "arn:aws:iam::1:role/r"',
  'external_id: x',
  'clusters: ["arn:aws:ecs:us-east-1:1:cluster/prod"]',
  'refresh_interval: 30s',
  'tls_config: {ca_file: ca.pem, insecure_skip_verify: true, server_name: n, min_version: TLS12}',
  'proxy_url: "http://u:p@proxy:3128"',
  'no_proxy: "amazonaws.com,localhost,10.0.0.0/8"',
  'follow_redirects: false',
  'enable_http2: false',
];

test("all keys that Prometheus' two discoveries of ECS have are taken", async () => {
  const ecs = await check('ecs_sd_configs', [...SHARED, 'port: 9100', 'request_concurrency: 5']);
  assert.deepEqual(ecs.lines, ['c.yml:12:31: file "ca.pem" does not exist yet [CONFIG_NOTE]']);
  assert.equal(ecs.config?.['port'], 9_100);
  assert.equal(ecs.config?.['request_concurrency'], 5);
  const aws = await check('aws_sd_configs', ['role: ecs', ...SHARED, 'port: 9100']);
  assert.equal(aws.config?.['port'], 9_100);
  const ours = await check('ecs_sd_configs', ['call_budget: 0.9', 'cache_dir: d', 'profile: p']);
  assert.deepEqual(ours.lines, []);
});

test("what is not given is as in Prometheus, and 0 is aws_sd_configs' word for it", async () => {
  const ecs = await check('ecs_sd_configs', ['region: us-east-1']);
  assert.deepEqual(
    [ecs.config?.['port'], ecs.config?.['refresh_interval'], ecs.config?.['request_concurrency']],
    [80, 60_000, 20],
  );
  const aws = await check('aws_sd_configs', ['role: ecs', 'port: 0']);
  assert.equal(aws.config?.['port'], 80);
  const empty = ['region', 'endpoint', 'access_key', 'profile', 'role_arn', 'external_id'];
  const keys = [...empty.map((key) => `${key}: ""`), 'clusters: []'];
  const none = await check('ecs_sd_configs', keys);
  assert.deepEqual(none.lines, []);
  for (const key of [...empty, 'clusters']) assert.equal(none.config?.[key], undefined, key);
  const zero = await check('ecs_sd_configs', ['port: 0']);
  assert.match(zero.lines.join(), /^c\.yml:4:15: "port" in .*\[CONFIG_VALUE\]$/);
});

test('aws_sd_configs needs a role that is built in, and has no request_concurrency, as in Prometheus', async () => {
  const of = async (...keys: string[]) => (await check('aws_sd_configs', keys)).lines;
  const at = 'scrape_configs[0].aws_sd_configs[0] ("a")';
  assert.deepEqual(await of('region: r'), [
    `c.yml:4:9: "role" in ${at}: missing; write role: ec2, role: ecs, ` +
      'role: elasticache, role: msk or role: rds [CONFIG_VALUE]',
  ]);
  assert.deepEqual(await of('role: lightsail'), [
    `c.yml:4:15: "role" in ${at}: the role "lightsail" is not built in; the roles ec2, ecs, ` +
      'elasticache, msk and rds are [CONFIG_VALUE]',
  ]);
  assert.deepEqual(await of('role: s3'), [
    `c.yml:4:15: "role" in ${at}: "s3" is not a role; the roles ec2, ecs, elasticache, msk and ` +
      'rds are built in [CONFIG_VALUE]',
  ]);
  assert.deepEqual(await of('role: ecs', 'request_concurrency: 5'), [
    `c.yml:5:9: unknown key "request_concurrency" in ${at} [CONFIG_UNKNOWN_KEY]`,
  ]);
});

test('a key of the other role has no effect, which is said', async () => {
  const of = async (...keys: string[]) => (await check('aws_sd_configs', keys)).lines;
  assert.deepEqual(await of('role: ecs', 'filters: [{name: a, values: [b]}]'), [
    'c.yml:5:9: filters has no effect with the role ecs, here as in Prometheus; use ' +
      'relabel_configs [CONFIG_NOTE]',
  ]);
  assert.deepEqual(await of('role: ec2', 'clusters: [a]', 'cache_dir: d'), [
    'c.yml:5:9: clusters has no effect with the role ec2, only with ecs, elasticache, msk and ' +
      'rds [CONFIG_NOTE]',
    'c.yml:6:9: cache_dir has no effect with the role ec2, only with ecs [CONFIG_NOTE]',
  ]);
  assert.deepEqual(await of('role: ec2', 'filters: [{name: a, values: [b]}]'), []);
  assert.deepEqual(await of('role: rds', 'filters: [{name: a, values: [b]}]', 'clusters: [a]'), []);
  assert.deepEqual(await of('role: msk', 'filters: [{name: a, values: [b]}]', 'cache_dir: d'), [
    'c.yml:5:9: filters has no effect with the role msk, here as in Prometheus; use ' +
      'relabel_configs [CONFIG_NOTE]',
    'c.yml:6:9: cache_dir has no effect with the role msk, only with ecs [CONFIG_NOTE]',
  ]);
});

const EC2 = SHARED.map((key) =>
  key.startsWith('clusters:')
    ? 'filters: [{name: "tag:environment", values: [prod]}, {name: "tag:n", values: [web, 2]}]'
    : key,
);

test("all keys that Prometheus' discovery of EC2 has are taken, with its defaults", async () => {
  const note = ['c.yml:12:31: file "ca.pem" does not exist yet [CONFIG_NOTE]'];
  const ec2 = await check('ec2_sd_configs', [...EC2, 'port: 9100']);
  assert.deepEqual(ec2.lines, note);
  assert.equal(ec2.config?.['port'], 9_100);
  assert.deepEqual(ec2.config?.['filters'], [
    { name: 'tag:environment', values: ['prod'] },
    { name: 'tag:n', values: ['web', '2'] },
  ]);
  const ours = ['profile: p', 'call_budget: 0.9', 'events_queue_url: "https://sqs.x/1/q"'];
  const plain = await check('ec2_sd_configs', ours);
  assert.deepEqual(plain.lines, []);
  assert.deepEqual([plain.config?.['port'], plain.config?.['refresh_interval']], [80, 60_000]);
  const aws = await check('aws_sd_configs', ['role: ec2', ...EC2, 'port: 9100']);
  assert.equal(aws.config?.['port'], 9_100);
  assert.deepEqual(aws.config?.['filters'], ec2.config?.['filters']);
});

test("all keys that Prometheus' discovery of MSK has are taken, with its defaults", async () => {
  const arn = 'arn:aws:kafka:us-east-1:1:cluster/orders/0a-1';
  const keys = SHARED.map((key) => (key.startsWith('clusters:') ? `clusters: ["${arn}"]` : key));
  const note = ['c.yml:12:31: file "ca.pem" does not exist yet [CONFIG_NOTE]'];
  const msk = await check('msk_sd_configs', [...keys, 'port: 11001', 'request_concurrency: 5']);
  assert.deepEqual(msk.lines, note);
  assert.deepEqual([msk.config?.['port'], msk.config?.['request_concurrency']], [11_001, 5]);
  assert.deepEqual(msk.config?.['clusters'], [arn]);
  const plain = await check('msk_sd_configs', ['clusters: []', 'profile: p', 'call_budget: 0.9']);
  assert.deepEqual(plain.lines, []);
  const defaults = ['port', 'refresh_interval', 'request_concurrency', 'clusters'];
  assert.deepEqual(
    defaults.map((key) => plain.config?.[key]),
    [80, 60_000, 10, undefined],
  );
  const aws = await check('aws_sd_configs', ['role: msk', ...keys, 'port: 11001']);
  assert.deepEqual(aws.config?.['clusters'], [arn]);
});

test('a cluster of MSK by its name is refused at its line, and so is what is no key of it', async () => {
  const why =
    '"orders" is no ARN, and MSK knows clusters by their ARN alone; write arn:aws:kafka:…, or ' +
    'leave "clusters" out for all of the region [CONFIG_VALUE]';
  for (const [mechanism, keys] of [
    ['msk_sd_configs', ['region: r']],
    ['aws_sd_configs', ['role: msk']],
  ] as const) {
    const { config, lines } = await check(mechanism, [...keys, 'clusters: ["arn:a", orders]']);
    assert.equal(config, undefined);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /^c\.yml:5:29: /);
    assert.ok(lines[0]?.endsWith(why), lines.join());
  }
  for (const [key, message] of [
    ['filters: []', /unknown key "filters"/],
    ['request_concurrency: 0', /must be more than 0/],
    ['port: 0', /expected a port from 1/],
    ['basic_auth: {username: u}', /calls of AWS are signed/],
  ] as const) {
    const { lines } = await check('msk_sd_configs', ['region: r', key]);
    assert.match(lines.join('\n'), message);
  }
});

test("all keys that Prometheus' discovery of RDS has are taken, with its defaults", async () => {
  const note = ['c.yml:12:31: file "ca.pem" does not exist yet [CONFIG_NOTE]'];
  const keys = EC2.map((key) => (key === 'refresh_interval: 30s' ? 'clusters: [orders]' : key));
  const rds = await check('rds_sd_configs', [...keys, 'port: 9187', 'request_concurrency: 5']);
  assert.deepEqual(rds.lines, note);
  assert.deepEqual(
    [rds.config?.['port'], rds.config?.['request_concurrency'], rds.config?.['clusters']],
    [9_187, 5, ['orders']],
  );
  const plain = await check('rds_sd_configs', ['clusters: []', 'profile: p', 'call_budget: 0.9']);
  assert.deepEqual(plain.lines, []);
  const defaults = ['port', 'refresh_interval', 'request_concurrency', 'clusters', 'filters'];
  assert.deepEqual(
    defaults.map((key) => plain.config?.[key]),
    [80, 60_000, 10, undefined, undefined],
  );
  const aws = await check('aws_sd_configs', ['role: rds', ...keys, 'port: 9187']);
  assert.deepEqual(aws.config?.['clusters'], ['orders']);
  assert.deepEqual(aws.config?.['filters'], rds.config?.['filters']);
});

test('what is no key of the discovery of RDS is refused at its line', async () => {
  for (const [key, message] of [
    ['engines: []', /^c\.yml:5:9: unknown key "engines"/],
    ['events_queue_url: x', /^c\.yml:5:9: unknown key "events_queue_url"/],
    ['filters: [{name: engine}]', /^c\.yml:5:19: missing key "values"/],
    ['request_concurrency: 0', /^c\.yml:5:30: .*must be more than 0/],
    ['port: 0', /^c\.yml:5:15: .*expected a port from 1/],
    ['basic_auth: {username: u}', /^c\.yml:5:9: .*calls of AWS are signed/],
  ] as const) {
    const { config, lines } = await check('rds_sd_configs', ['region: r', key]);
    assert.equal(config, undefined, key);
    assert.match(lines.join('\n'), message);
  }
});

const CACHE = 'arn:aws:elasticache:us-east-1:1:replicationgroup:orders';

test("all keys that Prometheus' discovery of ElastiCache has are taken, with its defaults", async () => {
  const keys = EC2.filter((key) => !key.startsWith('filters')).map((key) =>
    key === 'refresh_interval: 30s' ? `clusters: ["${CACHE}"]` : key,
  );
  const given = [...keys, 'request_concurrency: 5'];
  const { config, lines } = await check('elasticache_sd_configs', given);
  assert.match(lines.join('\n'), /^c\.yml:\d+:\d+: file "ca\.pem" does not exist yet \[\w+\]$/);
  assert.deepEqual([config?.['request_concurrency'], config?.['clusters']], [5, [CACHE]]);
  const plain = await check('elasticache_sd_configs', ['clusters: []', 'call_budget: 0.9']);
  assert.deepEqual(plain.lines, []);
  assert.deepEqual(
    ['refresh_interval', 'request_concurrency', 'clusters'].map((key) => plain.config?.[key]),
    [60_000, 10, undefined],
  );
  const aws = await check('aws_sd_configs', ['role: elasticache', ...keys]);
  assert.deepEqual(aws.config?.['clusters'], [CACHE]);
});

test('a port has no effect on caches, which is said', async () => {
  const idle =
    'c.yml:5:9: port has no effect, here as in Prometheus: endpoints of ElastiCache have ports ' +
    'of their own; use relabel_configs [CONFIG_NOTE]';
  const own = await check('elasticache_sd_configs', ['region: r', 'port: 80']);
  const aws = await check('aws_sd_configs', ['role: elasticache', 'port: 9121']);
  assert.deepEqual([own.lines, aws.lines], [[idle], [idle]]);
});

test('what is no key of the discovery of ElastiCache, or names no cache, is refused at its line', async () => {
  const group = 'arn:aws:elasticache:us-east-1:1:subnetgroup:a';
  for (const [key, message] of [
    ['filters: [{name: a, values: [b]}]', /^c\.yml:5:9: unknown key "filters"/],
    ['clusters: [orders]', /^c\.yml:5:20: .*"orders" is no ARN of a serverless cache, a/],
    [`clusters: ["${CACHE}", "${group}"]`, /^c\.yml:5:79: .*subnetgroup:a" is no ARN of/],
    ['clusters: ["arn:aws:rds:us-east-1:1:cluster:a"]', /^c\.yml:5:20: .*is no ARN of/],
    ['request_concurrency: 0', /^c\.yml:5:30: .*must be more than 0/],
    ['basic_auth: {username: u}', /^c\.yml:5:9: .*calls of AWS are signed/],
  ] as const) {
    const { config, lines } = await check('elasticache_sd_configs', ['region: r', key]);
    assert.equal(config, undefined, key);
    assert.match(lines.join('\n'), message);
  }
  const { lines } = await check('aws_sd_configs', ['role: elasticache', 'clusters: [orders]']);
  assert.match(lines.join('\n'), /^c\.yml:5:20: .*"orders" is no ARN of a serverless cache/);
});

test('what EC2 would refuse is refused at its line', async () => {
  const many = (count: number): string => Array.from({ length: count }, (_, i) => `v${i}`).join();
  const cases: [string, RegExp][] = [
    ['filters: [{name: a, values: []}]', /"values" in .*filters\[0\] .*: a filter needs a value/],
    ['filters: [{name: a}]', /missing key "values" in .*filters\[0\]/],
    ['filters: [{name: "", values: [b]}]', /the name of a filter is empty/],
    ['filters: [{values: [b]}]', /missing key "name" in .*filters\[0\]/],
    [`filters: [{name: a, values: [${many(201)}]}]`, /at most 200 values of a filter/],
    ['filters: {name: a}', /expected a list/],
    ['clusters: [a]', /unknown key "clusters"/],
    ['port: 0', /expected a port from 1/],
    ['secret_key: hush', /set both or neither/],
    ['basic_auth: {username: u}', /calls of AWS are signed/],
  ];
  for (const [key, message] of cases) {
    const { config, lines } = await check('ec2_sd_configs', ['region: r', key]);
    assert.equal(config, undefined, key);
    assert.match(lines.join('\n'), message);
    assert.match(lines[0] ?? '', /^c\.yml:[45]:/);
    assert.doesNotMatch(lines.join('\n'), /hush/);
  }
});

test('the other role is refused under its own name too', async () => {
  const { lines } = await check('lightsail_sd_configs', ['region: r']);
  assert.match(lines.join(), /^c\.yml:3:5: .*this discovery is not built in.*UNSUPPORTED\]$/);
});

test("a rule under Prometheus' keys is an error at its line that names our own key, also where a part will do", async () => {
  const written: Record<string, string> = { services: '[{name_pattern: a, metrics_ports: [1]}]' };
  for (const allowPartial of [false, true])
    for (const mechanism of ['ecs_sd_configs', 'aws_sd_configs'])
      for (const key of RULE_KEYS) {
        const keys = ['region: r', `${key}: ${written[key] ?? 'x'}`, 'role: ecs'];
        const given = mechanism === 'aws_sd_configs' ? keys : keys.slice(0, 2);
        const { config, lines } = await check(mechanism, given, allowPartial);
        assert.equal(config, undefined);
        const isEvents = mechanism === 'aws_sd_configs' && key === 'events_queue_url';
        const why = isEvents
          ? "it is none of Prometheus' keys; write it under ec2_sd_configs for instances, under " +
            'amperage_ecs_sd_configs for tasks'
          : 'Prometheus\' own discovery knows no rules: each task is one target at "port"; write ' +
            'it under amperage_ecs_sd_configs';
        const at = `scrape_configs[0].${mechanism}[0] ("a")`;
        assert.deepEqual(lines, [`c.yml:5:9: "${key}" in ${at}: ${why} [CONFIG_UNKNOWN_KEY]`]);
      }
  const { lines } = await check('amperage_ecs_sd_configs', ['port: 80']);
  assert.match(lines.join(), /^c\.yml:4:9: "port" .*ecs_sd_configs \[CONFIG_UNKNOWN_KEY\]$/);
});

test('what of the HTTP client cannot be done against AWS is refused by name, with the reason', async () => {
  for (const key of [
    'basic_auth: {username: u}',
    'authorization: {credentials: c}',
    'bearer_token: t',
    'bearer_token_file: f',
    'oauth2: {client_id: c, token_url: "http://t"}',
    'http_headers: {X-A: {values: [b]}}',
    'proxy_connect_header: {X-A: [b]}',
  ]) {
    const [name = ''] = key.split(':', 1);
    for (const mechanism of ['ecs_sd_configs', 'amperage_ecs_sd_configs']) {
      const { lines } = await check(mechanism, ['region: r', key]);
      assert.equal(lines.length, 1, key);
      assert.match(lines[0] ?? '', /^c\.yml:5:9: .*AWS.*remove it.*\[CONFIG_UNSUPPORTED\]$/, key);
      assert.ok(lines[0]?.includes(`"${name}"`), key);
    }
    const partial = await check('ecs_sd_configs', ['region: r', key], true);
    assert.equal(partial.config?.['port'], 80);
  }
});

test('keys that are valid and change nothing are told at their line', async () => {
  const { lines } = await check('ecs_sd_configs', [
    'follow_redirects: true',
    'enable_http2: true',
    'external_id: x',
    'access_key: a',
    'secret_key: b',
    'profile: p',
  ]);
  assert.deepEqual(lines, [
    'c.yml:4:27: follow_redirects has no effect: AWS redirects no call, and redirects ' +
      'are not followed [CONFIG_NOTE]',
    'c.yml:5:23: enable_http2 has no effect: AWS is called over HTTP/1.1 [CONFIG_NOTE]',
    'c.yml:6:22: external_id has no effect without role_arn [CONFIG_NOTE]',
    'c.yml:9:18: profile has no effect beside access_key and secret_key [CONFIG_NOTE]',
  ]);
});

test('keys that cannot go together are refused, and no password is shown', async () => {
  const cases: [string[], RegExp][] = [
    [['endpoint: nowhere'], /^c\.yml:4:19: "endpoint" in/],
    [['access_key: a'], /^c\.yml:4:21: .*set both or neither/],
    [['secret_key: a'], /^c\.yml:4:21: .*set both or neither/],
    [['no_proxy: a'], /no_proxy needs a proxy_url/],
    [['proxy_url: "http://u:%zz@p:1"'], /^c\.yml:4:20: the proxy URL is not valid/],
    [['proxy_url: "http://u:hush:99999"'], /^c\.yml:4:20: proxy_url "http:\/\/u:…" must begin/],
    [['proxy_url: "socks5://u:hush@p"'], /^c\.yml:4:20: AWS is not called through SOCKS5/],
    [['tls_config: {cert: a}'], /needs both cert and key/],
    [['request_concurrency: 0'], /must be more than 0/],
  ];
  for (const [keys, message] of cases) {
    const { config, lines } = await check('ecs_sd_configs', keys);
    assert.equal(config, undefined, keys.join());
    assert.match(lines.join('\n'), message);
    assert.doesNotMatch(lines.join('\n'), /hush|zz/);
  }
});

test('bug: an age of what is kept has no effect where nothing is kept, which is said', async () => {
  for (const [mechanism, role] of [
    ['ecs_sd_configs', []],
    ['aws_sd_configs', ['role: ecs']],
    ['amperage_ecs_sd_configs', []],
  ] as const) {
    const told = await check(mechanism, [...role, 'cache_max_age: 5m']);
    assert.match(told.lines.join('\n'), /:\d+: cache_max_age has no effect without cache_dir/);
    const silent = await check(mechanism, [...role, 'cache_max_age: 5m', 'cache_dir: d']);
    assert.deepEqual(silent.lines, []);
    assert.equal(silent.config?.['cache_max_age'], 300_000);
  }
});
