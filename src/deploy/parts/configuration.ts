/** The configuration of the collector: the user's, or one made of the model. */
import type { Deployment } from '../schema.ts';
import { type Draft, type AwsExpression, join, type AwsValue } from '../template.ts';
import type { ReadFile } from './files.ts';
import { PAGES_PORT } from './collector-container.ts';
import { SEGMENT_PORT } from './traces.ts';
import { eventGroup } from './cloudwatch.ts';
import type { Workspace } from './workspace.ts';
import { yamlName } from './yaml-name.ts';

/** Where the collector reads its configuration: the value of `--config`. */
export interface CollectorConfiguration {
  readonly source: string;
  /** A parameter that was made for it, whose change the tasks must follow. */
  readonly parameter?: string;
}

/** The variable of a container that holds the configuration of its task alone. */
export const TASK_VARIABLE = 'AMPERAGE_CONFIGURATION';

/** Whether the collector reads its configuration itself. */
export function isRemoteSource(given: string): boolean {
  return SOURCE.test(given);
}

const SOURCE = /^(s3|ssm|secretsmanager|https?|env):/;

export function addConfiguration(
  draft: Draft,
  deployment: Deployment,
  { workspace, readFile }: { workspace: Workspace; readFile: ReadFile },
): CollectorConfiguration {
  const { configuration: given, mode } = deployment.collector;
  if (given === undefined && mode === 'sidecar') return { source: `env:${TASK_VARIABLE}` };
  if (given !== undefined && isRemoteSource(given)) return { source: given };
  const parameter = `/${deployment.name}/collector`;
  const text =
    given === undefined
      ? makeConfiguration(deployment, workspace)
      : fillIn(readFile(given, 'collector.configuration'), deployment.region, workspace);
  draft.add({
    id: 'CollectorConfiguration',
    type: 'AWS::SSM::Parameter',
    properties: {
      Name: parameter,
      Type: 'String',
      Tier: 'Intelligent-Tiering',
      Value: text,
      Description: `Configuration of the collector of ${deployment.name}`,
    },
    why: 'The collector reads it at its start and again when it changes.',
  });
  return { source: `ssm:${parameter}`, parameter };
}

/** What the templates of the AWS articles leave open, filled in: WORKSPACE and REGION in a URL. */
function fillIn(text: string, region: string, { id }: Workspace): AwsValue {
  const pieces = fillInRegion(text, region).split(/(?<=\/workspaces\/)WORKSPACE\b/);
  return pieces
    .slice(1)
    .reduce<AwsExpression | string>(
      (before, piece) => join`${before}${id}${piece}`,
      pieces[0] ?? '',
    );
}

function makeConfiguration(deployment: Deployment, { writeUrl }: Workspace): AwsValue {
  const { region, discovery, namespace, collector } = deployment;
  const found =
    discovery === 'cloud-map'
      ? `    cloudmap_sd_configs:
      - region: ${region}
        namespaces: ['${namespace.name}']
        refresh_interval: 10s
`
      : `    amperage_ecs_sd_configs:
      - region: ${region}
        clusters: ['${deployment.cluster.name ?? deployment.name}']
        docker_labels:
          - port_label: PROMETHEUS_EXPORTER_PORT
            metrics_path_label: PROMETHEUS_EXPORTER_PATH
            job_name_label: PROMETHEUS_EXPORTER_JOB_NAME
    relabel_configs:
      - { source_labels: [__meta_ecs_cluster_name], target_label: cluster }
      - { source_labels: [__meta_ecs_service_name], target_label: service }
      - { source_labels: [__meta_ecs_task_id], target_label: taskid }
`;
  // Outside of AWS it is on its machine alone; elsewhere it is found as the others are.
  const itself =
    collector.launch === 'external'
      ? `  - job_name: amperage
    static_configs: [{ targets: ['127.0.0.1:${PAGES_PORT}'] }]
`
      : '';
  const labels = collector.pair
    ? `  external_labels:
    cluster: ${yamlName(deployment.name)}
    __replica__: \${AMPERAGE_REPLICA}
`
    : '';
  return join`global:
  scrape_interval: 30s
${labels}scrape_configs:
  - job_name: ecs
${found}${itself}remote_write:
  - url: ${writeUrl}
    sigv4:
      region: ${region}
${deployment.traces ? traceSections(region) : ''}${eventSection(deployment)}`;
}

/** Of the metrics that are named: each costs, and CloudWatch keeps what it is told. */
function eventSection(deployment: Deployment): string {
  const { cloudwatch, name, region } = deployment;
  if (cloudwatch === undefined) return '';
  return `emf_write:
  - namespace: ${yamlName(cloudwatch.namespace ?? name)}
    region: ${region}
    log_group_name: ${eventGroup(deployment)}
    metric_declarations:
      - dimensions: ${JSON.stringify(cloudwatch.dimensions)}
        metric_name_selectors: ${JSON.stringify(cloudwatch.metrics)}
`;
}

/** Segments of X-Ray's clients: UDP for segments, TCP for sampling rules. */
const traceSections = (region: string): string => `xray_receivers:
  - listen: 0.0.0.0:${SEGMENT_PORT}
    proxy: { listen: '0.0.0.0:${SEGMENT_PORT}', region: ${region} }
xray_write:
  - region: ${region}
`;

/** The region alone. */
export function fillInRegion(text: string, region: string): string {
  return text
    .replaceAll(/(aps-workspaces\.)REGION\b/g, `$1${region}`)
    .replaceAll(/(\bregion: *["']?)REGION\b/g, `$1${region}`);
}
