/**
 * What a resource is in calls of the AWS CLI: how it is made, found, changed and deleted. Its
 * values are always read by the call that finds it, so one that is there is used as a new one is.
 */
import {
  type AwsExpression,
  type AwsValue,
  join,
  type Properties,
  Reference,
  type Resource,
} from '../template.ts';

export type Word = AwsExpression | string;

/** A call whose input is a file. */
export interface InputCall {
  /** `ec2 create-vpc` */
  readonly operation: string;
  readonly input: Properties;
  /** Called with the same input where this one is refused: it makes what the other changes. */
  readonly otherwise?: string;
  /** What of the answer later steps read as `ANSWER`. */
  readonly answer?: string;
}

export const ANSWER = new Reference('answer');

/** A call whose input is in its words. */
export interface WordCall {
  readonly words: readonly Word[];
}

/** A call that is repeated until what it prints is `until`. */
export interface PollCall {
  readonly words: readonly Word[];
  readonly query: string;
  readonly until: string;
}

export type CallStep = InputCall | PollCall | WordCall;

export interface FindCall {
  readonly words: readonly Word[];
  /** A list of values, in the order of `values`; null where the resource is not there. */
  readonly query: Word;
}

export interface ResourceCommands {
  readonly find: FindCall;
  /** What `find` prints: '' is what other resources refer to it by, others are its attributes. */
  readonly values: readonly string[];
  readonly make: readonly CallStep[];
  /** Waits until it can be used. */
  readonly ready?: readonly CallStep[];
  /** What is set after it was made, and again where its input changed. */
  readonly configure?: readonly CallStep[];
  /** What takes a changed input over; without it a change is told, and left to the user. */
  readonly update?: readonly CallStep[];
  readonly remove: readonly CallStep[];
}

/** A resource to be made, and what names are made of. */
export interface NamedResource extends Resource {
  /** Of the deployment. */
  readonly deployment: string;
}

export type Kind = (subject: NamedResource) => ResourceCommands;

/** The name of a resource that the template gives none. */
export function nameOf(subject: NamedResource, property: string): Word {
  const value = subject.properties[property];
  return value === undefined ? `${subject.deployment}-${subject.id}` : asWord(value);
}

/** The resource itself, once it is found. */
export function own({ id }: NamedResource, attribute?: string): Reference {
  return new Reference(id, attribute);
}

/** @throws Error for a property that no call is known for: it would be lost */
export function take(
  { id, type, properties }: NamedResource,
  known: readonly string[],
): Properties {
  for (const name of Object.keys(properties))
    if (!known.includes(name))
      throw new Error(`${id}: no call of the AWS CLI for ${name} of ${type}`);
  return properties;
}

export function pick(properties: Properties, names: readonly string[]): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => names.includes(name)));
}

/** @throws Error for what is no plain text or number */
export function asText(value: AwsValue | undefined): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return `${value}`;
  throw new Error(`${JSON.stringify(value)} is no text`);
}

/** A value that a word of a command can hold. */
export function asWord(value: AwsValue | undefined): Word {
  if (value === undefined || typeof value === 'boolean' || typeof value === 'number')
    return String(value);
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    throw new Error(`${JSON.stringify(value)} is no word of a command`);
  return value as Word;
}

export function asList(value: AwsValue | undefined): readonly AwsValue[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Error(`${JSON.stringify(value)} is no list`);
  return value as readonly AwsValue[];
}

export function asMembers(value: AwsValue | undefined): Properties {
  return (value ?? {}) as Properties;
}

/** A word for JMESPath: a text in single quotes. */
export function quoted(value: Word): Word {
  return join`'${value}'`;
}

/** Members that apply where the value is given. */
export function given(name: string, value: AwsValue | undefined): Properties {
  return value === undefined ? {} : { [name]: value };
}

/** Keys as the JSON services of AWS write them: `ServiceName` as `serviceName`. */
export function lowerKeys(value: AwsValue, isLiteral: (key: string) => boolean): AwsValue {
  if (Array.isArray(value)) return value.map((one: AwsValue) => lowerKeys(one, isLiteral));
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value as Properties).map(([key, one]) => [
      lowerKey(key),
      isLiteral(key) ? one : lowerKeys(one, isLiteral),
    ]),
  );
}

function lowerKey(key: string): string {
  const [initials = ''] = /^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+$|^[A-Z]/.exec(key) ?? [];
  return `${initials.toLowerCase()}${key.slice(initials.length)}`;
}

/** Tags as a map, as some services take them. */
export function tagMap(tags: AwsValue | undefined): Properties {
  if (tags === undefined) return {};
  return {
    tags: Array.isArray(tags)
      ? Object.fromEntries(
          (tags as readonly Properties[]).map(({ Key, Value }) => [asText(Key), Value ?? '']),
        )
      : tags,
  };
}
