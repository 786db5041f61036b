/**
 * The ecs_service_discovery of CloudWatch's agent as an entry of amperage_ecs_sd_configs, which
 * takes the place of the agent's file of targets in the jobs that read it. Pure.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
 * ContainerInsights-Prometheus-Setup-autodiscovery-ecs.html
 */
import { isMapping, type Mapping, withoutUndefined } from '../mapping.ts';
import type { AgentMap } from './agent-values.ts';

export interface AgentDiscovery {
  readonly entry: Mapping;
  /** The file that the agent writes its targets to. */
  readonly resultFile: string;
}

const RESULT_FILE = '/tmp/cwagent_ecs_auto_sd.yaml';

/** @param cluster  where the section names none: that of the agent itself */
export function convertAgentDiscovery(
  section: AgentMap,
  { region, cluster }: { readonly region: string | undefined; readonly cluster: string },
): AgentDiscovery {
  const own = section.text('sd_cluster_region');
  const entry = withoutUndefined({
    region: own === undefined || own === '' ? region : own,
    clusters: [section.text('sd_target_cluster') ?? cluster],
    refresh_interval: section.text('sd_frequency'),
    labels: 'cloudwatch-agent',
    services: convertRules(section, 'service_name_list_for_tasks', [
      'sd_service_name_pattern',
      'name_pattern',
    ]),
    task_definitions: convertRules(section, 'task_definition_list', [
      'sd_task_definition_arn_pattern',
      'arn_pattern',
    ]),
    docker_labels: convertDockerLabel(section.map('docker_label')),
  });
  const resultFile = section.text('sd_result_file') ?? RESULT_FILE;
  section.end();
  return { entry, resultFile };
}

function convertRules(
  section: AgentMap,
  key: string,
  [theirs, ours]: readonly [string, string],
): Mapping[] | undefined {
  const rules = section.maps(key).map((rule) => {
    const ports = rule.text('sd_metrics_ports') ?? '';
    const converted = withoutUndefined({
      [ours]: rule.text(theirs),
      container_name_pattern: rule.text('sd_container_name_pattern'),
      metrics_ports: ports.split(';').map((port) => Number(port.trim())),
      metrics_path: rule.text('sd_metrics_path'),
      job_name: rule.text('sd_job_name'),
    });
    rule.end();
    return converted;
  });
  return rules.length === 0 ? undefined : rules;
}

/** Without the section no docker label counts. */
function convertDockerLabel(section: AgentMap | undefined): Mapping[] | undefined {
  if (section === undefined) return undefined;
  const rule = {
    port_label: section.text('sd_port_label') ?? 'ECS_PROMETHEUS_EXPORTER_PORT',
    metrics_path_label: section.text('sd_metrics_path_label') ?? 'ECS_PROMETHEUS_METRICS_PATH',
    job_name_label: section.text('sd_job_name_label') ?? 'job',
  };
  section.end();
  return [rule];
}

/** Puts the entry into each job that reads the file; tells how many they are. */
export function placeDiscovery(
  jobs: readonly unknown[],
  { entry, resultFile }: AgentDiscovery,
): { jobs: readonly unknown[]; placed: number } {
  let placed = 0;
  const changed = jobs.map((job) => {
    if (!isMapping(job) || !Array.isArray(job['file_sd_configs'])) return job;
    const { file_sd_configs: all, ...rest } = job;
    const files = (all as readonly unknown[]).flatMap((one) => leaveOut(one, resultFile));
    if (JSON.stringify(files) === JSON.stringify(all)) return job;
    placed += 1;
    const others = files.length === 0 ? {} : { file_sd_configs: files };
    return { ...rest, ...others, amperage_ecs_sd_configs: [entry] };
  });
  return { jobs: changed, placed };
}

function leaveOut(config: unknown, file: string): unknown[] {
  if (!isMapping(config) || !Array.isArray(config['files'])) return [config];
  const files = (config['files'] as readonly unknown[]).filter((one) => one !== file);
  return files.length === 0 ? [] : [{ ...config, files }];
}
