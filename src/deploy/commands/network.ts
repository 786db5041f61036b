/** Networks in calls of EC2. What has no name of its own is found again by two tags. */
import { join, type Properties } from '../template.ts';
import {
  asList,
  asMembers,
  asWord,
  type FindCall,
  given,
  type Kind,
  nameOf,
  own,
  pick,
  quoted,
  type ResourceCommands,
  type CallStep,
  type NamedResource,
  take,
  type Word,
} from './calls.ts';
import { asDocument } from './documents.ts';
import { RULE_PROPERTIES, toPermission } from './ingress.ts';

function tagSpecifications(
  { id, deployment, properties }: NamedResource,
  kind: string,
): Properties {
  return {
    TagSpecifications: [
      {
        ResourceType: kind,
        Tags: [
          ...asList(properties['Tags']),
          { Key: 'amperage:deployment', Value: deployment },
          { Key: 'amperage:resource', Value: id },
        ],
      },
    ],
  };
}

function findTagged(
  { id, deployment }: NamedResource,
  operation: string,
  query: string,
  more: readonly Word[] = [],
): FindCall {
  const filters = [
    `Name=tag:amperage:deployment,Values=${deployment}`,
    `Name=tag:amperage:resource,Values=${id}`,
    ...more,
  ];
  return { words: ['ec2', operation, '--filters', ...filters], query };
}

const words = (...list: readonly Word[]): CallStep => ({ words: ['ec2', ...list] });

/** One that is made by a call that takes its properties as they are, and has one id. */
function simple(
  subject: NamedResource,
  kind: string,
  { properties, list, idName }: { properties: Properties; list: string; idName: string },
): ResourceCommands {
  return {
    find: findTagged(subject, `describe-${kind}s`, `${list}[0].[${idName},${idName}]`),
    values: ['', idName],
    make: [
      {
        operation: `ec2 create-${kind}`,
        input: { ...properties, ...tagSpecifications(subject, kind) },
      },
    ],
    remove: [words(`delete-${kind}`, `--${kind}-id`, own(subject))],
  };
}

const vpc: Kind = (subject) => {
  const taken = take(subject, ['CidrBlock', 'EnableDnsSupport', 'EnableDnsHostnames', 'Tags']);
  const set = (key: string): CallStep[] =>
    taken[key] === undefined
      ? []
      : [
          {
            operation: 'ec2 modify-vpc-attribute',
            input: { VpcId: own(subject), [key]: { Value: taken[key] } },
          },
        ];
  return {
    ...simple(subject, 'vpc', {
      properties: pick(taken, ['CidrBlock']),
      list: 'Vpcs',
      idName: 'VpcId',
    }),
    ready: [words('wait', 'vpc-available', '--vpc-ids', own(subject))],
    configure: [...set('EnableDnsSupport'), ...set('EnableDnsHostnames')],
  };
};

const subnet: Kind = (subject) => {
  const { MapPublicIpOnLaunch, ...rest } = take(subject, [
    'VpcId', 'AvailabilityZone', 'CidrBlock', 'MapPublicIpOnLaunch', 'Tags',
  ]); // prettier-ignore
  return {
    ...simple(subject, 'subnet', {
      properties: pick(rest, ['VpcId', 'AvailabilityZone', 'CidrBlock']),
      list: 'Subnets',
      idName: 'SubnetId',
    }),
    ready: [words('wait', 'subnet-available', '--subnet-ids', own(subject))],
    configure:
      MapPublicIpOnLaunch === undefined
        ? []
        : [
            {
              operation: 'ec2 modify-subnet-attribute',
              input: {
                SubnetId: own(subject),
                MapPublicIpOnLaunch: { Value: MapPublicIpOnLaunch },
              },
            },
          ],
  };
};

const internetGateway: Kind = (subject) => {
  take(subject, ['Tags']);
  return simple(subject, 'internet-gateway', {
    properties: {},
    list: 'InternetGateways',
    idName: 'InternetGatewayId',
  });
};

const attachment: Kind = (subject) => {
  const { VpcId, InternetGatewayId } = take(subject, ['VpcId', 'InternetGatewayId']);
  const gateway = asWord(InternetGatewayId);
  const network = asWord(VpcId);
  const both = ['--internet-gateway-id', gateway, '--vpc-id', network];
  return {
    find: {
      words: [
        'ec2', 'describe-internet-gateways', '--filters',
        join`Name=internet-gateway-id,Values=${gateway}`, join`Name=attachment.vpc-id,Values=${network}`,
      ],
      query: 'InternetGateways[0].[InternetGatewayId]',
    },
    values: [''],
    make: [words('attach-internet-gateway', ...both)],
    remove: [words('detach-internet-gateway', ...both)],
  }; // prettier-ignore
};

const routeTable: Kind = (subject) => {
  const properties = pick(take(subject, ['VpcId', 'Tags']), ['VpcId']);
  return simple(subject, 'route-table', {
    properties,
    list: 'RouteTables',
    idName: 'RouteTableId',
  });
};

const route: Kind = (subject) => {
  const input = take(subject, [
    'RouteTableId',
    'DestinationCidrBlock',
    'GatewayId',
    'NatGatewayId',
  ]);
  const table = asWord(input['RouteTableId']);
  const destination = asWord(input['DestinationCidrBlock']);
  const found = join`RouteTables[0].Routes[?DestinationCidrBlock==${quoted(destination)}]`;
  return {
    find: {
      words: ['ec2', 'describe-route-tables', '--route-table-ids', table],
      query: join`${found} | [0].[DestinationCidrBlock]`,
    },
    values: [''],
    make: [{ operation: 'ec2 create-route', input }],
    update: [{ operation: 'ec2 replace-route', input }],
    remove: [
      words('delete-route', '--route-table-id', table, '--destination-cidr-block', destination),
    ],
  };
};

const association: Kind = (subject) => {
  const input = take(subject, ['SubnetId', 'RouteTableId']);
  const table = asWord(input['RouteTableId']);
  return {
    find: {
      words: [
        'ec2', 'describe-route-tables', '--route-table-ids', table, '--filters',
        join`Name=association.subnet-id,Values=${asWord(input['SubnetId'])}`,
      ],
      // A table of this template has one subnet or, if public, some: the subnet picks it.
      query: join`RouteTables[0].Associations[?SubnetId=='${asWord(input['SubnetId'])}'] | [0].[RouteTableAssociationId]`,
    },
    values: [''],
    make: [{ operation: 'ec2 associate-route-table', input }],
    remove: [words('disassociate-route-table', '--association-id', own(subject))],
  }; // prettier-ignore
};

const address: Kind = (subject) => ({
  find: findTagged(subject, 'describe-addresses', 'Addresses[0].[PublicIp,PublicIp,AllocationId]'),
  values: ['', 'PublicIp', 'AllocationId'],
  make: [
    {
      operation: 'ec2 allocate-address',
      input: {
        ...pick(take(subject, ['Domain', 'Tags']), ['Domain']),
        ...tagSpecifications(subject, 'elastic-ip'),
      },
    },
  ],
  remove: [words('release-address', '--allocation-id', own(subject, 'AllocationId'))],
});

const natGateway: Kind = (subject) => {
  const known = ['AllocationId', 'SubnetId', 'ConnectivityType'];
  const properties = pick(take(subject, [...known, 'Tags']), known);
  const id = ['--nat-gateway-ids', own(subject)];
  return {
    find: {
      // This call alone has its filters in the singular.
      words: findTagged(subject, 'describe-nat-gateways', '', [
        'Name=state,Values=pending,available',
        // Each has a subnet of its own: that finds it where tags are not looked at.
        join`Name=subnet-id,Values=${asWord(properties['SubnetId'])}`,
      ]).words.map((word) => (word === '--filters' ? '--filter' : word)),
      query: 'NatGateways[0].[NatGatewayId,NatGatewayId]',
    },
    values: ['', 'NatGatewayId'],
    make: [
      {
        operation: 'ec2 create-nat-gateway',
        input: { ...properties, ...tagSpecifications(subject, 'natgateway') },
      },
    ],
    ready: [words('wait', 'nat-gateway-available', ...id)],
    // Its address is free when it is gone, not before.
    remove: [
      words('delete-nat-gateway', '--nat-gateway-id', own(subject)),
      words('wait', 'nat-gateway-deleted', ...id),
    ],
  };
};

const securityGroup: Kind = (subject) => {
  const properties = take(subject, [
    'GroupName', 'GroupDescription', 'VpcId', 'SecurityGroupIngress', 'Tags',
  ]); // prettier-ignore
  const rules = asList(properties['SecurityGroupIngress']).map((rule) =>
    toPermission(asMembers(rule)),
  );
  return {
    find: findTagged(
      subject,
      'describe-security-groups',
      'SecurityGroups[0].[GroupId,GroupId,VpcId]',
    ),
    values: ['', 'GroupId', 'VpcId'],
    make: [
      {
        operation: 'ec2 create-security-group',
        input: {
          GroupName: nameOf(subject, 'GroupName'),
          ...given('Description', properties['GroupDescription']),
          ...given('VpcId', properties['VpcId']),
          ...tagSpecifications(subject, 'security-group'),
        },
      },
    ],
    // One call a rule: what is there is refused, and told by nothing.
    configure: rules.map((rule) => ({
      operation: 'ec2 authorize-security-group-ingress',
      input: { GroupId: own(subject), IpPermissions: [rule] },
    })),
    remove: [words('delete-security-group', '--group-id', own(subject))],
  };
};

const ingress: Kind = (subject) => {
  const { GroupId, ...rule } = take(subject, ['GroupId', ...RULE_PROPERTIES]);
  return {
    find: findTagged(
      subject,
      'describe-security-group-rules',
      'SecurityGroupRules[0].[SecurityGroupRuleId]',
    ),
    values: [''],
    make: [
      {
        operation: 'ec2 authorize-security-group-ingress',
        input: {
          ...given('GroupId', GroupId),
          IpPermissions: [toPermission(rule)],
          ...tagSpecifications(subject, 'security-group-rule'),
        },
      },
    ],
    remove: [
      words(
        'revoke-security-group-ingress', '--group-id', asWord(GroupId),
        '--security-group-rule-ids', own(subject),
      ),
    ],
  }; // prettier-ignore
};

const endpoint: Kind = (subject) => {
  const known = [
    'VpcId', 'ServiceName', 'VpcEndpointType', 'SubnetIds', 'SecurityGroupIds', 'RouteTableIds',
    'PrivateDnsEnabled',
  ]; // prettier-ignore
  const { PolicyDocument, ...rest } = take(subject, [...known, 'PolicyDocument', 'Tags']);
  return {
    find: findTagged(
      subject,
      'describe-vpc-endpoints',
      'VpcEndpoints[0].[VpcEndpointId,VpcEndpointId]',
      ['Name=vpc-endpoint-state,Values=pending,available,deleting'],
    ),
    values: ['', 'Id'],
    make: [
      {
        operation: 'ec2 create-vpc-endpoint',
        input: {
          ...pick(rest, known),
          ...(PolicyDocument === undefined ? {} : { PolicyDocument: asDocument(PolicyDocument) }),
          ...tagSpecifications(subject, 'vpc-endpoint'),
        },
      },
    ],
    ready: [
      {
        words: ['ec2', 'describe-vpc-endpoints', '--vpc-endpoint-ids', own(subject)],
        query: 'VpcEndpoints[0].State',
        until: 'available',
      },
    ],
    remove: [words('delete-vpc-endpoints', '--vpc-endpoint-ids', own(subject))],
  };
};

const launchTemplate: Kind = (subject) => {
  const { LaunchTemplateData } = take(subject, ['LaunchTemplateName', 'LaunchTemplateData']);
  const data = given('LaunchTemplateData', LaunchTemplateData);
  return {
    find: findTagged(
      subject,
      'describe-launch-templates',
      'LaunchTemplates[0].[LaunchTemplateId,LaunchTemplateId,LatestVersionNumber,DefaultVersionNumber]',
    ),
    values: ['', 'LaunchTemplateId', 'LatestVersionNumber', 'DefaultVersionNumber'],
    make: [
      {
        operation: 'ec2 create-launch-template',
        input: {
          LaunchTemplateName: nameOf(subject, 'LaunchTemplateName'),
          ...data,
          ...tagSpecifications(subject, 'launch-template'),
        },
      },
    ],
    update: [
      {
        operation: 'ec2 create-launch-template-version',
        input: { LaunchTemplateId: own(subject), ...data },
      },
    ],
    remove: [words('delete-launch-template', '--launch-template-id', own(subject))],
  };
};

export const networkKinds: Readonly<Record<string, Kind>> = {
  'AWS::EC2::VPC': vpc,
  'AWS::EC2::Subnet': subnet,
  'AWS::EC2::InternetGateway': internetGateway,
  'AWS::EC2::VPCGatewayAttachment': attachment,
  'AWS::EC2::RouteTable': routeTable,
  'AWS::EC2::Route': route,
  'AWS::EC2::SubnetRouteTableAssociation': association,
  'AWS::EC2::EIP': address,
  'AWS::EC2::NatGateway': natGateway,
  'AWS::EC2::SecurityGroup': securityGroup,
  'AWS::EC2::SecurityGroupIngress': ingress,
  'AWS::EC2::VPCEndpoint': endpoint,
  'AWS::EC2::LaunchTemplate': launchTemplate,
};
