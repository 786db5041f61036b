/**
 * Answers calls of AWS's query protocol for services that are tables of actions: the form becomes
 * an object, and the answer's object XML. What is checked before an action runs is as in
 * json-protocol.ts.
 *
 *     Metrics.member.1.Name=a   ↔   { Metrics: [{ Name: 'a' }] }
 *
 * Limit: FIELDS_MAX fields of a form.
 * Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
import { randomUUID } from 'node:crypto';
import type { HttpRequest, HttpResponse } from '../kernel/http-server.ts';
import { EpochTime } from '../wire/cbor.ts';
import type { CloudParts } from './cloud-parts.ts';
import { type CallEdges, dateHeader, runAction } from './json-protocol.ts';
import { AwsError, type AwsInput, type JsonService } from './service.ts';
import { element, escapeXml } from './xml.ts';

const FIELDS_MAX = 20_000;
const HEADERS = { 'content-type': 'text/xml' };

export async function answerForm(
  request: HttpRequest,
  service: JsonService,
  action: string,
  edges: CallEdges,
): Promise<HttpResponse> {
  const { xmlNamespace: namespace = '', itemNames = {} } = service;
  const render = (output: unknown): HttpResponse => ({
    status: 200,
    headers: HEADERS,
    body:
      `<${action}Response xmlns="${namespace}">` +
      `<${action}Result>${renderMembers(output, itemNames)}</${action}Result>` +
      `<ResponseMetadata>${element('RequestId', randomUUID())}</ResponseMetadata>` +
      `</${action}Response>`,
  });
  const codec = { parse: (body: Buffer) => parseForm(body, itemNames), render };
  try {
    const nameFault = (code: string): string => code;
    return await runAction(
      request,
      { service, action, refusedStatus: 403, codec, nameFault },
      edges,
    );
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return renderError(error, namespace, edges.cloud);
  }
}

/** The answer to a form that is for no service that is here. */
export function refuseForm(request: HttpRequest, cloud: CloudParts): HttpResponse {
  const error =
    request.headers.authorization === undefined
      ? new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403)
      : new AwsError('InvalidAction', cloud.describeLack(request));
  return renderError(error, '', cloud);
}

function renderError(error: AwsError, namespace: string, cloud: CloudParts): HttpResponse {
  return {
    status: error.status,
    headers: { ...HEADERS, ...dateHeader(cloud) },
    body:
      `<ErrorResponse xmlns="${namespace}"><Error>${element('Type', 'Sender')}` +
      `${element('Code', error.code)}${element('Message', error.message)}</Error>` +
      `${element('RequestId', randomUUID())}</ErrorResponse>`,
  };
}

/** A list while the form is read: its items by their numbers. */
class Items {
  readonly byNumber = new Map<number, unknown>();
}

type Members = Map<string, unknown>;
type ItemNames = NonNullable<JsonService['itemNames']>;

function parseForm(body: Buffer, names: ItemNames): AwsInput {
  const root: Members = new Map();
  let fields = 0;
  for (const [name, value] of new URLSearchParams(body.toString())) {
    fields += 1;
    if (fields > FIELDS_MAX) throw malformed(`more than ${FIELDS_MAX} fields`);
    if (name !== 'Action' && name !== 'Version') put(root, name.split('.'), value, names);
  }
  return finish(root) as AwsInput;
}

const DEPTH_MAX = 20;

function put(root: Members, path: readonly string[], value: string, names: ItemNames): void {
  if (path.length > DEPTH_MAX) throw malformed('a name of too many parts');
  let at: unknown = root;
  path.forEach((part, index) => {
    const isLast = index === path.length - 1;
    // An item of a list is `member.1`: the number alone places it.
    if (at instanceof Items && part === itemOf(names, path[index - 1])) return;
    const make = (): unknown =>
      isLast ? value : path[index + 1] === itemOf(names, part) ? new Items() : new Map();
    if (at instanceof Map) {
      if (isLast && at.has(part)) throw malformed(`${path.join('.')} is given twice`);
      if (!at.has(part)) at.set(part, make());
      at = at.get(part);
    } else if (at instanceof Items) {
      const number = /^\d{1,6}$/.test(part) ? Number(part) : 0;
      if (number === 0 || path[index - 1] !== itemOf(names, path[index - 2]))
        throw malformed(`${path.join('.')} is no item of a list`);
      if (!at.byNumber.has(number)) at.byNumber.set(number, make());
      at = at.byNumber.get(number);
    } else throw malformed(`${path.join('.')} is within a value`);
  });
}

function finish(value: unknown): unknown {
  if (value instanceof Items)
    return [...value.byNumber].sort(([a], [b]) => a - b).map(([, item]) => finish(item));
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([name, one]) => [name, finish(one)]));
}

function malformed(what: string): AwsError {
  return new AwsError('MalformedQueryString', `The query string contains a syntax error: ${what}`);
}

/** What an item of a list is called. */
function itemOf(names: ItemNames, list: string | undefined): string {
  return names[list ?? ''] ?? 'member';
}

function renderMembers(value: unknown, names: ItemNames, list?: string): string {
  if (value instanceof EpochTime) return new Date(value.seconds * 1_000).toISOString();
  if (Array.isArray(value))
    return value
      .map((item) => {
        const name = itemOf(names, list);
        return `<${name}>${renderMembers(item, names)}</${name}>`;
      })
      .join('');
  if (typeof value !== 'object' || value === null) return renderText(value);
  return Object.entries(value)
    .map(([name, one]) => {
      if (one === undefined) return '';
      return isMap(name)
        ? `<${name}>${renderEntries(one as object)}</${name}>`
        : `<${name}>${renderMembers(one, names, name)}</${name}>`;
    })
    .join('');
}

function renderText(value: unknown): string {
  return value === undefined || value === null ? '' : escapeXml(String(value));
}

/** The members whose values are maps with any keys. */
function isMap(name: string): boolean {
  return name === 'ExtendedStatistics' || name === 'SummaryMap';
}

function renderEntries(map: object): string {
  return Object.entries(map)
    .map(([key, value]) => `<entry>${element('key', key)}${element('value', value)}</entry>`)
    .join('');
}
