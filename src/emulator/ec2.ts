/**
 * EC2's DescribeInstances for the instances that emulated clusters run on (network-interfaces.ts
 * has the interfaces of tasks): the query protocol in XML, pages, unknown and malformed ids as
 * errors.
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
    (one) =>
      (ids.length === 0 || ids.includes(one.instanceId)) && filters.every((fits) => fits(one)),
  );
  const next = start + most < all.length ? `<nextToken>${start + most}</nextToken>` : '';
  const items = all.slice(start, start + most).map(renderInstance);
  return `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>00000000-0000-0000-0000-000000000000</requestId><reservationSet>${items.join('')}</reservationSet>${next}</DescribeInstancesResponse>`;
}

const FILTERS: Readonly<Record<string, (one: Ec2Instance) => string | undefined>> = {
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
 * `Filter.1.Name` with `Filter.1.Value.1` …: all must fit, each by one of its values. @throws
 * AwsError
 */
function parseFilters(form: URLSearchParams): ((one: Ec2Instance) => boolean)[] {
  const names = [...form].filter(([key]) => /^Filter\.\d+\.Name$/.test(key));
  return names.map(([key, name]) => {
    const values = readFormList(form, key.replace(/Name$/, 'Value.'));
    if (name === 'tag-key') return ({ tags }) => values.some((value) => value in tags);
    const read = name.startsWith('tag:')
      ? ({ tags }: Ec2Instance): string | undefined => tags[name.slice('tag:'.length)]
      : FILTERS[name];
    if (read === undefined)
      throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`);
    const patterns = values.map(wildcard);
    return (one) => patterns.some((pattern) => pattern.test(read(one) ?? ''));
  });
}

/** `*` stands for any text, `?` for one character. */
function wildcard(text: string): RegExp {
  const source = text.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${source.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}

export function ec2Error(error: AwsError): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>${escape(error.code)}</Code><Message>${escape(error.message)}</Message></Error></Errors><RequestID>00000000-0000-0000-0000-000000000000</RequestID></Response>`;
}

function renderInstance(one: Ec2Instance): string {
  const field = (name: string, value: string | undefined): string =>
    value === undefined ? '' : `<${name}>${escape(value)}</${name}>`;
  const tags = Object.entries(one.tags)
    .map(([key, value]) => `<item>${field('key', key)}${field('value', value)}</item>`)
    .join('');
  const v6 =
    one.ipv6Address === undefined
      ? ''
      : `<networkInterfaceSet><item><ipv6AddressesSet><item>${field('ipv6Address', one.ipv6Address)}</item></ipv6AddressesSet></item></networkInterfaceSet>`;
  return `<item><reservationId>r-0</reservationId><instancesSet><item>${field('instanceId', one.instanceId)}<instanceState><code>16</code><name>running</name></instanceState>${field('instanceType', one.instanceType)}<placement>${field('availabilityZone', one.availabilityZone)}</placement>${field('subnetId', one.subnetId)}${field('vpcId', one.vpcId)}${field('privateIpAddress', one.privateIpAddress)}${field('ipAddress', one.publicIpAddress)}${v6}<tagSet>${tags}</tagSet></item></instancesSet></item>`;
}

export function readFormList(form: URLSearchParams, prefix: string): string[] {
  return [...form].filter(([name]) => name.startsWith(prefix)).map(([, value]) => value);
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
