/**
 * http_sd_configs: asks a URL for a list of targets, once per interval. The last good list stays
 * until there is a newer one. Unlike in Prometheus, the size of the body is limited.
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/
 */
import * as z from 'zod';
import { type TargetGroup } from '../model/target.ts';
import { defineMechanism, type DiscoveryWorld, poll } from './mechanism.ts';
import { refreshIntervalSchema } from '../settings/refresh-interval.ts';
import { parseTargetList } from './schema.ts';
import { createHttpClient } from '../kernel/http-client.ts';
import type { ClientResponse } from '../kernel/http-client.ts';
import { readAuthorization } from '../kernel/http-credentials.ts';
import { askFollowing, type Followed } from '../kernel/redirects.ts';
import { silentReporter } from '../settings/finding.ts';
import {
  httpClientShape,
  type HttpClientSettings,
  resolveHttpClient,
} from '../settings/http-client.ts';
import { httpUrlSchema, withoutSecrets } from '../settings/url.ts';
import { parseForeignJson } from '../kernel/foreign-json.ts';

const schema = z
  .strictObject({
    url: httpUrlSchema('url').meta({
      description: 'Where the list of targets is.',
      examples: ['http://localhost:9001/prometheus-targets'],
    }),
    refresh_interval: refreshIntervalSchema(60_000),
    ...httpClientShape,
  })
  .describe('A list of targets at a URL.');

type HttpConfig = z.output<typeof schema>;

const BODY_MAX_BYTES = 32 * 1024 * 1024;
const TIMEOUT_MAX_MS = 30_000;

export const httpMechanism = defineMechanism({
  key: 'http_sd_configs',
  schema,
  check: (config, context) => void resolveHttpClient(config, context),
  async *discover(config, world) {
    const { baseDirectory } = world;
    const client = resolveHttpClient(config, { baseDirectory, path: [], report: silentReporter });
    const { connection } = client;
    const own = connection === undefined ? undefined : createHttpClient({ connection });
    const edges = { ...world, http: own ?? world.http };
    try {
      yield* poll(config.refresh_interval, world, () => readList(config, client, edges));
    } finally {
      await own?.close();
    }
  },
});

async function readList(
  config: HttpConfig,
  client: HttpClientSettings,
  world: DiscoveryWorld,
): Promise<readonly TargetGroup[]> {
  const { answer, withheld } = await ask(config, client, world);
  try {
    if (answer.status !== 200) throw new Error(`status ${answer.status}, expected 200${withheld}`);
    const type = answer.headers['content-type'] ?? '';
    if (!/^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type.trim()))
      throw new Error(`content type ${JSON.stringify(type)}, expected "application/json"`);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(answer.body);
    const list = parseForeignJson(text);
    return await parseTargetList(list, config.url, { __meta_url: config.url }, 'hidden');
  } catch (error) {
    countHttpFailure(world);
    throw new Error(`http_sd ${withoutSecrets(config.url)}`, { cause: error });
  }
}

/** Asks for the list, following redirects. */
async function ask(
  config: HttpConfig,
  client: HttpClientSettings,
  { http, clock, signal }: DiscoveryWorld,
): Promise<Followed<ClientResponse>> {
  const authorization = await readAuthorization(client);
  const own = { ...client.headers, ...(authorization === undefined ? {} : { authorization }) };
  const { username, password } = new URL(config.url);
  const hasOwn = Object.keys(own).length > 0 || username + password !== '';
  const endMs = clock.elapsedMs() + Math.min(config.refresh_interval, TIMEOUT_MAX_MS);
  const send = (url: string, isOwn: boolean): Promise<ClientResponse> =>
    http.send({
      method: 'GET',
      url,
      headers: {
        accept: 'application/json',
        'accept-encoding': 'gzip',
        'user-agent': 'amperage',
        'x-prometheus-refresh-interval-seconds': String(config.refresh_interval / 1_000),
        ...(isOwn ? own : {}),
      },
      timeoutMs: Math.ceil(Math.max(1, endMs - clock.elapsedMs())),
      bodyMaxBytes: BODY_MAX_BYTES,
      signal,
    });
  if (config.follow_redirects === false)
    return { answer: await send(config.url, true), withheld: '' };
  const { answer, withheld } = await askFollowing(config.url, send);
  return { answer, withheld: hasOwn ? withheld : '' };
}

function countHttpFailure(world: DiscoveryWorld): void {
  world.metrics.counter('prometheus_sd_http_failures_total', 'HTTP SD readings that failed.').inc();
}
