/**
 * Reads a source: its text and its version, or that the known version is still the current one. An
 * SDK is loaded when it is first used. Limits: texts from HTTP and S3 ≤ 16 MiB, a read ≤ 15 s.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type AwsCallEdges, callAws } from '../../aws/calls.ts';
import { clientOptions } from '../../aws/client-options.ts';
import type { CredentialSource } from '../../aws/credential-source.ts';
import type { Clock } from '../../kernel/clock.ts';
import { ConfigError } from '../../kernel/errors.ts';
import { basicHeader } from '../../kernel/http-credentials.ts';
import type { HttpClient } from '../../kernel/http-client.ts';
import type { Registry } from '../../kernel/metrics.ts';
import { askFollowing } from '../../kernel/redirects.ts';
import type { SourceUri } from './uri.ts';

export interface SourceText {
  readonly text: string;
  /** ETag, parameter version, or a hash of the text. */
  readonly version: string;
}

export interface ReadEdges {
  readonly clock: Pick<Clock, 'elapsedMs'>;
  readonly http: HttpClient;
  readonly metrics: Registry;
  /** Credentials for S3, SSM and Secrets Manager. */
  readonly credentials: CredentialSource;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

const TEXT_MAX_BYTES = 16 * 1024 * 1024;
const TIMEOUT_MS = 15_000;
/** How many attempts an SDK makes within that time. */
const ATTEMPTS = 2;

/**
 * @param known  the version that the caller has; where the source can compare, `unchanged` is
 *               returned for it
 * @throws       ConfigError for what only the user can mend, other errors for what may pass
 */
export async function readSource(
  uri: SourceUri,
  known: string | undefined,
  edges: ReadEdges,
): Promise<SourceText | 'unchanged'> {
  switch (uri.kind) {
    case 'file':
      return hashed(await readFile(uri.path, 'utf8'));
    case 'env': {
      const text = edges.env[uri.name];
      if (text === undefined)
        throw new ConfigError('CONFIG_UNREADABLE', `the environment has no ${uri.name}`);
      return hashed(text);
    }
    case 'yaml':
      return hashed(uri.text);
    case 'http':
      return readHttp(uri.url, known, edges);
    case 's3':
      return readObject(uri, known, edges);
    case 'ssm':
      return readParameter(uri.name, edges);
    case 'secretsmanager':
      return readSecret(uri, edges);
  }
}

function hashed(text: string): SourceText {
  return { text, version: createHash('sha256').update(text).digest('hex').slice(0, 16) };
}

async function readHttp(
  url: string,
  known: string | undefined,
  { http, clock, signal }: ReadEdges,
): Promise<SourceText | 'unchanged'> {
  const endMs = clock.elapsedMs() + TIMEOUT_MS;
  const authorization = readUserInfo(url);
  const { answer, withheld } = await askFollowing(url, (next, isOwn) =>
    http.send({
      method: 'GET',
      url: next,
      headers: {
        ...(known?.includes('"') === true ? { 'if-none-match': known } : {}),
        ...(isOwn && authorization !== undefined ? { authorization } : {}),
      },
      timeoutMs: Math.ceil(Math.max(1, endMs - clock.elapsedMs())),
      bodyMaxBytes: TEXT_MAX_BYTES,
      signal,
    }),
  );
  if (answer.status === 304) return 'unchanged';
  if (answer.status !== 200)
    throw new Error(
      `status ${answer.status}, expected 200${authorization === undefined ? '' : withheld}`,
    );
  const text = answer.body.toString('utf8');
  const etag = answer.headers['etag'];
  return etag === undefined ? hashed(text) : { text, version: etag };
}

/** Basic auth by the user and password that a URL has. @throws ConfigError for a bad encoding */
function readUserInfo(url: string): string | undefined {
  const { username, password } = new URL(url);
  if (username === '' && password === '') return undefined;
  try {
    return basicHeader(decodeURIComponent(username), decodeURIComponent(password));
  } catch (error) {
    throw new ConfigError(
      'CONFIG_SOURCE',
      'the user or password of the URL has a % that begins no byte; write it %25',
      { cause: error },
    );
  }
}

async function readObject(
  uri: Extract<SourceUri, { kind: 's3' }>,
  known: string | undefined,
  edges: ReadEdges,
): Promise<SourceText | 'unchanged'> {
  const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  // A custom endpoint usually does not resolve host names that begin with the bucket.
  const isOwn =
    uri.endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
  const { credentials } = edges;
  const { region, endpoint } = uri;
  const client = new S3Client({
    ...clientOptions({ credentials, region, endpoint, maxAttempts: ATTEMPTS }),
    forcePathStyle: isOwn !== undefined,
    followRegionRedirects: true,
  });
  const command = new GetObjectCommand({
    Bucket: uri.bucket,
    Key: uri.key,
    VersionId: uri.version,
    IfNoneMatch: known,
  });
  try {
    const read = await callAws('s3:GetObject', callEdges(edges), async (abortSignal) => {
      const answer = await client.send(command, { abortSignal }).catch(unlessUnchanged);
      if (answer === 'unchanged') return answer;
      if ((answer.ContentLength ?? 0) > TEXT_MAX_BYTES) return 'too long';
      return { text: (await answer.Body?.transformToString()) ?? '', etag: answer.ETag };
    });
    if (read === 'unchanged') return read;
    if (read === 'too long')
      throw new ConfigError(
        'CONFIG_UNREADABLE',
        `the object is longer than ${TEXT_MAX_BYTES} bytes`,
      );
    const { text, etag } = read;
    return etag === undefined ? hashed(text) : { text, version: etag };
  } finally {
    client.destroy();
  }
}

/** The SDK throws for "304 Not Modified". */
function unlessUnchanged(error: unknown): 'unchanged' {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  if (status === 304) return 'unchanged';
  throw error;
}

function callEdges({ metrics, signal, credentials }: ReadEdges): AwsCallEdges {
  return { metrics, signal, credentials, timeoutMs: TIMEOUT_MS };
}

async function readParameter(Name: string, edges: ReadEdges): Promise<SourceText> {
  const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
  const { credentials } = edges;
  const client = new SSMClient(clientOptions({ credentials, maxAttempts: ATTEMPTS }));
  try {
    const command = new GetParameterCommand({ Name, WithDecryption: true });
    const { Parameter } = await callAws('ssm:GetParameter', callEdges(edges), (abortSignal) =>
      client.send(command, { abortSignal }),
    );
    return { text: Parameter?.Value ?? '', version: String(Parameter?.Version ?? '') };
  } finally {
    client.destroy();
  }
}

async function readSecret(
  uri: Extract<SourceUri, { kind: 'secretsmanager' }>,
  edges: ReadEdges,
): Promise<SourceText> {
  const sdk = await import('@aws-sdk/client-secrets-manager');
  const { credentials } = edges;
  const client = new sdk.SecretsManagerClient(
    clientOptions({ credentials, maxAttempts: ATTEMPTS }),
  );
  try {
    const command = new sdk.GetSecretValueCommand({
      SecretId: uri.id,
      VersionStage: uri.stage,
      VersionId: uri.version,
    });
    const answer = await callAws('secretsmanager:GetSecretValue', callEdges(edges), (abortSignal) =>
      client.send(command, { abortSignal }),
    );
    const secret = answer.SecretString ?? '';
    const text = uri.key === undefined ? secret : readField(secret, uri.key);
    return { text, version: answer.VersionId ?? hashed(text).version };
  } finally {
    client.destroy();
  }
}

function readField(secret: string, key: string): string {
  try {
    const value = (JSON.parse(secret) as Record<string, unknown>)[key];
    if (typeof value === 'string') return value;
  } catch {
    // Reported below, without the text of the secret.
  }
  throw new ConfigError('CONFIG_UNREADABLE', `the secret is no JSON object with a text "${key}"`);
}
