/**
 * The EC2 instances of an emulated account, and the zones of its region.
 * Limit: INSTANCES_MAX instances; terminated ones stay, as they do for an hour on AWS.
 */
import { AwsError } from '../service.ts';

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
  readonly tags: Readonly<Record<string, string>>;
}

const INSTANCES_MAX = 20_000;
const VPC = 'vpc-0123456789abcdef0';
const SUBNET = 'subnet-0123456789abcdef0';

export class Ec2State {
  readonly instances = new Map<string, Ec2Instance>();
  readonly region: string;
  /** Called after an instance came, or its state has changed. */
  onStateChange: (instance: Ec2Instance) => void = () => undefined;

  constructor(region: string) {
    this.region = region;
  }

  /**
   * Puts an instance, or replaces the one of that id. What is not given is as of a common one.
   *
   * @throws AwsError
   */
  put(given: Partial<Ec2Instance> & Pick<Ec2Instance, 'instanceId'>): Ec2Instance {
    requireId(given.instanceId);
    const before = this.instances.get(given.instanceId);
    if (before === undefined && this.instances.size >= INSTANCES_MAX)
      throw new AwsError('InstanceLimitExceeded', `there are ${INSTANCES_MAX} instances already`);
    const { vpcId = VPC, interfaces = [{ deviceIndex: 0, ipv6Addresses: [] }] } = given;
    const subnetId = vpcId === '' ? undefined : (given.subnetId ?? SUBNET);
    const instance: Ec2Instance = {
      state: 'running',
      instanceType: 'c5.large',
      imageId: 'ami-0123456789abcdef0',
      architecture: 'x86_64',
      availabilityZone: `${this.region}a`,
      tags: {},
      ...given,
      // The empty text is for one outside a VPC.
      vpcId: vpcId || undefined,
      subnetId,
      interfaces: interfaces.map((one) => ({ ...one, subnetId: one.subnetId ?? subnetId })),
    };
    this.instances.set(instance.instanceId, instance);
    if (before?.state !== instance.state) this.onStateChange(instance);
    return instance;
  }

  /**
   * Changes the state of an instance. One that is terminated loses its addresses, as on AWS.
   *
   * @throws AwsError
   */
  change(id: string, state: InstanceState): Ec2Instance {
    const { privateIpAddress, publicIpAddress, interfaces, ...rest } = this.find(id);
    const isRunning = state === 'running' || state === 'pending';
    const addresses =
      state === 'terminated'
        ? { interfaces: [] }
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

  /** The three zones of the region, by name, with their ids. */
  zones(): { readonly name: string; readonly id: string }[] {
    return ['a', 'b', 'c'].map((letter, index) => ({
      name: `${this.region}${letter}`,
      id: `${shortenRegion(this.region)}-az${index + 1}`,
    }));
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

/** `us-east-1` is `use1` in the ids of zones, `ap-southeast-2` is `apse2`. */
function shortenRegion(region: string): string {
  const [area = '', ...rest] = region.split('-');
  const words = /north|south|east|west|central|gov|iso/g;
  return area + rest.map((part) => part.replaceAll(words, (word) => word.slice(0, 1))).join('');
}
