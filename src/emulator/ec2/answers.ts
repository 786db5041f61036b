/**
 * What the answers of EC2 have in common: the document around them, its errors, pages of lists, and
 * filters.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html
 */
import { AwsError } from '../service.ts';
import { element } from '../xml.ts';

/** The elements of an answer, and the token of the page after it. */
export interface Ec2Answer {
  readonly content: string;
  readonly nextToken?: string | undefined;
}

const REQUEST_ID = '00000000-0000-0000-0000-000000000000';
const PAGE_MIN = 5;
const PAGE_MAX = 1_000;
const FILTERS_MAX = 50;
const VALUES_MAX = 200;

/** The document around an answer of EC2. */
export function renderEc2Answer(action: string, { content, nextToken }: Ec2Answer): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">` +
    `${element('requestId', REQUEST_ID)}${content}${element('nextToken', nextToken)}` +
    `</${action}Response>`
  );
}

export function renderEc2Error({ code, message }: AwsError): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<Response><Errors><Error>${element('Code', code)}${element('Message', message)}` +
    `</Error></Errors>${element('RequestID', REQUEST_ID)}</Response>`
  );
}

export function readFormList(form: URLSearchParams, prefix: string): string[] {
  return [...form].filter(([name]) => name.startsWith(prefix)).map(([, value]) => value);
}

/**
 * Cuts one page of a list, by MaxResults and NextToken.
 *
 * @param kind     what the list is of: a token is for lists of its kind alone
 * @param pageMax  the most items of a page, below what the caller wants
 * @throws         AwsError
 */
export function cutEc2Page<One>(
  items: readonly One[],
  form: URLSearchParams,
  kind: string,
  pageMax = PAGE_MAX,
): { readonly page: readonly One[]; readonly nextToken: string | undefined } {
  const most = Number(form.get('MaxResults') ?? PAGE_MAX);
  if (!(most >= PAGE_MIN && most <= PAGE_MAX))
    throw new AwsError(
      'InvalidParameterValue',
      `Value ( ${form.get('MaxResults')} ) for parameter maxResults is invalid. Expecting a ` +
        `value from ${PAGE_MIN} to ${PAGE_MAX}.`,
    );
  const token = form.get('NextToken');
  const start = token === null ? 0 : readToken(token, kind);
  const end = start + Math.min(most, pageMax);
  const nextToken =
    end < items.length ? Buffer.from(`${kind} ${end}`).toString('base64') : undefined;
  return { page: items.slice(start, end), nextToken };
}

function readToken(token: string, kind: string): number {
  const [own, start = ''] = Buffer.from(token, 'base64').toString().split(' ');
  if (own !== kind || !/^\d{1,9}$/.test(start))
    throw new AwsError('InvalidNextToken', 'The token is not one that was given out.');
  return Number(start);
}

/** What a filter compares: one value of a thing, several, or none. */
export type FilterReader<One> = (thing: One) => string | readonly string[] | undefined;

/**
 * Reads `Filter.1.Name` with `Filter.1.Value.1` and so on. A thing must match every filter, by at
 * least one value of each.
 *
 * @param findReader  the reader of a filter; undefined for an unknown one
 * @throws            AwsError for an unknown filter, and for too many
 */
export function parseFilters<One>(
  form: URLSearchParams,
  findReader: (name: string) => FilterReader<One> | undefined,
): (thing: One) => boolean {
  const names = [...form].filter(([key]) => /^Filter\.\d+\.Name$/.test(key));
  if (names.length > FILTERS_MAX)
    throw new AwsError('FilterLimitExceeded', `The maximum number of filters is ${FILTERS_MAX}`);
  const filters = names.map(([key, name]) => {
    const values = readFormList(form, key.replace(/Name$/, 'Value.'));
    const read = findReader(name);
    if (read === undefined)
      throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`);
    if (values.length > VALUES_MAX)
      throw new AwsError(
        'FilterLimitExceeded',
        `The maximum number of filter values specified on a single call is ${VALUES_MAX}`,
      );
    const patterns = values.map(parseWildcard);
    return (thing: One): boolean =>
      [read(thing) ?? []].flat().some((text) => patterns.some((pattern) => pattern.test(text)));
  });
  return (thing) => filters.every((fits) => fits(thing));
}

/** `*` stands for any text, `?` for one character. */
function parseWildcard(text: string): RegExp {
  const source = text.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${source.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}
