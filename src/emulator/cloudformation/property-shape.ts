/**
 * What properties a type of resource takes, in a short notation, and what is made of the values of
 * a template by it: CloudFormation takes a text for a number or a flag, and a number for a text.
 * Pure.
 *
 *     Name*! Size:n IsFast:b Subnets[] Rules[{Port:n Cidr}] Options{*} Policy:j
 *
 * A name alone is text; `:n` is a number, `:b` a flag, `:j` any JSON, `[…]` a list, `{*}` a map of
 * texts, `{…}` an object; `*` is required, with `!` another resource must come in its place.
 */
import { AwsError } from '../service.ts';
import { isRecord, type Values } from './values.ts';

export type PropertyShape =
  | { readonly kind: 'any' | 'flag' | 'map' | 'number' | 'text' }
  | { readonly kind: 'list'; readonly of: PropertyShape }
  | { readonly kind: 'object'; readonly members: Readonly<Record<string, Member>> };

interface Member {
  readonly shape: PropertyShape;
  readonly isRequired: boolean;
  readonly isReplacing: boolean;
}

export type ObjectShape = Extract<PropertyShape, { kind: 'object' }>;

const LETTERS = { n: 'number', b: 'flag', j: 'any' } as const;

export function parseShape(notation: string): ObjectShape {
  const tokens = notation.match(/[A-Za-z0-9]+|[*!:{}[\]]/g) ?? [];
  let at = 0;
  const next = (): string => tokens[at++] ?? '';
  const take = (token: string): boolean => {
    if (tokens[at] !== token) return false;
    at += 1;
    return true;
  };
  const readMembers = (end: string | undefined): ObjectShape => {
    const members: Record<string, Member> = {};
    while (tokens[at] !== end) {
      const name = next();
      const isRequired = take('*');
      const isReplacing = take('!');
      members[name] = { isRequired, isReplacing, shape: readShape() };
    }
    at += 1;
    return { kind: 'object', members };
  };
  const readShape = (): PropertyShape => {
    if (take(':')) return { kind: LETTERS[next() as keyof typeof LETTERS] };
    if (take('[')) {
      const of = readShape();
      at += 1;
      return { kind: 'list', of };
    }
    if (!take('{')) return { kind: 'text' };
    if (!take('*')) return readMembers('}');
    at += 1;
    return { kind: 'map' };
  };
  return readMembers(undefined);
}

/**
 * Gives the values of a resource their types.
 *
 * @throws AwsError for what the shape does not know, and for what is missing
 */
export function fitProperties(values: Values, shape: ObjectShape): Values {
  return fitObject(values, shape, '');
}

function fitObject(values: Values, { members }: ObjectShape, at: string): Values {
  const known = Object.keys(members);
  const unknown = Object.keys(values).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw refuse(
      `Encountered unsupported property ${at}${unknown}; these are: ${known.join(', ')}`,
    );
  const missing = known.find((name) => members[name]?.isRequired && values[name] === undefined);
  if (missing !== undefined) throw refuse(`Property ${at}${missing} cannot be empty.`);
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      fitValue(value, (members[name] as Member).shape, `${at}${name}`),
    ]),
  );
}

function fitValue(value: unknown, shape: PropertyShape, at: string): unknown {
  const wrong = (what: string): AwsError => refuse(`Value of property ${at} must be ${what}`);
  switch (shape.kind) {
    case 'any':
      return value;
    case 'flag':
      if (String(value) === 'true') return true;
      if (String(value) === 'false') return false;
      throw wrong('of type Boolean');
    case 'number': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number === 'number' && Number.isFinite(number)) return number;
      throw wrong('of type Number');
    }
    case 'text':
      if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
      throw wrong('of type String');
    case 'list':
      if (!Array.isArray(value)) throw wrong('a list');
      return value.map((one, i) => fitValue(one, shape.of, `${at}[${i}]`));
    case 'map':
      if (!isRecord(value)) throw wrong('an object');
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]));
    default:
      if (!isRecord(value)) throw wrong('an object');
      return fitObject(value, shape, `${at}.`);
  }
}

function refuse(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

/** The names of the properties that differ. */
export function listChanged(before: Values, after: Values): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !isSameProperty(before[name], after[name]));
}

/** Whether two values are the same; members of objects have no order. */
export function isSameProperty(a: unknown, b: unknown): boolean {
  return JSON.stringify(sortMembers(a)) === JSON.stringify(sortMembers(b));
}

function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers);
  if (!isRecord(value)) return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, one]) => [key, sortMembers(one)]));
}

/** Whether a change of one of these properties makes another resource. */
export function replaces(names: readonly string[], { members }: ObjectShape): boolean {
  return names.some((name) => members[name]?.isReplacing === true);
}

/** Writes names of members as services of JSON do: `ContainerPort` is `containerPort`. */
export function lowerNames(value: unknown, shape: PropertyShape): unknown {
  if (shape.kind === 'list' && Array.isArray(value))
    return value.map((one) => lowerNames(one, shape.of));
  if (shape.kind !== 'object' || !isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      lowerName(name),
      lowerNames(one, shape.members[name]?.shape ?? { kind: 'any' }),
    ]),
  );
}

/** The other way: what a service answers, with the names of a template; keys of maps stay. */
export function templateNames(value: unknown, shape: PropertyShape): unknown {
  if (shape.kind === 'list' && Array.isArray(value))
    return value.map((one) => templateNames(one, shape.of));
  if (shape.kind !== 'object' || !isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(shape.members).flatMap(([name, member]) => {
      const one = value[lowerName(name)];
      return one === undefined ? [] : [[name, templateNames(one, member.shape)]];
    }),
  );
}

/** `EFSVolume` is `efsVolume`, `IAM` is `iam`, `VCpuCount` is `vCpuCount`. */
function lowerName(name: string): string {
  return name.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+$|^[A-Z]/, (start) => start.toLowerCase());
}
