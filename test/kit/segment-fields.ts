/**
 * The field rules of X-Ray's segment documents: what each field must be, and which of them a
 * document must have. It holds what senders write against the published page, and knows nothing of
 * how they write it.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isText =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isSeconds: Check = (value) => isNumber(value) && Number(value) > 1e9 && Number(value) < 1e10;
const isTrue: Check = (value) => value === true;
const isObject: Check = (value) => typeof value === 'object' && value !== null;
const isShort = isText(/^.{0,250}$/s);
const isId = isText(/^[\da-f]{16}$/);
const isName = isText(/^[\p{L}\p{N}\p{Z}_.:/%&#=+\\\-@]{1,200}$/u);

const withFields =
  (fields: Readonly<Record<string, Check>>, needed: readonly string[] = []): Check =>
  (value) =>
    isObject(value) &&
    needed.every((name) => (value as Fields)[name] !== undefined) &&
    Object.entries(value as Fields).every(([name, inner]) => fields[name]?.(inner) === true);

const http = withFields({
  request: withFields(
    {
      method: isShort,
      url: isShort,
      user_agent: isShort,
      client_ip: isShort,
      x_forwarded_for: isTrue,
      traced: isTrue,
    },
    ['method', 'url'],
  ),
  response: withFields({ status: isNumber, content_length: isNumber }, ['status']),
});

const exception = withFields(
  {
    id: isId,
    type: isText(/./),
    message: isText(/^/),
    remote: (value) => typeof value === 'boolean',
    stack: (value) =>
      Array.isArray(value) &&
      value.every(withFields({ path: isText(/./), line: Number.isInteger, label: isText(/./) })),
  },
  ['id'],
);

const cause: Check = (value) =>
  isId(value) ||
  withFields({
    working_directory: isText(/./),
    exceptions: (list) => Array.isArray(list) && list.length > 0 && list.every(exception),
  })(value);

const annotations: Check = (value) =>
  isObject(value) &&
  Object.entries(value as Fields).every(
    ([key, given]) =>
      /^\w{1,500}$/.test(key) &&
      (isNumber(given) || typeof given === 'boolean' || isText(/^.{0,1000}$/s)(given)),
  );

const common: Readonly<Record<string, Check>> = {
  name: isName,
  id: isId,
  start_time: isSeconds,
  end_time: isSeconds,
  in_progress: isTrue,
  http,
  aws: isObject,
  annotations,
  metadata: (value) => isObject(value) && Object.values(value as Fields).every(isObject),
  error: isTrue,
  throttle: isTrue,
  fault: isTrue,
  cause,
  subsegments: (value) => Array.isArray(value) && value.length > 0,
};
const ofSegments: Readonly<Record<string, Check>> = {
  trace_id: isText(/^1-[\da-f]{8}-[\da-f]{24}$/),
  parent_id: isId,
  origin: isText(/^AWS::/),
  service: withFields({ version: isText(/./), runtime: isShort, runtime_version: isShort }),
  user: isShort,
};
const ofSubsegments: Readonly<Record<string, Check>> = {
  namespace: isText(/^(?:aws|remote)$/),
  sql: (value) => isObject(value) && Object.values(value as Fields).every(isText(/^/)),
  precursor_ids: (value) => Array.isArray(value) && value.every(isId),
};

/** What is wrong with a document, each as `path: what`; empty when nothing is. */
export function checkSegmentDocument(document: unknown): string[] {
  const fields = document as Fields;
  if (!isObject(document)) return ['not an object'];
  if (fields['type'] === undefined)
    return check(fields, { ...common, ...ofSegments }, ['trace_id'], 'segment');
  const apart = {
    ...common,
    ...ofSubsegments,
    trace_id: ofSegments['trace_id'] ?? isId,
    parent_id: isId,
    type: isText(/^subsegment$/),
  };
  return check(fields, apart, ['trace_id', 'parent_id'], 'subsegment');
}

function check(
  fields: Fields,
  checks: Readonly<Record<string, Check>>,
  needed: readonly string[],
  path: string,
): string[] {
  const found: string[] = [];
  for (const name of ['name', 'id', 'start_time', ...needed])
    if (fields[name] === undefined) found.push(`${path}: no ${name}`);
  for (const [name, value] of Object.entries(fields))
    if (checks[name]?.(value) !== true) found.push(`${path}.${name}: ${JSON.stringify(value)}`);
  const ended = fields['end_time'] !== undefined;
  if (ended === (fields['in_progress'] === true))
    found.push(`${path}: needs either end_time or in_progress`);
  if (ended && Number(fields['end_time']) < Number(fields['start_time']))
    found.push(`${path}: ends before it starts`);
  const inner = (fields['subsegments'] ?? []) as readonly Fields[];
  inner.forEach((subsegment, index) =>
    found.push(
      ...check(subsegment, { ...common, ...ofSubsegments }, [], `${path}.subsegments[${index}]`),
    ),
  );
  return found;
}
