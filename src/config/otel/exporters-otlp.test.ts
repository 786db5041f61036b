import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OtlpSettings } from '../../sinks/otlp/config.ts';
import { formatFinding } from '../../settings/finding.ts';
import { checkConfigText } from '../load.ts';

async function check(exporter: string, name: string, extensions = '') {
  const names = [...extensions.matchAll(/^ {2}(\S+):/gm)].map(([, one]) => one);
  const text = `
extensions:
${extensions}
receivers: { prometheus: { config: { scrape_configs: [{ job_name: a }] } } }
exporters:
  ${name}: ${exporter}
service:
  extensions: [${names.join(', ')}]
  pipelines: { metrics: { receivers: [prometheus], exporters: [${name}] } }
`;
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', { env: {} });
  const lines = findings.map((one) => formatFinding(one).replace('/nowhere/c.yml', 'c'));
  const [sink] = plan?.sinks ?? [];
  return { lines, sink, settings: sink?.settings as OtlpSettings | undefined };
}

test('both names of both exporters become an entry of otlp_write', async () => {
  for (const name of ['otlphttp/x', 'otlp_http']) {
    const { lines, sink, settings } = await check('{ endpoint: "http://h:4318/" }', name);
    assert.deepEqual(lines, []);
    assert.equal(sink?.id, `otlp/${name}`);
    assert.equal(settings?.endpoints.metrics?.url, 'http://h:4318/v1/metrics');
    assert.deepEqual([settings?.protocol, settings?.compression], ['http', 'gzip']);
  }
  for (const name of ['otlp/x', 'otlp_grpc']) {
    const keys = '{ endpoint: "h:4317", tls: { insecure: true }, compression: none, timeout: 3s }';
    const { lines, settings } = await check(keys, name);
    assert.deepEqual(lines, []);
    assert.equal(settings?.endpoints.metrics?.url, 'http://h:4317');
    assert.deepEqual([settings?.compression, settings?.timeoutMs], ['none', 3_000]);
    assert.equal(settings?.keepAlive?.timeMs, 10_000);
  }
});

test('each exporter signs with the service of its own authenticator', async () => {
  const extensions =
    '  sigv4auth/m: { region: us-west-2, service: monitoring }\n' +
    '  agenthealth/m: { additional_auth: sigv4auth/m }\n';
  for (const auth of ['sigv4auth/m', 'agenthealth/m']) {
    const keys = `{ metrics_endpoint: "http://h/v1/metrics", auth: { authenticator: ${auth} } }`;
    const { lines, settings } = await check(keys, 'otlphttp', extensions);
    assert.deepEqual(lines, []);
    const { serviceName, region } = settings?.endpoints.metrics?.sigv4 ?? {};
    assert.deepEqual([serviceName, region], ['monitoring', 'us-west-2']);
    assert.equal(settings?.endpoints.traces, undefined);
  }
  const overGrpc = '{ endpoint: "h:1", auth: { authenticator: sigv4auth/m } }';
  const { lines } = await check(overGrpc, 'otlp', extensions);
  assert.match(lines[0] ?? '', /sigv4auth signs no requests over gRPC/);
});

test('queue, retries and batches are taken over, and what has no effect is told', async () => {
  const keys =
    '{ endpoint: "http://h", retry_on_failure: { initial_interval: 1s, max_interval: 9s }, ' +
    'sending_queue: { num_consumers: 4, sizer: {}, blocking: false, ' +
    'batch: { max_size: 500, flush_timeout: 2s } }, logs_endpoint: "http://l" }';
  const { lines, sink, settings } = await check(keys, 'otlphttp');
  const told = lines.map((one) => /: (\w+)(?: of \w+)? has no effect/.exec(one)?.[1]);
  assert.deepEqual(new Set(told), new Set(['blocking', 'logs_endpoint', 'sizer']));
  assert.deepEqual(settings?.maxItems, { metrics: 500, traces: 500 });
  const { delivery } = sink ?? {};
  assert.deepEqual(
    [delivery?.shardsMax, delivery?.minBackoffMs, delivery?.maxBackoffMs],
    [8, 1_000, 9_000],
  );
  assert.equal(delivery?.batchSendDeadlineMs, 2_000);
});

test('what cannot be done is refused by name', async () => {
  const refused = async (keys: string, name: string, expected: RegExp): Promise<void> => {
    const { lines } = await check(keys, name);
    assert.match(lines.join('\n'), expected);
  };
  await refused('{ endpoint: "http://h", compression: lz4 }', 'otlphttp', /"lz4" is not built in/);
  await refused('{ endpoint: "http://h", no_such: 1 }', 'otlphttp', /unknown key "no_such"/);
  await refused('{ traces_endpoint: "http://h/t" }', 'otlphttp', /no endpoint of metrics/);
  await refused('{ tls: { insecure: true } }', 'otlp', /needs an "endpoint"/);
  await refused('{ endpoint: "unix:///s" }', 'otlp', /unix socket/);
  await refused('{ endpoint: "h:1", compression: zlib }', 'otlp', /gzip, zstd, snappy or none/);
});

test('segments do not become spans: a pipeline of awsxray leads to no exporter of OTLP', async () => {
  const text = `
receivers: { awsxray: {} }
exporters: { otlphttp: { endpoint: "http://h" } }
service: { pipelines: { traces: { receivers: [awsxray], exporters: [otlphttp] } } }
`;
  const { findings } = await checkConfigText(text, 'c.yml', { env: {} });
  const [error] = findings.filter(({ severity }) => severity === 'error');
  assert.match(error?.message ?? '', /segments of receiver "awsxray" become no spans/);
  assert.equal(error?.line, 4);
});
