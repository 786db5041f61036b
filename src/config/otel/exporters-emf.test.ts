import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { EmfSettings } from '../../sinks/emf/config.ts';
import { formatFinding } from '../../settings/finding.ts';
import { checkConfigText } from '../load.ts';

async function check(keys: string, name = 'awsemf') {
  const text = [
    'receivers: {prometheus: {config: {scrape_configs: [{job_name: x}]}}}',
    'exporters:',
    `  ${name}: ${keys}`,
    'service:',
    `  pipelines: {metrics: {receivers: [prometheus], exporters: [${name}]}}`,
  ].join('\n');
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env: {} });
  const [sink] = plan?.sinks ?? [];
  const told = findings.map((one) => `${one.severity}: ${formatFinding(one)}`);
  return { sink, told, settings: sink?.settings as EmfSettings | undefined };
}

suite('the exporter awsemf', () => {
  test('is an entry of emf_write with the defaults of the Collector, under both names', async () => {
    for (const name of ['awsemf', 'aws_emf/two']) {
      const { sink, told, settings } = await check('{region: us-east-1}', name);
      assert.deepEqual(told, []);
      assert.equal(sink?.kind, 'emf');
      assert.equal(sink.name, name);
      assert.equal(sink.delivery?.shardsMax, 8);
      assert.equal(settings?.events.rollup, 'ZeroAndSingleDimensionRollup');
      assert.equal(settings.events.version, '1');
      assert.equal(settings.timeoutMs, 30_000);
    }
  });

  test('does what each of its keys says', async () => {
    const { told, settings, sink } = await check(`
      namespace: n
      log_group_name: '/g/{ClusterName}'
      log_stream_name: '{TaskId}'
      log_retention: 14
      tags: {team: shop}
      dimension_rollup_option: NoDimensionRollup
      metric_declarations:
        - dimensions: [[b, a]]
          metric_name_selectors: [^x$]
          label_matchers: [{label_names: [a, b], separator: '/', regex: y}]
      metric_descriptors: [{metric_name: m, unit: Count, overwrite: true}]
      resource_to_telemetry_conversion: {enabled: true}
      parse_json_encoded_attr_values: [Sources]
      output_destination: STDOUT
      detailed_metrics: true
      retain_initial_value_of_delta_metric: true
      disable_metric_extraction: true
      version: "0"
      region: us-east-1
      endpoint: https://logs.example
      role_arn: arn:aws:iam::123456789012:role/r
      external_id: e
      local_mode: true
      num_workers: 3
      request_timeout_seconds: 5
      proxy_address: http://proxy:3128
      no_verify_ssl: true
      eks_fargate_container_insights_enabled: false
      add_entity: false
      enhanced_container_insights: false`);
    assert.deepEqual(told, []);
    const { events, groups, access } = settings ?? {};
    assert.deepEqual(groups, { retentionDays: 14, tags: { team: 'shop' } });
    const [declaration] = events?.declarations ?? [];
    assert.deepEqual(declaration?.dimensions, [['a', 'b']]);
    assert.equal(declaration.names[0]?.source, '^x$');
    assert.equal(declaration.matchers[0]?.separator, '/');
    assert.deepEqual(events?.descriptors.get('m'), { unit: 'Count', overwrites: true });
    assert.deepEqual(
      [events?.namespace, events?.logGroup, events?.logStream, events?.version, events?.rollup],
      ['n', '/g/{ClusterName}', '{TaskId}', '0', 'NoDimensionRollup'],
    );
    assert.deepEqual(
      [events?.copiesResource, events?.isDetailed, events?.extractsMetrics, events?.jsonLabels],
      [true, true, false, ['Sources']],
    );
    assert.equal(settings?.destination, 'stdout');
    assert.equal(settings.retainsInitialValue, true);
    assert.equal(settings.timeoutMs, 5_000);
    assert.deepEqual(
      [access?.endpoint, access?.region, access?.isLocal, access?.credentials.roleArn],
      ['https://logs.example', 'us-east-1', true, 'arn:aws:iam::123456789012:role/r'],
    );
    assert.equal(access?.connection?.tls?.skipsVerification, true);
    assert.equal(sink?.delivery?.shardsMax, 3);
  });

  const cases: Readonly<Record<string, RegExp>> = {
    '{max_retries: 2}': /^warning: c.yml:3:12: max_retries has no effect: what fails for a while/,
    '{imds_retries: 2}': /^warning: .*imds_retries has no effect/,
    '{middleware: agenthealth/logs}': /^warning: .*middleware has no effect/,
    '{resource_arn: ""}': /^$/,
    '{resource_arn: arn}': /^warning: .*resource_arn has no effect: events are sent without it/,
    '{external_id: e}': /^warning: .*external_id has no effect without role_arn/,
    '{num_workers: 100}': /^warning: .*100 requests at once are taken as 64/,
    '{add_entity: true}': /^error: c.yml:3:12: "add_entity": .*set it to false/,
    '{enhanced_container_insights: true}': /^error: .*"enhanced_container_insights": .*remove it/,
    '{eks_fargate_container_insights_enabled: true}': /^error: .*for Kubernetes alone; remove it/,
    '{log_retention: 4}': /^error: c.yml:3:27: CloudWatch Logs does not keep events for 4 days/,
    '{namespace: AWS/x}': /^error: c.yml:3:23: namespace "AWS\/x"/,
    '{dimension_rollup_option: All}': /^error: c.yml:3:37: /,
    '{metric_declarations: [{metric_name_selectors: ["("]}]}': /^error: c.yml:3:59: invalid regex/,
    '{metric_declaration: []}': /^error: .*did you mean "metric_declarations"/,
  };
  for (const [keys, expected] of Object.entries(cases))
    test(`tells of ${keys}`, async () => {
      const { told } = await check(keys);
      assert.match(told.join('\n'), expected);
    });
});
