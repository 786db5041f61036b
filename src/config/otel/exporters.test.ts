import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../../settings/finding.ts';
import type { RemoteWriteConfig } from '../../sinks/remote-write/config.ts';
import { checkConfigText } from '../load.ts';
import { CONNECTION_KEYS, exporterSchema } from './exporter-schema.ts';
import type { CollectorPlan } from '../plan.ts';

const AMP = 'https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write';

async function check(text: string, options: { env?: Record<string, string>; allowPartial?: boolean } = {}) {
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', { env: {}, ...options });
  return { plan, lines: findings.map((one) => formatFinding(one).replace('/nowhere/', '')) };
} // prettier-ignore

async function planOf(text: string, env: Record<string, string> = {}): Promise<CollectorPlan> {
  const { plan, lines } = await check(text, { env });
  assert.ok(plan, lines.join('\n'));
  return plan;
}

/** One pipeline with this exporter, and extensions that the service names. */
function withExporter(exporter: string, extensions = '{}', name = 'prometheusremotewrite'): string {
  return `
receivers: { prometheus: { config: { scrape_configs: [{ job_name: a }] } } }
exporters:
  ${name}: ${exporter}
extensions: ${extensions}
service:
  extensions: [${[...extensions.matchAll(/([a-z0-9_]+(?:\/\w+)?): \{/g)].map(([, one]) => one).slice(0, 1).join()}]
  pipelines: { metrics: { receivers: [prometheus], exporters: [${name}] } }
`;
} // prettier-ignore

async function settingsOf(text: string, env: Record<string, string> = {}): Promise<RemoteWriteConfig> {
  return (await planOf(text, env)).sinks[0]?.settings as RemoteWriteConfig;
} // prettier-ignore

test('only sigv4auth signs; basicauth and bearertokenauth send their own', async () => {
  const auth = (name: string): string => `{ endpoint: '${AMP}', auth: { authenticator: ${name} } }`;
  const signed = await settingsOf(
    withExporter(
      auth('sigv4auth/x'),
      '{ sigv4auth/x: { service: aps, assume_role: { arn: r, external_id: e } } }',
    ),
  );
  assert.deepEqual(
    [signed.sigv4?.region, signed.sigv4?.roleArn, signed.sigv4?.externalId],
    ['us-east-1', 'r', 'e'],
  );
  assert.equal(signed.sigv4?.serviceName, undefined);
  const basic = await settingsOf(
    withExporter(auth('basicauth'), '{ basicauth: { client_auth: { username: u, password: p } } }'),
  );
  assert.equal(basic.sigv4, undefined);
  assert.equal(basic.basicAuth?.username(), 'u');
  assert.equal(basic.basicAuth.password(), 'p');
  const bearer = await settingsOf(
    withExporter(auth('bearertokenauth'), '{ bearertokenauth: { scheme: ApiKey, token: t } }'),
  );
  assert.equal(bearer.sigv4, undefined);
  assert.equal(bearer.authorization?.type, 'ApiKey');
  assert.equal(await bearer.authorization.credentials(), 't');
});

test('a foreign authenticator never signs: it is refused, and with --allow-partial its exporter is left out', async () => {
  const instead = 'use sigv4auth, basicauth, bearertokenauth, oauth2client or headers_setter';
  for (const [name, advice] of [
    ['azureauth', instead],
    ['googleclientauth/x', instead],
    ['asapclient', instead],
    ['somethingauth', 'run an OpenTelemetry collector beside this one for extension somethingauth'],
  ] as const) {
    const exporter = `{ endpoint: '${AMP}', auth: { authenticator: ${name} } }`;
    const text = withExporter(exporter, `{ ${name}: { a: b } }`);
    const { plan, lines } = await check(text);
    assert.equal(plan, undefined);
    assert.deepEqual(lines, [
      `c.yml:5:15: extension "${name}" is not built in; ${advice}; --allow-partial leaves it out ` +
        '[CONFIG_UNSUPPORTED]',
    ]);
    const partial = await check(text, { allowPartial: true });
    assert.equal(partial.plan, undefined);
    assert.match(
      partial.lines[0] ?? '',
      /^c\.yml:8:3: no pipeline is left: .*\[CONFIG_UNSUPPORTED\]$/,
    );
  }
});

test('an authenticator is defined and switched on, or an error at the line that names it', async () => {
  const exporter = `{ endpoint: '${AMP}', auth: { authenticator: sigv4auth/x } }`;
  const undefinedOne = await check(withExporter(exporter, '{ sigv4auth: { region: a } }'));
  assert.match(
    undefinedOne.lines[0] ?? '',
    /^c\.yml:4:\d+: authenticator "sigv4auth\/x" is not found: "extensions" does not define it \[CONFIG_VALUE\]$/,
  );
  const off = withExporter(exporter, '{ sigv4auth/x: { region: a } }').replace('extensions: [sigv4auth/x]', 'extensions: []');
  assert.match(
    (await check(off)).lines[0] ?? '',
    /^c\.yml:4:\d+: authenticator "sigv4auth\/x" is not found: "service\.extensions" does not name it/,
  );
}); // prettier-ignore

test('what credentials lack is told where they are written', async () => {
  const cases: [name: string, extension: string, message: RegExp][] = [
    ['sigv4auth', '{ assume_role_with_web_identity: { arn: a } }', /c\.yml:5:28: signing with "assume_role_with_web_identity" is not built in/],
    ['sigv4auth', '{ assume_role: { web_identity_token_file: /t } }', /c\.yml:5:\d+: "web_identity_token_file" needs the "arn"/],
    ['sigv4auth', '{ assume_role: { web_identity_token_file: /no/t, arn: r } }', /the secret can't be read: .*\/no\/t/],
    ['sigv4auth', '{ assume_role: { external_id: e } }', /c\.yml:5:\d+: "external_id" needs "role_arn"/],
    ['sigv4auth', '{ regoin: x }', /c\.yml:5:28: unknown key "regoin" in extensions\.sigv4auth/],
    ['basicauth', '{ htpasswd: { inline: x } }', /basicauth of an exporter needs "client_auth"/],
    ['basicauth', '{ client_auth: { aws_secrets_manager: {} } }', /c\.yml:5:\d+: aws_secrets_manager is not asked/],
    ['bearertokenauth', '{ scheme: Bearer }', /needs a "token" or a "filename"/],
    ['bearertokenauth', '{ filename: / }', /c\.yml:4:26: the secret can't be read: EISDIR/],
    ['bearertokenauth', '{ filename: a, header: X-Key }', /c\.yml:5:\d+: "header" of bearertokenauth/],
    ['bearertokenauth', '{ token: a, header: Host }', /c\.yml:5:\d+: header "Host" is reserved/],
    ['bearertokenauth', '{ token: a, tokens: [b] }', /only one of "token" and "tokens"/],
    ['bearertokenauth', "{ token: a, scheme: '' }", /"scheme" of bearertokenauth/],
    ['oauth2client', '{ client_id: a, token_url: u }', /oauth2client needs a "client_secret" or a "client_secret_file"/],
    ['oauth2client', '{ client_id: a, client_secret: b }', /oauth2client needs a "token_url"/],
    ['oauth2client', '{ client_secret: b, token_url: u }', /oauth2client needs a "client_id" or a "client_id_file"/],
    ['oauth2client', "{ client_id: a, client_secret: b, token_url: u }", /c\.yml:5:\d+: token_url/],
    ['oauth2client', "{ client_id: a, client_secret: b, token_url: 'http://t', grant_type: jwt }", /c\.yml:5:\d+: "grant_type" of oauth2client/],
    ['oauth2client', "{ client_id: a, client_secret: b, token_url: 'http://t', endpoint_params: { x: [1, " +
"2] } }", /endpoint_params\.x has several values/],
    ['headers_setter', '{ headers: [] }', /headers_setter needs "headers"/],
    ['headers_setter', '{ headers: [{ value: a }] }', /a header needs a "key"/],
    ['headers_setter', '{ headers: [{ key: a }] }', /header "a" needs a "value"/],
    ['headers_setter', '{ headers: [{ key: a, from_context: b }] }', /"from_context" needs clients/],
    ['headers_setter', '{ headers: [{ key: Content-Type, value: b }] }', /header "Content-Type" is reserved/],
    ['headers_setter', '{ headers: [{ key: a, value: b }], additional_auth: none }', /c\.yml:5:\d+: authenticator "none" is not found: "extensions" does not define it/],
    ['headers_setter', '{ headers: [{ key: a, value: b }], additional_auth: headers_setter }', /authenticator "headers_setter" adds to itself/],
    ['health_check', "{ endpoint: 'localhost:0' }", /c\.yml:4:\d+: extension "health_check" is not an authenticator/],
    ['bearertokenauth', '{ token: a, scheme: Basic }', /c\.yml:5:\d+: authorization type can't be "basic"/],
  ];
  for (const [name, extension, message] of cases) {
    const exporter = `{ endpoint: '${AMP}', auth: { authenticator: ${name} } }`;
    const { plan, lines } = await check(withExporter(exporter, `{ ${name}: ${extension} }`));
    assert.equal(plan, undefined, extension);
    assert.ok(lines.some((line) => message.test(line)), `${extension}: ${lines.join('\n')}`);
  }
}); // prettier-ignore

test('the exporter of ADOT before 0.21 signs in any case, all names of the other only when told to', async () => {
  const old = await settingsOf(
    withExporter(`{ endpoint: '${AMP}' }`, '{}', 'awsprometheusremotewrite'),
  );
  assert.equal(old.sigv4?.region, 'us-east-1');
  const told = await settingsOf(
    withExporter(
      `{ endpoint: '${AMP}', aws_auth: { region: eu-west-1, service: aps, role_arn: r } }`,
      '{}',
      'awsprometheusremotewrite/x',
    ),
  );
  assert.deepEqual([told.sigv4?.region, told.sigv4?.roleArn], ['eu-west-1', 'r']);
  for (const name of ['prometheusremotewrite', 'prometheus_remote_write'])
    assert.equal(
      (await settingsOf(withExporter(`{ endpoint: '${AMP}' }`, '{}', name))).sigv4,
      undefined,
    );
});

test('the keys of an exporter are taken over, also from its block http', async () => {
  const text = withExporter(`
    endpoint: http://hidden/w
    max_batch_size_bytes: 500000
    protobuf_message: io.prometheus.write.v2.Request
    send_metadata: false
    http:
      endpoint: https://one/w
      timeout: 1.5s
      compression: snappy
      proxy_url: http://proxy:3128
      headers: [{ name: X-Scope-OrgID, value: 7 }]
      tls: { server_name_override: s, min_version: '1.3', insecure_skip_verify: true, ca_file: '' }`);
  const plan = await planOf(text);
  const settings = plan.sinks[0]?.settings as RemoteWriteConfig;
  assert.equal(settings.url, 'https://one/w');
  assert.equal(settings.remoteTimeoutMs, 1_500);
  assert.equal(settings.message, 'io.prometheus.write.v2.Request');
  assert.deepEqual(settings.headers, { 'X-Scope-OrgID': '7' });
  assert.equal(settings.metadata.isSent, false);
  assert.equal(settings.connection?.proxy?.url, 'http://proxy:3128');
  const { tls } = settings.connection;
  assert.deepEqual(
    [tls?.serverName, tls?.minVersion, tls?.skipsVerification, tls?.ca],
    ['s', 'TLSv1.3', true, undefined],
  );
  assert.equal(plan.sinks[0]?.delivery?.maxBytesPerSend, 500_000);
  const { lines } = await check(text);
  assert.deepEqual(lines, [
    'c.yml:5:5: "endpoint" has no effect beside "http", which replaces it [CONFIG_NOTE]',
  ]);
});

test("an exporter goes through the environment's proxy, as the Collector's do", async () => {
  const text = withExporter("{ endpoint: 'http://one/w' }");
  assert.equal((await settingsOf(text)).connection, undefined);
  const proxied = await settingsOf(text, { HTTPS_PROXY: 'http://p:1' });
  assert.ok(proxied.connection?.proxy);
  assert.equal(proxied.connection.proxy.url, undefined);
});

test('each key that would make other series is refused, and with --allow-partial left out', async () => {
  const keys = [
    'resource_to_telemetry_conversion: { enabled: true, included: [{ match_type: strict }] }',
    'resource_to_telemetry_conversion: { enabled: true, excluded: [{ match_type: strict }] }',
    'resource_to_telemetry_conversion: { enabled: true, clear_after_copy: true }',
    'retry_on_failure: { enabled: false }',
    'resource_constant_labels: { included: [{ match_type: strict }] }',
    'export_created_metric: { enabled: true }',
    'scope_info: { enabled: true }',
    'include_metadata_keys: [a]',
    'convert_explicit_histograms_to_nhcb: true',
    'middlewares: [{ id: x }]',
    'tls: { curve_preferences: [X25519] }',
    'tls: { ca_pem: x, include_system_ca_certs_pool: true }',
  ];
  for (const key of keys) {
    const text = withExporter(`{ endpoint: 'http://one/w', ${key} }`);
    const refused = await check(text);
    assert.equal(refused.plan, undefined, key);
    assert.match(refused.lines[0] ?? '', /^c\.yml:4:\d+: .*\[CONFIG_UNSUPPORTED\]$/, key);
    const partial = await check(text, { allowPartial: true });
    assert.equal(partial.plan?.routes.length, 1, key);
    assert.match(partial.lines[0] ?? '', /^c\.yml:4:\d+: left out: .*\[CONFIG_UNSUPPORTED\]$/, key);
  }
  const asIs = [
    'namespace: ""',
    'resource_to_telemetry_conversion: { enabled: false }',
    'export_created_metric: { enabled: false }',
    'add_metric_suffixes: false',
    'target_info: { enabled: false }',
    'disable_scope_info: true',
    'translation_strategy: NoTranslation, protobuf_message: io.prometheus.write.v2.Request',
    'tls: { insecure: true }',
  ];
  for (const key of asIs) {
    const { plan, lines } = await check(withExporter(`{ endpoint: 'http://one/w', ${key} }`));
    assert.deepEqual([plan?.routes.length, lines], [1, []], key);
  }
});

/** Equal for two exporters that do the same. */
async function identityOf(text: string): Promise<string> {
  const { sinks, transforms } = await planOf(text);
  return [sinks[0]?.version, ...transforms.map(({ transform }) => transform.identity)].join('\n');
}

test('no key of an exporter is ignored in silence: it changes the sink, or it is told', async () => {
  const told: Readonly<Record<string, string>> = {
    ...Object.fromEntries(CONNECTION_KEYS.map((key) => [key, '1'])),
    middlewares: '[{ id: x }]',
    compression: 'zstd',
    auth: '{ authenticator: none }',
    remote_write_queue: '{ enabled: false }',
    sending_queue: '{ enabled: false }',
    retry_on_failure: '{ enabled: false }',
    wal: '{ directory: x }',
    resource_constant_labels: '{ included: [a] }',
    scope_info: '{ enabled: true }',
    export_created_metric: '{ enabled: true }',
    include_metadata_keys: '[a]',
    convert_explicit_histograms_to_nhcb: 'true',
    keep_classic_histograms: 'true',
  };
  const changing: Readonly<Record<string, string>> = {
    endpoint: "'http://two/w'",
    headers: '{ a: b }',
    timeout: '7s',
    tls: '{ server_name_override: s }',
    proxy_url: "'http://p:1'",
    http: "{ endpoint: 'http://two/w' }",
    aws_auth: '{ region: r }',
    external_labels: '{ a: b }',
    protobuf_message: 'io.prometheus.write.v2.Request',
    send_metadata: 'false',
    max_batch_size_bytes: '5000',
    max_batch_request_parallelism: '3',
    namespace: 'app',
    resource_to_telemetry_conversion: '{ enabled: true }',
    target_info: '{ enabled: false }',
    disable_scope_info: 'true',
    add_metric_suffixes: 'false',
    translation_strategy: 'UnderscoreEscapingWithoutSuffixes',
  };
  const keys = Object.keys({ ...told, ...changing }).sort();
  assert.deepEqual(keys, Object.keys(exporterSchema.shape).sort());
  const endpoint = "endpoint: 'http://one/w'";
  const before = await identityOf(withExporter(`{ ${endpoint} }`));
  for (const [key, value] of Object.entries(told)) {
    const { lines } = await check(withExporter(`{ ${endpoint}, ${key}: ${value} }`));
    assert.match(lines[0] ?? '', /^c\.yml:4:\d+: /, key);
  }
  for (const [key, value] of Object.entries(changing)) {
    const own = key === 'endpoint' ? '' : `${endpoint}, `;
    assert.notEqual(await identityOf(withExporter(`{ ${own}${key}: ${value} }`)), before, key);
  }
});
