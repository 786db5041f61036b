/**
 * What the proxy is told: one upstream by flags, or a table of routes in a file; plain values.
 */
import { z } from 'zod';
import { ConfigError } from '../kernel/errors.ts';
import { awsAccessShape, isLoneExternalId, LONE_EXTERNAL_ID } from '../settings/aws-access.ts';
import { durationWithin } from '../settings/duration.ts';
import { switchSchema } from '../settings/switch.ts';
import { listOf, presentSchema, textSchema } from '../settings/text.ts';

export interface ProxyRoute {
  /** Of the request, without port; any when absent. */
  readonly host?: string | undefined;
  /** Prefix of the path, by whole segments; any when absent. */
  readonly path?: string | undefined;
  /** Scheme and host; the host that the client names when absent. */
  readonly upstream?: string | undefined;
  /** Sent and signed as Host, instead of the upstream's. */
  readonly signHost?: string | undefined;
  readonly service?: string | undefined;
  readonly region?: string | undefined;
  readonly roleArn?: string | undefined;
  readonly externalId?: string | undefined;
  /** The path's prefix is not sent on. */
  readonly stripPath: boolean;
  readonly unsignedPayload: boolean;
  /** Signs with SigV4a for these regions, with commas between them. */
  readonly regionSet?: string | undefined;
  /** Signs in the query, good for so many seconds, instead of in headers. */
  readonly presignSeconds?: number | undefined;
}

export interface ProxyConfig {
  readonly routes: readonly ProxyRoute[];
  /** Of an upstream that is named without one. */
  readonly upstreamScheme: 'http' | 'https';
  /** Lower case: taken off what clients send. */
  readonly strip: readonly string[];
  /** Sent also as X-Original-…. */
  readonly duplicate: readonly string[];
  readonly customHeaders: readonly (readonly [string, string])[];
  readonly verifiesTls: boolean;
  readonly idleTimeoutMs: number;
  /** Until the answer's head, and between two pieces of it. */
  readonly upstreamTimeoutMs: number;
  readonly logsFailures: boolean;
}

/** As long as AWS lets a presigned request be good. */
export const PRESIGN_BOUNDS = { minMs: 1_000, maxMs: 7 * 86_400_000 } as const;

const routeSchema = z
  .strictObject({
    host: textSchema
      .optional()
      .describe('Host of the request, without port, for which the route is; any by default.'),
    path: textSchema
      .pipe(z.string().startsWith('/'))
      .optional()
      .meta({
        description:
          'Prefix of the path, by whole segments, for which the route is; any by default.',
        examples: ['/workspaces'],
      }),
    upstream: textSchema.optional().meta({
      description:
        'Scheme and host to which the request goes; the host that the client names by default.',
      examples: ['https://aps-workspaces.us-east-1.amazonaws.com'],
    }),
    sign_host: textSchema
      .optional()
      .describe('Host that is sent and signed, in place of that of the upstream.'),
    service: presentSchema.meta({
      description: 'Service that is signed for; the host tells it by default.',
      examples: ['aps'],
    }),
    region: awsAccessShape.region,
    role_arn: awsAccessShape.role_arn,
    external_id: awsAccessShape.external_id,
    strip_path: switchSchema.default(false).describe('Leaves the prefix out of what is sent on.'),
    unsigned_payload: switchSchema.default(false).describe('Signs all but the body.'),
    region_set: textSchema
      .pipe(z.string().min(1, 'is empty'))
      .optional()
      .meta({
        description: 'Signs with SigV4a for these regions, with commas between them.',
        examples: ['us-east-1,eu-west-1'],
      }),
    presign: durationWithin(PRESIGN_BOUNDS)
      .optional()
      .meta({
        description: 'Signs in the query, good for so long, from 1s to 7d, in place of in headers.',
        examples: ['15m'],
      }),
  })
  .refine((route) => !isLoneExternalId(route), { error: LONE_EXTERNAL_ID, path: ['external_id'] });

export const routesSchema = z.strictObject({
  routes: listOf(routeSchema)
    .min(1)
    .max(1_000)
    .describe('Routes, of which the first that fits a request is taken.'),
});

/** The routes of a file's document. @throws ConfigError */
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
