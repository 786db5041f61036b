/**
 * cloudmap_sd_configs: the instances registered in AWS Cloud Map, as scrape targets. Tags of a Cloud Map service say
 * where its tasks are scraped: METRICS_PATH and METRICS_PORT for the application, ECS_METRICS_PATH and ECS_METRICS_PORT
 * for the exporter beside it. All pages are read; an API error leaves the last complete list standing.
 * Labels are those of prometheus-sdconfig-reloader, but for `instance` of the exporter: docs/decisions/0005.
 * Source: https://github.com/aws-samples/prometheus-for-ecs
 */
import type { ServiceDiscoveryClient } from '@aws-sdk/client-servicediscovery';
import { z } from 'zod';
import type { TargetGroup } from '../model/target.ts';
import { defineMechanism, type DiscoveryWorld, poll } from './mechanism.ts';
import { refreshIntervalSchema, textSchema } from './schema.ts';

const schema = z
  .strictObject({
    region: textSchema.optional().describe('AWS region; default: AWS_REGION.'),
    endpoint: z.url().optional().describe("Instead of the region's own endpoint."),
    namespaces: z.array(textSchema).optional().describe('Names of Cloud Map namespaces.'),
    namespaces_parameter: textSchema
      .optional()
      .describe('SSM parameter that holds the names, separated by commas; read again each time.'),
    refresh_interval: refreshIntervalSchema(30_000),
  })
  .refine(
    (config) => (config.namespaces === undefined) !== (config.namespaces_parameter === undefined),
    {
      error: 'one of "namespaces" and "namespaces_parameter" must be set',
    },
  );

export type CloudMapConfig = z.output<typeof schema>;

/** More than this is taken for an endless list. */
const PAGES_MAX = 1_000;

export const cloudMapMechanism = defineMechanism({
  key: 'cloudmap_sd_configs',
  schema,
  discover: (config, world) => discover(config, world),
});

async function* discover(
  config: CloudMapConfig,
  world: DiscoveryWorld,
): AsyncIterable<readonly TargetGroup[]> {
  // The SDK is loaded by the first use, not by every collector.
  const [{ ServiceDiscoveryClient: Client }, ssm] = await Promise.all([
    import('@aws-sdk/client-servicediscovery'),
    import('@aws-sdk/client-ssm'),
  ]);
  const options = {
    maxAttempts: 2,
    ...(config.region === undefined ? {} : { region: config.region }),
    ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint }),
  };
  const cloudMap = new Client(options);
  const parameters = new ssm.SSMClient(options);
  const readNames = async (): Promise<readonly string[]> => {
    if (config.namespaces_parameter === undefined) return config.namespaces ?? [];
    const command = new ssm.GetParameterCommand({
      Name: config.namespaces_parameter,
      WithDecryption: true,
    });
    const { Parameter } = await parameters.send(command, { abortSignal: world.signal });
    return splitNames(Parameter?.Value ?? '');
  };
  try {
    yield* poll(config.refresh_interval, world, async () =>
      readGroups(cloudMap, await readNames(), world.signal),
    );
  } finally {
    cloudMap.destroy();
    parameters.destroy();
  }
}

/** Comma separated, blanks around the names allowed. */
export function splitNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

async function readGroups(
  cloudMap: ServiceDiscoveryClient,
  names: readonly string[],
  signal: AbortSignal,
): Promise<TargetGroup[]> {
  const sdk = await import('@aws-sdk/client-servicediscovery');
  const abort = { abortSignal: signal };
  const namespaces = await readPages(async (NextToken) => {
    const page = await cloudMap.send(new sdk.ListNamespacesCommand({ NextToken }), abort);
    return { items: page.Namespaces ?? [], next: page.NextToken };
  });
  const groups: TargetGroup[] = [];
  for (const namespace of namespaces.filter(({ Name }) => names.includes(Name ?? ''))) {
    const services = await readPages(async (NextToken) => {
      const Filters = [
        { Name: 'NAMESPACE_ID' as const, Values: [namespace.Id ?? ''], Condition: 'EQ' as const },
      ];
      const page = await cloudMap.send(new sdk.ListServicesCommand({ NextToken, Filters }), abort);
      return { items: page.Services ?? [], next: page.NextToken };
    });
    for (const service of services) {
      const { Tags = [] } = await cloudMap.send(
        new sdk.ListTagsForResourceCommand({ ResourceARN: service.Arn }),
        abort,
      );
      const tags = new Map(Tags.map(({ Key, Value }) => [Key ?? '', Value ?? '']));
      if (!tags.has('METRICS_PATH') && !tags.has('ECS_METRICS_PATH')) continue;
      const instances = await readPages(async (NextToken) => {
        const page = await cloudMap.send(
          new sdk.ListInstancesCommand({ ServiceId: service.Id, NextToken }),
          abort,
        );
        return { items: page.Instances ?? [], next: page.NextToken };
      });
      for (const instance of instances) {
        groups.push(
          ...groupsOfInstance({
            id: instance.Id ?? '',
            attributes: instance.Attributes ?? {},
            namespace: namespace.Name ?? '',
            serviceId: service.Id ?? '',
            tags,
          }),
        );
      }
    }
  }
  return groups;
}

async function readPages<T>(
  read: (token: string | undefined) => Promise<{ items: readonly T[]; next: string | undefined }>,
): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const { items, next } = await read(token);
    all.push(...items);
    if (next === undefined) return all;
    token = next;
  }
  throw new Error(`the list has more than ${PAGES_MAX} pages`);
}

export interface CloudMapInstance {
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly serviceId: string;
  readonly tags: ReadonlyMap<string, string>;
}

/** The targets of one instance: the application's and the exporter's, as the service's tags say. */
export function groupsOfInstance({
  id,
  attributes,
  namespace,
  serviceId,
  tags,
}: CloudMapInstance): TargetGroup[] {
  const ip = attributes['AWS_INSTANCE_IPV4'] ?? attributes['AWS_INSTANCE_IPV6'];
  if (ip === undefined || ip === '') return [];
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const shared = {
    cluster: attributes['ECS_CLUSTER_NAME'] ?? '',
    service: attributes['ECS_SERVICE_NAME'] ?? '',
    namespace,
    taskdefinition: attributes['ECS_TASK_DEFINITION_FAMILY'] ?? '',
    taskid: id,
  };
  const group = (kind: string, path: string, port: string, instance: string): TargetGroup => ({
    source: `${serviceId}/${id}/${kind}`,
    targets: [{ __address__: `${host}:${port}` }],
    labels: { __metrics_path__: path, instance, ...shared },
  });
  const appPath = tags.get('METRICS_PATH');
  const exporterPath = tags.get('ECS_METRICS_PATH');
  const exporterPort = tags.get('ECS_METRICS_PORT');
  const appPort = tags.get('METRICS_PORT') ?? attributes['AWS_INSTANCE_PORT'] ?? '80';
  return [
    ...(appPath === undefined ? [] : [group('app', appPath, appPort, ip)]),
    ...(exporterPath === undefined || exporterPort === undefined
      ? []
      : [group('exporter', exporterPath, exporterPort, `${host}:${exporterPort}`)]),
  ];
}
