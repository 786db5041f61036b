/**
 * EC2's instance metadata, version 2 only: a PUT gives a token, with which the role's credentials,
 * the identity document and what clients ask of an instance can be read. Without a token the answer
 * is 401, as on instances that require version 2. Tags are not allowed in the metadata, as on a new
 * instance: their paths are not found. Who asks from the address of an instance, as tasks on it do,
 * is told of that one; all others, of one and the same.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html,
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html
 */
import { randomBytes } from 'node:crypto';
import type { HttpRequest, HttpResponse, Route } from '../kernel/http-server.ts';
import type { CloudParts } from './cloud-parts.ts';

const TTL_MAX_SECONDS = 21_600;
const TOKENS_MAX = 10_000;
const ROLE = 'emulated-instance-role';

const INSTANCE_ID = 'i-0123456789abcdef0';
const IMAGE_ID = 'ami-0123456789abcdef0';
const INSTANCE_TYPE = 'm7g.large';
const PRIVATE_IP = '10.0.0.10';

interface ToldInstance {
  readonly architecture: string;
  readonly availabilityZone: string;
  readonly imageId: string;
  readonly instanceId: string;
  readonly instanceType: string;
  readonly launchMs: number;
  readonly privateIpAddress?: string | undefined;
}

export interface InstanceMetadataOptions {
  readonly cloud: CloudParts;
  readonly lifetimeMs: number;
  /** When the instance started that is told of where no other asks. */
  readonly startedMs: number;
  /** The instance from which an address asks. */
  readonly instanceAt: (address: string) => ToldInstance | undefined;
}

export function instanceMetadataRoutes(options: InstanceMetadataOptions): Route[] {
  const tokens = new Map<string, number>();
  const isKnown = ({ headers }: HttpRequest): boolean =>
    (tokens.get(String(headers['x-aws-ec2-metadata-token'])) ?? 0) > options.cloud.nowMs();
  return [
    {
      method: 'PUT',
      path: '/latest/api/token',
      handle: ({ headers }) => {
        const seconds = Number(headers['x-aws-ec2-metadata-token-ttl-seconds']);
        if (!(seconds >= 1 && seconds <= TTL_MAX_SECONDS)) return { status: 400 };
        const token = randomBytes(40).toString('base64');
        if (tokens.size >= TOKENS_MAX) tokens.clear();
        tokens.set(token, options.cloud.nowMs() + seconds * 1_000);
        return {
          status: 200,
          headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(seconds) },
          body: token,
        };
      },
    },
    {
      method: 'GET',
      path: '/latest/*',
      handle: (request) =>
        isKnown(request)
          ? answer(request.path, options, findInstance(request, options))
          : { status: 401 },
    },
  ];
}

function findInstance(
  { remoteAddress }: HttpRequest,
  { cloud, startedMs, instanceAt }: InstanceMetadataOptions,
): ToldInstance {
  return (
    instanceAt(remoteAddress.replace(/^::ffff:/, '')) ?? {
      architecture: 'arm64',
      availabilityZone: `${cloud.regions[0]}a`,
      imageId: IMAGE_ID,
      instanceId: INSTANCE_ID,
      instanceType: INSTANCE_TYPE,
      launchMs: startedMs,
      privateIpAddress: PRIVATE_IP,
    }
  );
}

function answer(
  path: string,
  options: InstanceMetadataOptions,
  instance: ToldInstance,
): HttpResponse {
  const { cloud, lifetimeMs } = options;
  const roleArn = cloud.instanceRoleOf(instance.instanceId) ?? cloud.roleArnOf(ROLE);
  const roleName = roleArn.split('/').at(-1) ?? '';
  switch (path.replace(/\/$/, '')) {
    case '/latest/meta-data/iam/security-credentials':
      return { status: 200, body: roleName };
    case `/latest/meta-data/iam/security-credentials/${roleName}`: {
      const caller = cloud.openSession(roleArn, instance.instanceId);
      const issued = cloud.identities.issue(cloud.nowMs(), lifetimeMs, caller);
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          Code: 'Success',
          Type: 'AWS-HMAC',
          LastUpdated: new Date(cloud.nowMs()).toISOString(),
          AccessKeyId: issued.accessKeyId,
          SecretAccessKey: issued.secretAccessKey,
          Token: issued.sessionToken,
          Expiration: new Date(issued.expiresMs).toISOString(),
        }),
      };
    }
    default: {
      const body = describeInstance(options, instance)[path.replace(/^\/latest\/|\/$/g, '')];
      return body === undefined ? { status: 404 } : { status: 200, body };
    }
  }
}

/** By path, what stays the same as long as the instance runs. */
function describeInstance(
  { cloud }: InstanceMetadataOptions,
  instance: ToldInstance,
): Readonly<Record<string, string>> {
  const { architecture, availabilityZone, imageId, instanceId, instanceType, launchMs } = instance;
  const { privateIpAddress: privateIp = '' } = instance;
  const [region] = cloud.regions;
  const domain = region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;
  const hostname = `ip-${privateIp.replaceAll('.', '-')}.${domain}`;
  const document = {
    accountId: cloud.accountId,
    architecture,
    availabilityZone,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId,
    instanceId,
    instanceType,
    kernelId: null,
    pendingTime: `${new Date(launchMs).toISOString().slice(0, 19)}Z`,
    privateIp,
    ramdiskId: null,
    region,
    version: '2017-09-30',
  };
  return {
    'dynamic/instance-identity/document': JSON.stringify(document, undefined, 2),
    'meta-data/ami-id': imageId,
    'meta-data/hostname': hostname,
    'meta-data/instance-id': instanceId,
    'meta-data/instance-type': instanceType,
    'meta-data/local-hostname': hostname,
    'meta-data/local-ipv4': privateIp,
    'meta-data/placement/availability-zone': availabilityZone,
    'meta-data/placement/region': region,
  };
}
