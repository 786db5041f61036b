/**
 * EC2's own form of AWS's query protocol: names with numbers are lists, without `member`; answers
 * have `<item>` and names in lower case. Members become those of the service model and back by
 * names.ts.
 *
 *     Filter.1.Name=a&Filter.1.Value.1=b   ↔   { Filters: [{ Name: 'a', Values: ['b'] }] }
 *
 * Limits: FIELDS_MAX fields of a form, DEPTH_MAX parts of a name.
 * Source: https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
 */
import { notImplemented } from '../members.ts';
import { AwsError, type AwsInput } from '../service.ts';
import { element, escapeXml } from '../xml.ts';
import { FLAGS, nameElement, nameMember, NESTED, NUMBER_MEMBERS } from './names.ts';

const FIELDS_MAX = 20_000;
const DEPTH_MAX = 20;
const PAGE_MIN = 5;
const PAGE_MAX = 1_000;
const REQUEST_ID = '00000000-0000-0000-0000-000000000000';

type Fields = Map<string, Fields | string>;

/** @throws AwsError for what is no form of EC2, and for tags that only AWS sets */
export function parseEc2Form(body: Buffer): AwsInput {
  const root: Fields = new Map();
  let fields = 0;
  let action = '';
  for (const [name, value] of new URLSearchParams(body.toString())) {
    fields += 1;
    if (fields > FIELDS_MAX) throw malformed(`more than ${FIELDS_MAX} fields`);
    if (name === 'Action') action = value;
    else if (name !== 'Version') put(root, name, value);
  }
  const input = toMembers(root, action) as AwsInput;
  refuseReservedTags(input);
  const most = input['MaxResults'];
  if (most !== undefined && !(Number(most) >= PAGE_MIN && Number(most) <= PAGE_MAX))
    throw new AwsError(
      'InvalidParameterValue',
      `Value ( ${String(most)} ) for parameter maxResults is invalid. Expecting a value from ` +
        `${PAGE_MIN} to ${PAGE_MAX}.`,
    );
  if (most !== undefined && input['InstanceIds'] !== undefined)
    throw new AwsError(
      'InvalidParameterCombination',
      'The parameter instancesSet cannot be used with the parameter maxResults',
    );
  return input;
}

function put(root: Fields, name: string, value: string): void {
  const parts = name.split('.');
  const last = parts.pop() ?? '';
  if (parts.length >= DEPTH_MAX) throw malformed('a name of too many parts');
  let at = root;
  for (const part of parts) {
    const next = at.get(part) ?? new Map<string, Fields | string>();
    if (typeof next === 'string') throw malformed(`${name} is within a value`);
    at.set(part, next);
    at = next;
  }
  if (at.has(last)) throw malformed(`${name} is given twice`);
  at.set(last, value);
}

/** @param within  the action, or the member around */
function toMembers(fields: Fields | string, within: string): unknown {
  if (typeof fields === 'string') return fields;
  if (isList(fields))
    return [...fields]
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, item]) => toMembers(item, within));
  return Object.fromEntries(
    [...fields].map(([name, one]) => {
      const member = nameMember(name, within, typeof one !== 'string' && isList(one));
      return [member, toMembers(one, member)];
    }),
  );
}

function isList(fields: Fields): boolean {
  return fields.size > 0 && [...fields.keys()].every((name) => /^\d{1,6}$/.test(name));
}

function malformed(what: string): AwsError {
  return new AwsError('MalformedQueryString', `The query string contains a syntax error: ${what}`);
}

/** CloudFormation and Auto Scaling set such tags, and nobody else. */
function refuseReservedTags({ Tags, TagSpecifications }: AwsInput): void {
  const specifications = Array.isArray(TagSpecifications) ? (TagSpecifications as AwsInput[]) : [];
  const tags = [Tags, ...specifications.map((one) => one['Tags'])].flat() as (
    | AwsInput
    | undefined
  )[];
  for (const tag of tags)
    if (String(tag?.['Key'] ?? '').startsWith('aws:'))
      throw new AwsError(
        'InvalidParameterValue',
        `Tag keys starting with 'aws:' are reserved for internal use: ${String(tag?.['Key'])}`,
      );
}

/**
 * The input with its numbers and flags as such, whoever the caller is.
 *
 * @throws AwsError for a nested member that is not known, and for a value of another type
 */
export function readEc2Input(action: string, input: AwsInput): AwsInput {
  const read = (name: string, value: unknown, within: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => read(name, item, within));
    if (typeof value === 'object' && value !== null) return readNested(name, value as AwsInput);
    const isValueFlag = name === 'Value' && within !== 'Tags' && within in NESTED;
    if (FLAGS.has(name) || isValueFlag) return readFlag(name, value);
    return NUMBER_MEMBERS.has(name) ? readNumber(name, value) : value;
  };
  const readNested = (name: string, members: AwsInput): AwsInput => {
    const known = (NESTED[name] ?? '').split(' ');
    const unknown = Object.keys(members).filter((one) => !known.includes(one));
    if (unknown.length > 0)
      throw notImplemented(
        `${action}: ${unknown.join(', ')} of ${name} is not supported here; these are: ` +
          known.join(', '),
      );
    return mapMembers(members, (one, value) => read(one, value, name));
  };
  return mapMembers(input, (name, value) => read(name, value, action));
}

function mapMembers(members: AwsInput, read: (name: string, value: unknown) => unknown): AwsInput {
  const given = Object.entries(members).filter(([, value]) => (value ?? null) !== null);
  return Object.fromEntries(given.map(([name, value]) => [name, read(name, value)]));
}

function readFlag(name: string, value: unknown): boolean {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw invalidValue(name, value);
}

function readNumber(name: string, value: unknown): number {
  const number = value === '' ? Number.NaN : Number(value);
  if (!Number.isInteger(number)) throw invalidValue(name, value);
  return number;
}

function invalidValue(name: string, value: unknown): AwsError {
  return new AwsError(
    'InvalidParameterValue',
    `Value (${String(value)}) for parameter ${name} is invalid.`,
  );
}

/** The document around an answer. */
export function renderEc2Answer(action: string, output: unknown, namespace: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<${action}Response xmlns="${namespace}">` +
    `${element('requestId', REQUEST_ID)}${renderMembers(output ?? { Return: true }, '')}` +
    `</${action}Response>`
  );
}

export function renderEc2Error({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<Response><Errors><Error>${element('Code', code)}${element('Message', message)}` +
    `</Error></Errors>${element('RequestID', REQUEST_ID)}</Response>`
  );
}

function renderMembers(value: unknown, within: string): string {
  if (Array.isArray(value))
    return value.map((item) => `<item>${renderMembers(item, within)}</item>`).join('');
  if (typeof value !== 'object' || value === null) return escapeXml(String(value));
  return Object.entries(value)
    .filter(([, one]) => one !== undefined && one !== null)
    .map(([name, one]) => {
      const tag = nameElement(name, within);
      return `<${tag}>${renderMembers(one, name)}</${tag}>`;
    })
    .join('');
}
