/**
 * Finds the service and region of an AWS host name, in all partitions, also for VPC endpoints and
 * dual-stack names. Pure.
 * Sources: https://docs.aws.amazon.com/general/latest/gr/rande.html, botocore's endpoints.json
 */
import type { SigningScope } from './signing.ts';

/** Suffixes of the partitions, the longest first. */
const SUFFIXES = [
  'amazonaws.com.cn',
  'api.amazonwebservices.com.cn',
  'amazonaws.com',
  'amazonaws.eu',
  'api.aws',
  'on.aws',
  'c2s.ic.gov',
  'sc2s.sgov.gov',
  'cloud.adc-e.uk',
  'csp.hci.ic.gov',
] as const;

/** Signing names of services whose endpoint has another name. */
const SIGNING_NAMES: Readonly<Record<string, string>> = {
  'aps-workspaces': 'aps',
  'bedrock-agent': 'bedrock',
  'bedrock-agent-runtime': 'bedrock',
  'bedrock-runtime': 'bedrock',
  'data-ats.iot': 'iotdata',
  'data.iot': 'iotdata',
  email: 'ses',
  'entitlement.marketplace': 'aws-marketplace',
  'lambda-url': 'lambda',
  'metering.marketplace': 'aws-marketplace',
  'model.lex': 'lex',
  'runtime.lex': 'lex',
  'runtime.sagemaker': 'sagemaker',
  's3-accesspoint': 's3',
  's3-control': 's3',
  'appsync-api': 'appsync',
};

/** Services with one global endpoint, and the region that requests to it are signed for. */
const GLOBAL: Readonly<Record<string, string>> = {
  cloudfront: 'us-east-1',
  iam: 'us-east-1',
  organizations: 'us-east-1',
  route53: 'us-east-1',
  s3: 'us-east-1',
  sts: 'us-east-1',
  waf: 'us-east-1',
};

const REGION = '[a-z]{2}(?:-[a-z]+)+-\\d';
const WHOLE_REGION = new RegExp(`^${REGION}$`);
const OLD_S3 = new RegExp(`^s3-(${REGION})$`);

/** Whether a text looks like the name of a region, in any partition. */
export function isRegion(text: string): boolean {
  return WHOLE_REGION.test(text);
}

/** Whether a name, in lower case and without a port, is below a domain of AWS. */
export function isAwsHost(name: string): boolean {
  return SUFFIXES.some((suffix) => name.endsWith(`.${suffix}`));
}

/**
 * Undefined for a host that is not AWS's, or whose name does not tell service and region.
 *
 * @param host  with or without a port
 */
export function scopeOfHost(host: string): SigningScope | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  const suffix = SUFFIXES.find((known) => name.endsWith(`.${known}`));
  if (suffix === undefined) return undefined;
  const labels = name
    .slice(0, -suffix.length - 1)
    .split('.')
    .filter((label) => label !== 'dualstack' && label !== 'vpce');
  const at = labels.findLastIndex(isRegion);
  if (at < 0) return findGlobalScope(labels);
  const region = labels[at] ?? '';
  // In my-domain.us-east-1.es the service comes after the region.
  const behind = labels[at + 1];
  if (behind !== undefined) return makeScope(behind, region);
  return makeScope(findNameBefore(labels, at), region);
}

/** The endpoint name before the region: two labels if AWS has such a name, else one. */
function findNameBefore(labels: readonly string[], at: number): string {
  const two = labels.slice(Math.max(0, at - 2), at).join('.');
  const plain = two.replace(/-fips$/, '');
  return plain in SIGNING_NAMES ? plain : (labels[at - 1] ?? '');
}

/** For names such as s3-us-west-2.amazonaws.com, iam.amazonaws.com, bucket.s3.amazonaws.com. */
function findGlobalScope(labels: readonly string[]): SigningScope | undefined {
  const last = labels.at(-1) ?? '';
  const old = OLD_S3.exec(last)?.[1];
  if (old !== undefined) return makeScope('s3', old);
  const region = GLOBAL[last.replace(/-fips$/, '')];
  return region === undefined ? undefined : makeScope(last, region);
}

function makeScope(endpoint: string, region: string): SigningScope | undefined {
  const name = endpoint.replace(/-fips$/, '').replace(/^fips-/, '');
  if (name === '') return undefined;
  return { service: SIGNING_NAMES[name] ?? name, region };
}

export interface EndpointVariant {
  readonly useFips?: boolean | undefined;
  readonly useDualStack?: boolean | undefined;
}

/** Partitions by the beginning of their regions: plain and dual-stack suffix. */
const PARTITIONS = [
  ['cn-', 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
  ['us-isob-', 'sc2s.sgov.gov', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov', 'csp.hci.ic.gov'],
  ['us-iso-', 'c2s.ic.gov', 'c2s.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk', 'cloud.adc-e.uk'],
  ['eusc-', 'amazonaws.eu', 'api.amazonwebservices.eu'],
  ['', 'amazonaws.com', 'api.aws'],
] as const;

/** The endpoint of a service in a region: `https://xray.us-east-1.amazonaws.com`. */
export function makeEndpoint(
  service: string,
  region: string,
  { useFips = false, useDualStack = false }: EndpointVariant = {},
): string {
  const [, plain, dualStack] =
    PARTITIONS.find(([prefix]) => region.startsWith(prefix)) ?? PARTITIONS[6];
  const suffix = useDualStack ? dualStack : plain;
  return `https://${service}${useFips ? '-fips' : ''}.${region}.${suffix}`;
}

/** Ids in names of variables, of services whose signing name differs. */
const SERVICE_IDS: Readonly<Record<string, string>> = {
  elasticfilesystem: 'EFS',
  logs: 'CLOUDWATCH_LOGS',
  monitoring: 'CLOUDWATCH',
};

/**
 * The endpoint that the environment sets for a service, as for AWS' SDKs.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function configuredEndpoint(
  service: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return undefined;
  const id = SERVICE_IDS[service] ?? service.toUpperCase().replaceAll('-', '_');
  const own = env[`AWS_ENDPOINT_URL_${id}`];
  return own || env['AWS_ENDPOINT_URL'] || undefined;
}
