/** What the actions of ECS share: names, lists, pages and counts of a request. */
import { notImplemented } from '../members.ts';
import { AwsError, type AwsInput, parseToken } from '../service.ts';
import type { Cluster, EcsService, TaskDefinition } from './shapes.ts';
import { parseTags } from './tag-list.ts';

export const PAGE_MAX = 100;
export const SERVICES_PAGE = 10;
export const LAUNCH_TYPES = ['EC2', 'FARGATE', 'EXTERNAL'] as const;

/** @throws AwsError */
export function requireService({ services }: Cluster, nameOrArn: string): EcsService {
  const found = services.get(nameOrArn.split('/').at(-1) ?? '');
  if (found === undefined) throw new AwsError('ServiceNotFoundException', 'Service not found.');
  return found;
}

/** Describes what is found under `key`, and lists the other names as failures. */
export function describeAll(
  names: readonly string[],
  find: (name: string) => object | undefined,
  key: string,
  arnOf: (name: string) => string = (name) => name,
): object {
  const found: object[] = [];
  const failures: object[] = [];
  for (const name of names) {
    const item = find(name);
    if (item === undefined) failures.push({ arn: arnOf(name), reason: 'MISSING' });
    else found.push(item);
  }
  return { [key]: found, failures };
}

/**
 * Cuts one list page. A token holds the order of the last item of the page before, so that no item
 * is left out when others are removed in between.
 */
export function cutPageBy<T>(
  items: readonly T[],
  orderOf: (item: T, index: number) => number,
  input: AwsInput,
  pageSize = PAGE_MAX,
): { page: readonly T[]; nextToken: string | undefined } {
  const most = Number(input['maxResults'] ?? pageSize);
  if (!(most >= 1 && most <= PAGE_MAX))
    throw new AwsError('InvalidParameterException', 'maxResults must be between 1 and 100.');
  const hasToken = (input['nextToken'] ?? null) !== null;
  const after = hasToken ? parseToken(input['nextToken']) : -1;
  if (after === undefined) throw new AwsError('InvalidParameterException', 'Invalid token.');
  const rest = items
    .map((item, index) => ({ item, order: orderOf(item, index) }))
    .filter(({ order }) => order > after);
  const page = rest.slice(0, most);
  const last = page.at(-1);
  return {
    page: page.map(({ item }) => item),
    nextToken:
      last !== undefined && rest.length > most
        ? Buffer.from(String(last.order)).toString('base64')
        : undefined,
  };
}

export function cutEcsPage<T>(
  items: readonly T[],
  input: AwsInput,
  pageSize?: number,
): { page: readonly T[]; nextToken: string | undefined } {
  return cutPageBy(items, (_, index) => index, input, pageSize);
}

/** @throws AwsError */
export function readEcsNames(input: AwsInput, key: string, max: number): string[] {
  const list = (input[key] ?? []) as string[];
  if (list.length === 0)
    throw new AwsError('InvalidParameterException', `${key} can not be empty.`);
  if (list.length > max)
    throw new AwsError('InvalidParameterException', `${key} can have at most ${max} items.`);
  return list;
}

/** Whether one of the parts that an answer may have is asked for. @throws AwsError */
export function isIncluded(
  input: AwsInput,
  what: string,
  known: readonly string[] = [what],
): boolean {
  const asked: unknown = input['include'] ?? [];
  if (!Array.isArray(asked))
    throw new AwsError('InvalidParameterException', 'include must be a list.');
  const unknown = asked.filter((name) => !known.includes(String(name)));
  if (unknown.length > 0)
    throw notImplemented(
      `include: ${unknown.join(', ')} is not supported here; ${known.join(', ')} is`,
    );
  return asked.includes(what);
}

/** @throws AwsError */
export function readCount(
  input: AwsInput,
  key: string,
  least: number,
  most = 5_000,
): number | undefined {
  const count = input[key];
  if (count === undefined || count === null) return undefined;
  if (typeof count === 'number' && Number.isInteger(count) && count >= least && count <= most)
    return count;
  throw new AwsError(
    'InvalidParameterException',
    `${key} must be a number from ${least} to ${most}.`,
  );
}

/** @throws AwsError */
export function refuseInactive({ status }: TaskDefinition, code: string): void {
  if (status !== 'ACTIVE') throw new AwsError(code, 'TaskDefinition is inactive');
}

export const readTags = (input: AwsInput): ReturnType<typeof parseTags> => parseTags(input['tags']);

/** The members of a request but these, which an answer describes as they came. */
export function pickDescribed(input: AwsInput, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(input).filter(([name, value]) => names.includes(name) && value !== null),
  );
}
