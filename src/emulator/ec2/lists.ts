/**
 * The lists of EC2: by ids, filters and pages. What AWS would not find it refuses, and a filter
 * that is not known is refused by its name.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html
 */
import { AwsError, type AwsInput } from '../service.ts';

const PAGE_MAX = 1_000;
const FILTERS_MAX = 50;
const VALUES_MAX = 200;

/** What a filter compares: one value of a thing, several, or none. */
export type FilterReader<One> = (
  thing: One,
) => string | boolean | number | readonly string[] | undefined;
export type FilterReaders<One> = Readonly<Record<string, FilterReader<One>>>;

export type Tags = Readonly<Record<string, string>>;

/**
 * Reads Filters. A thing must match every one of them, by at least one value of each.
 *
 * @param tagsOf  for filters by tags; undefined where the list has none
 * @throws        AwsError for an unknown filter, and for too many
 */
export function parseFilters<One>(
  given: unknown,
  readers: FilterReaders<One>,
  tagsOf?: (thing: One) => Tags,
): (thing: One) => boolean {
  const list = (given ?? []) as AwsInput[];
  if (list.length > FILTERS_MAX)
    throw new AwsError('FilterLimitExceeded', `The maximum number of filters is ${FILTERS_MAX}`);
  const filters = list.map(({ Name, Values }) => {
    const read = findReader(String(Name), readers, tagsOf);
    if (read === undefined)
      throw new AwsError('InvalidParameterValue', `The filter '${String(Name)}' is invalid`);
    const values = (Values ?? []) as string[];
    if (values.length > VALUES_MAX)
      throw new AwsError(
        'FilterLimitExceeded',
        `The maximum number of filter values specified on a single call is ${VALUES_MAX}`,
      );
    const patterns = values.map(String).map(parseWildcard);
    return (thing: One): boolean =>
      [read(thing) ?? []]
        .flat()
        .some((text) => patterns.some((pattern) => pattern.test(String(text))));
  });
  return (thing) => filters.every((fits) => fits(thing));
}

function findReader<One>(
  name: string,
  readers: FilterReaders<One>,
  tagsOf: ((thing: One) => Tags) | undefined,
): FilterReader<One> | undefined {
  if (Object.hasOwn(readers, name)) return readers[name];
  if (tagsOf === undefined) return undefined;
  if (name === 'tag-key') return (thing) => Object.keys(tagsOf(thing));
  if (name === 'tag-value') return (thing) => Object.values(tagsOf(thing));
  if (!name.startsWith('tag:')) return undefined;
  const key = name.slice('tag:'.length);
  return (thing) => {
    const tags = tagsOf(thing);
    return Object.hasOwn(tags, key) ? tags[key] : undefined;
  };
}

/** `*` stands for any text, `?` for one character. */
function parseWildcard(text: string): RegExp {
  const source = text.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${source.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}

/**
 * Cuts one page of a list, by MaxResults and NextToken.
 *
 * @param kind  what the list is of: a token is for lists of its kind alone
 * @throws      AwsError
 */
export function cutEc2Page<One>(
  items: readonly One[],
  { MaxResults, NextToken }: AwsInput,
  kind: string,
): { readonly page: readonly One[]; readonly NextToken?: string } {
  const most = MaxResults === undefined ? PAGE_MAX : Number(MaxResults);
  const start = NextToken === undefined ? 0 : readToken(String(NextToken), kind);
  const end = start + most;
  const page = items.slice(start, end);
  if (end >= items.length) return { page };
  return { page, NextToken: Buffer.from(`${kind} ${end}`).toString('base64') };
}

function readToken(token: string, kind: string): number {
  const [own, start = ''] = Buffer.from(token, 'base64').toString().split(' ');
  if (own !== kind || !/^\d{1,9}$/.test(start))
    throw new AwsError('InvalidNextToken', 'The token is not one that was given out.');
  return Number(start);
}

/** The texts of a list. @throws AwsError where it is something else */
export function readEc2Texts(input: AwsInput, name: string): string[] {
  const list = input[name] ?? [];
  if (Array.isArray(list) && list.every((one) => typeof one === 'string')) return list;
  throw new AwsError('InvalidParameterValue', `${name} must be a list of texts`);
}

/** Reads a text that must be present. @throws AwsError */
export function requireMember(input: AwsInput, name: string): string {
  const value = input[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError('MissingParameter', `The request must contain the parameter ${name}`);
}

export function readEc2Text(input: AwsInput, name: string): string | undefined {
  const value = input[name];
  return value === undefined ? undefined : String(value);
}
