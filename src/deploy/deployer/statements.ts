/**
 * What whoever deploys a template may do, and no more: the calls of its types on resources as
 * narrow as names allow that are known before, and those of CloudFormation itself.
 */
import { listTasks } from '../discovery-permissions.ts';
import { makeArn, type PolicyStatement, type ResourcePlace } from '../permissions.ts';
import {
  type AwsValue,
  type DeploymentTemplate,
  idPart,
  isExpression,
  listReferences,
  type Properties,
  PublicParameter,
  Reference,
  type Resource,
  Zone,
} from '../template.ts';
import type { Names, TypeCalls } from './calls.ts';
import { networkCalls } from './network-calls.ts';
import { operateStack } from './operations.ts';
import { otherCalls } from './other-calls.ts';

export const callsByType: Readonly<Record<string, TypeCalls>> = { ...networkCalls, ...otherCalls };

/** @throws Error for a type without calls: a fault of a part that describes it */
export function deployTemplate(
  template: DeploymentTemplate,
  place: ResourcePlace,
): PolicyStatement[] {
  const calls = new Map<string, CallsOfService>();
  for (const resource of template.resources) {
    const known = callsByType[resource.type];
    if (known === undefined) throw new Error(`no calls of a deployer for ${resource.type}`);
    const names = namesOf(resource, template);
    for (const one of [known, ...(known.also ?? [])])
      addCalls(calls, one, { names, template, place, type: resource.type });
  }
  return [
    ...operateStack(template.name, place),
    ...watchTasks(template, place),
    ...[...calls].flatMap(([service, one]) => toStatements(service, one)),
    ...passRoles(template, place),
    ...makeLinkedRoles(template, place),
    ...readPublicParts(template, place),
  ];
}

/** What one service is called for. */
interface CallsOfService {
  readonly named: Set<string>;
  readonly unnamed: Set<string>;
  readonly resources: Map<string, AwsValue>;
  readonly types: Set<string>;
}

interface CallContext {
  readonly names: Names;
  readonly template: DeploymentTemplate;
  readonly place: ResourcePlace;
  readonly type: string;
}

function addCalls(
  calls: Map<string, CallsOfService>,
  one: TypeCalls,
  { names, template, place, type }: CallContext,
): void {
  const before = calls.get(one.service) ?? {
    named: new Set(),
    unnamed: new Set(),
    resources: new Map(),
    types: new Set(),
  };
  calls.set(one.service, before);
  for (const action of words(one.calls)) before.named.add(`${one.service}:${action}`);
  for (const action of words(one.reads ?? '')) before.unnamed.add(`${one.service}:${action}`);
  for (const end of one.on(names)) {
    const arn = arnOf(place, one.service, end.replace('@NAME', template.name));
    before.resources.set(JSON.stringify(arn), arn);
  }
  before.types.add(type);
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

/** IAM and Route 53 have no region; what belongs to AWS has no account; `@eks:` names a service. */
function arnOf(place: ResourcePlace, service: string, end: string): AwsValue {
  const [, other, rest = end] = /^@([a-z0-9]+):(.*)$/.exec(end) ?? [];
  const of = other ?? service;
  if (of === 'iam') return makeArn({ ...place, region: '' }, of, rest);
  if (of === 'route53') return makeArn({ ...place, region: '', account: '' }, of, rest);
  return rest.startsWith(':')
    ? makeArn({ ...place, account: '' }, of, rest.slice(1))
    : makeArn(place, of, rest);
}

function toStatements(
  service: string,
  { named, unnamed, resources, types }: CallsOfService,
): PolicyStatement[] {
  const id = idPart(service);
  const why = `makes, reads, changes and takes away ${[...types].join(', ')}`;
  return [
    ...(named.size === 0
      ? []
      : [{ id: `Deploy${id}`, actions: [...named], resources: [...resources.values()], why }]),
    ...(unnamed.size === 0
      ? []
      : [
          {
            id: `Deploy${id}Unnamed`,
            actions: [...unnamed],
            resources: ['*'],
            why: `${why}: these actions know no resources`,
          },
        ]),
  ];
}

/** A stack names what has no name: `NAME-` and the id; so do the scripts. */
function namesOf(resource: Resource, template: DeploymentTemplate): Names {
  const text = (value: AwsValue | undefined): string => {
    if (value === undefined) return `${template.name}-*`;
    if (typeof value === 'string') return value;
    if (!(value instanceof Reference)) return '*';
    const named = template.resources.find(({ id }) => id === value.id)?.properties;
    const [name] = Object.entries(named ?? {}).filter(([key]) => /^(?:\w+)?Name$/.test(key));
    return typeof name?.[1] === 'string' ? name[1] : '*';
  };
  return { of: (property) => text(resource.properties[property]) };
}

/** Why tasks of its services stop. */
function watchTasks(template: DeploymentTemplate, place: ResourcePlace): PolicyStatement[] {
  const services = template.resources.filter(({ type }) => type === 'AWS::ECS::Service');
  const clusters = new Set(services.map((one) => namesOf(one, template).of('Cluster')));
  return clusters.size === 0 ? [] : [listTasks(place, [...clusters])];
}

/** Roles that are handed to tasks, instances and services, each to the services that it trusts. */
function passRoles(template: DeploymentTemplate, place: ResourcePlace): PolicyStatement[] {
  const used = new Set(template.resources.flatMap((one) => listReferences(one.properties)));
  const roles = template.resources.filter(
    ({ id, type }) => type === 'AWS::IAM::Role' && used.has(id),
  );
  if (roles.length === 0) return [];
  const services = new Set(roles.flatMap(({ properties }) => trusted(properties)));
  const arns = new Map(
    roles
      .map((role) => namesOf(role, template).of('RoleName'))
      .map((name) => [name, arnOf(place, 'iam', `role/${name}`)]),
  );
  return [
    {
      id: 'PassRoles',
      actions: ['iam:PassRole'],
      resources: [...arns.values()],
      conditions: { StringEquals: { 'iam:PassedToService': [...services] } },
      why: `hands over ${roles.map(({ id }) => id).join(', ')}, to no other service`,
    },
  ];
}

function trusted({ AssumeRolePolicyDocument }: Properties): string[] {
  const { Statement = [] } = AssumeRolePolicyDocument as {
    readonly Statement?: readonly { readonly Principal: { readonly Service: string } }[];
  };
  return Statement.map(({ Principal }) => Principal.Service);
}

/** AWS makes a role of its own with the first cluster, group or file system of an account. */
function makeLinkedRoles({ resources }: DeploymentTemplate, place: ResourcePlace) {
  const services = new Set(resources.flatMap(({ type }) => callsByType[type]?.linkedRole ?? []));
  if (services.size === 0) return [];
  const hosts = [...services].map((service) => `${service}.amazonaws.com`);
  return [
    {
      id: 'MakeLinkedRoles',
      actions: ['iam:CreateServiceLinkedRole'],
      resources: hosts.map((host) => arnOf(place, 'iam', `role/aws-service-role/${host}/*`)),
      conditions: { StringEquals: { 'iam:AWSServiceName': hosts } },
      why: "AWS's own roles, where the account has not yet these services",
    },
  ];
}

/** The newest image of ECS, and the names of zones. */
function readPublicParts(template: DeploymentTemplate, place: ResourcePlace): PolicyStatement[] {
  const values = template.resources.flatMap(({ properties }) => leaves(properties));
  const paths = new Set(
    values.flatMap((value) => (value instanceof PublicParameter ? [value.path] : [])),
  );
  const parameters: PolicyStatement[] =
    paths.size === 0
      ? []
      : [
          {
            id: 'ReadPublicParameters',
            actions: ['ssm:GetParameter', 'ssm:GetParameters'],
            resources: [...paths].map((path) => arnOf(place, 'ssm', `:parameter${path}`)),
            why: 'the newest image of ECS for instances',
          },
        ];
  const zones: PolicyStatement[] = values.some((value) => value instanceof Zone)
    ? [
        {
          id: 'ReadZones',
          actions: ['ec2:DescribeAvailabilityZones'],
          resources: ['*'],
          why: 'the zones of the subnets; the action knows no resources',
        },
      ]
    : [];
  return [...parameters, ...zones];
}

function leaves(value: AwsValue): AwsValue[] {
  if (typeof value !== 'object' || isExpression(value)) return [value];
  return Object.values(value).flatMap(leaves);
}
