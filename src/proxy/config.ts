/**
 * The proxy's configuration as plain values, and the schema of its file of routes. Without a file
 * the flags make up a single route.
 */
import * as z from 'zod';
import { ConfigError } from '../kernel/errors.ts';
import { awsAccessShape, isLoneExternalId, LONE_EXTERNAL_ID } from '../settings/aws-access.ts';
import { durationWithin } from '../settings/duration.ts';
import { switchSchema } from '../settings/switch.ts';
import { listOf, presentSchema, textSchema } from '../settings/text.ts';

export interface ProxyRoute {
  /** Host of the request, without port; any when absent. */
  readonly host?: string | undefined;
  /** Prefix of the path, in whole segments; any when absent. */
  readonly path?: string | undefined;
  /** Scheme and host; the host that the client names when absent. */
  readonly upstream?: string | undefined;
  /** Host that is sent and signed instead of the upstream's. */
  readonly signHost?: string | undefined;
  readonly service?: string | undefined;
  readonly region?: string | undefined;
  readonly roleArn?: string | undefined;
  readonly externalId?: string | undefined;
  /** Whether the prefix of the path is removed before the request is sent. */
  readonly stripPath: boolean;
  readonly unsignedPayload: boolean;
  /** Regions to sign for with SigV4a, separated by commas. */
  readonly regionSet?: string | undefined;
  /** How long a signature in the query is valid; absent: headers are signed. */
  readonly presignSeconds?: number | undefined;
}

export interface ProxyConfig {
  readonly routes: readonly ProxyRoute[];
  /** Scheme of an upstream that is named without one. */
  readonly upstreamScheme: 'http' | 'https';
  /** Headers to remove from requests, in lower case. */
  readonly strip: readonly string[];
  /** Headers to send as X-Original-… too, in lower case. */
  readonly duplicate: readonly string[];
  readonly customHeaders: readonly (readonly [string, string])[];
  readonly verifiesTls: boolean;
  readonly idleTimeoutMs: number;
  /** How long to wait for the answer's headers, and between two pieces of its body. */
  readonly upstreamTimeoutMs: number;
  readonly logsFailures: boolean;
}

/** AWS accepts a presigned request for at most seven days. */
export const PRESIGN_BOUNDS = { minMs: 1_000, maxMs: 7 * 86_400_000 } as const;

const routeSchema = z
  .strictObject({
    host: textSchema
      .optional()
      .describe('Host of the requests that the route is for, without port; any by default.'),
    path: textSchema
      .pipe(z.string().startsWith('/'))
      .optional()
      .meta({
        description:
          'Prefix of the paths that the route is for, in whole segments; any by default.',
        examples: ['/workspaces'],
      }),
    upstream: textSchema.optional().meta({
      description:
        'Scheme and host that requests are sent to; by default the host that the client names.',
      examples: ['https://aps-workspaces.us-east-1.amazonaws.com'],
    }),
    sign_host: textSchema
      .optional()
      .describe("Host that is sent and signed instead of the upstream's."),
    service: presentSchema.meta({
      description: 'Service to sign for; by default it is taken from the host.',
      examples: ['aps'],
    }),
    region: awsAccessShape.region,
    role_arn: awsAccessShape.role_arn,
    external_id: awsAccessShape.external_id,
    strip_path: switchSchema
      .default(false)
      .describe('Removes the prefix from the path before the request is sent.'),
    unsigned_payload: switchSchema
      .default(false)
      .describe('Signs everything but the body, which then streams.'),
    region_set: textSchema
      .pipe(z.string().min(1, 'is empty'))
      .optional()
      .meta({
        description: 'Signs with SigV4a for these regions, which are separated by commas.',
        examples: ['us-east-1,eu-west-1'],
      }),
    presign: durationWithin(PRESIGN_BOUNDS)
      .optional()
      .meta({
        description:
          'Puts the signature, valid for this long (1s to 7d), into the query instead of headers.',
        examples: ['15m'],
      }),
  })
  .refine((route) => !isLoneExternalId(route), { error: LONE_EXTERNAL_ID, path: ['external_id'] });

export const routesSchema = z.strictObject({
  routes: listOf(routeSchema)
    .min(1)
    .max(1_000)
    .describe('Routes, of which the first that matches a request is used.'),
});

/** Reads the routes of a parsed file. @throws ConfigError PROXY_ROUTES */
export function parseRoutes(document: unknown, file: string): ProxyRoute[] {
  const parsed = routesSchema.safeParse(document);
  if (!parsed.success)
    throw new ConfigError('PROXY_ROUTES', `${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data.routes.map((route) => ({
    host: route.host?.toLowerCase(),
    path: route.path,
    upstream: route.upstream,
    signHost: route.sign_host,
    service: route.service,
    region: route.region,
    roleArn: route.role_arn,
    externalId: route.external_id,
    stripPath: route.strip_path,
    unsignedPayload: route.unsigned_payload,
    regionSet: route.region_set,
    presignSeconds: route.presign === undefined ? undefined : Math.floor(route.presign / 1_000),
  }));
}
