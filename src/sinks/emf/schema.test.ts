/**
 * Entries of emf_write: what is refused, what a processor of CloudWatch's agent becomes, and what
 * presets fill in.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { conformancePath, skipWithoutConformance } from '../../../test/kit/conformance.ts';
import { gauge, makeEvents } from '../../../test/kit/emf-events.ts';
import { validateEmf } from '../../wire/emf/validate.ts';
import { emfProcessorSchema, translateProcessor } from './declarations.ts';
import { emfSchema, resolveEmf } from './schema.ts';

function resolve(entry: object, env: Readonly<Record<string, string>> = {}) {
  const told: string[] = [];
  const report = {
    error: (path: readonly (string | number)[], _code: string, message: string) =>
      void told.push(`error ${path.join('.')}: ${message}`),
    warn: (path: readonly (string | number)[], message: string) =>
      void told.push(`warning ${path.join('.')}: ${message}`),
    lacks: (path: readonly (string | number)[], message: string) =>
      void told.push(`lacks ${path.join('.')}: ${message}`),
    positionOf: () => '',
  };
  const context = { path: [], baseDirectory: '/', report, env };
  return { resolved: resolveEmf(emfSchema.parse(entry), context), told };
}

suite('an entry', () => {
  test('needs no keys, and makes no rollup', () => {
    const { resolved, told } = resolve({});
    assert.deepEqual(told, []);
    assert.equal(resolved.settings.events.rollup, 'NoDimensionRollup');
    assert.equal(resolved.settings.events.logStream, 'otel-stream');
    assert.equal(resolved.settings.access.service, 'logs');
    assert.equal(resolved.delivery.maxBytesPerSend, 1_048_576);
    assert.equal(
      resolve({}, { HOSTNAME: 'h' }).resolved.settings.events.logStream,
      'otel-stream-h',
    );
  });

  const refused: Readonly<Record<string, readonly [entry: object, told: RegExp]>> = {
    'a set of 31 dimensions': [
      {
        metric_declarations: [
          {
            dimensions: [['a'], Array.from({ length: 31 }, (_, i) => `l${i}`)],
            metric_name_selectors: ['.'],
          },
        ],
      },
      /^error metric_declarations.0.dimensions.1: a set of 31 dimensions: CloudWatch takes at most 30/,
    ],
    'a pattern that is none': [
      { metric_declarations: [{ metric_name_selectors: ['('] }] },
      /^error metric_declarations.0.metric_name_selectors.0: invalid regex/,
    ],
    'a matcher that is no pattern': [
      {
        metric_declarations: [
          {
            metric_name_selectors: ['.'],
            label_matchers: [{ label_names: ['a'], regex: '[' }],
          },
        ],
      },
      /^error metric_declarations.0.label_matchers.0.regex: invalid regex/,
    ],
    'a unit that CloudWatch does not have': [
      { metric_descriptors: [{ metric_name: 'a', unit: 'Requests' }] },
      /^error metric_descriptors.0.unit: "Requests" is no unit of CloudWatch; write one of Seconds/,
    ],
    'a unit of the agent': [
      { emf_processor: { metric_unit: { a: 'Requests' } } },
      /^error emf_processor.metric_unit.a: "Requests" is no unit/,
    ],
    'a retention that CloudWatch Logs does not have': [
      { log_retention: 2 },
      /^error log_retention: CloudWatch Logs does not keep events for 2 days/,
    ],
    '51 tags': [
      { tags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, 'v'])) },
      /^error tags: a log group has at most 50 tags/,
    ],
    'a tag with other characters': [{ tags: { 'a!': 'v' } }, /^error tags.a!: tag "a!"/],
    'a group with other characters': [
      { log_group_name: '/a b/{ClusterName}' },
      /^error log_group_name: CloudWatch Logs takes no " " in the name of a log group/,
    ],
    'a brace that is not closed': [
      { log_stream_name: '{ServceName' },
      /^error log_stream_name: "\{ServceName" has a brace that belongs to no placeholder/,
    ],
    'a brace that is not opened, in a group': [
      { log_group_name: '/a/{ClusterName}/TaskId}' },
      /^error log_group_name: .* has a brace that belongs to no placeholder/,
    ],
    'a stream with a colon': [{ log_stream_name: 'a:b' }, /^error log_stream_name: .*":"/],
    "a namespace of AWS' own": [{ namespace: 'AWS/ECS' }, /^error namespace: .*are of AWS/],
    'a namespace of 256 characters': [
      { namespace: 'n'.repeat(256) },
      /^error namespace: a namespace has at most 255/,
    ],
    'a processor beside what it stands for': [
      { emf_processor: {}, namespace: 'n' },
      /^error namespace: only one of "namespace" and "emf_processor"|^$/,
    ],
    'Container Insights of EKS': [
      { eks_fargate_container_insights_enabled: true },
      /^lacks eks_fargate_container_insights_enabled: .*for Kubernetes alone; remove it/,
    ],
    'more bytes than CloudWatch Logs takes': [
      { queue_config: { max_bytes_per_send: '2MB' } },
      /^error queue_config.max_bytes_per_send: CloudWatch Logs takes at most 1048576/,
    ],
  };
  for (const [what, [entry, expected]] of Object.entries(refused))
    test(`with ${what} is refused at its place`, () => {
      const { told } = resolve(entry);
      assert.match(told.join('\n'), expected);
    });

  test('with the switch of EKS off is taken', () => {
    assert.deepEqual(resolve({ eks_fargate_container_insights_enabled: false }).told, []);
  });

  test('of another group or namespace is another address, so that both have a queue', () => {
    const addressOf = (entry: object): string => resolve(entry).resolved.address;
    const entries = [{}, { namespace: 'n' }, { log_group_name: 'g' }, { region: 'us-east-1' }];
    assert.equal(new Set(entries.map(addressOf)).size, entries.length);
  });
});

suite("the processor of CloudWatch's agent", () => {
  const names = ['prometheus_config_linux', 'prometheus_combined_config_linux'];
  for (const name of names)
    test(`becomes what the agent makes of ${name}`, { skip: skipWithoutConformance }, () => {
      const folder = conformancePath('cloudwatch-agent');
      const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
      const { logs } = JSON.parse(read(`${name}.json`)) as {
        logs: { metrics_collected: { prometheus: { emf_processor: unknown } } };
      };
      // A placeholder of the file's is YAML of its own.
      const { exporters } = parse(read(`${name}.yaml`).replaceAll(/\{\w+FileName\}/g, 'x')) as {
        exporters: Record<string, Record<string, unknown>>;
      };
      const expected = exporters['awsemf/prometheus'] ?? {};
      const written = logs.metrics_collected.prometheus.emf_processor;
      const translated = translateProcessor(emfProcessorSchema.parse(written));
      assert.deepEqual(translated, {
        namespace: expected['namespace'],
        metric_declarations: expected['metric_declarations'],
        metric_descriptors: expected['metric_descriptors'],
      });
    });

  test('chooses dimensions as the same declarations do', () => {
    const processor = {
      metric_namespace: 'n',
      metric_declaration: [
        {
          source_labels: ['job'],
          label_matcher: '^web$',
          metric_selectors: ['^a$'],
          dimensions: [['job']],
        },
      ],
    };
    const { events } = makeEvents({ emf_processor: processor }, [
      gauge('a', { job: 'web' }, 1),
      gauge('a', { job: 'db' }, 1),
    ]);
    assert.deepEqual(
      events.map(({ event }) => [event['job'], event['_aws'] !== undefined]),
      [
        ['web', true],
        ['db', false],
      ],
    );
  });

  test('says that the switch for doubles has no effect', () => {
    const { told } = resolve({ emf_processor: { metric_declaration_dedup: true } });
    assert.match(told.join(), /^warning emf_processor.metric_declaration_dedup: .*has no effect/);
  });
});

suite('presets', () => {
  const task = {
    'aws.ecs.cluster.name': 'prod',
    'aws.ecs.task.id': 't1',
    'aws.ecs.task.family': 'shop',
    'aws.ecs.service.name': 'web',
  };

  test('container_insights makes the events of tasks that dashboards want', () => {
    const { events } = makeEvents(
      { preset: 'container_insights' },
      [gauge('ecs.task.cpu.utilized', {}, 12), gauge('ecs.task.memory.usage', {}, 7)],
      task,
    );
    const [first] = events;
    assert.equal(first?.group, '/aws/ecs/containerinsights/prod/performance');
    assert.equal(first?.stream, 't1');
    const { _aws: aws, ...own } = first?.event ?? {};
    assert.deepEqual(own, {
      Version: '1',
      ClusterName: 'prod',
      ServiceName: 'web',
      TaskDefinitionFamily: 'shop',
      TaskId: 't1',
      CpuUtilized: 12,
      'ecs.task.memory.usage': 7,
    });
    assert.deepEqual((aws as { CloudWatchMetrics: unknown }).CloudWatchMetrics, [
      {
        Namespace: 'ECS/ContainerInsights',
        Dimensions: [
          ['ClusterName'],
          ['ClusterName', 'TaskDefinitionFamily'],
          ['ClusterName', 'ServiceName'],
        ],
        Metrics: [{ Name: 'CpuUtilized' }],
      },
    ]);
    assert.deepEqual(validateEmf(first?.message ?? '').faults, []);
  });

  const workloads: readonly (readonly [
    name: string,
    labels: Readonly<Record<string, string>>,
    dimensions: readonly string[],
  ])[] = [
    ['nginx_http_requests_total', { job: 'nginx-prometheus-exporter' }, ['ServiceName']],
    ['nginxplus_up', { job: 'nginx-plus' }, ['ServiceName']],
    [
      'nginxplus_server_zone_responses',
      { job: 'nginx-plus', code: '2xx' },
      ['ServiceName', 'code'],
    ],
    ['jvm_classes_loaded', { Java_EMF_Metrics: 'true' }, []],
    ['jvm_memory_bytes_used', { Java_EMF_Metrics: 'true', area: 'heap' }, ['area']],
    ['envoy_server_live', { container_name: 'envoy' }, []],
    ['haproxy_backend_up', { proxy: 'p' }, []],
    ['haproxy_frontend_http_responses_total', { frontend: 'f', code: '2xx' }, ['code', 'frontend']],
  ];
  for (const [name, labels, more] of workloads)
    test(`prometheus makes a metric of ${name}`, () => {
      const { events } = makeEvents({ preset: 'prometheus' }, [gauge(name, labels, 1)], task);
      const aws = events[0]?.event['_aws'] as {
        CloudWatchMetrics: { Namespace: string; Dimensions: string[][] }[];
      };
      assert.equal(aws.CloudWatchMetrics[0]?.Namespace, 'ECS/ContainerInsights/Prometheus');
      assert.deepEqual(aws.CloudWatchMetrics[0].Dimensions, [
        ['ClusterName', 'TaskDefinitionFamily', ...more].sort(),
      ]);
      assert.equal(events[0]?.group, '/aws/ecs/containerinsights/prod/prometheus');
      assert.equal(events[0].stream, labels['job'] ?? 'JobName');
    });

  test('a job is the service of a resource', () => {
    const resource = { ...task, 'service.name': 'nginx' };
    const { events } = makeEvents({ preset: 'prometheus' }, [gauge('nginx_up', {}, 1)], resource);
    assert.equal(events[0]?.stream, 'nginx');
    assert.equal(events[0].event['job'], 'nginx');
    assert.notEqual(events[0].event['_aws'], undefined);
  });

  test('a key of the entry counts before that of the preset', () => {
    const entry = { preset: 'container_insights', namespace: 'mine', log_stream_name: 's' };
    const { resolved } = resolve(entry);
    assert.equal(resolved.settings.events.namespace, 'mine');
    assert.equal(resolved.settings.events.logStream, 's');
    assert.match(resolved.settings.events.logGroup, /performance$/);
  });
});
