/**
 * The extension `ecs_observer` as discovery of our own, with its labels: jobs that name its
 * result_file among their file_sd_configs take its targets, and no file is written.
 * Source: contrib's extension/observer/ecsobserver/{config,service,task_definition,docker_label,
 * exporter}.go
 */
import * as z from 'zod';
import { ecsMechanism, type EcsConfig } from '../../../discovery/ecs/mechanism.ts';
import { definitionRuleSchema, serviceRuleSchema } from '../../../discovery/ecs/rules.ts';
import { portSchema } from '../../../settings/count.ts';
import type { ConfigPath, Reporter } from '../../../settings/finding.ts';
import { goDurationSchema } from '../../../settings/go-duration.ts';
import { listOf, textSchema } from '../../../settings/text.ts';
import { defineExtension } from './extension.ts';

const RESULT_FILE = '/etc/ecs_sd_targets.yaml';
const CLUSTER = 'default';
const REFRESH_MS = 30_000;
const PORT_LABEL = 'ECS_PROMETHEUS_EXPORTER_PORT';

const { container_name_pattern, job_name, metrics_path } = serviceRuleSchema.shape;
const shared = {
  container_name_pattern,
  job_name,
  metrics_path,
  metrics_ports: listOf(portSchema)
    .optional()
    .describe('Container ports that are scraped; without any the rule finds no target.'),
};

const schema = z.strictObject({
  cluster_name: textSchema
    .optional()
    .meta({ description: 'Name of the cluster.', default: CLUSTER }),
  cluster_region: textSchema
    .optional()
    .describe('Its region; AWS_REGION, the profile or the instance tell it where it is absent.'),
  refresh_interval: goDurationSchema
    .optional()
    .meta({ description: 'Pause between two readings of the cluster.', default: '30s' }),
  result_file: textSchema.optional().meta({
    description: 'Name by which jobs take the targets in file_sd_configs; no file is written.',
    default: RESULT_FILE,
  }),
  job_label_name: textSchema
    .optional()
    .meta({ description: 'Label that holds the job.', default: 'prometheus_job' }),
  services: listOf(
    z.strictObject({ ...shared, name_pattern: serviceRuleSchema.shape.name_pattern }),
  )
    .optional()
    .describe('Rules by the name of the service that a task belongs to.'),
  task_definitions: listOf(
    z.strictObject({ ...shared, arn_pattern: definitionRuleSchema.shape.arn_pattern }),
  )
    .optional()
    .describe('Rules by the ARN of the task definition.'),
  docker_labels: listOf(
    z.strictObject({
      port_label: textSchema.optional().describe('Docker label that holds the port; needed.'),
      metrics_path_label: textSchema.optional().describe('Docker label that holds the path.'),
      job_name_label: textSchema.optional().describe('Docker label that holds the job.'),
      job_name,
      metrics_path: metrics_path.describe('Has no effect, as in the Collector.'),
      metrics_ports: listOf(portSchema).optional().describe('Refused, as in the Collector.'),
    }),
  )
    .optional()
    .meta({
      description: 'Rules by docker labels of containers.',
      default: [{ port_label: PORT_LABEL }],
    }),
});

type ObserverInput = z.output<typeof schema>;

export const ecsObserverKind = defineExtension({
  names: ['ecs_observer', 'ecsobserver'],
  schema,
  as: 'discovery of its own, in place of the file that jobs name',
  resolve(input, { name, at, report }) {
    checkRules(input, at, report);
    const { cluster_name: cluster = CLUSTER, result_file: resultFile = RESULT_FILE } = input;
    if (cluster === '')
      report.error([...at, 'cluster_name'], 'CONFIG_VALUE', `${name} needs a "cluster_name"`);
    const every = input.refresh_interval ?? REFRESH_MS;
    if (every === 0)
      report.error(
        [...at, 'refresh_interval'],
        'CONFIG_VALUE',
        'refresh_interval must be more than 0',
      );
    const base: EcsConfig = ecsMechanism.schema.parse({
      clusters: [cluster],
      ...(input.cluster_region ? { region: input.cluster_region } : {}),
      labels: 'ecsobserver',
    });
    const config: EcsConfig = {
      ...base,
      refresh_interval: every || REFRESH_MS,
      job_label_name: input.job_label_name || base.job_label_name,
      services: (input.services ?? []).map(pickRule),
      task_definitions: (input.task_definitions ?? []).map(pickRule),
      docker_labels: (input.docker_labels ?? [{ port_label: PORT_LABEL }]).map((rule) => ({
        port_label: rule.port_label ?? '',
        ...pickFilled(rule, ['metrics_path_label', 'job_name_label', 'job_name']),
      })),
    };
    return { targets: { resultFile, entry: { key: ecsMechanism.key, config } } };
  },
});

/**
 * A rule without ports finds nothing, and a rule on services still gives its tasks the name of
 * their service, so it stays. An empty text is the same as none.
 */
function pickRule<Rule extends { readonly metrics_ports?: number[] | undefined }>(
  rule: Rule,
): Rule & { readonly metrics_ports: number[] } {
  const all: [string, unknown][] = Object.entries(rule);
  const filled = all.filter(([, value]) => value !== '' && value !== undefined);
  return { ...(Object.fromEntries(filled) as Rule), metrics_ports: rule.metrics_ports ?? [] };
}

function pickFilled<Key extends string>(
  rule: Readonly<Partial<Record<Key, string | undefined>>>,
  keys: readonly Key[],
): Partial<Record<Key, string>> {
  return Object.fromEntries(
    keys.flatMap((key) => (rule[key] ? [[key, rule[key]]] : [])),
  ) as Partial<Record<Key, string>>;
}

function checkRules(input: ObserverInput, at: ConfigPath, report: Reporter): void {
  const lists = {
    services: input.services ?? [],
    task_definitions: input.task_definitions ?? [],
    docker_labels: input.docker_labels ?? [{ port_label: PORT_LABEL }],
  };
  if (Object.values(lists).every(({ length }) => length === 0))
    report.error(at, 'CONFIG_VALUE', 'no rule: give services, task_definitions or docker_labels');
  for (const key of ['services', 'task_definitions'] as const)
    lists[key].forEach(({ metrics_ports: ports = [], ...rule }, index) => {
      const ruleAt = [...at, key, index];
      const pattern = 'name_pattern' in rule ? 'name_pattern' : 'arn_pattern';
      if (Object.entries(rule).some(([one, value]) => one === pattern && value === ''))
        report.error([...ruleAt, pattern], 'CONFIG_VALUE', `${pattern} is empty`);
      const twice = ports.find((port, place) => ports.indexOf(port) !== place);
      if (twice !== undefined)
        report.error(
          [...ruleAt, 'metrics_ports'],
          'CONFIG_DUPLICATE',
          `metrics_ports names ${twice} twice`,
        );
      if (ports.length === 0)
        report.warn(ruleAt, 'a rule without "metrics_ports" finds no target, as in the Collector');
    });
  (input.docker_labels ?? []).forEach((rule, index) => {
    const ruleAt = [...at, 'docker_labels', index];
    if ((rule.port_label ?? '') === '')
      report.error(ruleAt, 'CONFIG_VALUE', 'a rule of docker_labels needs a "port_label"');
    if ((rule.metrics_ports?.length ?? 0) > 0)
      report.error(
        [...ruleAt, 'metrics_ports'],
        'CONFIG_VALUE',
        'metrics_ports goes with services and task_definitions; the port is in the docker label',
      );
    if ((rule.metrics_path ?? '') !== '')
      report.warn(
        [...ruleAt, 'metrics_path'],
        'metrics_path has no effect here, as in the Collector; use metrics_path_label',
        'key',
      );
  });
}
