/**
 * Gets a target's page: request headers, redirects, what counts as an answer, and the addresses never asked.
 * Not here: sockets, time limits and inflating, which are kernel/http-client.ts. The address guard sees literal
 * addresses; a name that resolves to one is not yet refused.
 * Source: https://prometheus.io/docs/instrumenting/content_negotiation/, prometheus/scrape/scrape.go (targetScraper)
 */
import { BlockList, isIP } from 'node:net';
import { type Clock } from '../kernel/clock.ts';
import { PermanentError } from '../kernel/errors.ts';
import { type ClientResponse, type HttpClient } from '../kernel/http-client.ts';
import { type ScrapeConfig } from './config.ts';

const ACCEPT =
  'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4';
const REDIRECTS_MAX = 10;

/** Addresses that give out credentials and metadata of the machine or task. */
const metadataAddresses = new BlockList();
metadataAddresses.addAddress('169.254.169.254');
metadataAddresses.addAddress('169.254.170.2');
metadataAddresses.addAddress('169.254.170.23');
metadataAddresses.addAddress('fd00:ec2::254', 'ipv6');
metadataAddresses.addAddress('fd00:ec2::23', 'ipv6');

export interface FetchOptions {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly config: ScrapeConfig;
  readonly userAgent: string;
  readonly url: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * The body of a target's page, inflated.
 *
 * @throws HttpClientError where there is no answer, PermanentError where it is not one to read
 */
export async function fetchExposition(options: FetchOptions): Promise<Uint8Array> {
  const { clock, config, timeoutMs } = options;
  const endMs = clock.nowMs() + timeoutMs;
  let { url } = options;
  for (let redirects = 0; ; redirects++) {
    if (!config.allowMetadataAddresses) refuseMetadataAddress(url);
    const response = await options.http.send({
      method: 'GET',
      url,
      headers: headersFor(options, new URL(url).origin === new URL(options.url).origin),
      timeoutMs: Math.max(1, Math.min(timeoutMs, endMs - clock.nowMs())),
      bodyMaxBytes: config.limits.bodySizeBytes === 0 ? 2 ** 31 : config.limits.bodySizeBytes,
      signal: options.signal,
    });
    const next = redirectOf(response, url);
    if (next === undefined) return bodyOf(response, config);
    if (redirects === REDIRECTS_MAX)
      throw new PermanentError(
        'SCRAPE_REDIRECTS',
        'redirects',
        `the target redirects more than ${REDIRECTS_MAX} times`,
      );
    url = next;
  }
}

/** Throws for a URL whose host is a metadata address, in whatever spelling. */
export function refuseMetadataAddress(url: string): void {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  if (family === 0 || !metadataAddresses.check(host, family === 6 ? 'ipv6' : 'ipv4')) return;
  throw new PermanentError(
    'SCRAPE_METADATA_ADDRESS',
    'metadata_address',
    `${host} is a metadata address, which hands out credentials, and is not scraped; set allow_metadata_addresses on the job to do it nevertheless`,
  );
}

/** Credentials and configured headers go only to the origin that was configured. */
function headersFor(options: FetchOptions, isOwnOrigin: boolean): Record<string, string> {
  const { config } = options;
  const headers: Record<string, string> = {
    accept: ACCEPT,
    'accept-encoding': config.enableCompression ? 'gzip' : 'identity',
    'user-agent': options.userAgent,
    'x-prometheus-scrape-timeout-seconds': String(options.timeoutMs / 1_000),
  };
  if (!isOwnOrigin) return headers;
  Object.assign(headers, config.headers);
  const { basicAuth, authorization } = config;
  if (basicAuth !== undefined) {
    const pair = Buffer.from(`${basicAuth.username}:${basicAuth.password()}`);
    headers['authorization'] = `Basic ${pair.toString('base64')}`;
  } else if (authorization !== undefined) {
    headers['authorization'] = `${authorization.type} ${authorization.credentials()}`;
  }
  return headers;
}

function redirectOf(response: ClientResponse, url: string): string | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  const location = response.headers['location'];
  if (location === undefined || !URL.canParse(location, url)) return undefined;
  const next = new URL(location, url);
  return next.protocol === 'http:' || next.protocol === 'https:' ? next.href : undefined;
}

function bodyOf(response: ClientResponse, config: ScrapeConfig): Uint8Array {
  if (response.status !== 200)
    throw new PermanentError(
      'SCRAPE_STATUS',
      'status',
      `the target answered with status ${response.status}; only 200 is a scrape`,
    );
  const type = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'text/plain' || response.body.length === 0) return response.body;
  const isOther = type === 'application/openmetrics-text' || type.startsWith('application/vnd.');
  if (isOther || !config.fallbackToText)
    throw new PermanentError(
      'SCRAPE_CONTENT_TYPE',
      'content_type',
      `the target answered with Content-Type ${JSON.stringify(type)}, which is not read here; let it serve text/plain; version=0.0.4`,
    );
  return response.body;
}
