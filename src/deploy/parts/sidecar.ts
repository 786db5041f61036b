/**
 * The collector beside each application: it scrapes its own task on the loopback, so it finds
 * nothing and needs no permission but to write. Its configuration stands in the task definition:
 * tasks of one revision have one configuration.
 */
import { askForSampling, type PolicyStatement, sendSegments } from '../permissions.ts';
import { EXPORTER_PORT } from '../collector-schema.ts';
import type { Deployment, ServiceModel } from '../schema.ts';
import { type AwsExpression, type AwsValue, join, type Properties } from '../template.ts';
import { defineCollector, PAGES_PORT } from './collector-container.ts';
import { TASK_VARIABLE } from './configuration.ts';
import { SEGMENT_PORT } from './traces.ts';
import { yamlName } from './yaml-name.ts';

export interface SidecarParts {
  /** URL that samples are written to. */
  readonly writeUrl: AwsValue;
  /** Where it reads its configuration. */
  readonly source: string;
  readonly statements: readonly PolicyStatement[];
  /** Whether the statements are all that it needs: they are of the configuration in use. */
  readonly isWhole: boolean;
}

/** Where applications send segments, in the same task. */
export const SIDECAR_ADDRESS = `127.0.0.1:${SEGMENT_PORT}`;

/** What the role of the service's tasks needs. */
export function listSidecarStatements(
  { statements, isWhole }: SidecarParts,
  { traces }: ServiceModel,
): PolicyStatement[] {
  const forTraces =
    traces && !isWhole
      ? [sendSegments({ hasTelemetry: true, asOtlp: false }), askForSampling()]
      : [];
  return [...statements, ...forTraces];
}

export function defineSidecar(
  deployment: Deployment,
  service: ServiceModel,
  { writeUrl, source, logs }: SidecarParts & { readonly logs: AwsValue },
): Properties {
  const { cpu, memory } = deployment.collector;
  return defineCollector(
    deployment,
    {
      source,
      environment:
        source === `env:${TASK_VARIABLE}`
          ? { [TASK_VARIABLE]: makeConfiguration(deployment, service, writeUrl) }
          : {},
      // An application outlives its collector, which is started again over the same queue.
      isEssential: false,
      more: {
        RestartPolicy: { Enabled: true },
        ...(cpu === undefined ? {} : { Cpu: cpu }),
        ...(memory === undefined ? {} : { Memory: memory }),
      },
    },
    logs,
  );
}

/** In the Collector's dialect, whose processors put the id of the task on each series. */
function makeConfiguration(
  { name, cluster, region }: Deployment,
  { name: service, port, metrics_path, exporter, traces }: ServiceModel,
  writeUrl: AwsValue,
): AwsExpression | string {
  const jobs = [
    listJob(service, metrics_path, port),
    ...(exporter ? [listJob('ecs-exporter', '/metrics', EXPORTER_PORT)] : []),
    listJob('amperage', '/metrics', PAGES_PORT),
  ];
  const receiver = `  awsxray:
    endpoint: ${SIDECAR_ADDRESS}
    proxy_server: { endpoint: '${SIDECAR_ADDRESS}', region: ${region} }
`;
  const pipeline = `    traces:
      receivers: [awsxray]
      exporters: [awsxray]
`;
  return join`receivers:
  prometheus:
    config:
      global:
        scrape_interval: 30s
      scrape_configs:
${jobs.join('')}${traces ? receiver : ''}processors:
  resourcedetection:
    detectors: [ecs]
  transform:
    metric_statements:
      - set(datapoint.attributes["taskid"], resource.attributes["aws.ecs.task.id"])
exporters:
  prometheusremotewrite:
    endpoint: ${writeUrl as AwsExpression | string}
    auth: { authenticator: sigv4auth }
    add_metric_suffixes: false
    external_labels: { cluster: ${yamlName(cluster.name ?? name)}, service: ${yamlName(service)} }
    target_info: { enabled: false }
${traces ? `  awsxray: { region: ${region} }\n` : ''}extensions:
  sigv4auth: { region: ${region}, service: aps }
service:
  extensions: [sigv4auth]
  pipelines:
    metrics:
      receivers: [prometheus]
      processors: [resourcedetection, transform]
      exporters: [prometheusremotewrite]
${traces ? pipeline : ''}`;
}

/** A dollar would be a reference in this dialect. */
const listJob = (
  name: string,
  path: string,
  port: number,
): string => `        - job_name: ${yamlName(name)}
          metrics_path: ${JSON.stringify(path).replaceAll('$', '$$$$')}
          static_configs:
            - targets: ['127.0.0.1:${port}']
`;
