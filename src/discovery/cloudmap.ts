/**
 * cloudmap_sd_configs: the instances registered in AWS Cloud Map, DNS and HTTP namespaces (Service Connect) alike, as
 * scrape targets. Tags of a Cloud Map service say where its tasks are scraped: METRICS_PATH, METRICS_PORT and
 * METRICS_SCHEME for the application, ECS_METRICS_PATH and ECS_METRICS_PORT for the exporter beside it.
 * Each service is a scope: one that can't be read keeps its targets and touches no other. All pages are read.
 * Labels are those of prometheus-sdconfig-reloader, but for `instance` of the exporter: docs/decisions/0005.
 * Source: https://github.com/aws-samples/prometheus-for-ecs
 */
import type { InstanceSummary, ServiceSummary } from '@aws-sdk/client-servicediscovery';
import { z } from 'zod';
import type { TargetGroup } from '../model/target.ts';
import { AwsCallError } from '../aws/calls.ts';
import { AwsCalls } from './aws-calls.ts';
import { type AwsSession, awsAccessShape, openAwsSession } from './aws-client.ts';
import { defineMechanism, type DiscoveryWorld, type Explained, poll } from './mechanism.ts';
import { refreshIntervalSchema } from './schema.ts';
import { textSchema } from '../settings/values.ts';

const schema = z
  .strictObject({
    ...awsAccessShape,
    namespaces: z.array(textSchema).optional().describe('Names of Cloud Map namespaces.'),
    namespaces_parameter: textSchema
      .optional()
      .describe('SSM parameter that holds the names, separated by commas; read again each time.'),
    labels: z
      .enum(['meta', 'sdconfig-reloader'])
      .default('meta')
      .describe('meta adds __meta_cloudmap_* to the labels of prometheus-sdconfig-reloader.'),
    drop_unhealthy: z.boolean().default(false),
    refresh_interval: refreshIntervalSchema(30_000),
  })
  .refine(
    (config) => (config.namespaces === undefined) !== (config.namespaces_parameter === undefined),
    {
      error: 'one of "namespaces" and "namespaces_parameter" must be set',
    },
  );

export type CloudMapConfig = z.output<typeof schema>;

/** Tags change rarely. */
const TAGS_MS = 300_000;
/** So many first readings must be complete; then what could be read begins. */
const COMPLETE_TRIES = 3;

export const cloudMapMechanism = defineMechanism({
  key: 'cloudmap_sd_configs',
  schema,
  async *discover(config, world) {
    const reader = await CloudMapReader.open(config, world);
    try {
      yield* poll(config.refresh_interval, world, () => reader.read());
    } finally {
      reader.close();
    }
  },
});

/** Comma separated, blanks around the names allowed. */
export function splitNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

type CloudMap = typeof import('@aws-sdk/client-servicediscovery');
type Ssm = typeof import('@aws-sdk/client-ssm');

interface KnownService {
  readonly namespaceId: string;
  readonly groups: readonly TargetGroup[];
  readonly explained: readonly Explained[];
}

class CloudMapReader {
  readonly #config: CloudMapConfig;
  readonly #world: DiscoveryWorld;
  readonly #calls: AwsCalls;
  readonly #session: AwsSession;
  readonly #sdk: CloudMap;
  readonly #client: InstanceType<CloudMap['ServiceDiscoveryClient']>;
  readonly #ssm: Ssm;
  readonly #parameters: InstanceType<Ssm['SSMClient']>;
  readonly #tags = new Map<string, { atMs: number; tags: ReadonlyMap<string, string> }>();
  /** The last good reading of each service. */
  #known = new Map<string, KnownService>();
  #tries = 0;

  static async open(config: CloudMapConfig, world: DiscoveryWorld): Promise<CloudMapReader> {
    // The SDK is loaded by the first use, not by every collector.
    const [sdk, ssm] = await Promise.all([
      import('@aws-sdk/client-servicediscovery'),
      import('@aws-sdk/client-ssm'),
    ]);
    const session = openAwsSession(config, world);
    const client = new sdk.ServiceDiscoveryClient(session.clientOptions());
    const calls = new AwsCalls(world, session, await client.config.region());
    return new CloudMapReader(config, world, { sdk, client, ssm, calls, session });
  }

  private constructor(
    config: CloudMapConfig,
    world: DiscoveryWorld,
    parts: {
      sdk: CloudMap;
      client: InstanceType<CloudMap['ServiceDiscoveryClient']>;
      ssm: Ssm;
      calls: AwsCalls;
      session: AwsSession;
    },
  ) {
    this.#config = config;
    this.#world = world;
    this.#sdk = parts.sdk;
    this.#client = parts.client;
    this.#ssm = parts.ssm;
    this.#calls = parts.calls;
    this.#session = parts.session;
    this.#parameters = new parts.ssm.SSMClient(parts.session.clientOptions());
  }

  close(): void {
    this.#session.close();
    this.#client.destroy();
    this.#parameters.destroy();
  }

  /** All services of the namespaces; rejects when nothing can be said, or a first reading is not complete. */
  async read(): Promise<readonly TargetGroup[]> {
    this.#tries += 1;
    const names = await this.#names();
    const namespaces = await this.#namespaces(names);
    const known = new Map<string, KnownService>();
    const failures: unknown[] = [];
    for (const { id, name } of namespaces) {
      try {
        for (const service of await this.#services(id)) {
          const serviceId = service.Id ?? '';
          try {
            known.set(serviceId, await this.#service(service, id, name));
          } catch (error) {
            failures.push(error);
            const last = this.#known.get(serviceId);
            if (last !== undefined) known.set(serviceId, last);
          }
        }
      } catch (error) {
        failures.push(error);
        for (const [serviceId, last] of this.#known)
          if (last.namespaceId === id) known.set(serviceId, last);
      }
    }
    const isFirst = this.#known.size === 0;
    if (failures.length > 0 && isFirst && this.#tries <= COMPLETE_TRIES) throw failures[0];
    if (failures.length > 0) this.#tellFailures(failures);
    this.#known = known;
    // Of services that are gone.
    if (this.#tags.size > 2 * known.size + 100) this.#tags.clear();
    this.#world.onExplained?.([...known.values()].flatMap(({ explained }) => explained));
    return [...known.values()].flatMap(({ groups }) => groups);
  }

  #tellFailures(failures: readonly unknown[]): void {
    const { metrics, mechanism, log } = this.#world;
    metrics
      .counters('prometheus_sd_refresh_failures_total', 'Readings of a target list that failed.')
      .with({ mechanism })
      .inc();
    log.warn('a part of Cloud Map could not be read; its targets known so far stay', {
      failures: failures.length,
      error: failures[0],
    });
  }

  /** An empty parameter is taken for a mistake: it would end every target. */
  async #names(): Promise<readonly string[]> {
    const { namespaces, namespaces_parameter: Name } = this.#config;
    if (Name === undefined) return namespaces ?? [];
    const answer = await this.#calls.call('ssm:GetParameter', 'cloud_map', (abortSignal) =>
      this.#parameters.send(new this.#ssm.GetParameterCommand({ Name, WithDecryption: true }), {
        abortSignal,
      }),
    );
    const names = splitNames(answer.Parameter?.Value ?? '');
    if (names.length === 0) throw new Error(`the SSM parameter ${Name} names no namespace`);
    return names;
  }

  async #namespaces(names: readonly string[]): Promise<{ id: string; name: string }[]> {
    const found: { id: string; name: string }[] = [];
    await this.#calls.pages(async (NextToken) => {
      const page = await this.#calls.call(
        'servicediscovery:ListNamespaces',
        'cloud_map',
        (abortSignal) =>
          this.#client.send(new this.#sdk.ListNamespacesCommand({ NextToken, MaxResults: 100 }), {
            abortSignal,
          }),
      );
      for (const { Id = '', Name = '' } of page.Namespaces ?? [])
        if (names.includes(Name)) found.push({ id: Id, name: Name });
      return page.NextToken;
    });
    const missing = names.filter((name) => found.every((one) => one.name !== name));
    if (missing.length > 0)
      this.#world.log.warn('there is no such Cloud Map namespace in this region', {
        namespaces: missing.join(','),
      });
    return found;
  }

  async #services(namespaceId: string): Promise<ServiceSummary[]> {
    const found: ServiceSummary[] = [];
    const Filters = [
      { Name: 'NAMESPACE_ID' as const, Values: [namespaceId], Condition: 'EQ' as const },
    ];
    await this.#calls.pages(async (NextToken) => {
      const command = new this.#sdk.ListServicesCommand({ NextToken, Filters, MaxResults: 100 });
      const page = await this.#calls.call(
        'servicediscovery:ListServices',
        'cloud_map',
        (abortSignal) => this.#client.send(command, { abortSignal }),
      );
      found.push(...(page.Services ?? []));
      return page.NextToken;
    });
    return found;
  }

  async #service(
    service: ServiceSummary,
    namespaceId: string,
    namespace: string,
  ): Promise<KnownService> {
    const tags = await this.#tagsOf(service.Arn ?? '');
    const task = `${namespace}/${service.Name ?? ''}`;
    if (!tags.has('METRICS_PATH') && !tags.has('ECS_METRICS_PATH')) {
      const words =
        'the Cloud Map service has neither of the tags METRICS_PATH and ECS_METRICS_PATH';
      const verdict = { container: '', rule: '', reason: 'no_tags', words };
      return { namespaceId, groups: [], explained: [{ task, group: '', verdicts: [verdict] }] };
    }
    const instances = await this.#instances(service.Id ?? '');
    const unhealthy = this.#config.drop_unhealthy
      ? await this.#unhealthy(service.Id ?? '')
      : new Set<string>();
    const groups: TargetGroup[] = [];
    const explained: Explained[] = [];
    for (const { Id: id = '', Attributes: attributes = {} } of instances) {
      const own = unhealthy.has(id)
        ? []
        : groupsOfInstance({
            id,
            attributes,
            namespace,
            serviceId: service.Id ?? '',
            serviceName: service.Name ?? '',
            tags,
            hasMeta: this.#config.labels === 'meta',
          });
      groups.push(...own);
      explained.push(explanation(`${task}/${id}`, own, unhealthy.has(id)));
    }
    return { namespaceId, groups, explained };
  }

  async #tagsOf(ResourceARN: string): Promise<ReadonlyMap<string, string>> {
    const nowMs = this.#world.clock.nowMs();
    const held = this.#tags.get(ResourceARN);
    if (held !== undefined && nowMs - held.atMs < TAGS_MS) return held.tags;
    const { Tags = [] } = await this.#calls.call(
      'servicediscovery:ListTagsForResource',
      'cloud_map',
      (abortSignal) =>
        this.#client.send(new this.#sdk.ListTagsForResourceCommand({ ResourceARN }), {
          abortSignal,
        }),
    );
    const tags = new Map(Tags.map(({ Key, Value }) => [Key ?? '', Value ?? '']));
    this.#tags.set(ResourceARN, { atMs: nowMs, tags });
    return tags;
  }

  async #instances(ServiceId: string): Promise<InstanceSummary[]> {
    const found: InstanceSummary[] = [];
    await this.#calls.pages(async (NextToken) => {
      const command = new this.#sdk.ListInstancesCommand({ ServiceId, NextToken, MaxResults: 100 });
      const page = await this.#calls.call(
        'servicediscovery:ListInstances',
        'cloud_map',
        (abortSignal) => this.#client.send(command, { abortSignal }),
      );
      found.push(...(page.Instances ?? []));
      return page.NextToken;
    });
    return found;
  }

  /** Instances that a health check calls unhealthy; services without one answer with an error, and have none. */
  async #unhealthy(ServiceId: string): Promise<Set<string>> {
    const found = new Set<string>();
    try {
      await this.#calls.pages(async (NextToken) => {
        const command = new this.#sdk.GetInstancesHealthStatusCommand({ ServiceId, NextToken });
        const page = await this.#calls.call(
          'servicediscovery:GetInstancesHealthStatus',
          'cloud_map',
          (abortSignal) => this.#client.send(command, { abortSignal }),
        );
        for (const [id, status] of Object.entries(page.Status ?? {}))
          if (status === 'UNHEALTHY') found.add(id);
        return page.NextToken;
      });
    } catch (error) {
      if (!(error instanceof AwsCallError) || !error.awsName.includes('InvalidInput')) throw error;
    }
    return found;
  }
}

function explanation(
  task: string,
  groups: readonly TargetGroup[],
  isUnhealthy: boolean,
): Explained {
  if (groups.length === 0) {
    const [reason, words] = isUnhealthy
      ? ['unhealthy', 'Cloud Map calls it unhealthy and drop_unhealthy is set']
      : ['no_address', 'it has neither AWS_INSTANCE_IPV4 nor AWS_INSTANCE_IPV6'];
    return { task, group: '', verdicts: [{ container: '', rule: '', reason, words }] };
  }
  return {
    task,
    group: '',
    verdicts: groups.map(({ targets, labels, source }) => ({
      container: source.endsWith('/app') ? 'application' : 'exporter',
      rule: 'tags of the Cloud Map service',
      target: { ...labels, ...targets[0] },
      words: 'the address of the instance, the port of the tags',
    })),
  };
}

export interface CloudMapInstance {
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly serviceId: string;
  readonly serviceName: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly hasMeta: boolean;
}

/** The targets of one instance: the application's and the exporter's, as the service's tags say. */
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
    ...(instance.hasMeta ? metaLabels(instance) : {}),
  };
  const scheme = tags.get('METRICS_SCHEME');
  const group = (kind: string, path: string, port: string, name: string): TargetGroup => ({
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
    ...(appPath === undefined ? [] : [group('app', appPath, appPort, ip)]),
    ...(exporterPath === undefined || exporterPort === undefined
      ? []
      : [group('exporter', exporterPath, exporterPort, `${host}:${exporterPort}`)]),
  ];
}

function metaLabels({
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
