/**
 * Conditions of a policy statement: operators compare what the policy says with what the request
 * says of itself.
 *
 *     ForAnyValue:StringLikeIfExists
 *     └ set       └ operator └ holds also without the key
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html,
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
import { BlockList, isIP } from 'node:net';
import { fitsPattern, type RequestContext } from './patterns.ts';

export interface PolicyCondition {
  readonly set?: 'ForAllValues' | 'ForAnyValue';
  /** In the spelling of OPERATORS, without the parts around it. */
  readonly operator: string;
  readonly ifExists: boolean;
  /** In lower case. */
  readonly key: string;
  readonly values: readonly string[];
}

/** @param context  values of variables; undefined where the policy's version has none */
type Comparison = (given: string, wanted: string, context: RequestContext | undefined) => boolean;

interface Operator {
  readonly compare: Comparison;
  /** Whether it holds where nothing fits. */
  readonly isNegated?: boolean;
}

const equals: Comparison = (given, wanted, context) =>
  fitsPattern(wanted, given, { context, isLiteral: true });
const equalsIgnoringCase: Comparison = (given, wanted, context) =>
  fitsPattern(wanted, given, { context, isLiteral: true, ignoresCase: true });
const isLike: Comparison = (given, wanted, context) => fitsPattern(wanted, given, { context });
const isInNetwork: Comparison = (given, wanted) => {
  const [address = '', length] = wanted.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(address, Number(length ?? (family === 'ipv6' ? 128 : 32)), family);
  const givenFamily = isIP(given);
  return givenFamily !== 0 && list.check(given, givenFamily === 6 ? 'ipv6' : 'ipv4');
};

/** Numbers and times: what is none fits nothing. */
function compareWith(
  read: (text: string) => number,
  holds: (given: number, wanted: number) => boolean,
): Comparison {
  return (given, wanted) => holds(read(given), read(wanted));
}

/** ISO 8601, or seconds since 1970. */
function readTime(text: string): number {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text);
}

function readNumber(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

const isEqual = (given: number, wanted: number): boolean => given === wanted;
const isLess = (given: number, wanted: number): boolean => given < wanted;
const isLessOrEqual = (given: number, wanted: number): boolean => given <= wanted;
const isGreater = (given: number, wanted: number): boolean => given > wanted;
const isGreaterOrEqual = (given: number, wanted: number): boolean => given >= wanted;

/** By name in lower case, since AWS reads operators so. */
const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    StringEquals: { compare: equals },
    StringNotEquals: { compare: equals, isNegated: true },
    StringEqualsIgnoreCase: { compare: equalsIgnoringCase },
    StringNotEqualsIgnoreCase: { compare: equalsIgnoringCase, isNegated: true },
    StringLike: { compare: isLike },
    StringNotLike: { compare: isLike, isNegated: true },
    NumericEquals: { compare: compareWith(readNumber, isEqual) },
    NumericNotEquals: { compare: compareWith(readNumber, isEqual), isNegated: true },
    NumericLessThan: { compare: compareWith(readNumber, isLess) },
    NumericLessThanEquals: { compare: compareWith(readNumber, isLessOrEqual) },
    NumericGreaterThan: { compare: compareWith(readNumber, isGreater) },
    NumericGreaterThanEquals: { compare: compareWith(readNumber, isGreaterOrEqual) },
    DateEquals: { compare: compareWith(readTime, isEqual) },
    DateNotEquals: { compare: compareWith(readTime, isEqual), isNegated: true },
    DateLessThan: { compare: compareWith(readTime, isLess) },
    DateLessThanEquals: { compare: compareWith(readTime, isLessOrEqual) },
    DateGreaterThan: { compare: compareWith(readTime, isGreater) },
    DateGreaterThanEquals: { compare: compareWith(readTime, isGreaterOrEqual) },
    Bool: {
      compare: (given: string, wanted: string) => given.toLowerCase() === wanted.toLowerCase(),
    },
    BinaryEquals: { compare: (given: string, wanted: string) => given === wanted },
    IpAddress: { compare: isInNetwork },
    NotIpAddress: { compare: isInNetwork, isNegated: true },
    ArnEquals: { compare: isLikeArn },
    ArnLike: { compare: isLikeArn },
    ArnNotEquals: { compare: isLikeArn, isNegated: true },
    ArnNotLike: { compare: isLikeArn, isNegated: true },
    Null: { compare: () => false },
  } satisfies Record<string, Operator>).map(([name, operator]) => [name.toLowerCase(), operator]),
);

/** Each of the six parts fits by itself. ArnEquals and ArnLike are the same to AWS. */
function isLikeArn(given: string, wanted: string, context: RequestContext | undefined): boolean {
  const parts = splitArn(wanted);
  const givenParts = splitArn(given);
  if (parts.length === 1 || givenParts.length < 6) return fitsPattern(wanted, given, { context });
  return (
    parts.length === givenParts.length &&
    parts.every((part, index) => fitsPattern(part, givenParts[index] ?? '', { context }))
  );
}

/** Colons within a variable do not part an ARN. */
function splitArn(text: string): string[] {
  const parts = text.match(/(?:\$\{[^}]*\}|[^:])*(?::|$)/g) ?? [];
  const cut = parts.map((part) => part.replace(/:$/, ''));
  if (!text.endsWith(':')) cut.pop();
  return cut.length <= 6 ? cut : [...cut.slice(0, 5), cut.slice(5).join(':')];
}

/**
 * Reads the name of an operator with what stands around it.
 *
 * @returns undefined for a name that AWS does not know
 */
export function parseOperator(
  name: string,
): Pick<PolicyCondition, 'set' | 'operator' | 'ifExists'> | undefined {
  const [, set, middle = ''] = /^(?:(ForAllValues|ForAnyValue):)?(\w+)$/i.exec(name) ?? [];
  const ifExists = /IfExists$/i.test(middle);
  const operator = middle.toLowerCase().replace(/ifexists$/, '');
  if (!OPERATORS.has(operator) || (operator === 'null' && (ifExists || set !== undefined)))
    return undefined;
  const kind = set?.toLowerCase() === 'forallvalues' ? 'ForAllValues' : 'ForAnyValue';
  return { operator, ifExists, ...(set !== undefined && { set: kind }) };
}

/** What is wrong with the values of a condition; undefined if nothing is. */
export function findBadValue(operator: string, values: readonly string[]): string | undefined {
  if (operator === 'bool' || operator === 'null')
    return values.find((value) => !/^(?:true|false)$/i.test(value) && !value.includes('${'));
  if (operator.startsWith('numeric'))
    return values.find((value) => Number.isNaN(readNumber(value)));
  if (operator.startsWith('date')) return values.find((value) => Number.isNaN(readTime(value)));
  if (operator.endsWith('ipaddress')) return values.find((value) => !isNetwork(value));
  return undefined;
}

function isNetwork(text: string): boolean {
  const [address = '', length, more] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (more !== undefined || most < 0) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= most);
}

/**
 * Whether a condition holds.
 *
 * @param variables  values of policy variables; undefined where the policy's version has none
 */
export function holdsCondition(
  { set, operator, ifExists, key, values }: PolicyCondition,
  context: RequestContext,
  variables: RequestContext | undefined,
): boolean {
  const given = context.get(key) ?? [];
  if (operator === 'null')
    return values.some((value) => (value.toLowerCase() === 'true') === (given.length === 0));
  const { compare, isNegated = false } = OPERATORS.get(operator) ?? { compare: () => false };
  if (given.length === 0)
    return ifExists || set === 'ForAllValues' || (isNegated && set === undefined);
  const fitsOne = (one: string): boolean =>
    values.some((value) => compare(one, value, variables)) !== isNegated;
  // A key with several values and no set operator: one that fits suffices, one that is forbidden
  // refuses.
  const isAll = set === 'ForAllValues' || (set === undefined && isNegated);
  return isAll ? given.every(fitsOne) : given.some(fitsOne);
}
