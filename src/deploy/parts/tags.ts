/** The tags of a deployment, put on each resource whose type takes some. */
import type { AwsValue, Properties, Resource } from '../template.ts';

/** By type: the property with a list of { Key, Value }. */
const LISTS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'APS::RuleGroupsNamespace', 'APS::Workspace', 'CloudWatch::Alarm', 'EC2::EIP', 'EC2::InternetGateway',
      'EC2::VPCEndpoint',
      'EC2::NatGateway', 'EC2::RouteTable', 'EC2::SecurityGroup', 'EC2::Subnet', 'EC2::VPC',
      'ECS::CapacityProvider', 'ECS::Cluster', 'ECS::Service', 'ECS::TaskDefinition', 'IAM::Role',
      'Logs::LogGroup', 'ServiceDiscovery::PrivateDnsNamespace', 'ServiceDiscovery::Service',
    ].map((type) => [`AWS::${type}`, 'Tags']),
  ),
  'AWS::EFS::AccessPoint': 'AccessPointTags',
  'AWS::EFS::FileSystem': 'FileSystemTags',
}; // prettier-ignore

export function putTags(resource: Resource, tags: Readonly<Record<string, string>>): Resource {
  const given = Object.entries(tags);
  if (given.length === 0) return resource;
  const { type, properties } = resource;
  if (type === 'AWS::SSM::Parameter')
    return { ...resource, properties: { ...properties, Tags: tags } };
  const key = LISTS[type];
  if (key === undefined) return resource;
  const own = (properties[key] ?? []) as readonly {
    readonly Key: string;
    readonly Value: AwsValue;
  }[];
  // AWS refuses two tags of one key.
  const added = given.filter(([name]) => own.every(({ Key }) => Key !== name));
  const more: Properties = { [key]: [...own, ...added.map(([Key, Value]) => ({ Key, Value }))] };
  return { ...resource, properties: { ...properties, ...more } };
}
