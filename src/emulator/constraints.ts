/**
 * Says of a request that breaks its model what is wrong, in the words of AWS's own services:
 * `1 validation error detected: Value at 'telemetryRecords.1.member.timestamp' failed to satisfy
 * constraint: Member must not be null`. Pure.
 * Limits: ERRORS_MAX faults are told; all are counted.
 */
import * as z from 'zod';

/** A flag of a call: true or false alone, while a switch of a configuration also reads yes. */
export const flagSchema = z.literal([true, false]);

const ERRORS_MAX = 10;

type Issue = z.core.$ZodIssue;

export function describeFaults({ issues }: { readonly issues: readonly Issue[] }): string {
  const faults = issues.flatMap(splitIssue);
  const told = faults.slice(0, ERRORS_MAX).map(({ path, constraint }) => {
    const place = path.length === 0 ? 'Value' : `Value at '${namePlace(path)}'`;
    return `${place} failed to satisfy constraint: ${constraint}`;
  });
  const count = `${faults.length} validation error${faults.length === 1 ? '' : 's'}`;
  const rest = faults.length > ERRORS_MAX ? ['…'] : [];
  return `${count} detected: ${[...told, ...rest].join('; ')}`;
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly constraint: string;
}

/** Each unknown member is a fault of its own, and so is each of a key. */
function splitIssue(issue: Issue): Fault[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...path, key],
      constraint: 'Member is not known',
    }));
  if (issue.code === 'invalid_key')
    return issue.issues.map((inner) => ({
      path: path.slice(0, -1),
      constraint: `Map keys must satisfy constraint: ${nameConstraint(inner)}`,
    }));
  return [{ path, constraint: nameConstraint(issue) }];
}

function nameConstraint(issue: Issue): string {
  if (issue.code === 'invalid_type') {
    if (issue.input === undefined || issue.input === null) return 'Member must not be null';
    return `Member must be of type ${TYPES[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === 'too_big')
    return `${nameSize(issue.origin)} less than or equal to ${issue.maximum}`;
  if (issue.code === 'too_small')
    return `${nameSize(issue.origin)} greater than or equal to ${issue.minimum}`;
  if (issue.code === 'invalid_format')
    return `Member must satisfy regular expression pattern: ${readPattern(issue.pattern)}`;
  if (issue.code === 'invalid_value')
    return `Member must satisfy enum value set: [${issue.values.map(String).join(', ')}]`;
  return issue.message;
}

/** Types by their names in AWS's models. */
const TYPES: Readonly<Record<string, string>> = {
  array: 'list',
  int: 'integer',
  number: 'double',
  object: 'structure',
  record: 'map',
};

function nameSize(origin: string): string {
  return origin === 'string' || origin === 'array'
    ? 'Member must have length'
    : 'Member must have value';
}

/** The pattern of a regular expression without what JavaScript writes around it. */
function readPattern(pattern = ''): string {
  return pattern.replace(/^\/(.*)\/[a-z]*$/, '$1');
}

/** `samplingRule.fixedRate`, `traceIds.2.member`: members in lower case, items from 1. */
function namePlace(path: readonly PropertyKey[]): string {
  return path
    .map((part) =>
      typeof part === 'number' ? `${part + 1}.member` : lowerFirst(String(part)).slice(0, 100),
    )
    .join('.');
}

/** `TraceIds` is `traceIds`, `EC2InstanceId` is `eC2InstanceId`, as AWS has it. */
function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}
