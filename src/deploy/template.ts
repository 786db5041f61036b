/**
 * What a deployment consists of, before it is written as CloudFormation, Terraform or commands:
 * resources in CloudFormation's words (types and properties are AWS's own, so the published schemas
 * judge them), whose values may be known to AWS alone until a resource is made.
 */

/** Another resource: its own identifier (CloudFormation's `Ref`), or one of its attributes. */
export class Reference {
  readonly id: string;
  readonly attribute: string | undefined;

  constructor(id: string, attribute?: string) {
    this.id = id;
    this.attribute = attribute;
  }

  /** For example `Arn` of a role. */
  get(attribute: string): Reference {
    return new Reference(this.id, attribute);
  }
}

/** What AWS knows of the place where a template is used. */
export class PseudoParameter {
  readonly what: 'AccountId' | 'Partition' | 'Region';

  constructor(what: 'AccountId' | 'Partition' | 'Region') {
    this.what = what;
  }
}

/** The availability zone with this number, from 0, of the region. */
export class Zone {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/** A public parameter of SSM, read when the template is used: the newest image of ECS. */
export class PublicParameter {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

/** A text with values in it that AWS fills in. */
export class Joined {
  readonly parts: readonly (AwsExpression | string)[];

  constructor(parts: readonly (AwsExpression | string)[]) {
    this.parts = parts;
  }
}

export type AwsExpression = Joined | PseudoParameter | PublicParameter | Reference | Zone;
export type AwsValue =
  | AwsExpression
  | boolean
  | number
  | string
  | readonly AwsValue[]
  | { readonly [key: string]: AwsValue };
export type Properties = Readonly<Record<string, AwsValue>>;

export const ACCOUNT_ID = new PseudoParameter('AccountId');
export const PARTITION = new PseudoParameter('Partition');
export const REGION = new PseudoParameter('Region');

/** A text with expressions: join`arn:${PARTITION}:s3:::${bucket}`. Without any it is a string. */
export function join(
  texts: TemplateStringsArray,
  ...values: readonly (AwsExpression | string)[]
): Joined | string {
  const parts: (AwsExpression | string)[] = [];
  const push = (part: AwsExpression | string): void => {
    if (part instanceof Joined) for (const inner of part.parts) push(inner);
    else if (typeof part === 'string') pushText(parts, part);
    else parts.push(part);
  };
  for (const [i, text] of texts.entries()) {
    push(text);
    const value = values[i];
    if (value !== undefined) push(value);
  }
  const [only] = parts;
  if (only === undefined) return '';
  return parts.length === 1 && typeof only === 'string' ? only : new Joined(parts);
}

/** Texts that follow each other become one. */
function pushText(parts: (AwsExpression | string)[], text: string): void {
  const last = parts.at(-1);
  if (typeof last === 'string') parts[parts.length - 1] = `${last}${text}`;
  else if (text !== '') parts.push(text);
}

export interface Resource {
  /** Its name within the template, unique, of letters and digits: `CollectorService`. */
  readonly id: string;
  /** `AWS::ECS::Service` */
  readonly type: string;
  readonly properties: Properties;
  /** Resources that must be there first though no value of them is used. */
  readonly after?: readonly string[];
  /** It stays when the deployment is taken away: it holds what cannot be had again. */
  readonly isKept?: boolean;
  /** One sentence for whoever reads the template. */
  readonly why: string;
}

export interface Output {
  readonly name: string;
  readonly value: AwsValue;
  readonly why: string;
}

export interface DeploymentTemplate {
  readonly name: string;
  readonly region: string;
  /** In an order in which each resource stands behind those that it uses. */
  readonly resources: readonly Resource[];
  readonly outputs: readonly Output[];
}

/** A name as it stands in an id: `web-app` as `WebApp`, `ecr.api` as `EcrApi`. */
export function idPart(name: string): string {
  return name.replaceAll(/(?:^|[.-])([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Whether a value is known to AWS alone. */
export function isExpression(value: AwsValue): value is AwsExpression {
  return [Joined, PseudoParameter, PublicParameter, Reference, Zone].some(
    (kind) => value instanceof kind,
  );
}

export function isValueList(value: AwsValue): value is readonly AwsValue[] {
  return Array.isArray(value);
}

/** Gathers the resources of a template; parts of a deployment add theirs. */
export class Draft {
  readonly #resources = new Map<string, Resource>();
  readonly #outputs: Output[] = [];

  /** @returns what other resources refer to it by */
  add(resource: Resource): Reference {
    if (this.#resources.has(resource.id)) throw new Error(`two resources are ${resource.id}`);
    this.#resources.set(resource.id, resource);
    return new Reference(resource.id);
  }

  output(name: string, value: AwsValue, why: string): void {
    this.#outputs.push({ name, value, why });
  }

  /** Lets resources of one type wait for all of others that no value of them names. */
  letWait(type: string, forTypes: ReadonlySet<string>): void {
    const all = [...this.#resources.values()];
    const awaited = all.filter((one) => forTypes.has(one.type)).map(({ id }) => id);
    for (const one of all)
      if (one.type === type)
        this.#resources.set(one.id, {
          ...one,
          after: [...new Set([...(one.after ?? []), ...awaited])],
        });
  }

  finish(name: string, region: string): DeploymentTemplate {
    return { name, region, resources: sortByUse(this.#resources), outputs: this.#outputs };
  }
}

/** The ids of the resources that a value uses. */
export function listReferences(value: AwsValue): string[] {
  if (value instanceof Reference) return [value.id];
  if (value instanceof Joined) return value.parts.flatMap(listReferences);
  if (typeof value !== 'object' || isExpression(value)) return [];
  return Object.values(value).flatMap(listReferences);
}

function sortByUse(resources: ReadonlyMap<string, Resource>): Resource[] {
  const sorted = new Set<Resource>();
  const visit = (id: string, above: readonly string[]): void => {
    const resource = resources.get(id);
    if (resource === undefined)
      throw new Error(`${String(above.at(-1))} uses ${id}: there is none`);
    if (sorted.has(resource)) return;
    if (above.includes(id)) throw new Error(`resources use each other: ${above.join(', ')}`);
    for (const used of [...(resource.after ?? []), ...listReferences(resource.properties)])
      visit(used, [...above, id]);
    sorted.add(resource);
  };
  for (const id of resources.keys()) visit(id, []);
  return [...sorted];
}
