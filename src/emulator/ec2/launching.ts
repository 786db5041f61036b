/**
 * What instances are started with: the members of RunInstances over those of the launch template
 * that it names.
 */
import { AwsError, type AwsInput } from '../service.ts';
import { readTagSpecifications } from './described.ts';
import { listImages } from '../images.ts';
import { findTemplate, type LaunchData, readVersion } from './launch-templates.ts';
import { readEc2Text, readEc2Texts } from './lists.ts';
import type { Ec2Network } from './network.ts';
import type { Subnet } from './shapes.ts';
import type { Ec2State, LaunchRequest } from './state.ts';

const COUNT_MAX = 1_000;
const TEMPLATE_TYPES = ['instance', 'network-interface', 'spot-instances-request', 'volume'];

interface Launch {
  readonly request: LaunchRequest;
  readonly count: number;
  readonly templateTags: ReturnType<typeof readTagSpecifications>;
}

/** @throws AwsError for what names something that is not there */
export function readLaunch(state: Ec2State, input: AwsInput): Launch {
  const { network } = state;
  const template = readTemplate(network, input);
  const given: AwsInput = { ...template, ...input };
  const [device = {}] = (given['NetworkInterfaces'] ?? []) as readonly AwsInput[];
  const image = requireImage(state.region, readEc2Text(given, 'ImageId') ?? '');
  const subnet = chooseSubnet(network, given, device);
  const market = given['InstanceMarketOptions'] as AwsInput | undefined;
  const metadata = given['MetadataOptions'] as LaunchRequest['metadataOptions'];
  const groups = [...readEc2Texts(given, 'SecurityGroupIds'), ...readEc2Texts(device, 'Groups')];
  return {
    count: readInstanceCount(given),
    templateTags: readTagSpecifications(template, TEMPLATE_TYPES),
    request: {
      subnet,
      isPublic: (device['AssociatePublicIpAddress'] ?? subnet.MapPublicIpOnLaunch) === true,
      address: readEc2Text(given, 'PrivateIpAddress') ?? readEc2Text(device, 'PrivateIpAddress'),
      groups: [
        ...groups,
        ...findNamedGroups(network, readEc2Texts(given, 'SecurityGroups'), subnet),
      ],
      imageId: image.id,
      architecture: image.architecture,
      instanceType: readEc2Text(given, 'InstanceType') ?? 'm1.small',
      keyName: readEc2Text(given, 'KeyName'),
      lifecycle: market?.['MarketType'] === 'spot' ? 'spot' : undefined,
      metadataOptions: metadata,
      profileArn: readProfile(network, given),
      userData: readEc2Text(given, 'UserData'),
    },
  };
}

/** What the launch template says that is named; nothing where none is. @throws AwsError */
export function readTemplate(network: Ec2Network, { LaunchTemplate }: AwsInput): LaunchData {
  if (LaunchTemplate === undefined) return {};
  const named = LaunchTemplate as AwsInput;
  return readVersion(findTemplate(network, named), readEc2Text(named, 'Version') ?? '').data;
}

type Image = ReturnType<typeof listImages>[number];

/** By its id, or by the public parameter that tells it. */
export function findImage(region: string, named: string): Image | undefined {
  const path = named.startsWith('resolve:ssm:') ? named.slice('resolve:ssm:'.length) : undefined;
  return listImages(region).find(
    ({ id, parameter }) => id === named || (path !== undefined && path === `${parameter}/image_id`),
  );
}

function requireImage(region: string, named: string): Image {
  if (named === '')
    throw new AwsError('MissingParameter', 'The request must contain the parameter ImageId');
  const found = findImage(region, named);
  if (found !== undefined) return found;
  if (!/^ami-[0-9a-f]{8,17}$/.test(named))
    throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${named}"`);
  throw new AwsError('InvalidAMIID.NotFound', `The image id '[${named}]' does not exist`);
}

/** The subnet that is given, or the one of the default VPC in the zone that is given. */
function chooseSubnet({ subnets }: Ec2Network, given: AwsInput, device: AwsInput): Subnet {
  const id = readEc2Text(given, 'SubnetId') ?? readEc2Text(device, 'SubnetId');
  if (id !== undefined) return subnets.find(id);
  const zone = readEc2Text((given['Placement'] ?? {}) as AwsInput, 'AvailabilityZone');
  const found = subnets
    .values()
    .find((one) => one.DefaultForAz && (zone ?? one.AvailabilityZone) === one.AvailabilityZone);
  if (found !== undefined) return found;
  throw new AwsError(
    'MissingInput',
    `No subnets found for the default VPC${zone === undefined ? '' : ` in ${zone}`}. Please ` +
      'specify a subnet.',
  );
}

function findNamedGroups(
  { groups }: Ec2Network,
  names: readonly string[],
  { VpcId }: Subnet,
): string[] {
  return names.map((name) => {
    const found = groups.values().find((one) => one.VpcId === VpcId && one.GroupName === name);
    if (found !== undefined) return found.GroupId;
    throw groups.missing(`The security group '${name}' does not exist in VPC '${VpcId}'`);
  });
}

/** The ARN of the instance profile that is named; undefined where none is. */
export function readProfile({ place }: Ec2Network, given: AwsInput): string | undefined {
  const profile = given['IamInstanceProfile'] as AwsInput | undefined;
  if (profile === undefined) return undefined;
  const name = readEc2Text(profile, 'Name') ?? '';
  return readEc2Text(profile, 'Arn') ?? `arn:aws:iam::${place.accountId}:instance-profile/${name}`;
}

function readInstanceCount({ MinCount, MaxCount }: AwsInput): number {
  const [least, most] = [Number(MinCount ?? 1), Number(MaxCount ?? 1)];
  if (least >= 1 && most >= least && most <= COUNT_MAX) return most;
  throw new AwsError(
    'InvalidParameterValue',
    `Value (${least}) for parameter minCount is invalid: from 1, and at most maxCount, which is ` +
      `at most ${COUNT_MAX}`,
  );
}
