/**
 * Calls one AWS service by plain HTTP requests that are signed: for services whose requests are
 * made of bytes that pass unchanged, where the SDK would parse them and write them anew: our own by
 * `send`, those of other programs by `forward`. Region and credentials are found at the first call.
 * Not here: retries (but for a corrected signature), and the meaning of a status.
 * Limits: 32 connections; the time and the answer of each request.
 */
import type { ClientRequest, ClientResponse, HttpClient } from '../kernel/http-client.ts';
import { createHttpClient } from '../kernel/http-client.ts';
import type { HttpConnection } from '../kernel/http-connection.ts';
import { RecoverableError } from '../kernel/errors.ts';
import type { World } from '../kernel/world.ts';
import type { CredentialOptions, CredentialSource } from './credential-source.ts';
import { createCredentialSource } from './credentials.ts';
import { configuredEndpoint, type EndpointVariant, makeEndpoint } from './endpoints.ts';
import { blamesClock, blamesToken } from './refusals.ts';
import { configuredRegion, findRegion } from './region.ts';
import { isReplacedHeader, removePresignature } from './replaced-signature.ts';
import { sha256Hex, signRequest } from './signing.ts';
import { type HeaderPair, signWire } from './wire-signing.ts';

export interface ServiceAccess extends EndpointVariant {
  /** The name of the service in signatures and endpoints. */
  readonly service: string;
  /** Scheme, host and port; of the environment, else of service and region when undefined. */
  readonly endpoint?: string | undefined;
  /** Found out where the process runs when undefined. */
  readonly region?: string | undefined;
  /** Whether instance metadata is not asked for the region. */
  readonly isLocal?: boolean | undefined;
  readonly credentials: CredentialOptions;
  /** TLS settings and a proxy; the defaults when undefined. */
  readonly connection?: HttpConnection | undefined;
}

export interface ServiceRequest extends Omit<ClientRequest, 'url'> {
  /** Path and query, as sent. */
  readonly path: string;
}

/** A request of another program: its method, target, headers and body as they came. */
export interface ForwardedRequest {
  readonly method: string;
  /** Path and query on the wire; begins with a slash. */
  readonly target: string;
  /** End-to-end headers, names in lower case; those of a signature are replaced. */
  readonly headers: readonly HeaderPair[];
  readonly body: Buffer;
  readonly timeoutMs: number;
  /** Limit of the answer's body, as sent. */
  readonly bodyMaxBytes: number;
  readonly signal: AbortSignal;
}

/** A clock that is off by less is not corrected: AWS tolerates five minutes. */
const SKEW_MIN_MS = 60_000;
/** How much of a refusal is searched for these. */
const REFUSAL_MAX = 4_096;

export class ServiceClient {
  readonly #access: ServiceAccess;
  readonly #world: Pick<World, 'clock' | 'log'>;
  readonly #http: HttpClient;
  /** Its own client is closed with it. */
  readonly #isHttpOwn: boolean;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #credentials: CredentialSource;
  #region: string | undefined;
  /** What is added to our clock, by what the service says. */
  #offsetMs = 0;

  constructor(
    access: ServiceAccess,
    world: World,
    env: Readonly<Record<string, string | undefined>> = process.env,
  ) {
    const { connection, region } = access;
    this.#access = access;
    this.#world = world;
    this.#env = env;
    this.#region = region;
    this.#isHttpOwn = connection !== undefined;
    this.#http = connection === undefined ? world.http : createHttpClient({ connection });
    const options = { connection, ...access.credentials };
    const withRegion = { region: () => this.region(), ...options };
    this.#credentials = createCredentialSource(withRegion, world);
  }

  /** @throws RecoverableError AWS_REGION_UNKNOWN */
  async region(): Promise<string> {
    this.#region ??= await this.#findRegion();
    return this.#region;
  }

  /** Where requests go: scheme, host and port. @throws RecoverableError AWS_REGION_UNKNOWN */
  async origin(): Promise<string> {
    const { service, endpoint } = this.#access;
    const given = endpoint ?? configuredEndpoint(service, this.#env);
    if (given !== undefined) return given.replace(/\/+$/, '');
    return makeEndpoint(service, await this.region(), this.#access);
  }

  /**
   * Signs a request and sends it once. After a refusal of the signature, the next request has fresh
   * credentials or the time of the service.
   *
   * @throws RecoverableError where there is no answer, no region or no credentials
   */
  async send({ path, ...request }: ServiceRequest): Promise<ClientResponse> {
    const { service } = this.#access;
    const url = `${await this.origin()}${path}`;
    const region = await this.region();
    const credentials = await this.#credentials(request.signal);
    const { headers = {}, body, method } = request;
    const nowMs = this.#world.clock.nowMs() + this.#offsetMs;
    const unsigned = { method, url, headers, body };
    const signed = signRequest(unsigned, credentials, { region, service }, nowMs);
    const response = await this.#http.send({ ...request, url, headers: signed });
    if (response.status >= 400 && response.status < 500) this.#learn(response);
    return response;
  }

  /**
   * Signs a request of another program and sends it; the answer comes as it was sent, not inflated,
   * with `headerLists`. After a refusal of the signature that can be corrected (an expired token, a
   * wrong clock), the request is signed and sent once more.
   *
   * @throws RecoverableError where there is no answer, no region or no credentials
   */
  async forward(request: ForwardedRequest): Promise<ClientResponse> {
    const first = await this.#forwardOnce(request);
    if (first.status < 400 || first.status >= 500 || !this.#learn(first)) return first;
    return this.#forwardOnce(request);
  }

  async #forwardOnce(request: ForwardedRequest): Promise<ClientResponse> {
    const { method, target, body, signal, timeoutMs, bodyMaxBytes } = request;
    const { service } = this.#access;
    const base = new URL(await this.origin());
    const region = await this.region();
    const credentials = await this.#credentials(signal);
    const mark = target.indexOf('?');
    const prefix = base.pathname.replace(/\/$/, '');
    const path = `${prefix}${mark < 0 ? target : target.slice(0, mark)}`;
    const query = mark < 0 ? '' : removePresignature(target.slice(mark + 1));
    const kept = request.headers.filter(([name]) => !isReplacedHeader(name));
    const headers: HeaderPair[] = [['host', base.host], ...kept];
    const wire = { method, path, query, headers, payloadHash: sha256Hex(body) };
    const nowMs = this.#world.clock.nowMs() + this.#offsetMs;
    const added = signWire(wire, credentials, { region, service }, nowMs);
    return this.#http.send({
      method,
      url: `${base.origin}${path}`,
      target: query === '' ? path : `${path}?${query}`,
      headers: joinRepeats([...headers, ...added]),
      ...(body.length === 0 ? {} : { body }),
      timeoutMs,
      bodyMaxBytes,
      signal,
      isForwarded: true,
    });
  }

  async close(): Promise<void> {
    this.#credentials.close();
    if (this.#isHttpOwn) await this.#http.close();
  }

  /**
   * Takes the time of the service for a wrong clock, or fresh credentials for a stale token.
   *
   * @returns  whether the request may now succeed
   */
  #learn({ body, headers }: ClientResponse): boolean {
    const text = body.subarray(0, REFUSAL_MAX).toString();
    const dateMs = Date.parse(headers['date'] ?? '');
    if (blamesClock(text) && !Number.isNaN(dateMs)) {
      const offsetMs = dateMs - this.#world.clock.nowMs();
      if (Math.abs(offsetMs - this.#offsetMs) < SKEW_MIN_MS) return false;
      this.#offsetMs = offsetMs;
      const fields = { service: this.#access.service, offset_ms: offsetMs };
      this.#world.log.warn('the clock is off; requests are signed with the time of AWS', fields);
      return true;
    }
    return blamesToken(text) && this.#credentials.invalidate();
  }

  async #findRegion(): Promise<string> {
    const { isLocal, credentials } = this.#access;
    const { profile } = credentials;
    if (isLocal !== true) return findRegion(this.#env, profile);
    const region = await configuredRegion(this.#env, profile);
    if (region !== undefined) return region;
    throw new RecoverableError(
      'AWS_REGION_UNKNOWN',
      'the AWS region is not known: set a region in the configuration, AWS_REGION, or the region ' +
        'of a profile in ~/.aws/config',
    );
  }
}

/** One value of each name: lines of one name mean the same as their values behind commas. */
function joinRepeats(pairs: readonly HeaderPair[]): Record<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of pairs) {
    const before = joined.get(name);
    const mark = name === 'cookie' ? '; ' : ', ';
    joined.set(name, before === undefined ? value : `${before}${mark}${value}`);
  }
  return Object.fromEntries(joined);
}
