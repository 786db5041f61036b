/**
 * EC2's DescribeInstances for the instances of emulated clusters (network-interfaces.ts has the
 * interfaces of tasks): the XML of the query protocol, list pages, filters, and errors for unknown
 * and malformed ids.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
import { refuseUnknownParameters } from './members.ts';
import { AwsError } from './service.ts';

export interface Ec2Instance {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly privateIpAddress: string;
  readonly publicIpAddress?: string;
  readonly ipv6Address?: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly availabilityZone: string;
  readonly tags: Readonly<Record<string, string>>;
}

const REQUEST_ID = '00000000-0000-0000-0000-000000000000';
const PAGE_MIN = 5;
const PAGE_MAX = 1_000;
const PARAMETERS = ['InstanceId.N', 'Filter.N.Name', 'Filter.N.Value.N', 'MaxResults', 'NextToken'];

/** The answer's XML. @throws AwsError */
export function describeInstances(
  form: URLSearchParams,
  instances: ReadonlyMap<string, Ec2Instance>,
): string {
  refuseUnknownParameters(form, PARAMETERS);
  const ids = readFormList(form, 'InstanceId.');
  for (const id of ids) {
    if (!/^i-[0-9a-f]{8,17}$/.test(id))
      throw new AwsError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
    if (!instances.has(id))
      throw new AwsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  }
  if (ids.length > 0 && form.has('MaxResults'))
    throw new AwsError(
      'InvalidParameterCombination',
      'The parameter instancesSet cannot be used with the parameter maxResults',
    );
  const most = Number(form.get('MaxResults') ?? PAGE_MAX);
  if (!(most >= PAGE_MIN && most <= PAGE_MAX))
    throw new AwsError(
      'InvalidParameterValue',
      `Value ( ${form.get('MaxResults')} ) for parameter maxResults is invalid. Expecting a ` +
        `value from ${PAGE_MIN} to ${PAGE_MAX}.`,
    );
  const token = form.get('NextToken') ?? '0';
  if (!/^\d{1,9}$/.test(token))
    throw new AwsError('InvalidNextToken', 'The token is not one that was given out.');
  const start = Number(token);
  const filters = parseFilters(form);
  const all = [...instances.values()].filter(
    (instance) =>
      (ids.length === 0 || ids.includes(instance.instanceId)) &&
      filters.every((fits) => fits(instance)),
  );
  const next = start + most < all.length ? `<nextToken>${start + most}</nextToken>` : '';
  const items = all.slice(start, start + most).map(renderInstance);
  return renderAnswer(
    'DescribeInstances',
    `<reservationSet>${items.join('')}</reservationSet>${next}`,
  );
}

/** The document around an answer of EC2. */
export function renderAnswer(action: string, content: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">` +
    `<requestId>${REQUEST_ID}</requestId>${content}</${action}Response>`
  );
}

const FILTERS: Readonly<Record<string, (instance: Ec2Instance) => string | undefined>> = {
  'availability-zone': ({ availabilityZone }) => availabilityZone,
  'instance-id': ({ instanceId }) => instanceId,
  'instance-state-code': () => '16',
  'instance-state-name': () => 'running',
  'instance-type': ({ instanceType }) => instanceType,
  'ip-address': ({ publicIpAddress }) => publicIpAddress,
  'private-ip-address': ({ privateIpAddress }) => privateIpAddress,
  'subnet-id': ({ subnetId }) => subnetId,
  'vpc-id': ({ vpcId }) => vpcId,
};

/**
 * Reads `Filter.1.Name` with `Filter.1.Value.1` and so on. An instance must match every filter, by
 * at least one value of each.
 *
 * @throws AwsError for an unknown filter
 */
function parseFilters(form: URLSearchParams): ((instance: Ec2Instance) => boolean)[] {
  const names = [...form].filter(([key]) => /^Filter\.\d+\.Name$/.test(key));
  return names.map(([key, name]) => {
    const values = readFormList(form, key.replace(/Name$/, 'Value.'));
    if (name === 'tag-key') return ({ tags }) => values.some((value) => value in tags);
    const read = name.startsWith('tag:')
      ? ({ tags }: Ec2Instance): string | undefined => tags[name.slice('tag:'.length)]
      : FILTERS[name];
    if (read === undefined)
      throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`);
    const patterns = values.map(parseWildcard);
    return (instance) => patterns.some((pattern) => pattern.test(read(instance) ?? ''));
  });
}

/** `*` stands for any text, `?` for one character. */
function parseWildcard(text: string): RegExp {
  const source = text.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${source.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}

export function renderEc2Error(error: AwsError): string {
  const { code, message } = error;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<Response><Errors><Error><Code>${escape(code)}</Code><Message>${escape(message)}</Message>` +
    `</Error></Errors><RequestID>${REQUEST_ID}</RequestID></Response>`
  );
}

function renderInstance(instance: Ec2Instance): string {
  const field = (name: string, value: string | undefined): string =>
    value === undefined ? '' : `<${name}>${escape(value)}</${name}>`;
  const tags = Object.entries(instance.tags)
    .map(([key, value]) => `<item>${field('key', key)}${field('value', value)}</item>`)
    .join('');
  const v6 =
    instance.ipv6Address === undefined
      ? ''
      : '<networkInterfaceSet><item><ipv6AddressesSet><item>' +
        field('ipv6Address', instance.ipv6Address) +
        '</item></ipv6AddressesSet></item></networkInterfaceSet>';
  return (
    '<item><reservationId>r-0</reservationId><instancesSet><item>' +
    field('instanceId', instance.instanceId) +
    '<instanceState><code>16</code><name>running</name></instanceState>' +
    field('instanceType', instance.instanceType) +
    `<placement>${field('availabilityZone', instance.availabilityZone)}</placement>` +
    field('subnetId', instance.subnetId) +
    field('vpcId', instance.vpcId) +
    field('privateIpAddress', instance.privateIpAddress) +
    field('ipAddress', instance.publicIpAddress) +
    `${v6}<tagSet>${tags}</tagSet></item></instancesSet></item>`
  );
}

export function readFormList(form: URLSearchParams, prefix: string): string[] {
  return [...form].filter(([name]) => name.startsWith(prefix)).map(([, value]) => value);
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
