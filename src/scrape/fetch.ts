/**
 * Fetches the body of a target: request headers, redirects, which answers count, and which format
 * the body is in. Not here: sockets, time limits, inflating and the addresses that are never
 * connected to, which are in kernel/http-client.ts.
 * Source: https://prometheus.io/docs/instrumenting/content_negotiation/,
 * prometheus/scrape/scrape.go (targetScraper)
 */
import { type Clock } from '../kernel/clock.ts';
import { PermanentError } from '../kernel/errors.ts';
import { readAuthorization } from '../kernel/http-credentials.ts';
import { type ClientResponse, type HttpClient } from '../kernel/http-client.ts';
import type { Borrowed } from '../model/borrowed.ts';
import { quoteText } from '../wire/exposition/bad-bytes.ts';
import {
  acceptHeader,
  type ExpositionKind,
  parseContentType,
} from '../wire/exposition/negotiation.ts';
import { refuseMetadataUrl } from '../kernel/metadata-addresses.ts';
import { askFollowing, TooManyRedirectsError } from '../kernel/redirects.ts';
import { parseUrl } from '../kernel/urls.ts';
import type { ScrapeConfig } from './config.ts';

export interface FetchOptions {
  readonly http: HttpClient<Borrowed<Uint8Array>>;
  readonly clock: Clock;
  readonly config: ScrapeConfig;
  readonly userAgent: string;
  readonly url: string;
  /** The socket file to connect to in place of the URL's host. */
  readonly socketPath?: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The body of a target's answer, inflated, and its format. */
export interface FetchedBody {
  /** Lent until the turn of the event loop ends. */
  readonly body: Borrowed<Uint8Array>;
  readonly kind: ExpositionKind;
}

/**
 * Fetches the body of a target.
 *
 * @throws HttpClientError where there is no answer, PermanentError where the answer is not one to
 * read
 */
export async function fetchExposition(options: FetchOptions): Promise<FetchedBody> {
  const { clock, config, timeoutMs } = options;
  const endMs = clock.elapsedMs() + timeoutMs;
  const send = async (
    url: string,
    isOwn: boolean,
  ): Promise<ClientResponse<Borrowed<Uint8Array>>> => {
    if (!config.allowMetadataAddresses) refuseMetadataUrl(parseUrl(url));
    return options.http.send({
      method: 'GET',
      url,
      socketPath: options.socketPath,
      headers: isOwn && hasOwn(config) ? await buildHeaders(options) : buildPlainHeaders(options),
      timeoutMs: Math.ceil(Math.max(1, Math.min(timeoutMs, endMs - clock.elapsedMs()))),
      bodyMaxBytes: config.limits.bodySizeBytes === 0 ? 2 ** 31 : config.limits.bodySizeBytes,
      signal: options.signal,
    });
  };
  if (!config.followRedirects) return readBody(await send(options.url, true), config, '');
  const { answer, withheld } = await askFollowing(options.url, send).catch((error: unknown) => {
    if (!(error instanceof TooManyRedirectsError)) throw error;
    throw new PermanentError('SCRAPE_REDIRECTS', `the target is not reached: ${error.message}`, {
      cause: error,
    });
  });
  return readBody(answer, config, hasOwn(config) ? withheld : '');
}

/** Configured headers go where credentials go: a token may be in any of them. */
async function buildHeaders(options: FetchOptions): Promise<Record<string, string>> {
  const headers = joinHeaders(buildPlainHeaders(options), options.config.headers);
  const credentials = await readAuthorization(options.config);
  if (credentials !== undefined) headers['authorization'] = credentials;
  return headers;
}

/** As with Go's client, a header that both have is sent with both values, ours first. */
function joinHeaders(
  ours: Readonly<Record<string, string>>,
  configured: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = { ...ours };
  for (const [name, value] of Object.entries(configured)) {
    const own = headers[name.toLowerCase()];
    headers[own === undefined ? name : name.toLowerCase()] =
      own === undefined ? value : `${own},${value}`;
  }
  return headers;
}

interface PlainHeaders {
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly headers: Record<string, string>;
}

/** By configuration: each scrape gets the same object, until the agent or the timeout changes. */
const plainHeaders = new WeakMap<ScrapeConfig, PlainHeaders>();

/** The headers that all targets of a job are sent. */
function buildPlainHeaders({ config, userAgent, timeoutMs }: FetchOptions): Record<string, string> {
  const known = plainHeaders.get(config);
  if (known?.userAgent === userAgent && known.timeoutMs === timeoutMs) return known.headers;
  const headers = {
    accept: acceptHeader(config.protocols, config.escaping),
    'accept-encoding': config.enableCompression ? 'gzip,zstd;q=0.9' : 'identity',
    'user-agent': userAgent,
    'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1_000),
  };
  plainHeaders.set(config, { userAgent, timeoutMs, headers });
  return headers;
}

/** Whether the job has headers of its own, or credentials. */
function hasOwn({ basicAuth, authorization, headers }: ScrapeConfig): boolean {
  return basicAuth !== undefined || authorization !== undefined || !isEmpty(headers);
}

function isEmpty(headers: Readonly<Record<string, string>>): boolean {
  for (const _ in headers) return false;
  return true;
}

function readBody(
  response: ClientResponse<Borrowed<Uint8Array>>,
  config: ScrapeConfig,
  withheld: string,
): FetchedBody {
  if (response.status !== 200)
    throw new PermanentError(
      'SCRAPE_STATUS',
      `the target answered with status ${response.status}; only 200 is a scrape${withheld}`,
    );
  refuseEncoding(response);
  const type = response.headers['content-type'];
  const kind = parseContentType(type) ?? config.fallback;
  const { body } = response;
  if (kind !== undefined) return { body, kind };
  if (body.length === 0) return { body, kind: 'text' };
  throw new PermanentError(
    'SCRAPE_CONTENT_TYPE',
    `the target answered with Content-Type ${quoteText(type ?? '')}, which is no ` +
      'exposition format; let it serve text/plain; version=0.0.4, or set ' +
      'fallback_scrape_protocol',
  );
}

/** What a compressed page begins with; no exposition does. */
const MAGICS: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];

/** What came is called what it is, rather than a fault of its first line. */
function refuseEncoding({ headers, body }: ClientResponse<Borrowed<Uint8Array>>): void {
  const told = headers['content-encoding'] ?? '';
  const coding = told.toLowerCase();
  if (coding !== '' && coding !== 'identity' && coding !== 'gzip')
    throw new PermanentError(
      'SCRAPE_ENCODING',
      `the target answered with Content-Encoding ${quoteText(told)}, which is not known here; ` +
        'let it send gzip, or identity',
    );
  const found = MAGICS.find(([, bytes]) => bytes.every((byte, index) => body[index] === byte));
  if (found === undefined) return;
  const words =
    coding === 'gzip'
      ? `the page is ${found[0]} within gzip: it is compressed twice`
      : `the page is ${found[0]}, and no Content-Encoding says so`;
  throw new PermanentError('SCRAPE_ENCODING', `${words}; let one side compress it, once`);
}
