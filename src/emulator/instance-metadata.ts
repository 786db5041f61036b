/**
 * EC2's instance metadata, version 2 only: a PUT gives a token, with which the role's credentials
 * and the region can be read. Without a token the answer is 401, as on instances that require
 * version 2.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
import { randomBytes } from 'node:crypto';
import type { HttpRequest, HttpResponse, Route } from '../kernel/http-server.ts';
import type { Identities } from './identities.ts';

const TTL_MAX_SECONDS = 21_600;
const TOKENS_MAX = 10_000;
const ROLE = 'emulated-instance-role';

export interface InstanceMetadataOptions {
  readonly region: string;
  readonly identities: Identities;
  readonly lifetimeMs: number;
  readonly nowMs: () => number;
}

export function instanceMetadataRoutes(options: InstanceMetadataOptions): Route[] {
  const tokens = new Map<string, number>();
  const isKnown = ({ headers }: HttpRequest): boolean =>
    (tokens.get(String(headers['x-aws-ec2-metadata-token'])) ?? 0) > options.nowMs();
  return [
    {
      method: 'PUT',
      path: '/latest/api/token',
      handle: ({ headers }) => {
        const seconds = Number(headers['x-aws-ec2-metadata-token-ttl-seconds']);
        if (!(seconds >= 1 && seconds <= TTL_MAX_SECONDS)) return { status: 400 };
        const token = randomBytes(40).toString('base64');
        if (tokens.size >= TOKENS_MAX) tokens.clear();
        tokens.set(token, options.nowMs() + seconds * 1_000);
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
      handle: (request) => (isKnown(request) ? answer(request.path, options) : { status: 401 }),
    },
  ];
}

function answer(path: string, options: InstanceMetadataOptions): HttpResponse {
  const { identities, nowMs, lifetimeMs, region } = options;
  switch (path.replace(/\/$/, '')) {
    case '/latest/meta-data/iam/security-credentials':
      return { status: 200, body: ROLE };
    case `/latest/meta-data/iam/security-credentials/${ROLE}`: {
      const issued = identities.issue(nowMs(), lifetimeMs);
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          Code: 'Success',
          Type: 'AWS-HMAC',
          LastUpdated: new Date(nowMs()).toISOString(),
          AccessKeyId: issued.accessKeyId,
          SecretAccessKey: issued.secretAccessKey,
          Token: issued.sessionToken,
          Expiration: new Date(issued.expiresMs).toISOString(),
        }),
      };
    }
    case '/latest/meta-data/placement/region':
      return { status: 200, body: region };
    case '/latest/dynamic/instance-identity/document':
      return { status: 200, body: JSON.stringify({ region, instanceId: 'i-0123456789abcdef0' }) };
    default:
      return { status: 404 };
  }
}
