/**
 * What CloudFormation knows of a type of resource: its properties, and how it is made, changed,
 * read and removed by public actions of its service. A kind keeps nothing between calls.
 */
import { AwsError, type AwsInput } from '../service.ts';
import type { Values } from './values.ts';
import type { ObjectShape } from './property-shape.ts';

export type CallAnswer = Readonly<Record<string, unknown>>;

/** Calls an action of a service, by its signing name, as who deploys. */
export type Deployer = (service: string, action: string, input: AwsInput) => Promise<CallAnswer>;

export interface ResourceTag {
  readonly Key: string;
  readonly Value: string;
}

/** Where a resource is made. */
export interface Site {
  readonly call: Deployer;
  readonly region: string;
  readonly accountId: string;
  /** Tags of the stack. */
  readonly tags: readonly ResourceTag[];
  /** Tags by which AWS knows the stack of a resource; services that keep such get them. */
  readonly systemTags: readonly ResourceTag[];
  /** A name for a resource that has none: of stack, resource and a random part. */
  readonly makeName: (lengthMax: number) => string;
  /** Asks again and again until there is an answer. @throws AwsError after too many times */
  readonly until: <T>(
    what: string,
    ask: () => Promise<T | undefined>,
    triesMax?: number,
  ) => Promise<T>;
  readonly pause: (ms: number) => Promise<void>;
}

/** A resource that is there. */
export interface Made {
  /** What `Ref` gives. */
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface Change {
  readonly before: Values;
  readonly after: Values;
  /** Tags of the stack before. */
  readonly tagsBefore: readonly ResourceTag[];
}

export interface ResourceKind {
  readonly type: string;
  readonly shape: ObjectShape;
  /** What `Fn::GetAtt` gives. */
  readonly attributes: readonly string[];
  /** The property that names it. */
  readonly name?: string;
  create(properties: Values, site: Site): Promise<Made>;
  /** Waits until it can be used. */
  settle?(made: Made, properties: Values, site: Site): Promise<Made>;
  /** Absent where each change of a property makes another one. */
  update?(made: Made, change: Change, site: Site): Promise<Made>;
  remove(made: Made, properties: Values, site: Site): Promise<void>;
  /** Who says by itself that the resource is ready: ids of instances. */
  listSignals?(made: Made, site: Site): Promise<readonly string[]>;
  /** Whether a change of these properties makes another resource by the UpdatePolicy. */
  replacesByPolicy?(policy: Values, changed: readonly string[]): boolean;
  /** The properties as they are; undefined where it is gone. Absent where drift is not told. */
  read?(made: Made, properties: Values, site: Site): Promise<Values | undefined>;
}

/** A member of an answer: `Vpc.VpcId`, `Reservations.0.Id`. */
export function findMember(answer: unknown, path: string): unknown {
  let at = answer;
  for (const part of path.split('.'))
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined;
  return at;
}

/** A text of an answer. @throws AwsError InternalFailure */
export function takeText(answer: unknown, path: string): string {
  const found = findMember(answer, path);
  if (typeof found === 'string' || typeof found === 'number') return String(found);
  throw new AwsError('InternalFailure', `the answer has no ${path}`, 500);
}

/** Writes a value as a form has it: texts, in lists and objects. */
export function asForm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asForm);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, asForm(one)]));
  return value === undefined ? undefined : String(value);
}

/** The members of `values` that have these names. */
export function pickMembers(values: Values, names: string): Record<string, unknown> {
  return Object.fromEntries(
    names
      .split(' ')
      .filter((name) => values[name] !== undefined)
      .map((name) => [name, values[name]]),
  );
}

/** The tags of a resource: its own, and those of the stack that it has not. */
export function joinTags(own: unknown, stackTags: readonly ResourceTag[]): ResourceTag[] {
  const tags = (own ?? []) as readonly ResourceTag[];
  const keys = new Set(tags.map(({ Key }) => Key));
  return [
    ...tags.map(({ Key, Value }) => ({ Key, Value })),
    ...stackTags.filter(({ Key }) => !keys.has(Key)),
  ];
}

/** What differs between the tags before and after. */
export function compareTags(
  before: readonly ResourceTag[],
  after: readonly ResourceTag[],
): { added: ResourceTag[]; removed: string[] } {
  const now = new Map(after.map(({ Key, Value }) => [Key, Value]));
  const old = new Map(before.map(({ Key, Value }) => [Key, Value]));
  return {
    added: after.filter(({ Key, Value }) => old.get(Key) !== Value),
    removed: [...old.keys()].filter((key) => !now.has(key)),
  };
}

/** Tags as a map. */
export function asTagMap(tags: readonly ResourceTag[]): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

/** Whether an error says that what it is about is not there. */
export function isMissing(error: unknown): boolean {
  return (
    error instanceof AwsError &&
    (/NotFound|NoSuchEntity|DoesNotExist|NotExist|ResourceNotFound/.test(error.code) ||
      /not found|does not exist/i.test(error.message))
  );
}

/** Runs a call whose subject may be gone; undefined then. */
export async function unlessMissing<T>(run: Promise<T>): Promise<T | undefined> {
  try {
    return await run;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
