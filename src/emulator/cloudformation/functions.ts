/**
 * CloudFormation's functions: makes of a value of a template what it stands for. What other parts
 * know (parameters, resources, exports, zones) a scope tells. Pure, but for the scope's room.
 * Limits: MADE_MAX letters of what one function makes, SCOPE_MADE_MAX of all of a scope together:
 * a template of a few lines could ask for more than there is memory. DEPTH_MAX levels.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
import { AwsError } from '../service.ts';
import { divideNetwork } from './cidr.ts';
import { isRecord, type Values } from './values.ts';

export interface FunctionScope {
  /** The value of a parameter or resource; pseudo parameters too. @throws AwsError for others */
  ref(name: string): unknown;
  attribute(id: string, name: string): unknown;
  readonly mappings: Values;
  isTrue(condition: string): boolean;
  /** The zones of a region, `''` is the stack's own. */
  zones(region: string): readonly string[];
  importValue(name: string): unknown;
  /** How many letters its functions may still make, and how deep they are in each other. */
  readonly room: { left: number; depth: number };
}

const MADE_MAX = 1_048_576;
const SCOPE_MADE_MAX = 16 * MADE_MAX;
const DEPTH_MAX = 1_000;

/** Of a scope that has made nothing yet. */
export function makeRoom(): FunctionScope['room'] {
  return { left: SCOPE_MADE_MAX, depth: 0 };
}

/** What `AWS::NoValue` stands for: the member is not there. */
export const NO_VALUE = Symbol('AWS::NoValue');

/** The fault of a function. */
export function refuseTemplateFunction(what: string): AwsError {
  return new AwsError('ValidationError', `Template error: ${what}`);
}

/** @throws AwsError */
export function evaluate(value: unknown, scope: FunctionScope): unknown {
  const { room } = scope;
  // A template nests no deeper than this, but its conditions may name each other.
  if (room.depth >= DEPTH_MAX)
    throw refuseTemplateFunction(`functions and conditions nest deeper than ${DEPTH_MAX} levels`);
  room.depth += 1;
  try {
    return evaluateWithin(value, scope);
  } finally {
    room.depth -= 1;
  }
}

function evaluateWithin(value: unknown, scope: FunctionScope): unknown {
  if (Array.isArray(value))
    return value.map((one) => evaluate(one, scope)).filter((one) => one !== NO_VALUE);
  if (!isRecord(value)) return value;
  const call = asFunction(value);
  if (call !== undefined) {
    const made = (FUNCTIONS[call.name] as Evaluate)(call.argument, scope);
    const size = sizeOf(made);
    refuseLarge(call.name, size);
    scope.room.left -= size;
    if (scope.room.left >= 0) return made;
    throw refuseTemplateFunction(
      `the functions of this template make values of more than ${SCOPE_MADE_MAX} characters ` +
        `together; ${call.name} is one too many`,
    );
  }
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, one]) => [key, evaluate(one, scope)] as const)
      .filter(([, one]) => one !== NO_VALUE),
  );
}

/** A function with its argument; undefined for a plain object. @throws AwsError for one unknown */
export function asFunction(value: Values): { name: string; argument: unknown } | undefined {
  const [name, ...more] = Object.keys(value);
  if (name === undefined || more.length > 0) return undefined;
  if (Object.hasOwn(FUNCTIONS, name)) return { name, argument: value[name] };
  // A condition of a policy has this name too; what is no text is none of a template.
  if (!name.startsWith('Fn::')) return undefined;
  throw refuseTemplateFunction(
    `this emulator has no ${name}; it has ${Object.keys(FUNCTIONS).join(', ')}`,
  );
}

/** Before it is made, where that can be known. */
function refuseLarge(name: string, size: number): void {
  if (size > MADE_MAX)
    throw refuseTemplateFunction(
      `${name} makes a value of ${size} characters; the most is ${MADE_MAX}`,
    );
}

/** Of texts the letters; each item of a list is one more, so that empty ones count too. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  let size = 0;
  for (const [key, one] of Object.entries(value)) size += key.length + 1 + sizeOf(one);
  return size;
}

type Evaluate = (argument: unknown, scope: FunctionScope) => unknown;

const FUNCTIONS: Readonly<Record<string, Evaluate>> = {
  Ref: (argument, scope) => {
    if (argument === 'AWS::NoValue') return NO_VALUE;
    return scope.ref(requireString(argument, 'Ref'));
  },
  'Fn::GetAtt': (argument, scope) => {
    const [id, attribute] = splitAttribute(argument);
    return scope.attribute(id, toText(evaluate(attribute, scope), 'Fn::GetAtt'));
  },
  'Fn::Sub': (argument, scope) => {
    const { text, given } = readSub(argument);
    const own = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, evaluate(value, scope)]),
    );
    const parts = splitSub(text).map((part) => {
      if (typeof part === 'string') return part;
      const { name } = part;
      if (Object.hasOwn(own, name)) return toText(own[name], 'Fn::Sub');
      const [, id = '', attribute = ''] = /^([^.]*)\.(.*)$/.exec(name) ?? [];
      return toText(id === '' ? scope.ref(name) : scope.attribute(id, attribute), 'Fn::Sub');
    });
    return joinTexts(parts, '', 'Fn::Sub');
  },
  'Fn::Join': (argument, scope) => {
    const [separator, list] = requireItems(argument, 2, 'Fn::Join');
    const items = evaluate(list, scope);
    if (typeof separator !== 'string' || !Array.isArray(items))
      throw refuseTemplateFunction(
        'every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list ' +
          'of strings to be joined or a function that returns a list of strings (such as ' +
          'Fn::GetAZs) to be joined.',
      );
    const texts = items.map((one) => toText(one, 'Fn::Join'));
    return joinTexts(texts, separator, 'Fn::Join');
  },
  'Fn::Select': (argument, scope) => {
    const [index, list] = requireItems(argument, 2, 'Fn::Select');
    const items = evaluate(list, scope);
    const at = Number(toText(evaluate(index, scope), 'Fn::Select'));
    if (!Array.isArray(items))
      throw refuseTemplateFunction(
        'Fn::Select requires a list argument with two elements: an integer index and a list',
      );
    if (!Number.isInteger(at) || at < 0 || at >= items.length)
      throw refuseTemplateFunction(`Fn::Select cannot select nonexistent value at index ${at}`);
    return items[at];
  },
  'Fn::Split': (argument, scope) => {
    const [separator, text] = requireItems(argument, 2, 'Fn::Split');
    return toText(evaluate(text, scope), 'Fn::Split').split(requireString(separator, 'Fn::Split'));
  },
  'Fn::FindInMap': (argument, scope) => {
    const keys = requireItems(argument, 3, 'Fn::FindInMap').map((one) =>
      toText(evaluate(one, scope), 'Fn::FindInMap'),
    );
    let at: unknown = scope.mappings;
    for (const key of keys) at = isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    if (at === undefined)
      throw refuseTemplateFunction(`Unable to get mapping for ${keys.join('::')}`);
    return at;
  },
  'Fn::GetAZs': (argument, scope) => [
    ...scope.zones(toText(evaluate(argument, scope), 'Fn::GetAZs')),
  ],
  'Fn::Base64': (argument, scope) =>
    Buffer.from(toText(evaluate(argument, scope), 'Fn::Base64')).toString('base64'),
  'Fn::ImportValue': (argument, scope) =>
    scope.importValue(toText(evaluate(argument, scope), 'Fn::ImportValue')),
  'Fn::Cidr': (argument, scope) => {
    if (!Array.isArray(argument) || argument.length < 2)
      throw refuseTemplateFunction(
        'every Fn::Cidr object requires an ipBlock, a count and the cidrBits.',
      );
    const [block, count, bits = 8] = argument.map((one) => evaluate(one, scope));
    return divideNetwork(toText(block, 'Fn::Cidr'), Number(count), Number(bits));
  },
  'Fn::If': (argument, scope) => {
    const [condition, yes, no] = requireItems(argument, 3, 'Fn::If');
    return evaluate(scope.isTrue(requireString(condition, 'Fn::If')) ? yes : no, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [a, b] = requireItems(argument, 2, 'Fn::Equals').map((one) => evaluate(one, scope));
    return JSON.stringify(plainly(a)) === JSON.stringify(plainly(b));
  },
  'Fn::And': (argument, scope) => requireConditions(argument, 'Fn::And', scope).every(Boolean),
  'Fn::Or': (argument, scope) => requireConditions(argument, 'Fn::Or', scope).some(Boolean),
  'Fn::Not': (argument, scope) => {
    const [only] = requireItems(argument, 1, 'Fn::Not');
    return !isTruth(only, scope);
  },
};

/** Whether a condition holds: a function of conditions, or another one by its name. */
export function isTruth(condition: unknown, scope: FunctionScope): boolean {
  if (isRecord(condition) && typeof condition['Condition'] === 'string')
    return scope.isTrue(condition['Condition']);
  const value = evaluate(condition, scope);
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw refuseTemplateFunction(
    'every condition must be one of Fn::Equals, Fn::And, Fn::Or, Fn::Not',
  );
}

function requireConditions(argument: unknown, name: string, scope: FunctionScope): boolean[] {
  if (!Array.isArray(argument) || argument.length < 2 || argument.length > 10)
    throw refuseTemplateFunction(
      `every ${name} object requires a list of at least 2 and at most 10 boolean parameters.`,
    );
  return argument.map((one) => isTruth(one, scope));
}

/** A number and its text are the same to CloudFormation. */
function plainly(value: unknown): unknown {
  return typeof value === 'object' || value === undefined ? value : String(value);
}

function joinTexts(texts: readonly string[], separator: string, name: string): string {
  const between = separator.length * Math.max(0, texts.length - 1);
  refuseLarge(
    name,
    texts.reduce((size, one) => size + one.length, between),
  );
  return texts.join(separator);
}

export function splitAttribute(argument: unknown): [string, unknown] {
  const parts: readonly unknown[] =
    typeof argument === 'string'
      ? (/^([^.]+)\.(.+)$/.exec(argument) ?? []).slice(1)
      : asList(argument);
  const [id, attribute] = parts;
  if (typeof id !== 'string' || attribute === undefined || parts.length !== 2)
    throw refuseTemplateFunction(
      'every Fn::GetAtt object requires two non-empty parameters, the resource name and the ' +
        'resource attribute',
    );
  return [id, attribute];
}

export function readSub(argument: unknown): { text: string; given: Values } {
  const [text, given = {}, ...more] = typeof argument === 'string' ? [argument] : asList(argument);
  if (typeof text !== 'string' || !isRecord(given) || more.length > 0)
    throw refuseTemplateFunction(
      "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a " +
        'string as first argument, and an optional second argument to specify a mapping of ' +
        'values to replace in the string',
    );
  return { text, given };
}

/** The texts and `${names}` of what Fn::Sub takes; `${!x}` is the text `${x}`. */
export function splitSub(text: string): (string | { readonly name: string })[] {
  const parts: (string | { name: string })[] = [];
  let from = 0;
  for (const { 0: all, 1: name = '', index } of text.matchAll(/\$\{([^{}]*)\}/g)) {
    parts.push(text.slice(from, index));
    parts.push(name.startsWith('!') ? `\${${name.slice(1)}}` : { name: name.trim() });
    from = index + all.length;
  }
  return [...parts, text.slice(from)];
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function requireItems(argument: unknown, count: number, name: string): readonly unknown[] {
  const items = asList(argument);
  if (items.length !== count)
    throw refuseTemplateFunction(`every ${name} object requires a list of ${count} parameters.`);
  return items;
}

function requireString(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw refuseTemplateFunction(`every ${name} object must have a single String value.`);
}

function toText(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(',');
  throw refuseTemplateFunction(`every value of a ${name} object must be a string.`);
}
