/** What keys of remote write exporters do: to series, to the queue, to headers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries, openRoute } from '../../../test/kit/transforming.ts';
import { formatFinding } from '../../settings/finding.ts';
import type { RemoteWriteConfig } from '../../sinks/remote-write/config.ts';
import { checkConfigText } from '../load.ts';
import { transformsBetween } from '../plan.ts';

async function check(keys: string) {
  const text = `
receivers: { prometheus: { config: { scrape_configs: [{ job_name: a }] } } }
exporters:
  prometheusremotewrite: { endpoint: 'http://one/w', ${keys} }
service: { pipelines: { metrics: { receivers: [prometheus], exporters: [prometheusremotewrite] } } }
`;
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', { env: {} });
  return { plan, lines: findings.map((one) => formatFinding(one).replace('/nowhere/', '')) };
} // prettier-ignore

/** What is sent for these series, each with the value 2. */
async function send(keys: string, ...series: readonly Parameters<typeof makeSeries>[]) {
  const { plan, lines } = await check(keys);
  const [route] = plan?.routes ?? [];
  const [sink] = plan?.sinks ?? [];
  assert.ok(plan && route && sink, lines.join('\n'));
  const { appender, sent, refs } = openRoute(...transformsBetween(plan, route, sink));
  for (const ref of refs(...series.map((one) => makeSeries(...one)))) appender.append(ref, 1, 2);
  appender.commit();
  return sent();
}

const OWN = { job: 'j', instance: 'h:1' };
const counter = (name: string) =>
  [{ ...OWN, __name__: name, 'code.x': '1' }, { family: { type: 'counter' } }] as const;
const gauge = [{ ...OWN, __name__: 'up' }, { resource: { 'url.scheme': 'http' } }] as const;
const INFO = 'instance="h:1", job="j", server_address="h", server_port="1"';

test('by default names get suffixes, and the resource its target_info', async () => {
  assert.deepEqual(await send('external_labels: { zone: z }', [...counter('jobs.done')], [...gauge]), [
    'jobs_done_total{code_x="1", instance="h:1", job="j", zone="z"} 2 @1',
    'up{instance="h:1", job="j", zone="z"} 2 @1',
    `target_info{${INFO}, zone="z"} 1 @1`,
    `target_info{${INFO}, url_scheme="http", zone="z"} 1 @1`,
  ]);
}); // prettier-ignore

test('names follow the strategy before add_metric_suffixes', async () => {
  const off = 'target_info: { enabled: false }';
  const two = 'protobuf_message: io.prometheus.write.v2.Request';
  const labels = 'instance="h:1", job="j"';
  for (const [keys, sent] of [
    ['add_metric_suffixes: false', `jobs_done{code_x="1", ${labels}}`],
    ['namespace: app', `app_jobs_done_total{code_x="1", ${labels}}`],
    ['translation_strategy: UnderscoreEscapingWithoutSuffixes', `jobs_done{code_x="1", ${labels}}`],
    ['add_metric_suffixes: false, translation_strategy: UnderscoreEscapingWithSuffixes', `jobs_done_total{code_x="1", ${labels}}`],
    [`translation_strategy: NoUTF8EscapingWithSuffixes, ${two}`, `jobs.done_total{code.x="1", ${labels}}`],
    [`translation_strategy: NoTranslation, ${two}`, `jobs.done{code.x="1", ${labels}}`],
  ] as const)
    assert.deepEqual(await send(`${off}, ${keys}`, [...counter('jobs.done')]), [`${sent} 2 @1`], keys);
  const { plan, lines } = await check('translation_strategy: NoTranslation');
  assert.equal(plan, undefined);
  assert.match(lines[0] ?? '', /^c\.yml:4:\d+: translation_strategy NoTranslation needs "protobuf_message: /);
}); // prettier-ignore

test('the resource becomes labels where asked for, with and without the service', async () => {
  const off = 'target_info: { enabled: false }';
  const host = 'server_address="h", server_port="1"';
  const service = 'service_instance_id="h:1", service_name="j"';
  for (const [keys, labels] of [
    ['{ enabled: true }', `instance="h:1", job="j", ${host}, ${service}, url_scheme="http"`],
    ['{ enabled: true, exclude_service_attributes: true }', `instance="h:1", job="j", ${host}, url_scheme="http"`],
    ['{ enabled: false }', 'instance="h:1", job="j"'],
  ] as const) {
    const sent = await send(`${off}, resource_to_telemetry_conversion: ${keys}`, [...gauge]);
    assert.deepEqual(sent, [`up{${labels}} 2 @1`], keys);
  }
}); // prettier-ignore

test('labels of scopes that a target serves stay, unless they are switched off', async () => {
  const off = 'target_info: { enabled: false }';
  const scoped = [{ ...OWN, __name__: 'a', otel_scope_name: 's' }] as const;
  assert.match((await send(off, [...scoped]))[0] ?? '', /otel_scope_name="s"/);
  assert.deepEqual(await send(`${off}, disable_scope_info: true`, [...scoped]), [
    'a{instance="h:1", job="j"} 2 @1',
  ]);
  const { lines } = await check('disable_scope_info: false');
  assert.match(lines.join('\n'), /labels of instrumentation scopes are not made.*\[CONFIG_NOTE\]/);
});

test('increases never reach remote write', async () => {
  const delta = { family: { type: 'counter', isDelta: true } } as const;
  assert.deepEqual(await send('', [{ ...OWN, __name__: 'a' }, delta]), []);
});

test('consumers and waits of the exporter are those of the queue on disk', async () => {
  const deliveryOf = async (keys: string) => {
    const { plan, lines } = await check(keys);
    const [sink] = plan?.sinks ?? [];
    assert.ok(sink, lines.join('\n'));
    assert.ok(sink.delivery);
    const { shardsMax, minBackoffMs, maxBackoffMs } = sink.delivery;
    return [shardsMax, minBackoffMs, maxBackoffMs, lines.length];
  };
  for (const [keys, expected] of [
    ['', [16, 30, 5_000, 0]],
    ['max_batch_request_parallelism: 3', [3, 30, 5_000, 0]],
    ['remote_write_queue: { num_consumers: 5 }', [5, 30, 5_000, 0]],
    ['remote_write_queue: { num_consumers: 0 }', [1, 30, 5_000, 0]],
    ['remote_write_queue: { num_consumers: 5 }, max_batch_request_parallelism: 3', [3, 30, 5_000, 1]],
    ['sending_queue: { num_consumers: 100 }', [64, 30, 5_000, 1]],
    ['retry_on_failure: { enabled: true, initial_interval: 1s, max_interval: 30s }', [16, 1_000, 30_000, 0]],
    ['retry_on_failure: { initial_interval: 20s }', [16, 20_000, 20_000, 0]],
    ['retry_on_failure: { initial_interval: 9s, max_interval: 2s }', [16, 2_000, 2_000, 0]],
    ['retry_on_failure: { max_elapsed_time: 0s, multiplier: 2, randomization_factor: 0.5 }', [16, 30, 5_000, 3]],
  ] as const)
    assert.deepEqual(await deliveryOf(keys), expected, keys);
}); // prettier-ignore

test('what the Collector refuses in its queues and retries is an error at its line', async () => {
  for (const [keys, message] of [
    ['max_batch_request_parallelism: 0', /must be more than 0/],
    ['remote_write_queue: { queue_size: -1 }', /must not be negative/],
    ['remote_write_queue: { queue_size: 0 }', /a queue of size 0/],
    ['remote_write_queue: { num_consumers: -1 }', /must not be negative/],
    ['remote_write_queue: { size: 1 }', /unknown key "size"/],
    ['sending_queue: { num_consumers: 0 }', /must be more than 0/],
    ['sending_queue: { sizer: lines }', /sizer/],
    ['sending_queue: { storage: file_storage, wait_for_result: true }', /goes with no "storage"/],
    ['max_batch_size_bytes: -1', /must not be negative/],
    ['compression: zstd', /compression is snappy/],
    ['protobuf_message: x', /is not a remote write message/],
    ['translation_strategy: x', /translation_strategy/],
    ['retry_on_failure: { randomization_factor: 2 }', /must be within 0 and 1/],
    ['retry_on_failure: { multiplier: -1 }', /must not be negative/],
    ['retry_on_failure: { max_elapsed_time: 1s, initial_interval: 2s }', /must not be less than "initial_interval"/],
    ['retry_on_failure: { max_elapsed_time: 1s, max_interval: 2s }', /must not be less than "max_interval"/],
    ['external_labels: { a__b: x }', /write a_b/],
    ['external_labels: { _a: x }', /write key_a/],
    ['external_labels: { a: "" }', /has no value/],
  ] as const) {
    const { plan, lines } = await check(keys);
    assert.equal(plan, undefined, keys);
    assert.ok(lines.some((line) => line.startsWith('c.yml:4:') && message.test(line)), `${keys}: ${lines.join('\n')}`);
  }
  assert.ok((await check('remote_write_queue: { enabled: false, queue_size: 0 }')).plan);
}); // prettier-ignore

test('a header Authorization goes out as it is written', async () => {
  const settingsOf = async (header: string) => {
    const { plan, lines } = await check(`headers: { authorization: '${header}', X-A: b }`);
    assert.ok(plan, lines.join('\n'));
    return plan.sinks[0]?.settings as RemoteWriteConfig;
  };
  const bearer = await settingsOf('ApiKey a b');
  assert.equal(bearer.authorization?.type, 'ApiKey');
  assert.equal(await bearer.authorization.credentials(), 'a b');
  assert.deepEqual(bearer.headers, { 'X-A': 'b' });
  const basic = await settingsOf(`Basic ${btoa('u:p:q')}`);
  assert.deepEqual([basic.basicAuth?.username(), basic.basicAuth?.password()], ['u', 'p:q']);
  for (const header of ['token', 'Basic !', `Basic ${btoa('nocolon')}`, '']) {
    const { plan, lines } = await check(`headers: { authorization: '${header}' }`);
    assert.equal(plan, undefined, header);
    assert.match(lines[0] ?? '', /^c\.yml:4:\d+: expected a scheme/);
  }
  const twice = await check("headers: { authorization: 'Bearer t' }, aws_auth: { region: r }");
  assert.match(twice.lines[0] ?? '', /only one of a header Authorization and credentials/);
});
