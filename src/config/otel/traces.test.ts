/** Pipelines of traces: what becomes of their receivers, processors, exporters and listeners. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../../settings/finding.ts';
import { checkConfigText } from '../load.ts';

interface Parts {
  readonly receiver?: string;
  readonly exporter?: string;
  readonly processors?: Readonly<Record<string, object>>;
  /** More lines of sections. */
  readonly more?: readonly string[];
  readonly extensions?: string;
  readonly pipelines?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly allowPartial?: boolean;
}

/** What each configuration here is told. */
const EXPECTED = ['"debug" does nothing', 'which only this task reaches'];

/** The receiver is at line 2, the exporter at 3, processors from line 5. */
async function check(parts: Parts) {
  const { receiver = '', exporter = '', processors = {}, more = [], extensions = '' } = parts;
  const names = Object.keys(processors);
  const text = [
    'receivers:',
    `  awsxray: ${receiver}`,
    `exporters: { awsxray: ${exporter === '' ? '{}' : exporter}, debug: {} }`,
    'processors:',
    ...names.map((name) => `  ${name}: ${JSON.stringify(processors[name])}`),
    ...more,
    'service:',
    `  extensions: [${extensions}]`,
    '  pipelines:',
    `    traces: { receivers: [awsxray], processors: [${names.join()}], exporters: [awsxray] }`,
    ...(parts.pipelines ?? []),
  ].join('\n');
  const { env = {}, allowPartial = false } = parts;
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', { env, allowPartial });
  const lines = findings.map((one) => formatFinding(one).replace('/nowhere/', ''));
  const isExpected = (one: string): boolean => EXPECTED.some((words) => one.includes(words));
  return { plan, lines: lines.filter((one) => !isExpected(one)), all: lines };
}

test('a receiver and an exporter awsxray are a listener of both protocols and a queue before X-Ray', async () => {
  const { plan, lines } = await check({});
  assert.deepEqual(lines, []);
  assert.deepEqual(plan?.traceReceivers, [{ id: 'awsxray', listen: '127.0.0.1:2000' }]);
  const [forwarder] = plan.forwarders;
  assert.deepEqual([forwarder?.id, forwarder?.listen], ['awsxray.proxy_server', '127.0.0.1:2000']);
  assert.equal(forwarder?.access.service, 'xray');
  assert.equal(forwarder.keepsSampling, true);
  assert.ok(forwarder.paths?.includes('/GetSamplingRules'));
  assert.deepEqual(plan.routes, [
    { id: 'traces', signal: 'traces', sources: ['awsxray'], transforms: [], sinks: ['xray/awsxray'] },
  ]);
  const [sink] = plan.sinks;
  assert.equal(sink?.delivery?.shardsMax, 8);
  const { telemetry, timeoutMs } = sink.settings as { telemetry: { isSent: boolean }; timeoutMs: number };
  assert.deepEqual([telemetry.isSent, timeoutMs], [false, 30_000]);
}); // prettier-ignore

test('a receiver without an endpoint is told that other tasks do not reach it', async () => {
  const { all } = await check({});
  assert.match(all.join('\n'), /c\.yml:2:3: "awsxray" listens at localhost:2000, which only this/);
  const other = await check({ receiver: '{ endpoint: "0.0.0.0:2000" }' });
  assert.ok(!other.all.join('\n').includes('which only this task reaches'));
});

test('keys of the receiver and of its proxy are taken over', async () => {
  const { plan, lines } = await check({
    receiver:
      '{ endpoint: ":3000", transport: udp, proxy_server: { endpoint: "0.0.0.0:3000", ' +
      'region: eu-west-1, role_arn: arn:aws:iam::1:role/r, local_mode: true, ' +
      'aws_endpoint: "https://vpce.example:8443/", proxy_address: "http://proxy:3128", ' +
      'tls: { insecure: true, server_name_override: other } } }',
  });
  assert.deepEqual(lines, []);
  assert.equal(plan?.traceReceivers[0]?.listen, '0.0.0.0:3000');
  const { access, listen } = plan.forwarders[0] ?? {};
  assert.equal(listen, '0.0.0.0:3000');
  const { endpoint, region, isLocal, credentials, connection } = access ?? {};
  assert.deepEqual(
    { endpoint, region, isLocal, role: credentials?.roleArn },
    {
      endpoint: 'https://vpce.example:8443',
      region: 'eu-west-1',
      isLocal: true,
      role: 'arn:aws:iam::1:role/r',
    },
  );
  assert.equal(connection?.proxy?.url, 'http://proxy:3128');
  assert.deepEqual(
    [connection.tls?.skipsVerification, connection.tls?.serverName],
    [true, 'other'],
  );
});

test('keys of the exporter become those of xray_write', async () => {
  const { plan, lines } = await check({
    exporter:
      '{ num_workers: 3, endpoint: "https://xray.example", request_timeout_seconds: 7, ' +
      'no_verify_ssl: true, proxy_address: "http://proxy:1", region: eu-west-1, ' +
      'local_mode: true, resource_arn: arn:r, ' +
      'role_arn: arn:aws:iam::1:role/r, external_id: e, profile: p, ' +
      'aws_log_groups: [/ecs/shop], index_all_attributes: false, indexed_attributes: [], ' +
      'telemetry: { enabled: true, include_metadata: true, hostname: h, instance_id: i } }',
  });
  assert.deepEqual(lines, []);
  const [sink] = plan?.sinks ?? [];
  assert.equal(sink?.delivery?.shardsMax, 3);
  const { access, timeoutMs, logGroups, telemetry } = sink.settings as {
    access: NonNullable<typeof plan>['forwarders'][number]['access'];
    timeoutMs: number;
    logGroups: readonly string[];
    telemetry: object;
  };
  assert.deepEqual([timeoutMs, logGroups], [7_000, ['/ecs/shop']]);
  assert.deepEqual(
    [access.endpoint, access.region, access.isLocal, access.connection?.proxy?.url],
    ['https://xray.example', 'eu-west-1', true, 'http://proxy:1'],
  );
  assert.equal(access.connection?.tls?.skipsVerification, true);
  const { roleArn, externalId, profile } = access.credentials;
  assert.deepEqual([roleArn, externalId, profile], ['arn:aws:iam::1:role/r', 'e', 'p']);
  assert.deepEqual(telemetry, {
    isSent: true,
    asksMetadata: false,
    hostname: 'h',
    instanceId: 'i',
    resourceArn: 'arn:r',
  });
});

test('records say nothing of the host without include_metadata; a text is a list at its commas', async () => {
  const { plan } = await check({
    exporter: '{ resource_arn: arn:r, aws_log_groups: "/a,/b", telemetry: { enabled: true } }',
    env: { AWS_HOSTNAME: 'h', AWS_INSTANCE_ID: 'i' },
  });
  const [sink] = plan?.sinks ?? [];
  assert.ok(sink);
  const { telemetry, logGroups } = sink.settings as { telemetry: object; logGroups: string[] };
  assert.deepEqual(logGroups, ['/a', '/b']);
  assert.deepEqual(telemetry, {
    isSent: true,
    asksMetadata: false,
    hostname: undefined,
    instanceId: undefined,
    resourceArn: undefined,
  });
  const spansOf = async (exporter: string) =>
    ((await check({ exporter })).plan!.sinks[0]!.settings as { spans: object }).spans;
  const none = await check({ exporter: '{ aws_log_groups: "", indexed_attributes: "" }' });
  assert.deepEqual(none.lines, []);
  assert.deepEqual(await spansOf('{ indexed_attributes: "a,b", index_all_attributes: false }'), {
    form: 'documents',
    indexing: { all: false, attributes: ['a', 'b'] },
  });
});

test("spans go whole unless the exporter is told otherwise, by a key of ours or of AWS's fork", async () => {
  const formOf = async (exporter: string): Promise<string> => {
    const { plan, lines } = await check({ exporter });
    assert.deepEqual(lines, []);
    return (plan!.sinks[0]!.settings as { spans: { form: string } }).spans.form;
  };
  assert.equal(await formOf('{}'), 'documents');
  assert.equal(await formOf('{ spans: otlp }'), 'otlp');
  assert.equal(await formOf('{ transit_spans_in_otlp_format: true }'), 'documents');
  assert.equal(await formOf('{ transit_spans_in_otlp_format: false }'), 'segments');
  assert.equal(
    await formOf('{ transit_spans_in_otlp_format: false, spans: segments }'),
    'segments',
  );
});

const TOLD: readonly (readonly [what: string, parts: Parts, message: RegExp])[] = [
  ['another transport', { receiver: '{ transport: tcp }' }, /^c\.yml:2:25: transport is udp, not "tcp"/],
  ['no port', { receiver: '{ endpoint: localhost }' }, /^c\.yml:2:24: "localhost" is not host:port/],
  ['an unknown key', { receiver: '{ proxy_server: { rgion: a } }' }, /unknown key "rgion" in receivers\.awsxray\.proxy_server; did you mean "region"/],
  ['no region', { receiver: '{ proxy_server: { region: "us east" } }' }, /"us east" is no region of AWS/],
  ['a path in aws_endpoint', { receiver: '{ proxy_server: { aws_endpoint: "https://a/b" } }' }, /aws_endpoint has a path or query/],
  ['no URL in aws_endpoint', { receiver: '{ proxy_server: { aws_endpoint: a } }' }, /aws_endpoint "a" must begin with http/],
  ['no URL of a proxy', { receiver: '{ proxy_server: { proxy_address: a } }' }, /^c\.yml:2:45: proxy_url "a" must begin/],
  ['a certificate without its key', { receiver: '{ proxy_server: { tls: { cert_pem: a } } }' }, /needs both cert and key/],
  ['a dialer', { receiver: '{ dialer: { timeout: 1s } }' }, /dialer has no effect/],
  ['retries', { exporter: '{ max_retries: 5 }' }, /max_retries has no effect: what fails for a while is sent again/],
  ['two forms of spans', { exporter: '{ spans: otlp, transit_spans_in_otlp_format: false }' }, /means spans: segments, and "spans" is otlp; keep one/],
  ['another form of spans', { exporter: '{ spans: json }' }, /^c\.yml:3:32: .*expected one of documents, segments, otlp/],
  ['a credentials file', { exporter: '{ shared_credentials_file: [a] }' }, /set AWS_SHARED_CREDENTIALS_FILE/],
  ['many workers', { exporter: '{ num_workers: 100 }' }, /100 requests at once are taken as 64/],
  ['a host name without metadata', { exporter: '{ telemetry: { hostname: h } }' }, /^c\.yml:3:\d+: hostname has no effect without "enabled: true" and "include_metadata: true" of telemetry/],
  ['metadata without records', { exporter: '{ telemetry: { include_metadata: true, instance_id: i } }' }, /instance_id has no effect without "enabled: true" of telemetry/],
  ['the same of the key itself', { exporter: '{ telemetry: { include_metadata: true } }' }, /include_metadata has no effect without "enabled: true"/],
  ['an ARN without records', { exporter: '{ resource_arn: arn:r }' }, /^c\.yml:3:25: resource_arn has no effect without "enabled: true" and "include_/],
  ['an ARN in records without metadata', { exporter: '{ resource_arn: arn:r, telemetry: { enabled: true } }' }, /resource_arn has no effect without "include_metadata: true" of telemetry/],
  ['a key of OTLP exporters', { exporter: '{ sending_queue: {} }' }, /unknown key "sending_queue"/],
  ['a batch', { processors: { batch: {} } }, /^c\.yml:5:3: processor "batch" has no effect: what is taken is queued/],
  ['attributes of some', { processors: { attributes: { include: { match_type: 'strict', metric_names: ['a'] }, actions: [{ key: 'a', action: 'delete' }] } } }, /"include" of processor "attributes" in a pipeline of traces: its actions apply to all spans/],
  ['actions beside segments', { processors: { attributes: { actions: [{ key: 'a', action: 'delete' }] } } }, /attributes act on spans alone: segments that awsxray receives in X-Ray's own form pass unchanged/],
  ['a sampler by trace state', { processors: { probabilistic_sampler: { mode: 'equalizing' } } }, /mode equalizing goes by the trace state; write hash_seed/],
  ['a sampler that keeps nothing', { processors: { probabilistic_sampler: {} } }, /keeps no trace: sampling_percentage is 0/],
  ['a filter of spans', { processors: { filter: { traces: { span: ['true'] } } } }, /"traces" of processor "filter" is refused .* sampling rule/],
  ['a filter of metrics', { processors: { filter: { metrics: { metric: ['name == "a"'] } } } }, /processor "filter" has no effect in a pipeline of traces/],
  ['statements for spans', { processors: { transform: { trace_statements: ['set(span.name, "a")'] } } }, /"trace_statements" of processor "transform" is refused/],
  ['a tail sampler', { processors: { tail_sampling: {} } }, /processor "tail_sampling" is not built in; write a sampling rule of X-Ray/],
  ['a processor of metrics', { processors: { metricstransform: { transforms: [] } } }, /^c\.yml:9:.*"metricstransform" is for metrics, and no traces pipeline can have it/],
  ['an exporter of metrics', { more: ['connectors: {}'], pipelines: ['    traces/2: { receivers: [awsxray], exporters: [prw] }'] }, /pipeline "traces\/2" names exporter "prw"/],
  ['a receiver of traces among metrics', { pipelines: ['    metrics: { receivers: [awsxray], exporters: [debug] }'] }, /^c\.yml:9:28: receiver "awsxray" gives traces, and pipeline "metrics" is of metrics/],
  ['an exporter of traces among metrics', { pipelines: ['    metrics: { receivers: [awsxray], exporters: [awsxray] }'] }, /exporter "awsxray" takes traces, and pipeline "metrics" is of metrics/],
  ['two proxies on one address', { more: ['extensions: { awsproxy: {} }'], extensions: 'awsproxy' }, /^c\.yml:2:.*awsxray\.proxy_server listens on 127\.0\.0\.1:2000, as awsproxy does/],
  ['a health check on the port of the proxy', { more: ['extensions: { health_check: { endpoint: ":2000" } }'], extensions: 'health_check' }, /listens on 127\.0\.0\.1:2000, as health_check does on 0\.0\.0\.0:2000/],
]; // prettier-ignore
for (const [what, parts, message] of TOLD)
  test(`traces: ${what} is told at its line`, async () => {
    const { lines } = await check(parts);
    assert.ok(lines.some((line) => message.test(line)), lines.join('\n'));
  }); // prettier-ignore

test('two receivers of one port collide by UDP, and not with a proxy of the same port', async () => {
  const { lines } = await check({
    receiver:
      '{ endpoint: "localhost:1", proxy_server: { endpoint: "localhost:2" } }\n' +
      '  awsxray/2: { endpoint: "localhost:2", proxy_server: { endpoint: "localhost:1" } }\n' +
      '  awsxray/3: { endpoint: ":2", proxy_server: { endpoint: "localhost:3" } }',
    pipelines: ['    traces/2: { receivers: [awsxray/2, awsxray/3], exporters: [debug] }'],
  });
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.match(lines[0] ?? '', /awsxray\/3 listens on 0\.0\.0\.0:2, as awsxray\/2 does on 127/);
});

test('the extension awsproxy forwards all requests, of any service', async () => {
  const { plan, lines } = await check({
    more: ['extensions: { aws_proxy: { endpoint: ":9000", service_name: aps, region: us-east-1 } }'],
    extensions: 'aws_proxy',
  });
  assert.deepEqual(lines, []);
  const [forwarder] = plan?.forwarders ?? [];
  assert.deepEqual(
    [forwarder?.id, forwarder?.listen, forwarder?.access.service, forwarder?.paths, forwarder?.keepsSampling],
    ['aws_proxy', '0.0.0.0:9000', 'aps', undefined, false],
  );
}); // prettier-ignore

test('a receiver that is not built in is refused alone, and with --allow-partial the rest runs', async () => {
  const parts: Parts = {
    more: ['connectors: {}'],
    receiver: '\n  zipkin: {}',
    pipelines: ['    traces/all: { receivers: [zipkin, awsxray], exporters: [debug, awsxray] }'],
  };
  const { plan, lines } = await check(parts);
  assert.equal(plan, undefined);
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.match(lines[0] ?? '', /^c\.yml:3:3: receiver "zipkin" is not built in; /);
  const partial = await check({ ...parts, allowPartial: true });
  assert.deepEqual(
    partial.plan?.routes.map(({ id, sources, sinks }) => [id, sources, sinks]),
    [
      ['traces', ['awsxray'], ['xray/awsxray']],
      ['traces/all', ['awsxray'], ['debug/debug', 'xray/awsxray']],
    ],
  );
}); // prettier-ignore

test('AWS_USE_FIPS_ENDPOINT and the proxy of the environment count', async () => {
  const env = { AWS_USE_FIPS_ENDPOINT: 'true', HTTPS_PROXY: 'http://proxy:1' };
  const { plan } = await check({ env });
  const [forwarder] = plan?.forwarders ?? [];
  assert.equal(forwarder?.access.useFips, true);
  assert.notEqual(forwarder.access.connection?.proxy, undefined);
});
