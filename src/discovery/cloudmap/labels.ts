/**
 * The targets of Cloud Map instances with their labels, and why an instance or a service has none.
 * Pure.
 * The labels are those of prometheus-sdconfig-reloader, except `instance` of the exporter:
 * docs/decisions/0005-instance-of-the-exporter-target.md.
 * Source: https://github.com/aws-samples/prometheus-for-ecs
 */
import type { TargetGroup } from '../../model/target.ts';
import type { Explained } from '../mechanism.ts';
import type { CloudMapNamespace, CloudMapService } from './api.ts';

export interface CloudMapInstance {
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly serviceId: string;
  readonly serviceName: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly hasMeta: boolean;
}

/**
 * The targets of one instance: the application's and the exporter's, as far as the tags of the
 * service name them.
 */
export function groupsOfInstance(instance: CloudMapInstance): TargetGroup[] {
  const { id, attributes, namespace, serviceId, tags } = instance;
  const ip = attributes['AWS_INSTANCE_IPV4'] ?? attributes['AWS_INSTANCE_IPV6'];
  if (ip === undefined || ip === '') return [];
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const shared = {
    cluster: attributes['ECS_CLUSTER_NAME'] ?? '',
    service: attributes['ECS_SERVICE_NAME'] ?? '',
    namespace,
    taskdefinition: attributes['ECS_TASK_DEFINITION_FAMILY'] ?? '',
    taskid: id,
    ...(instance.hasMeta ? makeCloudMapLabels(instance) : {}),
  };
  const scheme = tags.get('METRICS_SCHEME');
  const makeGroup = (kind: string, path: string, port: string, name: string): TargetGroup => ({
    source: `${serviceId}/${id}/${kind}`,
    targets: [{ __address__: `${host}:${port}` }],
    labels: {
      __metrics_path__: path,
      ...(kind === 'app' && scheme !== undefined ? { __scheme__: scheme } : {}),
      instance: name,
      ...shared,
    },
  });
  const appPath = tags.get('METRICS_PATH');
  const exporterPath = tags.get('ECS_METRICS_PATH');
  const exporterPort = tags.get('ECS_METRICS_PORT');
  const appPort = tags.get('METRICS_PORT') ?? attributes['AWS_INSTANCE_PORT'] ?? '80';
  return [
    ...(appPath === undefined ? [] : [makeGroup('app', appPath, appPort, ip)]),
    ...(exporterPath === undefined || exporterPort === undefined
      ? []
      : [makeGroup('exporter', exporterPath, exporterPort, `${host}:${exporterPort}`)]),
  ];
}

function makeCloudMapLabels({
  id,
  attributes,
  namespace,
  serviceId,
  serviceName,
  tags,
}: CloudMapInstance): Record<string, string> {
  const safe = (name: string): string => name.replaceAll(/[^A-Za-z0-9_]/g, '_');
  return {
    __meta_cloudmap_namespace_name: namespace,
    __meta_cloudmap_service_name: serviceName,
    __meta_cloudmap_service_id: serviceId,
    __meta_cloudmap_instance_id: id,
    ...Object.fromEntries(
      [...tags].map(([name, value]) => [`__meta_cloudmap_service_tag_${safe(name)}`, value]),
    ),
    ...Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [
        `__meta_cloudmap_attribute_${safe(name)}`,
        value,
      ]),
    ),
  };
}

const REASONS = {
  no_tags: 'the Cloud Map service has neither of the tags METRICS_PATH and ECS_METRICS_PATH',
  tags_denied:
    'its tags, which say where it is scraped, may not be read: the role in use needs ' +
    'servicediscovery:ListTagsForResource',
  unhealthy: 'Cloud Map calls it unhealthy and drop_unhealthy is set',
  no_address: 'it has neither AWS_INSTANCE_IPV4 nor AWS_INSTANCE_IPV6',
} as const;

/** Explains why a service has no targets. */
export function explainService(
  namespace: CloudMapNamespace,
  service: CloudMapService,
  reason: 'no_tags' | 'tags_denied',
): Explained {
  return explainWith(`${namespace.name}/${service.name}`, reason);
}

/** @param groups  the targets of the instance */
export function explainInstance(
  { id, namespace, serviceName }: CloudMapInstance,
  groups: readonly TargetGroup[],
  isDropped: boolean,
): Explained {
  const task = `${namespace}/${serviceName}/${id}`;
  if (groups.length === 0) return explainWith(task, isDropped ? 'unhealthy' : 'no_address');
  const verdicts = groups.map(({ targets, labels, source }) => ({
    container: source.endsWith('/app') ? 'application' : 'exporter',
    rule: 'tags of the Cloud Map service',
    target: { ...labels, ...targets[0] },
    words: 'the address of the instance, the port of the tags',
  }));
  return { task, group: '', verdicts };
}

function explainWith(task: string, reason: keyof typeof REASONS): Explained {
  const verdict = { container: '', rule: '', reason, words: REASONS[reason] };
  return { task, group: '', verdicts: [verdict] };
}
