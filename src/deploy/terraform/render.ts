/** A template as a configuration of Terraform, for the provider hashicorp/aws. Pure. */
import {
  type AwsValue,
  type DeploymentTemplate,
  isExpression,
  isValueList,
  Joined,
  listReferences,
  type Properties,
  PseudoParameter,
  PublicParameter,
  Reference,
  type Resource,
  Zone,
} from '../template.ts';
import { ACCOUNT_KINDS } from './account-kinds.ts';
import {
  type Block,
  escapeText,
  type HclMember,
  type HclValue,
  quoteHcl,
  Raw,
  renderBlock,
  renderHcl,
} from './hcl.ts';
import type {
  MoreResource,
  PropertyRule,
  PropertyRules,
  ProviderVersion,
  TerraformKind,
} from './kind.ts';
import { ALARM_KINDS, INSTANCE_KINDS, STORAGE_KINDS } from './more-kinds.ts';
import { NETWORK_KINDS } from './network-kinds.ts';
import { TASK_KINDS } from './task-kinds.ts';

const KINDS: Readonly<Record<string, TerraformKind>> = {
  ...ACCOUNT_KINDS,
  ...ALARM_KINDS,
  ...INSTANCE_KINDS,
  ...NETWORK_KINDS,
  ...STORAGE_KINDS,
  ...TASK_KINDS,
};
/** Members of a container definition whose own members are names that the user chose. */
const FREE = new Set(['DockerLabels', 'Options']);
/** The oldest version that has all but what rules name a version for. */
const OLDEST: ProviderVersion = [5, 100];
/** What starts work as soon as it is there. */
const STARTING: ReadonlySet<string> = new Set([
  'AWS::AutoScaling::AutoScalingGroup',
  'AWS::ECS::Service',
]);

export function renderTerraform(template: DeploymentTemplate): string {
  return new TerraformWriter(template).write();
}

class TerraformWriter {
  readonly #template: DeploymentTemplate;
  readonly #resources: ReadonlyMap<string, Resource>;
  /** Data sources that values ask for, by their head. */
  readonly #data = new Map<string, Block>();
  #version = OLDEST;

  constructor(template: DeploymentTemplate) {
    this.#template = template;
    this.#resources = new Map(template.resources.map((one) => [one.id, one]));
  }

  write(): string {
    const resources = this.#template.resources.flatMap((one) => this.#writeResource(one));
    const outputs = this.#template.outputs.map(({ name, value, why }) => ({
      head: `output ${quoteHcl(toName(name))}`,
      members: [
        { name: 'description', value: why },
        { name: 'value', value: this.#value(value) },
      ],
    }));
    const settings: Block = {
      head: 'terraform',
      members: [
        { name: 'required_version', value: '>= 1.5' },
        {
          head: 'required_providers',
          members: [
            {
              name: 'aws',
              value: { source: 'hashicorp/aws', version: `>= ${this.#version.join('.')}` },
            },
          ],
        },
      ],
    };
    const provider: Block = {
      head: 'provider "aws"',
      members: [{ name: 'region', value: this.#template.region }],
    };
    const blocks = [settings, provider, ...this.#data.values(), ...resources, ...outputs];
    return `${blocks.map((block) => renderBlock(block)).join('\n\n')}\n`;
  }

  #writeResource(resource: Resource): Block[] {
    const { id, type, properties, after = [], isKept, why } = resource;
    const kind = findKind(type);
    const members = [...this.#members(properties, kind.rules, id), ...(kind.also ?? [])];
    if (isKept === true)
      members.push({
        head: 'lifecycle',
        members: [{ name: 'prevent_destroy', value: true }],
      });
    const awaited = [
      ...after.map((one) => this.#addressOf(one)),
      ...(STARTING.has(type) ? this.#partsBehind(resource) : []),
    ];
    if (awaited.length > 0)
      members.push({ name: 'depends_on', value: awaited.map((one) => new Raw(one)) });
    const head = `resource ${quoteHcl(kind.type)} ${quoteHcl(toName(id))}`;
    const more = (kind.more?.(properties) ?? []).map((part) => this.#writePart(id, part));
    return [{ head, comment: why, members }, ...more];
  }

  /**
   * Addresses of what stands in resources of its own, policies and rules of groups, of all that
   * this one uses. CloudFormation has them with the role or the group; what starts work starts
   * behind them, and ends before them.
   */
  #partsBehind(resource: Resource): string[] {
    const used = new Set<Resource>();
    const visit = ({ properties, after = [] }: Resource): void => {
      for (const id of [...listReferences(properties), ...after]) {
        const one = this.#resources.get(id);
        if (one === undefined || used.has(one)) continue;
        used.add(one);
        visit(one);
      }
    };
    visit(resource);
    return this.#template.resources
      .filter((one) => used.has(one))
      .flatMap(({ id, type, properties }) =>
        (findKind(type).more?.(properties) ?? []).map(
          (part) => `${part.type}.${toName(id)}_${toName(part.suffix)}`,
        ),
      );
  }

  #writePart(id: string, part: MoreResource): Block {
    const { type, suffix, rules, properties, owner } = part;
    const [argument, attribute] = owner;
    if (part.since !== undefined) this.#need(part.since);
    const reference = new Raw(`${this.#addressOf(id)}.${attribute}`);
    return {
      head: `resource ${quoteHcl(type)} ${quoteHcl(`${toName(id)}_${toName(suffix)}`)}`,
      members: [
        { name: argument, value: reference },
        ...this.#members(properties, rules, `${id}.${suffix}`),
      ],
    };
  }

  #members(properties: Properties, rules: PropertyRules, at: string): HclMember[] {
    return Object.entries(properties).flatMap(([name, value]) => {
      const rule = rules[name];
      if (rule === undefined) throw new Error(`BUG: ${at}.${name} has no rule for Terraform`);
      return this.#apply(rule, value, { at: `${at}.${name}`, owner: properties });
    });
  }

  #apply(
    rule: PropertyRule,
    value: AwsValue,
    { at, owner }: { readonly at: string; readonly owner: Properties },
  ): readonly HclMember[] {
    if (typeof rule === 'string') return [{ name: rule, value: this.#value(value) }];
    if ('isApart' in rule) return [];
    if ('since' in rule) {
      this.#need(rule.since);
      return this.#apply(rule.rule, value, { at, owner });
    }
    if ('convert' in rule) return rule.convert(value, { write: (one) => this.#value(one), owner });
    if ('inside' in rule) return this.#members(value as Properties, rule.inside, at);
    if ('json' in rule) return [{ name: rule.json, value: this.#json(value, rule.isCamel) }];
    if ('map' in rule) return [{ name: rule.map, value: this.#map(value) }];
    const entries = (Array.isArray(value) ? value : [value]) as readonly Properties[];
    return entries.map((one) => ({
      head: rule.block,
      members: this.#members(one, rule.rules, at),
    }));
  }

  /** What is written needs this version of the provider. */
  #need(version: ProviderVersion): void {
    const [major, minor] = this.#version;
    if (version[0] > major || (version[0] === major && version[1] > minor)) this.#version = version;
  }

  #json(value: AwsValue, isCamel = false): Raw {
    const text = renderHcl(this.#value(isCamel ? toCamel(value) : value), '  ');
    return new Raw(`jsonencode(${text})`);
  }

  #map(value: AwsValue): HclValue {
    const pairs = value as readonly { Key?: string; Name?: string; Value: AwsValue }[];
    return Object.fromEntries(
      pairs.map((pair) => [pair.Key ?? pair.Name ?? '', this.#value(pair.Value)]),
    );
  }

  #value(value: AwsValue): HclValue {
    if (value instanceof Reference) return this.#reference(value);
    if (value instanceof PseudoParameter) return this.#pseudo(value);
    if (value instanceof Zone) {
      this.#ask('aws_availability_zones', 'here', [{ name: 'state', value: 'available' }]);
      return new Raw(`data.aws_availability_zones.here.names[${value.index}]`);
    }
    if (value instanceof PublicParameter) {
      const name = toName(value.path);
      this.#ask('aws_ssm_parameter', name, [{ name: 'name', value: value.path }]);
      return new Raw(`data.aws_ssm_parameter.${name}.value`);
    }
    if (value instanceof Joined) return this.#joined(value);
    if (typeof value !== 'object') return value;
    if (isValueList(value)) return value.map((one) => this.#value(one));
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#value(one)]));
  }

  #joined({ parts }: Joined): HclValue {
    const inner = parts.map((part) => {
      if (typeof part === 'string') return escapeText(part);
      const value = this.#value(part);
      return value instanceof Raw ? value.inner : renderHcl(value);
    });
    const text = inner.join('');
    return new Raw(`"${text}"`, text);
  }

  #reference({ id, attribute }: Reference): Raw {
    const resource = this.#resources.get(id);
    const kind = findKind(resource?.type ?? '');
    const found = attribute === undefined ? (kind.ref ?? 'id') : kind.attributes?.[attribute];
    if (found === undefined)
      throw new Error(`BUG: ${id}.${String(attribute)} is none for Terraform`);
    const [, middle, end] = /^\{\}(\.\w+)(.*)$/.exec(found) ?? [undefined, `.${found}`, ''];
    const address = `${this.#addressOf(id)}${middle}`;
    const template = `\${${address}}${end}`;
    return end === '' ? new Raw(address) : new Raw(`"${template}"`, template);
  }

  #pseudo({ what }: PseudoParameter): Raw {
    const [type, attribute] = {
      AccountId: ['aws_caller_identity', 'account_id'],
      Partition: ['aws_partition', 'partition'],
      Region: ['aws_region', 'name'],
    }[what] as [string, string];
    this.#ask(type, 'here', []);
    return new Raw(`data.${type}.here.${attribute}`);
  }

  #ask(type: string, name: string, members: readonly HclMember[]): void {
    const head = `data ${quoteHcl(type)} ${quoteHcl(name)}`;
    this.#data.set(head, { head, members });
  }

  #addressOf(id: string): string {
    const resource = this.#resources.get(id);
    return `${findKind(resource?.type ?? '').type}.${toName(id)}`;
  }
}

function findKind(type: string): TerraformKind {
  const kind = KINDS[type];
  if (kind === undefined) throw new Error(`BUG: ${type} has no form for Terraform`);
  return kind;
}

/** As the API of ECS spells them: `portMappings`. */
function toCamel(value: AwsValue): AwsValue {
  if (typeof value !== 'object' || isExpression(value)) return value;
  if (isValueList(value)) return value.map(toCamel);
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      `${key.slice(0, 1).toLowerCase()}${key.slice(1)}`,
      FREE.has(key) ? one : toCamel(one),
    ]),
  );
}

/** `CollectorTask`, `/aws/x` as `collector_task`, `aws_x`. */
function toName(text: string): string {
  return text
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_')
    .replaceAll(/\W+/g, '_')
    .replace(/^_/, '')
    .toLowerCase();
}
