/**
 * Decides which containers are scraped, and where, by rules on services, on task definitions and on
 * docker labels, in the order of ecsobserver. The CloudWatch agent applies docker labels before
 * task definitions. Patterns are RE2 and match anywhere in the name.
 *
 * A port label holds a container port, or several with settings for each:
 * `9404:/metrics;job=app;interval=30s,8080:/x`.
 */
import * as z from 'zod';
import { compileRegex } from '../../relabel/regex.ts';
import { portSchema } from '../../settings/count.ts';
import { positiveDurationSchema } from '../../settings/duration.ts';
import { listOf, splitPair, textSchema } from '../../settings/text.ts';
import { type DefinitionFacts, serviceNameOf, type TaskFacts } from './facts.ts';

const patternSchema = textSchema.superRefine((text, context) => {
  try {
    compileRegex(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : '' });
  }
});

const portsSchema = listOf(portSchema).min(1, 'needs at least one port');
const shared = {
  container_name_pattern: patternSchema
    .optional()
    .describe(
      'RE2 that must match somewhere in the name of a container; all of a task by default.',
    ),
  metrics_ports: portsSchema.meta({
    description: 'Container ports that are scraped, one target each.',
    examples: [[9404]],
  }),
  metrics_path: textSchema
    .optional()
    .describe('Path of the metrics, in place of metrics_path of the job.'),
  job_name: textSchema
    .optional()
    .describe('Label "job" of the targets, in place of the name of the job.'),
};

export const dockerLabelSchema = z.strictObject({
  port_label: textSchema.meta({
    description:
      'Docker label that holds the port, or several with more to say of each: ' +
      '9404:/metrics;job=app;interval=30s,8080:/x.',
    examples: ['PROMETHEUS_EXPORTER_PORT'],
  }),
  metrics_path_label: textSchema.optional().describe('Docker label that holds the path.'),
  scheme_label: textSchema.optional().describe('Docker label that holds the scheme.'),
  server_name_label: textSchema
    .optional()
    .describe('Docker label that holds the host of the target, in place of its address.'),
  job_name_label: textSchema.optional().describe('Docker label that holds the label "job".'),
  job_name: textSchema.optional().describe('Label "job" where the docker label is absent.'),
});
export const serviceRuleSchema = z.strictObject({
  name_pattern: patternSchema.meta({
    description: 'RE2 that must match somewhere in the name of the service.',
    examples: ['^web-'],
  }),
  ...shared,
});
export const definitionRuleSchema = z.strictObject({
  arn_pattern: patternSchema.meta({
    description: 'RE2 that must match somewhere in the ARN of the task definition.',
    examples: [':task-definition/batch'],
  }),
  ...shared,
});

export type DockerLabelRule = z.output<typeof dockerLabelSchema>;
export type ServiceRule = z.output<typeof serviceRuleSchema>;
export type DefinitionRule = z.output<typeof definitionRuleSchema>;

export interface Rules {
  readonly services: readonly ServiceRule[];
  readonly definitions: readonly DefinitionRule[];
  readonly dockerLabels: readonly DockerLabelRule[];
  /**
   * The CloudWatch agent applies docker labels before task definitions. The first rule that finds a
   * target gives it its job.
   */
  readonly labelsFirst?: boolean | undefined;
  /** Docker label that a container must have, NAME or NAME=VALUE. */
  readonly filterLabel?: string | undefined;
  /**
   * Replaces all rules: containers with the label PROMETHEUS_DYNAMIC_EXPORT=1 and exactly one port.
   */
  readonly isDynamic: boolean;
}

const DYNAMIC_LABEL = 'PROMETHEUS_DYNAMIC_EXPORT';

/**
 * The docker labels of prometheus-ecs-discovery, and those that the CloudWatch agent and
 * ecsobserver use.
 */
export const DEFAULT_DOCKER_LABELS: readonly DockerLabelRule[] = [
  {
    port_label: 'PROMETHEUS_EXPORTER_PORT',
    metrics_path_label: 'PROMETHEUS_EXPORTER_PATH',
    scheme_label: 'PROMETHEUS_EXPORTER_SCHEME',
    server_name_label: 'PROMETHEUS_EXPORTER_SERVER_NAME',
    job_name_label: 'PROMETHEUS_EXPORTER_JOB_NAME',
  },
  {
    port_label: 'ECS_PROMETHEUS_EXPORTER_PORT',
    metrics_path_label: 'ECS_PROMETHEUS_METRICS_PATH',
    job_name_label: 'ECS_PROMETHEUS_JOB_NAME',
  },
];

/** A container port that a rule selects for scraping. */
export interface Wanted {
  readonly containerPort: number;
  /** The description of the rule, for explanations. */
  readonly rule: string;
  readonly kind: 'service' | 'task_definition' | 'docker_label';
  readonly path?: string | undefined;
  readonly scheme?: string | undefined;
  readonly job?: string | undefined;
  readonly intervalMs?: number | undefined;
  readonly host?: string | undefined;
}

export interface RuleFault {
  readonly reason: 'port_not_mapped' | 'bad_label';
  readonly words: string;
  readonly rule: string;
}

type ContainerDefinition = DefinitionFacts['containers'][number];

/** Applies the rules to a container of a task; the result is empty when none matches. */
export function applyRules(
  rules: Rules,
  facts: TaskFacts,
  container: ContainerDefinition,
): (Wanted | RuleFault)[] {
  if (rules.isDynamic) return applyDynamicMode(rules, container);
  const service = serviceNameOf(facts.task);
  const arn = facts.definition?.arn ?? '';
  const labels = container.dockerLabels ?? {};
  if (!passesFilter(rules.filterLabel, labels)) return [];
  const byService = rules.services
    .filter(({ name_pattern: pattern }) => service !== '' && isMatch(pattern, service))
    .flatMap((rule) => applyPortRule(rule, container, 'service', `services ${rule.name_pattern}`));
  const byDefinition = rules.definitions
    .filter(({ arn_pattern: pattern }) => isMatch(pattern, arn))
    .flatMap((rule) =>
      applyPortRule(rule, container, 'task_definition', `task_definitions ${rule.arn_pattern}`),
    );
  const byLabels = rules.dockerLabels.flatMap((rule) => applyLabelRule(rule, labels));
  return rules.labelsFirst
    ? [...byService, ...byLabels, ...byDefinition]
    : [...byService, ...byDefinition, ...byLabels];
}

/**
 * Returns the service that started the task when a rule on services matches its name, whatever
 * containers that rule selects; else an empty string.
 */
export function matchService(rules: Rules, { task }: TaskFacts): string {
  const name = serviceNameOf(task);
  const isMatched = name !== '' && rules.services.some((rule) => isMatch(rule.name_pattern, name));
  return isMatched ? name : '';
}

const compiled = new Map<string, ReturnType<typeof compileRegex>>();
const COMPILED_MAX = 1_000;

/** Whether the pattern matches anywhere in the text. */
function isMatch(pattern: string, text: string): boolean {
  let regex = compiled.get(pattern);
  if (regex === undefined) {
    regex = compileRegex(`.*(?:${pattern}).*`);
    if (compiled.size >= COMPILED_MAX) compiled.clear();
    compiled.set(pattern, regex);
  }
  return regex.test(text);
}

function passesFilter(
  filter: string | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (filter === undefined || filter === '') return true;
  const [name = '', ...value] = filter.split('=');
  if (!Object.hasOwn(labels, name)) return false;
  return value.length === 0 || labels[name] === value.join('=');
}

/**
 * The dynamic mode of prometheus-ecs-discovery, which replaces all rules. Here it also works with
 * awsvpc.
 */
function applyDynamicMode(rules: Rules, container: ContainerDefinition): (Wanted | RuleFault)[] {
  const labels = container.dockerLabels ?? {};
  if (labels[DYNAMIC_LABEL] !== '1') return [];
  const ports = new Set(container.portMappings?.map(({ containerPort }) => containerPort));
  const [only] = ports;
  const words = `docker label ${DYNAMIC_LABEL}`;
  if (only === undefined || ports.size > 1)
    return [
      {
        reason: 'port_not_mapped',
        words: `${words} needs exactly one port mapping, there are ${ports.size}`,
        rule: words,
      },
    ];
  const [rule] = rules.dockerLabels;
  const given =
    rule === undefined ? [] : applyLabelRule(rule, { ...labels, [rule.port_label]: `${only}` });
  return given.map((result) => ({ ...result, rule: words }));
}

function applyPortRule(
  rule: ServiceRule | DefinitionRule,
  container: ContainerDefinition,
  kind: Wanted['kind'],
  words: string,
): (Wanted | RuleFault)[] {
  if (
    rule.container_name_pattern !== undefined &&
    !isMatch(rule.container_name_pattern, container.name ?? '')
  )
    return [];
  const mapped = rule.metrics_ports.filter((port) =>
    container.portMappings?.some(({ containerPort }) => containerPort === port),
  );
  // A container without the ports is not a fault: the rule is for another container of the task.
  return mapped.map((containerPort) => ({
    containerPort,
    rule: words,
    kind,
    path: rule.metrics_path,
    job: rule.job_name,
  }));
}

function applyLabelRule(
  rule: DockerLabelRule,
  labels: Readonly<Record<string, string>>,
): (Wanted | RuleFault)[] {
  const text = labels[rule.port_label];
  if (text === undefined) return [];
  const words = `docker label ${rule.port_label}`;
  const readLabel = (name: string | undefined): string | undefined =>
    name === undefined || labels[name] === '' ? undefined : labels[name];
  return text.split(',').map((part): Wanted | RuleFault => {
    const parsed = parsePort(part.trim());
    if (typeof parsed === 'string')
      return { reason: 'bad_label', words: `${words} is "${text}": ${parsed}`, rule: words };
    return {
      kind: 'docker_label',
      rule: words,
      containerPort: parsed.containerPort,
      path: parsed.path ?? readLabel(rule.metrics_path_label),
      scheme: parsed.scheme ?? readLabel(rule.scheme_label),
      // As in ecsobserver, a job name in the configuration overrides what containers say.
      job: rule.job_name ?? parsed.job ?? readLabel(rule.job_name_label),
      host: readLabel(rule.server_name_label)?.replace(/\/+$/, ''),
      intervalMs: parsed.intervalMs,
    };
  });
}

type ParsedPort = Pick<Wanted, 'containerPort' | 'path' | 'scheme' | 'job' | 'intervalMs'>;

/** Parses `port[:path][;key=value]…`, or returns what is wrong with it. */
function parsePort(text: string): ParsedPort | string {
  const [head = '', ...settings] = text.split(';');
  const match = /^(\d{1,5})(?::(\/.*))?$/.exec(head.trim());
  const port = portSchema.safeParse(Number(match?.[1]));
  if (match === null || !port.success)
    return 'write a port, or port:/path;job=name;interval=30s, several with commas';
  const parsed: { -readonly [Key in keyof ParsedPort]: ParsedPort[Key] } = {
    containerPort: port.data,
    path: match[2],
  };
  for (const setting of settings) {
    const [key, value] = (splitPair(setting) ?? [setting, '']).map((part) => part.trim());
    if (key === 'job') parsed.job = value;
    else if (key === 'scheme') parsed.scheme = value;
    else if (key === 'interval') {
      const interval = positiveDurationSchema.safeParse(value);
      if (!interval.success) return `interval: ${interval.error.issues[0]?.message ?? ''}`;
      parsed.intervalMs = interval.data;
    } else return `"${key}" is none of job, scheme and interval`;
  }
  return parsed;
}
