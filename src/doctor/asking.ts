/**
 * How doctor asks AWS: credentials once for each way to get them, signed requests once for each
 * text, and with each answer the canonical form of what was signed. No client of the SDK: its
 * answers do not show what a proxy or a policy did to a request. It remembers which texts are
 * secret, so that none is told.
 * Limits: 5 s and 1 MiB for an answer.
 */
import { createCredentialSource } from '../aws/credentials.ts';
import type {
  CredentialOptions,
  CredentialSource,
  ExpiringCredentials,
} from '../aws/credential-source.ts';
import { configuredEndpoint, makeEndpoint } from '../aws/endpoints.ts';
import { findRegion } from '../aws/region.ts';
import { sdkProvider } from '../aws/sdk-credentials.ts';
import { canonicalRequest, sha256Hex, signRequest } from '../aws/signing.ts';
import { type ClientResponse, createHttpClient, type HttpClient } from '../kernel/http-client.ts';
import type { HttpConnection } from '../kernel/http-connection.ts';
import type { World } from '../kernel/world.ts';
import type { AwsUse, Use } from './uses.ts';

const TIMEOUT_MS = 5_000;
const ANSWER_MAX_BYTES = 1_048_576;

/** Endpoints whose name is not that of the service in signatures, and so in variables. */
const ENDPOINT_IDS: Readonly<Record<string, string>> = { aps: 'amp' };

export interface AskedRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface AskedAnswer {
  readonly response: ClientResponse;
  /** The canonical form that we signed; the token in it is a secret. */
  readonly canonical: string;
  /** When the answer came, by our wall clock; a timestamp. */
  readonly receivedMs: number;
}

export class Asking {
  readonly #world: World;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #secrets = new Set<string>();
  readonly #regions = new Map<string, Promise<string>>();
  readonly #credentials = new Map<string, Promise<ExpiringCredentials>>();
  readonly #answers = new Map<string, Promise<AskedAnswer>>();
  readonly #clients = new Map<string, HttpClient>();
  readonly #closing: (() => void)[] = [];

  constructor(world: World, env: Readonly<Record<string, string | undefined>>) {
    this.#world = world;
    this.#env = env;
  }

  /** The keys and tokens that were fetched, and must not be told. */
  get secrets(): ReadonlySet<string> {
    return this.#secrets;
  }

  /** The region where a use names none. @throws RecoverableError AWS_REGION_UNKNOWN */
  region({ region, credentials }: AwsUse): Promise<string> {
    if (region !== undefined && region !== '') return Promise.resolve(region);
    const profile = credentials.profile ?? '';
    return remember(this.#regions, profile, () => findRegion(this.#env, credentials.profile));
  }

  /** @throws RecoverableError AWS_CREDENTIALS */
  credentials(options: CredentialOptions): Promise<ExpiringCredentials> {
    return remember(this.#credentials, credentialKey(options), () => this.#fetch(options));
  }

  /** Scheme, host and port that a service is asked at. @throws as `region` */
  async origin(aws: AwsUse): Promise<string> {
    const { service, endpoint } = aws;
    const given = endpoint ?? configuredEndpoint(ENDPOINT_IDS[service] ?? service, this.#env);
    if (given !== undefined) return given.replace(/\/+$/, '');
    if (service === 'iam') return 'https://iam.amazonaws.com';
    return makeEndpoint(service, await this.region(aws));
  }

  /** The endpoint of a service that the environment sets, for a client of the SDK. */
  endpointOf(service: string): string | undefined {
    return configuredEndpoint(ENDPOINT_IDS[service] ?? service, this.#env);
  }

  /** The credentials as a source, for a client of the SDK. */
  sourceOf(options: CredentialOptions): CredentialSource {
    const get = (): Promise<ExpiringCredentials> => this.credentials(options);
    return Object.assign(get, { invalidate: () => false, close: () => undefined });
  }

  /** Where a use goes, whole: its URL, or the endpoint of its service. @throws as `region` */
  async urlOf({ url, aws }: Use): Promise<string> {
    if (url !== undefined || aws === undefined) return url ?? '';
    return `${await this.origin(aws)}/`;
  }

  /** A client that connects as the use does. */
  client(connection: HttpConnection | undefined): HttpClient {
    if (connection === undefined) return this.#world.http;
    const known = this.#clients.get(connection.key) ?? createHttpClient({ connection });
    this.#clients.set(connection.key, known);
    return known;
  }

  /**
   * Signs a request and sends it, to the use's URL or to the endpoint of its service.
   *
   * @throws RecoverableError where there is no answer, no region or no credentials
   */
  ask(use: Use & { readonly aws: AwsUse }, request: AskedRequest): Promise<AskedAnswer> {
    const { aws, url = '' } = use;
    const { credentials, ...rest } = aws;
    const body = request.body === undefined ? '' : sha256Hex(request.body);
    const key = JSON.stringify([url, rest, credentialKey(credentials), { ...request, body }]);
    return remember(this.#answers, key, () => this.#ask(use, request));
  }

  async #ask(use: Use & { readonly aws: AwsUse }, request: AskedRequest): Promise<AskedAnswer> {
    const { aws, connection } = use;
    const { method, path, headers = {}, body } = request;
    const url = use.url ?? `${await this.origin(aws)}${path}`;
    const region = await this.region(aws);
    const keys = await this.credentials({ ...aws.credentials, connection });
    const nowMs = this.#world.clock.nowMs();
    const scope = { region, service: aws.service };
    const signed = signRequest({ method, url, headers, body }, keys, scope, nowMs);
    const response = await this.client(connection).send({
      method,
      url,
      headers: signed,
      ...(body === undefined ? {} : { body }),
      timeoutMs: TIMEOUT_MS,
      bodyMaxBytes: ANSWER_MAX_BYTES,
      signal: AbortSignal.timeout(2 * TIMEOUT_MS),
    });
    const canonical = canonicalOf(method, url, signed, body);
    return { response, canonical, receivedMs: this.#world.clock.nowMs() };
  }

  async #fetch(options: CredentialOptions): Promise<ExpiringCredentials> {
    let fetched: ExpiringCredentials | undefined;
    const source = createCredentialSource(
      { region: () => this.region({ ...NO_SERVICE, credentials: options }), ...present(options) },
      {
        clock: this.#world.clock,
        provider: async (given) => {
          const provide = await sdkProvider(given);
          return async () => (fetched = await provide());
        },
      },
    );
    this.#closing.push(() => source.close());
    const keys = await source();
    this.#secrets.add(keys.secretAccessKey);
    if (keys.sessionToken !== undefined) this.#secrets.add(keys.sessionToken);
    const { accessKeyId, secretAccessKey, sessionToken } = keys;
    return (
      fetched ?? {
        accessKeyId,
        secretAccessKey,
        ...(sessionToken === undefined ? {} : { sessionToken }),
      }
    );
  }

  async close(): Promise<void> {
    for (const close of this.#closing) close();
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}

const NO_SERVICE = { service: '', region: undefined, endpoint: undefined };

/** Without keys that are undefined: the region is a default of ours only where none is given. */
function present(options: CredentialOptions): CredentialOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Equal for options that give the same credentials. */
export function credentialKey(options: CredentialOptions): string {
  const { accessKey, secretKey, profile, roleArn, externalId, webIdentityTokenFile } = options;
  return JSON.stringify([
    accessKey,
    secretKey,
    profile,
    roleArn,
    externalId,
    webIdentityTokenFile,
    roleArn === undefined ? undefined : options.region,
  ]);
}

/** What was asked once is asked once: a failure is the same failure for all who ask. */
function remember<Value>(
  known: Map<string, Promise<Value>>,
  key: string,
  make: () => Promise<Value>,
): Promise<Value> {
  const made = known.get(key) ?? make();
  known.set(key, made);
  return made;
}

/** The canonical form of a request that `signRequest` has signed. */
function canonicalOf(
  method: string,
  url: string,
  signed: Readonly<Record<string, string>>,
  body: Uint8Array | string | undefined,
): string {
  const { pathname, search } = new URL(url);
  const names = /SignedHeaders=([^,]+)/.exec(signed['authorization'] ?? '')?.[1]?.split(';') ?? [];
  return canonicalRequest({
    method,
    path: pathname,
    query: search.slice(1),
    headers: names.map((name) => [name, signed[name] ?? '']),
    payloadHash: signed['x-amz-content-sha256'] ?? sha256Hex(body ?? ''),
  });
}
