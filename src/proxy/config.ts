/**
 * What the proxy is told: one upstream by flags, or a table of routes in a file; plain values.
 */
import { z } from 'zod';
import { ConfigError } from '../kernel/errors.ts';
import { parseDurationMs } from '../model/duration.ts';

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

const routeSchema = z.strictObject({
  host: z.string().optional(),
  path: z.string().startsWith('/').optional(),
  upstream: z.string().optional(),
  sign_host: z.string().optional(),
  service: z.string().optional(),
  region: z.string().optional(),
  role_arn: z.string().optional(),
  external_id: z.string().optional(),
  strip_path: z.boolean().default(false),
  unsigned_payload: z.boolean().default(false),
  region_set: z.string().min(1).optional(),
  presign: z.union([z.string(), z.number()]).optional(),
});

const fileSchema = z.strictObject({ routes: z.array(routeSchema).min(1).max(1_000) });

const PRESIGN_MAX_MS = 7 * 86_400_000;

/** @param where  the flag or file that says so. @throws ConfigError */
export function presignSeconds(text: string, where: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined || ms < 1_000 || ms > PRESIGN_MAX_MS)
    throw new ConfigError(
      'PROXY_PRESIGN',
      `${where}: presign "${text}" is no duration between 1s and 7d; write 15m`,
    );
  return Math.floor(ms / 1_000);
}

/** The routes of a file's document. @throws ConfigError */
export function routesOf(document: unknown, file: string): ProxyRoute[] {
  const parsed = fileSchema.safeParse(document);
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
    presignSeconds:
      route.presign === undefined ? undefined : presignSeconds(String(route.presign), file),
  }));
}
