/**
 * An emulated Cloud Map whose services and faults a test sets, and discoveries of it on virtual
 * time.
 */
import type { TestContext } from 'node:test';
import {
  CreateHttpNamespaceCommand,
  CreateServiceCommand,
  DeleteServiceCommand,
  DeregisterInstanceCommand,
  ListNamespacesCommand,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
  TagResourceCommand,
} from '@aws-sdk/client-servicediscovery';
import { cloudMapMechanism } from '../../src/discovery/cloudmap/mechanism.ts';
import type { Lack } from '../../src/discovery/lacking.ts';
import type { DiscoveryWorld } from '../../src/discovery/mechanism.ts';
import { AwsError, type AwsInput } from '../../src/emulator/service.ts';
import type { TargetGroup } from '../../src/model/target.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';
import { type RunningDiscovery, startDiscovery } from '../kit/discovery.ts';

export const SCRAPED = { METRICS_PATH: '/metrics', METRICS_PORT: '9102' };

export interface FakeService {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
}

export class FakeCloudMap {
  readonly aws: EmulatedAws;
  readonly client: ServiceDiscoveryClient;
  #namespaces = 0;

  static async start(): Promise<FakeCloudMap> {
    return new FakeCloudMap(await startEmulatedAws());
  }

  private constructor(aws: EmulatedAws) {
    this.aws = aws;
    const { url: endpoint, credentials } = aws;
    this.client = new ServiceDiscoveryClient({ endpoint, region: 'us-east-1', credentials });
  }

  async close(): Promise<void> {
    this.client.destroy();
    await this.aws.close();
  }

  /** The hook is called before each call; what it throws becomes the answer. */
  onCall(hook: ((action: string, input: AwsInput) => void) | undefined): void {
    this.aws.cloud.trouble.strike = (action, input) => {
      hook?.(action, input);
      return undefined;
    };
  }

  async createNamespace(
    name = `space-${++this.#namespaces}`,
  ): Promise<{ id: string; name: string }> {
    await this.client.send(new CreateHttpNamespaceCommand({ Name: name }));
    const Filters = [{ Name: 'NAME' as const, Values: [name] }];
    for (let NextToken: string | undefined; ;) {
      const page = await this.client.send(new ListNamespacesCommand({ Filters, NextToken }));
      const id = page.Namespaces?.[0]?.Id;
      if (id !== undefined) return { id, name };
      ({ NextToken } = page);
    }
  }

  async createService(
    { id: NamespaceId }: { readonly id: string },
    name: string,
    tags: Readonly<Record<string, string>> = SCRAPED,
    more: object = {},
  ): Promise<FakeService> {
    const Tags = makeTagList(tags);
    const { Service } = await this.client.send(
      new CreateServiceCommand({ Name: name, NamespaceId, Tags, ...more }),
    );
    return { id: Service!.Id!, arn: Service!.Arn!, name };
  }

  /**
   * Registers instances.
   *
   * @returns the ids: `name-0` and so on
   */
  async register({ id: ServiceId, name }: FakeService, count: number, net = 1): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, i) => `${name}-${i}`);
    for (let at = 0; at < count; at += 50)
      await Promise.all(
        ids.slice(at, at + 50).map((InstanceId, i) =>
          this.client.send(
            new RegisterInstanceCommand({
              ServiceId,
              InstanceId,
              Attributes: {
                AWS_INSTANCE_IPV4: makeAddress(net, at + i),
                ECS_CLUSTER_NAME: 'prod',
              },
            }),
          ),
        ),
      );
    return ids;
  }

  async deregister({ id: ServiceId }: FakeService, InstanceId: string): Promise<void> {
    await this.client.send(new DeregisterInstanceCommand({ ServiceId, InstanceId }));
  }

  async tag(
    { arn: ResourceARN }: FakeService,
    tags: Readonly<Record<string, string>>,
  ): Promise<void> {
    await this.client.send(new TagResourceCommand({ ResourceARN, Tags: makeTagList(tags) }));
  }

  async deleteService({ id: Id }: FakeService): Promise<void> {
    await this.client.send(new DeleteServiceCommand({ Id }));
  }
}

/** Makes the address of an instance, with 250 addresses for each value of the third byte. */
function makeAddress(net: number, index: number): string {
  return `10.${net}.${Math.floor(index / 250)}.${(index % 250) + 1}`;
}

function makeTagList(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export function deny(): never {
  throw new AwsError('AccessDeniedException', 'not authorized');
}

export function fail(): never {
  throw new AwsError('InternalFailure', 'on command', 500);
}

export interface Run extends RunningDiscovery {
  lacks(): readonly Lack[];
  /** Advances time until this many more lists have come. */
  readonly more: (lists: number) => Promise<void>;
}

export function discover(
  context: TestContext,
  map: FakeCloudMap,
  config: object,
  more: Partial<DiscoveryWorld> = {},
): Run {
  let lacks: readonly Lack[] = [];
  const access = { region: 'us-east-1', endpoint: map.aws.url };
  const run = startDiscovery(
    context,
    cloudMapMechanism,
    { ...access, ...config },
    {
      mechanism: 'cloudmap',
      onLacking: (list) => void (lacks = list),
      ...more,
    },
  );
  const until = (isSo: () => boolean, stepMs = 500): Promise<void> => run.until(isSo, stepMs);
  return {
    ...run,
    lacks: () => lacks,
    until,
    more: async (count) => {
      const enough = run.lists.length + count;
      await until(() => run.lists.length >= enough);
    },
  };
}

export function readAddresses(list: readonly TargetGroup[] = []): string[] {
  return list.flatMap(({ targets }) => targets.map((one) => one['__address__'] ?? ''));
}

/** Counts readings that failed, wholly or in part. */
export function countFailures({ metrics }: Run): number {
  return Number(
    /^prometheus_sd_refresh_failures_total\{.*\} (\d+)/m.exec(metrics.expose())?.[1] ?? 0,
  );
}
