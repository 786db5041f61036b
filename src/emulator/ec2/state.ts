/**
 * The EC2 of a region: its network (network.ts) and its instances.
 * Limit: INSTANCES_MAX instances. One that is terminated stays for an hour, as on AWS.
 */
import { AwsError, type AwsPlace } from '../service.ts';
import { Ec2Network } from './network.ts';
import { createInterface, deleteInterface } from './network-interfaces.ts';
import type { Subnet } from './shapes.ts';

const STATE_CODES = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const;

export type InstanceState = keyof typeof STATE_CODES;
export const INSTANCE_STATES = Object.keys(STATE_CODES) as InstanceState[];

export interface Ec2Interface {
  readonly subnetId?: string | undefined;
  readonly deviceIndex: number;
  readonly ipv6Addresses: readonly string[];
  readonly primaryIpv6Address?: string | undefined;
  /** Of one that the network of the region has. */
  readonly networkInterfaceId?: string | undefined;
}

export interface Ec2Instance {
  readonly instanceId: string;
  readonly state: InstanceState;
  readonly instanceType: string;
  readonly imageId: string;
  readonly architecture: string;
  readonly platform?: string | undefined;
  readonly lifecycle?: string | undefined;
  readonly availabilityZone: string;
  /** Absent outside a VPC, as the subnet is. */
  readonly vpcId?: string | undefined;
  readonly subnetId?: string | undefined;
  readonly privateIpAddress?: string | undefined;
  readonly publicIpAddress?: string | undefined;
  readonly interfaces: readonly Ec2Interface[];
  /** Ids of security groups. */
  readonly groups: readonly string[];
  readonly launchMs: number;
  readonly terminatedMs?: number | undefined;
  /** ARN of the instance profile. */
  readonly profileArn?: string | undefined;
  readonly keyName?: string | undefined;
  /** As it was given: Base64. */
  readonly userData?: string | undefined;
  readonly metadataOptions?: Readonly<Record<string, unknown>> | undefined;
}

/** What an instance is started with. */
export interface LaunchRequest
  extends Pick<
    Ec2Instance,
    | 'architecture' | 'groups' | 'imageId' | 'instanceType' | 'keyName' | 'lifecycle'
    | 'metadataOptions' | 'profileArn' | 'userData'
  > {
  readonly subnet: Subnet;
  readonly isPublic: boolean;
  readonly address?: string | undefined;
} // prettier-ignore

const INSTANCES_MAX = 20_000;
const TERMINATED_KEEP_MS = 3_600_000;
/** How often those that were terminated are looked for. */
const SWEEP_MS = 60_000;
/** Of the default VPC and the first of its subnets. */
const VPC = 'vpc-0123456789abcdef0';
const SUBNET = 'subnet-0123456789abcdef0';

export class Ec2State {
  readonly instances = new Map<string, Ec2Instance>();
  readonly network: Ec2Network;
  readonly region: string;
  /** Called after an instance came, or its state has changed. */
  onStateChange: (instance: Ec2Instance) => void = () => undefined;
  /** Public addresses of instances: from the second half of the range of network tests. */
  #publicAddresses = 0;
  #sweptMs = 0;

  constructor(place: AwsPlace, nowMs: () => number) {
    this.region = place.region;
    this.network = new Ec2Network(place, nowMs);
  }

  /**
   * Puts an instance, or replaces the one of that id. What is not given is as of a common one.
   *
   * @throws AwsError
   */
  put(
    given: Partial<Ec2Instance> &
      Pick<Ec2Instance, 'instanceId'> & { readonly tags?: Readonly<Record<string, string>> },
  ): Ec2Instance {
    const { tags, ...own } = given;
    requireId(given.instanceId);
    const before = this.instances.get(given.instanceId);
    if (before === undefined) this.#requireRoom();
    const { vpcId = VPC, interfaces = [{ deviceIndex: 0, ipv6Addresses: [] }] } = given;
    const subnetId = vpcId === '' ? undefined : (given.subnetId ?? SUBNET);
    const instance: Ec2Instance = {
      state: 'running',
      instanceType: 'c5.large',
      imageId: 'ami-0123456789abcdef0',
      architecture: 'x86_64',
      availabilityZone: `${this.region}a`,
      groups: [],
      launchMs: this.network.nowMs(),
      ...own,
      // The empty text is for one outside a VPC.
      vpcId: vpcId || undefined,
      subnetId,
      interfaces: interfaces.map((one) => ({ ...one, subnetId: one.subnetId ?? subnetId })),
    };
    this.instances.set(instance.instanceId, instance);
    this.network.replaceTags(instance.instanceId, tags ?? {});
    if (before?.state !== instance.state) this.onStateChange(instance);
    return instance;
  }

  /**
   * Starts an instance in a subnet. It is pending first, and running when this returns.
   *
   * @throws AwsError
   */
  launch(id: string, { subnet, isPublic, address, groups, ...given }: LaunchRequest): void {
    this.#requireRoom();
    const own = createInterface(this.network, subnet, {
      groups,
      address,
      attached: { InstanceId: id, DeviceIndex: 0 },
    });
    if (isPublic) own.publicIp = this.#choosePublicAddress();
    const deviceIndex = { deviceIndex: 0, networkInterfaceId: own.NetworkInterfaceId };
    this.instances.set(id, {
      ...given,
      instanceId: id,
      state: 'pending',
      groups: own.groups,
      launchMs: this.network.nowMs(),
      availabilityZone: subnet.AvailabilityZone,
      vpcId: subnet.VpcId,
      subnetId: subnet.SubnetId,
      privateIpAddress: own.PrivateIpAddress,
      publicIpAddress: own.publicIp,
      interfaces: [{ ...deviceIndex, ipv6Addresses: [], subnetId: subnet.SubnetId }],
    });
    this.onStateChange(this.find(id));
    this.change(id, 'running');
  }

  /**
   * Changes the state of an instance. One that is terminated loses its addresses, as on AWS.
   *
   * @throws AwsError
   */
  change(id: string, state: InstanceState): Ec2Instance {
    const { privateIpAddress, publicIpAddress, interfaces, ...rest } = this.find(id);
    const isRunning = state === 'running' || state === 'pending';
    const isEnd = state === 'terminated';
    if (isEnd)
      for (const { networkInterfaceId = '' } of interfaces)
        deleteInterface(this.network, networkInterfaceId);
    const addresses = isEnd
      ? { interfaces: [], terminatedMs: this.network.nowMs() }
      : {
          privateIpAddress,
          publicIpAddress: isRunning ? publicIpAddress : undefined,
          interfaces,
        };
    const changed: Ec2Instance = { ...rest, ...addresses, state };
    this.instances.set(id, changed);
    this.onStateChange(changed);
    return changed;
  }

  /** @throws AwsError */
  find(id: string): Ec2Instance {
    requireId(id);
    const found = this.instances.get(id);
    if (found === undefined)
      throw new AwsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
    return found;
  }

  /** Everything that can have tags. */
  listResources(): { readonly id: string; readonly type: string }[] {
    return [
      ...[...this.instances.keys()].map((id) => ({ id, type: 'instance' })),
      ...this.network.listResources(),
    ];
  }

  /** @throws AwsError for an id of nothing that is there */
  requireResource(id: string): void {
    if (id.startsWith('i-')) this.find(id);
    else this.network.requireResource(id);
  }

  #requireRoom(): void {
    const nowMs = this.network.nowMs();
    if (nowMs - this.#sweptMs >= SWEEP_MS) this.#forgetTerminated(nowMs);
    if (this.instances.size >= INSTANCES_MAX)
      throw new AwsError('InstanceLimitExceeded', `there are ${INSTANCES_MAX} instances already`);
  }

  #forgetTerminated(nowMs: number): void {
    this.#sweptMs = nowMs;
    const beforeMs = nowMs - TERMINATED_KEEP_MS;
    for (const { instanceId, terminatedMs } of this.instances.values())
      if (terminatedMs !== undefined && terminatedMs < beforeMs) {
        this.instances.delete(instanceId);
        this.network.replaceTags(instanceId, {});
      }
  }

  #choosePublicAddress(): string {
    const number = this.#publicAddresses++ % 65_000;
    return `198.19.${Math.floor(number / 250)}.${(number % 250) + 1}`;
  }
}

export function stateCodeOf(state: InstanceState): number {
  return STATE_CODES[state];
}

/** @throws AwsError for an id of another form */
function requireId(id: string): void {
  if (!/^i-[0-9a-f]{8,17}$/.test(id))
    throw new AwsError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
}
