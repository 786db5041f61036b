/**
 * The network of a region of EC2: VPCs and what is in them, with the default VPC that each account
 * has, the addresses of subnets that are taken, and tags.
 * Limits: those of the shelves; TAGS_MAX tags of one resource. What AWS lets one raise is higher
 * here than by default.
 * Source: https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
 */
import { AwsError, type AwsPlace } from '../service.ts';
import { type Cidr, formatAddress, parseAddress, parseCidr } from './cidr.ts';
import type {
  Address,
  InternetGateway,
  LaunchTemplate,
  NatGateway,
  NetworkInterface,
  RouteTable,
  SecurityGroup,
  SecurityGroupRule,
  Subnet,
  Vpc,
  VpcEndpoint,
} from './shapes.ts';
import { makeEc2Id, ResourceShelf } from './shelf.ts';
import { listZones } from './zones.ts';

const TAGS_MAX = 50;
/** Ends the ids of what an account has from the beginning. */
const DEFAULT_ID = '0123456789abcdef';
const DEFAULT_CIDR = '172.31.0.0/16';
/** AWS keeps the first four addresses of a subnet, and the last. */
const RESERVED_FIRST = 4;
export const RESERVED = RESERVED_FIRST + 1;

const shelf = <One extends object>(
  prefix: string,
  type: string,
  [code, word]: readonly [code: string, word: string],
  [max, limitCode]: readonly [max: number, limitCode: string],
): ResourceShelf<One> => new ResourceShelf<One>({ prefix, type, code, word, max, limitCode });

export class Ec2Network {
  readonly place: AwsPlace;
  readonly nowMs: () => number;
  readonly vpcs = shelf<Vpc>(
    'vpc', 'vpc', ['InvalidVpcID', 'vpc ID'], [100, 'VpcLimitExceeded'],
  ); // prettier-ignore
  readonly subnets = shelf<Subnet>(
    'subnet', 'subnet', ['InvalidSubnetID', 'subnet ID'], [2_000, 'SubnetLimitExceeded'],
  ); // prettier-ignore
  readonly gateways = shelf<InternetGateway>(
    'igw', 'internet-gateway', ['InvalidInternetGatewayID', 'internetGateway ID'],
    [100, 'InternetGatewayLimitExceeded'],
  ); // prettier-ignore
  readonly routeTables = shelf<RouteTable>(
    'rtb', 'route-table', ['InvalidRouteTableID', 'routeTable ID'],
    [2_000, 'RouteTableLimitExceeded'],
  ); // prettier-ignore
  readonly addresses = shelf<Address>(
    'eipalloc', 'elastic-ip', ['InvalidAllocationID', 'allocation ID'],
    [500, 'AddressLimitExceeded'],
  ); // prettier-ignore
  readonly natGateways = shelf<NatGateway>(
    'nat', 'natgateway', ['InvalidNatGatewayID', 'natGateway ID'],
    [1_000, 'NatGatewayLimitExceeded'],
  ); // prettier-ignore
  readonly groups = shelf<SecurityGroup>(
    'sg', 'security-group', ['InvalidGroup', 'security group'],
    [2_500, 'SecurityGroupLimitExceeded'],
  ); // prettier-ignore
  readonly rules = shelf<SecurityGroupRule>(
    'sgr', 'security-group-rule', ['InvalidSecurityGroupRuleId', 'security group rule ID'],
    [100_000, 'RulesPerSecurityGroupLimitExceeded'],
  ); // prettier-ignore
  readonly interfaces = shelf<NetworkInterface>(
    'eni', 'network-interface', ['InvalidNetworkInterfaceID', 'networkInterface ID'],
    [50_000, 'NetworkInterfaceLimitExceeded'],
  ); // prettier-ignore
  readonly endpoints = shelf<VpcEndpoint>(
    'vpce', 'vpc-endpoint', ['InvalidVpcEndpointId', 'Vpc Endpoint Id'],
    [1_000, 'VpcEndpointLimitExceeded'],
  ); // prettier-ignore
  readonly templates = shelf<LaunchTemplate>(
    'lt', 'launch-template', ['InvalidLaunchTemplateId', 'launch template ID'],
    [5_000, 'LaunchTemplateLimitExceeded'],
  ); // prettier-ignore
  /** The interfaces of tasks, which ECS keeps. */
  taskInterfaces: () => readonly NetworkInterface[] = () => [];
  /** By id of a resource, then by key. */
  readonly #tags = new Map<string, Map<string, string>>();
  /** By subnet: the addresses that are taken. */
  readonly #taken = new Map<string, Set<number>>();

  constructor(place: AwsPlace, nowMs: () => number) {
    this.place = place;
    this.nowMs = nowMs;
    this.#makeDefault();
  }

  listInterfaces(): NetworkInterface[] {
    return [...this.interfaces.values(), ...this.taskInterfaces()];
  }

  /** The time as answers tell it. */
  now(): string {
    return new Date(this.nowMs()).toISOString();
  }

  arn(type: string, id: string): string {
    return `arn:aws:ec2:${this.place.region}:${this.place.accountId}:${type}/${id}`;
  }

  tagsOf(id: string): Record<string, string> {
    return Object.fromEntries(this.#tags.get(id) ?? []);
  }

  /** Tags as answers have them. */
  listTags(id: string): { readonly Key: string; readonly Value: string }[] {
    return [...(this.#tags.get(id) ?? [])].map(([Key, Value]) => ({ Key, Value }));
  }

  /** @throws AwsError for more tags than a resource may have */
  setTags(id: string, tags: Iterable<readonly [key: string, value: string]>): void {
    const all = new Map([...(this.#tags.get(id) ?? []), ...tags]);
    const own = [...all.keys()].filter((key) => !key.startsWith('aws:'));
    if (own.length > TAGS_MAX)
      throw new AwsError('TagLimitExceeded', `A resource can have at most ${TAGS_MAX} tags.`);
    this.#tags.set(id, all);
  }

  replaceTags(id: string, tags: Readonly<Record<string, string>>): void {
    this.#tags.delete(id);
    if (Object.keys(tags).length > 0) this.setTags(id, Object.entries(tags));
  }

  removeTag(id: string, key: string): void {
    this.#tags.get(id)?.delete(key);
  }

  /** Forgets a resource with its tags. */
  remove(from: Pick<ResourceShelf<object>, 'delete'>, id: string): void {
    from.delete(id);
    this.#tags.delete(id);
  }

  /** Everything on the shelves, for what is done to all types alike. */
  listResources(): { readonly id: string; readonly type: string }[] {
    return this.#shelves().flatMap(({ ids, kind }) => ids().map((id) => ({ id, type: kind.type })));
  }

  /** The type of what an id is of; undefined for an id of something else. */
  typeOf(id: string): string | undefined {
    return this.#shelves().find(({ kind }) => id.startsWith(`${kind.prefix}-`))?.kind.type;
  }

  /** @throws AwsError for an id of nothing that is there */
  requireResource(id: string): void {
    const found = this.#shelves().find(({ kind }) => id.startsWith(`${kind.prefix}-`));
    if (found === undefined) throw new AwsError('InvalidID', `The ID '${id}' is not valid`);
    found.find(id);
  }

  #shelves(): Pick<ResourceShelf<object>, 'find' | 'ids' | 'kind'>[] {
    const { vpcs, subnets, gateways, routeTables, addresses, natGateways, groups } = this;
    const { rules, interfaces, endpoints, templates } = this;
    return [
      vpcs, subnets, gateways, routeTables, addresses, natGateways, groups, rules, interfaces,
      endpoints, templates,
    ]; // prettier-ignore
  }

  /** @throws AwsError where the subnet has no address left, or not this one */
  takeAddress(subnet: Subnet, wanted?: string): string {
    const { first, size } = parseCidr(subnet.CidrBlock) as Cidr;
    const taken = this.#taken.get(subnet.SubnetId) ?? new Set();
    this.#taken.set(subnet.SubnetId, taken);
    const last = first + size - 2;
    if (wanted !== undefined) {
      const address = parseAddress(wanted) ?? -1;
      if (address < first + RESERVED_FIRST || address > last)
        throw new AwsError(
          'InvalidParameterValue',
          `Address ${wanted} does not fall within the subnet's address range`,
        );
      if (taken.has(address))
        throw new AwsError('InvalidIPAddress.InUse', `Address ${wanted} is in use.`);
      taken.add(address);
      return wanted;
    }
    for (let address = first + RESERVED_FIRST; address <= last; address++)
      if (!taken.has(address)) {
        taken.add(address);
        return formatAddress(address);
      }
    throw new AwsError(
      'InsufficientFreeAddressesInSubnet',
      `There are not enough free addresses in subnet '${subnet.SubnetId}' to satisfy the ` +
        'requested number of instances.',
    );
  }

  freeAddress(subnetId: string, address: string): void {
    this.#taken.get(subnetId)?.delete(parseAddress(address) ?? -1);
  }

  countFree({ SubnetId, CidrBlock }: Subnet): number {
    const { size } = parseCidr(CidrBlock) as Cidr;
    return size - RESERVED - (this.#taken.get(SubnetId)?.size ?? 0);
  }

  /** The VPC with its main route table and default security group. @throws AwsError */
  addVpc(
    given: Pick<Vpc, 'CidrBlock' | 'InstanceTenancy' | 'IsDefault'>,
    endOfIds = makeEc2Id('').slice(1),
  ): Vpc {
    const { CidrBlock, IsDefault } = given;
    const vpc = this.vpcs.add(
      (VpcId) => ({
        ...given,
        VpcId,
        attributes: { EnableDnsHostnames: IsDefault, EnableDnsSupport: true },
      }),
      `vpc-${endOfIds}`,
    );
    const { VpcId } = vpc;
    this.routeTables.add(
      (RouteTableId) => ({
        RouteTableId,
        VpcId,
        routes: [
          { DestinationCidrBlock: CidrBlock, GatewayId: 'local', Origin: 'CreateRouteTable' },
        ],
        associations: [{ RouteTableAssociationId: `rtbassoc-${endOfIds}`, Main: true }],
      }),
      `rtb-${endOfIds}`,
    );
    const group = this.groups.add(
      (GroupId) => ({
        GroupId,
        GroupName: 'default',
        Description: 'default VPC security group',
        VpcId,
      }),
      `sg-${endOfIds}`,
    );
    this.rules.add((id) => ({ ...allTraffic(id, group, false), referenced: group.GroupId }));
    this.addEgress(group);
    return vpc;
  }

  /** A new group lets everything out. */
  addEgress(group: SecurityGroup): void {
    this.rules.add((id) => ({ ...allTraffic(id, group, true), CidrIpv4: '0.0.0.0/0' }));
  }

  #makeDefault(): void {
    const given = { CidrBlock: DEFAULT_CIDR, InstanceTenancy: 'default', IsDefault: true };
    const { VpcId } = this.addVpc(given, `${DEFAULT_ID}0`);
    this.gateways.add(
      (InternetGatewayId) => ({ InternetGatewayId, vpcId: VpcId }),
      `igw-${DEFAULT_ID}0`,
    );
    const [table] = this.routeTables.values();
    table?.routes.push({
      DestinationCidrBlock: '0.0.0.0/0',
      GatewayId: `igw-${DEFAULT_ID}0`,
      Origin: 'CreateRoute',
    });
    for (const [index, zone] of listZones(this.place.region).entries())
      this.subnets.add(
        (SubnetId) => ({
          SubnetId,
          VpcId,
          CidrBlock: `172.31.${index * 16}.0/20`,
          AvailabilityZone: zone.name,
          AvailabilityZoneId: zone.id,
          DefaultForAz: true,
          MapPublicIpOnLaunch: true,
        }),
        `subnet-${DEFAULT_ID}${index}`,
      );
  }
}

function allTraffic(
  SecurityGroupRuleId: string,
  { GroupId }: SecurityGroup,
  IsEgress: boolean,
): SecurityGroupRule {
  return { SecurityGroupRuleId, GroupId, IsEgress, IpProtocol: '-1', FromPort: -1, ToPort: -1 };
}
