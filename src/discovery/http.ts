/**
 * http_sd_configs: asks a URL for a list of targets, once per interval. The list of the last good answer stays as
 * long as there is no better one; a body is read up to a limit, which Prometheus lacks.
 * Not here: TLS settings, OAuth 2 and proxies (refused by config/ with a sentence).
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { type TargetGroup } from '../model/target.ts';
import { defineMechanism, type DiscoveryWorld, poll } from './mechanism.ts';
import { groupsOfList, refreshIntervalSchema } from './schema.ts';
import { textSchema } from '../settings/values.ts';

const basicAuthSchema = z
  .strictObject({
    username: textSchema.default(''),
    password: textSchema.optional(),
    password_file: z.string().optional(),
  })
  .refine((auth) => auth.password === undefined || auth.password_file === undefined, {
    error: 'only one of "password" and "password_file" may be set',
  });

const authorizationSchema = z
  .strictObject({
    type: textSchema.default('Bearer'),
    credentials: textSchema.optional(),
    credentials_file: z.string().optional(),
  })
  .refine((auth) => auth.credentials === undefined || auth.credentials_file === undefined, {
    error: 'only one of "credentials" and "credentials_file" may be set',
  })
  .refine((auth) => auth.type.toLowerCase() !== 'basic', {
    error: 'authorization type can\'t be "basic"; use "basic_auth" instead',
  });

const schema = z
  .strictObject({
    url: z.string().superRefine((text, context) => {
      const fault = urlFault(text);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    }).describe('Where the list is.'), // prettier-ignore
    refresh_interval: refreshIntervalSchema(60_000),
    basic_auth: basicAuthSchema.optional(),
    authorization: authorizationSchema.optional(),
    follow_redirects: z
      .literal(false, { error: 'redirects are not followed yet; give the final URL' })
      .optional(),
    enable_http2: z.boolean().optional(),
  })
  .refine((config) => config.basic_auth === undefined || config.authorization === undefined, {
    error: 'only one of "basic_auth" and "authorization" may be set',
  });

type HttpConfig = z.output<typeof schema>;

const BODY_MAX_BYTES = 32 * 1024 * 1024;
const TIMEOUT_MAX_MS = 30_000;

export const httpMechanism = defineMechanism({
  key: 'http_sd_configs',
  schema,
  discover: (config, world) => poll(config.refresh_interval, world, () => readList(config, world)),
});

async function readList(
  config: HttpConfig,
  world: DiscoveryWorld,
): Promise<readonly TargetGroup[]> {
  const answer = await world.http.send({
    method: 'GET',
    url: config.url,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'user-agent': 'amperage',
      'x-prometheus-refresh-interval-seconds': String(config.refresh_interval / 1_000),
      ...(await authorizationHeader(config, world.baseDirectory)),
    },
    timeoutMs: Math.min(config.refresh_interval, TIMEOUT_MAX_MS),
    bodyMaxBytes: BODY_MAX_BYTES,
    signal: world.signal,
  });
  try {
    if (answer.status !== 200) throw new Error(`status ${answer.status}, expected 200`);
    const type = answer.headers['content-type'] ?? '';
    if (!/^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type.trim()))
      throw new Error(`content type ${JSON.stringify(type)}, expected "application/json"`);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(answer.body);
    return groupsOfList(JSON.parse(text), config.url, { __meta_url: config.url });
  } catch (error) {
    countHttpFailure(world);
    throw new Error(`http_sd ${withoutSecrets(config.url)}`, { cause: error });
  }
}

function countHttpFailure(world: DiscoveryWorld): void {
  world.metrics.counter('prometheus_sd_http_failures_total', 'HTTP SD readings that failed.').inc();
}

async function authorizationHeader(
  config: HttpConfig,
  baseDirectory: string,
): Promise<Record<string, string>> {
  const { basic_auth: basic, authorization } = config;
  if (basic !== undefined) {
    const password = basic.password ?? (await secretOf(basic.password_file, baseDirectory));
    const pair = Buffer.from(`${basic.username}:${password}`).toString('base64');
    return { authorization: `Basic ${pair}` };
  }
  if (authorization === undefined) return {};
  const credentials =
    authorization.credentials ?? (await secretOf(authorization.credentials_file, baseDirectory));
  return { authorization: `${authorization.type} ${credentials}` };
}

/** Read at every use, so that a rotated secret is taken up. */
async function secretOf(file: string | undefined, baseDirectory: string): Promise<string> {
  return file === undefined ? '' : (await readFile(resolve(baseDirectory, file), 'utf8')).trim();
}

function urlFault(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return `url ${JSON.stringify(text)} must begin with http:// or https://`;
  return url.host === '' ? `url ${JSON.stringify(text)} has no host` : undefined;
}

function withoutSecrets(text: string): string {
  const url = new URL(text);
  return `${url.protocol}//${url.host}${url.pathname}`;
}
