/**
 * The capacity providers of ECS: those of Fargate, which are always there, those of Auto Scaling
 * groups, and those of instances that ECS manages, which belong to a cluster.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html
 */
import { AwsError, type AwsInput, requireText } from '../service.ts';
import { FARGATE_PROVIDERS } from './placement.ts';
import { cutEcsPage, isIncluded, readTags } from './requests.ts';
import type { Cluster, ProviderShare, Tag } from './shapes.ts';
import type { EcsState } from './state.ts';

interface CapacityProvider {
  readonly capacityProviderArn: string;
  readonly name: string;
  readonly cluster?: string;
  readonly type: string;
  status: 'ACTIVE' | 'INACTIVE';
  updateStatus?: string;
  autoScalingGroupProvider?: AwsInput;
  managedInstancesProvider?: AwsInput;
  tags: readonly Tag[];
}

const PROVIDERS_MAX = 100;
const NAME = /^(?!aws|ecs|fargate)[\w-]{1,255}$/i;

export class CapacityProviders {
  readonly all = new Map<string, CapacityProvider>();
  readonly #state: EcsState;
  readonly #groupOf: (instanceId: string) => string | undefined;

  /** @param groupOf  the ARN of the Auto Scaling group of an instance of EC2 */
  constructor(state: EcsState, groupOf: (instanceId: string) => string | undefined) {
    this.#state = state;
    this.#groupOf = groupOf;
    for (const name of FARGATE_PROVIDERS)
      this.all.set(name, {
        capacityProviderArn: state.arn('capacity-provider', name),
        name,
        type: name,
        status: 'ACTIVE',
        tags: [],
      });
  }

  /** @throws AwsError */
  create(input: AwsInput): CapacityProvider {
    const name = requireText(input, 'name');
    if (!NAME.test(name))
      throw new AwsError('InvalidParameterException', `The name ${name} can not be used.`);
    if (this.all.has(name))
      throw new AwsError('ClientException', `The capacity provider ${name} exists already.`);
    if (this.all.size >= PROVIDERS_MAX)
      throw new AwsError('LimitExceededException', `There are ${PROVIDERS_MAX} already.`);
    const group = input['autoScalingGroupProvider'] as AwsInput | undefined;
    const managed = input['managedInstancesProvider'] as AwsInput | undefined;
    if ((group === undefined) === (managed === undefined))
      throw new AwsError(
        'InvalidParameterException',
        'Give one of autoScalingGroupProvider and managedInstancesProvider.',
      );
    const cluster = input['cluster'] as string | undefined;
    if (managed !== undefined && cluster === undefined)
      throw new AwsError('InvalidParameterException', 'A managed provider needs a cluster.');
    const own = cluster === undefined ? undefined : this.#state.cluster(cluster);
    const provider: CapacityProvider = {
      capacityProviderArn: this.#state.arn('capacity-provider', name),
      name,
      ...(own === undefined ? {} : { cluster: own.clusterArn }),
      type: group === undefined ? 'MANAGED_INSTANCES' : 'EC2_AUTOSCALING',
      status: 'ACTIVE',
      ...(group === undefined ? {} : { autoScalingGroupProvider: group }),
      ...(managed === undefined ? {} : { managedInstancesProvider: managed }),
      tags: readTags(input),
    };
    this.all.set(name, provider);
    // A managed one is associated with its cluster at once.
    if (own !== undefined) own.capacityProviders = [...own.capacityProviders, name];
    return provider;
  }

  /** @throws AwsError */
  update(input: AwsInput): CapacityProvider {
    const provider = this.#find(requireText(input, 'name'));
    const group = input['autoScalingGroupProvider'] as AwsInput | undefined;
    const managed = input['managedInstancesProvider'] as AwsInput | undefined;
    if (group !== undefined)
      provider.autoScalingGroupProvider = { ...provider.autoScalingGroupProvider, ...group };
    if (managed !== undefined)
      provider.managedInstancesProvider = { ...provider.managedInstancesProvider, ...managed };
    provider.updateStatus = 'UPDATE_COMPLETE';
    return provider;
  }

  /** @throws AwsError */
  delete(input: AwsInput): CapacityProvider {
    const provider = this.#find(requireText(input, 'capacityProvider'));
    const refuse = (words: string): never => {
      throw new AwsError('ClientException', `The capacity provider cannot be deleted ${words}.`);
    };
    if (FARGATE_PROVIDERS.includes(provider.name)) refuse('because it is reserved');
    for (const cluster of this.#state.clusters.values()) {
      if (this.#isUsed(cluster, provider.name)) refuse('because it is in use by a service');
      if (!cluster.capacityProviders.includes(provider.name)) continue;
      if (provider.cluster !== cluster.clusterArn)
        refuse('because it is associated with cluster: ' + cluster.clusterName);
      cluster.capacityProviders = cluster.capacityProviders.filter((one) => one !== provider.name);
    }
    this.all.delete(provider.name);
    return { ...provider, status: 'INACTIVE', updateStatus: 'DELETE_COMPLETE' };
  }

  /** @throws AwsError */
  describe(input: AwsInput): object {
    const withTags = isIncluded(input, 'TAGS');
    const wanted = input['capacityProviders'] as readonly string[] | undefined;
    const found = (wanted ?? [...this.all.keys()]).map((name) => ({
      name,
      provider: this.all.get(lastPart(name)),
    }));
    const known = found.flatMap(({ provider }) => provider ?? []);
    const { page, nextToken } = cutEcsPage(known, input);
    return {
      capacityProviders: page.map((one) => ({ ...one, tags: withTags ? one.tags : [] })),
      failures: found.flatMap(({ name, provider }) =>
        provider === undefined ? [{ arn: name, reason: 'MISSING' }] : [],
      ),
      nextToken,
    };
  }

  /** Associates providers with a cluster, in place of those before. @throws AwsError */
  put(cluster: Cluster, input: AwsInput): void {
    const names = ((input['capacityProviders'] ?? []) as readonly string[]).map(lastPart);
    const strategy = (input['defaultCapacityProviderStrategy'] ?? []) as readonly ProviderShare[];
    for (const name of names) this.#find(name);
    for (const gone of cluster.capacityProviders)
      if (!names.includes(gone) && this.#isUsed(cluster, gone))
        throw new AwsError(
          'ResourceInUseException',
          'The specified capacity provider is in use and cannot be removed.',
        );
    cluster.capacityProviders = names;
    this.check(cluster, strategy);
    cluster.defaultCapacityProviderStrategy = strategy;
    this.associate();
  }

  /** Tells each instance of a group the provider of its cluster that the group belongs to. */
  associate(): void {
    for (const cluster of this.#state.clusters.values()) {
      const found = [...cluster.instances.values()].filter((one) => {
        if (one.capacityProviderName !== undefined) return false;
        const name = this.#providerOf(cluster, this.#groupOf(one.ec2InstanceId));
        if (name !== undefined) one.capacityProviderName = name;
        return name !== undefined;
      });
      if (found.length > 0) this.#state.onInstances(cluster);
    }
  }

  #providerOf({ capacityProviders }: Cluster, group: string | undefined): string | undefined {
    if (group === undefined) return undefined;
    return capacityProviders.find((name) => {
      const given = this.all.get(name)?.autoScalingGroupProvider?.['autoScalingGroupArn'];
      return given === group || (typeof given === 'string' && group.endsWith(`/${given}`));
    });
  }

  /** Refuses a strategy with providers that are not the cluster's. @throws AwsError */
  check(cluster: Cluster, strategy: readonly ProviderShare[]): void {
    for (const { capacityProvider } of strategy)
      if (!cluster.capacityProviders.includes(lastPart(capacityProvider)))
        throw new AwsError(
          'InvalidParameterException',
          `The specified capacity provider '${capacityProvider}' is not associated with the ` +
            'cluster.',
        );
  }

  #isUsed({ services }: Cluster, name: string): boolean {
    return [...services.values()].some((service) =>
      service.capacityProviderStrategy.some(({ capacityProvider }) => capacityProvider === name),
    );
  }

  #find(name: string): CapacityProvider {
    const found = this.all.get(lastPart(name));
    if (found === undefined)
      throw new AwsError(
        'InvalidParameterException',
        `The specified capacity provider '${name}' was not found.`,
      );
    return found;
  }
}

const lastPart = (nameOrArn: string): string => nameOrArn.split('/').at(-1) ?? '';
