/**
 * How a type of CloudFormation is written for Terraform: rules lead from each property to an
 * argument or a block. A property without a rule is a fault of the program, never left out. Pure.
 */
import type { AwsValue, Properties } from '../template.ts';
import type { HclMember, HclValue } from './hcl.ts';

export const APART = { isApart: true } as const;

export type PropertyRule =
  /** The name of the argument. */
  | string
  /** A block, or one for each entry of a list. */
  | { readonly block: string; readonly rules: PropertyRules }
  /** The members of the property stand where the property would. */
  | { readonly inside: PropertyRules }
  /** An argument that holds JSON; with `camel` the names of members begin in lower case. */
  | { readonly json: string; readonly isCamel?: boolean }
  /** A list of { Key or Name, Value } as a map. */
  | { readonly map: string }
  /** What is only to be had as a resource of its own: `more` writes it. */
  | typeof APART
  | { readonly convert: (value: AwsValue, words: RuleContext) => readonly HclMember[] }
  /** What came with a version of the provider, which the configuration then asks for. */
  | { readonly since: ProviderVersion; readonly rule: PropertyRule };
export type PropertyRules = Readonly<Record<string, PropertyRule>>;

/** Of hashicorp/aws: major, minor. */
export type ProviderVersion = readonly [major: number, minor: number];

/** What rules may need beside the value. */
export interface RuleContext {
  readonly write: (value: AwsValue) => HclValue;
  /** All properties of the resource, or of the part of it that the rules are for. */
  readonly owner: Properties;
}

export interface TerraformKind {
  /** `aws_vpc` */
  readonly type: string;
  readonly rules: PropertyRules;
  /** The attribute that CloudFormation's `Ref` stands for; `id` by default. */
  readonly ref?: string;
  /** Attribute of CloudFormation → of Terraform; `{}` stands for the resource: `${{}.arn}:*`. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** What Terraform needs said and CloudFormation knows by itself. */
  readonly also?: readonly HclMember[];
  /** Resources beside it, for properties that are apart. */
  readonly more?: (properties: Properties) => readonly MoreResource[];
}

export interface MoreResource {
  readonly type: string;
  readonly since?: ProviderVersion;
  /** Behind the name of the resource that it belongs to. */
  readonly suffix: string;
  readonly rules: PropertyRules;
  readonly properties: Properties;
  /** The argument that names the resource that it belongs to, and by which attribute. */
  readonly owner: readonly [argument: string, attribute: string];
}

export const TAGS: PropertyRules = { Tags: { map: 'tags' } };

/** A resource for one property that is apart: there where the property is. */
export function resourceFor(
  properties: Properties,
  key: string,
  part: Omit<MoreResource, 'properties'>,
): readonly MoreResource[] {
  const value = properties[key];
  return value === undefined ? [] : [{ ...part, properties: { [key]: value } }];
}
