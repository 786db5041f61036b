/**
 * The values of a template and of its configuration of Terraform, leaf by leaf and in one spelling:
 * what one form has and the other lacks is lost, or invented.
 */
import { parse } from '@cdktf/hcl2json';
import {
  type AwsValue,
  type DeploymentTemplate,
  Joined,
  PseudoParameter,
  PublicParameter,
  Reference,
  type Resource,
  Zone,
} from '../../src/deploy/template.ts';
import { renderTerraform } from '../../src/deploy/terraform/render.ts';

type Json = boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Where the provider's name is another than the property's; spelled without signs. */
const NAMES: Readonly<Record<string, string | readonly string[]>> = {
  alertmanagerdefinition: 'definition', assumerolepolicydocument: 'assume_role_policy',
  autoscalinggroupname: 'name', capacityprovidername: 'name',
  cidrip: 'cidr_ipv4', cluster: 'cluster_name', 
  // Of a cluster, and of a capacity provider.
  clustername: ['name', 'cluster'],
  filesystemid: 'file_system_id', groupdescription: 'description', groupid: 'security_group_id',
  instanceprofilename: 'name',
  launchtemplateid: 'id', launchtemplatename: 'name', loggroupname: 'name',
  managedpolicyarns: 'policy_arn', maximumpercent: 'deployment_maximum_percent',
  minimumhealthypercent: 'deployment_minimum_healthy_percent',
  newinstancesprotectedfromscalein: 'protect_from_scale_in', policydocument: 'policy',
  securitygroupids: 'vpc_security_group_ids',
  policyname: 'name', rolename: 'name', roles: 'role', servicename: 'name',
  sourcepath: 'host_path', sourcesecuritygroupid: 'referenced_security_group_id',
  workspace: 'workspace_id',
}; // prettier-ignore
const spell = (key: string): string => key.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase();

/** Leaves as `key=value`, with what may stand for the key on the other side. */
interface Leaf {
  readonly keys: readonly string[];
  readonly value: string;
}

/** A sentence for each value that only one of the forms has. */
export async function compareForms(template: DeploymentTemplate): Promise<string[]> {
  const text = renderTerraform(template);
  const { resource = {} } = (await parse('main.tf', text)) as {
    resource?: Record<string, Record<string, readonly Json[]>>;
  };
  const written = new Map(Object.values(resource).flatMap((byName) => Object.entries(byName)));
  const types = new Map(template.resources.map(({ id, type }) => [spell(id), type]));
  const names = new Set(template.resources.map(({ id }) => spell(id)));
  const faults: string[] = [];
  for (const one of template.resources) {
    const own = spell(one.id);
    // What stands beside a resource has a longer name, which is no other resource's.
    const isMine = (name: string): boolean => {
      const spelled = spell(name);
      return (
        spelled === own ||
        (spelled.startsWith(own) &&
          ![...names].some((other) => other.length > own.length && spelled.startsWith(other)))
      );
    };
    const bodies = [...written].filter(([name]) => isMine(name)).map(([, body]) => body);
    const there = await readWritten(bodies);
    const wanted = [...listLeaves(one.properties, ''), ...(IMPLIED[one.type]?.(one) ?? [])].map(
      (leaf) => translate(leaf, types),
    );
    const rest = there.filter(({ keys, value }) => !isOfTerraform(keys[0] ?? '', value, own));
    for (const leaf of wanted) {
      const at = rest.findIndex(
        ({ keys, value }) => value === leaf.value && leaf.keys.includes(keys[0] ?? ''),
      );
      if (at === -1) faults.push(`${one.id}: lost ${leaf.keys[0] ?? ''}=${leaf.value}`);
      else rest.splice(at, 1);
    }
    faults.push(...rest.map(({ keys, value }) => `${one.id}: invented ${keys[0] ?? ''}=${value}`));
    for (const id of one.after ?? [])
      if (!there.some(({ keys, value }) => keys[0] === 'dependson' && value === `<${spell(id)}>`))
        faults.push(`${one.id}: does not wait for ${id}`);
  }
  return faults;
}

/** What CloudFormation does without a word. */
const IMPLIED: Readonly<Record<string, (one: Resource) => readonly Leaf[]>> = {
  'AWS::EC2::SecurityGroup': ({ properties }) =>
    properties['SecurityGroupEgress'] === undefined
      ? [leafOf('cidr_ipv4', '0.0.0.0/0'), leafOf('ip_protocol', '-1')]
      : [],
  'AWS::AutoScaling::AutoScalingGroup': () => [
    leafOf('key', 'AmazonECSManaged'),
    leafOf('value', 'true'),
    leafOf('propagate_at_launch', 'true'),
  ],
};

/** What CloudFormation's `Ref` is the ARN of. */
const NAMED_BY_ARN = new Set(
  ['APS::Workspace', 'ECS::TaskDefinition'].map((type) => `AWS::${type}`),
);

/** The value as the provider takes it, where that is another. */
function translate({ keys, value }: Leaf, types: ReadonlyMap<string, string>): Leaf {
  const [key = ''] = keys;
  if (key === 'assignpublicip') return { keys, value: String(value === 'ENABLED') };
  if (key === 'workspace')
    return { keys, value: value.replace(/:arn>$/, '>').replace(/^arn:.*\//, '') };
  const text = value.replaceAll(
    /<(\w+)(:arn|:other)?>/g,
    (all, name: string, attribute?: string) => {
      const type = types.get(name) ?? '';
      // CloudFormation's ends with the streams.
      if (type === 'AWS::Logs::LogGroup' && attribute === ':arn') return `${all}:*`;
      if (attribute === undefined && NAMED_BY_ARN.has(type)) return `<${name}:arn>`;
      return attribute === ':other' ? `<${name}>` : all;
    },
  );
  return { keys, value: text };
}

/** What Terraform alone has: order, life-cycle, and what leads to the resource it stands beside. */
function isOfTerraform(key: string, value: string, own: string): boolean {
  if (key === 'dependson' || key === 'preventdestroy' || key === 'ignorechanges') return true;
  return value === `<${own}>` || value === `<${own}:arn>`;
}

function listLeaves(value: AwsValue, key: string): Leaf[] {
  if (value instanceof Reference || value instanceof Joined || typeof value !== 'object')
    return [leafOf(key, show(value))];
  if (value instanceof PseudoParameter || value instanceof PublicParameter || value instanceof Zone)
    return [leafOf(key, show(value))];
  return walk(value, key, (one, at) => listLeaves(one as AwsValue, at));
}

const leafOf = (key: string, value: string): Leaf => {
  const spelled = spell(key);
  return {
    keys: [spelled, ...[NAMES[spelled] ?? []].flat().map(spell)],
    value,
  };
};

/** Members of a list or an object; a pair of a name and a value is a member of that name. */
function walk<T>(
  value: object,
  key: string,
  visit: (one: unknown, key: string) => readonly T[],
): T[] {
  if (Array.isArray(value)) return value.flatMap((one) => visit(one, key));
  const entries = Object.entries(value);
  const byName = new Map(entries.map(([name, one]) => [name.toLowerCase(), one as unknown]));
  const name = byName.get('key') ?? byName.get('name');
  if (entries.length === 2 && typeof name === 'string' && byName.has('value'))
    return [...visit(byName.get('value'), name)];
  return entries.flatMap(([member, one]) => visit(one, member));
}

/** A value as it is once its references are spelled alike; ARNs are told from ids. */
function show(value: AwsValue): string {
  if (value instanceof Joined) return value.parts.map(show).join('');
  if (value instanceof Reference) {
    const kind = /Arn$/i.test(value.attribute ?? '') ? ':arn' : ':other';
    return `<${spell(value.id)}${value.attribute === undefined ? '' : kind}>`;
  }
  if (value instanceof PseudoParameter) return `<${value.what}>`;
  if (value instanceof Zone) return `<zone ${value.index}>`;
  if (value instanceof PublicParameter) return `<parameter ${spell(value.path)}>`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const DATA: readonly (readonly [RegExp, string])[] = [
  [/^data\.aws_caller_identity\.here\.account_id$/, '<AccountId>'],
  [/^data\.aws_partition\.here\.partition$/, '<Partition>'],
  [/^data\.aws_region\.here\.name$/, '<Region>'],
];

function showAddress(address: string): string {
  const found = DATA.find(([pattern]) => pattern.test(address));
  if (found !== undefined) return found[1];
  const zone = /^data\.aws_availability_zones\.here\.names\[(\d+)\]$/.exec(address);
  if (zone !== null) return `<zone ${zone[1] ?? ''}>`;
  const parameter = /^data\.aws_ssm_parameter\.(\w+)\.value$/.exec(address);
  if (parameter !== null) return `<parameter ${spell(parameter[1] ?? '')}>`;
  const [, name = address, attribute] = /^aws_\w+?\.(\w+)(?:\.(\w+))?$/.exec(address) ?? [];
  return `<${spell(name)}${attribute === 'arn' ? ':arn' : ''}>`;
}

async function readWritten(value: unknown, key = ''): Promise<Leaf[]> {
  if (typeof value === 'object' && value !== null) {
    const inner = walk(value, key, (one, at) => [[one, at] as const]);
    return (await Promise.all(inner.map(([one, at]) => readWritten(one, at)))).flat();
  }
  const text = String(value);
  const json = /^\$\{jsonencode\(([\s\S]*)\)\}$/.exec(text);
  if (json !== null) {
    const parsed = (await parse('x.tf', `x = ${json[1] ?? ''}`)) as { readonly x: Json };
    return readWritten(parsed.x, key);
  }
  const id = /^\$\{element\(split\("\/", ".*\/([^"/]+)"\), 1\)\}$/.exec(text);
  const shown = (id?.[1] ?? text)
    .replaceAll(/(?<!\$)\$\{([^}]+)\}/g, (_, address: string) => showAddress(address))
    .replaceAll('$${', () => '${')
    .replaceAll('%%{', '%{');
  return [{ keys: [spell(key)], value: shown }];
}
