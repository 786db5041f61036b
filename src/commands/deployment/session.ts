/**
 * How the commands that act on a deployment call AWS: one source of credentials, one region, each
 * call limited, and repeated where that can help: throttled, without an answer, or refused with
 * credentials that were renewed since. All that they send is safe to send twice: it reads, sets a
 * state, or has a token.
 */
import { callAws, AwsCallError } from '../../aws/calls.ts';
import { type AwsClientOptions, clientOptions } from '../../aws/client-options.ts';
import { createCredentialSource } from '../../aws/credentials.ts';
import type { CredentialSource } from '../../aws/credential-source.ts';
import { listProfiles } from '../../aws/profiles.ts';
import { findRegion } from '../../aws/region.ts';
import type { OperationAction } from '../../deploy/deployer/operations.ts';
import { ConfigError } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';

const ATTEMPTS = 6;
const BACKOFF_MS = 1_000;
const BACKOFF_MAX_MS = 10_000;
const CLEAN_UP_MAX_MS = 15_000;

export interface AccessFlags {
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
}

export class OperatorSession {
  readonly region: string;
  readonly profile: string | undefined;
  readonly world: World;
  readonly signal: AbortSignal;
  readonly #credentials: CredentialSource;
  readonly #closing: (() => void)[];

  /** @throws ConfigError for a profile that is none, RecoverableError AWS_REGION_UNKNOWN */
  static async open(
    flags: AccessFlags,
    world: World,
    signal: AbortSignal,
  ): Promise<OperatorSession> {
    if (flags.profile !== undefined) await requireProfile(flags.profile);
    const region = flags.region ?? (await findRegion(process.env, flags.profile));
    const { profile } = flags;
    const credentials = createCredentialSource({ profile, region }, world);
    return new OperatorSession({ region, profile, world, signal }, credentials, []);
  }

  private constructor(
    {
      region,
      profile,
      world,
      signal,
    }: Pick<OperatorSession, 'profile' | 'region' | 'signal' | 'world'>,
    credentials: CredentialSource,
    closing: (() => void)[],
  ) {
    this.region = region;
    this.profile = profile;
    this.world = world;
    this.signal = signal;
    this.#credentials = credentials;
    this.#closing = closing;
  }

  /** The same for what must be done though the command ends. */
  forCleanUp(): OperatorSession {
    const signal = AbortSignal.timeout(CLEAN_UP_MAX_MS);
    const { region, profile, world } = this;
    return new OperatorSession(
      { region, profile, world, signal },
      this.#credentials,
      this.#closing,
    );
  }

  clientOptions(): AwsClientOptions {
    return clientOptions({ credentials: this.#credentials, region: this.region });
  }

  /** Closes a client with the session. */
  adopt<Client extends { destroy(): void }>(client: Client): Client {
    this.#closing.push(() => client.destroy());
    return client;
  }

  /** @throws AwsCallError; the reason of the signal when that aborts */
  async call<Answer>(
    action: OperationAction,
    send: (options: { readonly abortSignal: AbortSignal }) => Promise<Answer>,
  ): Promise<Answer> {
    const { metrics, clock } = this.world;
    const edges = { metrics, signal: this.signal, credentials: this.#credentials };
    let hasRenewed = false;
    for (let attempt = 1; ; attempt++) {
      try {
        return await callAws(action, edges, (abortSignal) => send({ abortSignal }));
      } catch (error) {
        if (!(error instanceof AwsCallError)) throw error;
        if (error.failure === 'stale_credentials' && error.isRenewed && !hasRenewed) {
          hasRenewed = true;
          continue;
        }
        if (!isPassing(error) || attempt === ATTEMPTS) throw error;
        const waitMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** (attempt - 1));
        await clock.sleep(waitMs, this.signal);
      }
    }
  }

  close(): void {
    for (const close of this.#closing) close();
    this.#credentials.close();
  }
}

/** Codes of Node for a connection that ended, or that nobody takes for now. */
const BROKEN = /^(?:ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|ENETUNREACH|EAI_AGAIN)$/;

function isPassing({ failure, cause }: AwsCallError): boolean {
  if (failure === 'throttled' || failure === 'timeout') return true;
  const { $metadata, code } = cause as {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly code?: string;
  };
  return ($metadata?.httpStatusCode ?? 0) >= 500 || BROKEN.test(code ?? '');
}

/** AWS's own words for a failure: its name and message. */
export function describeRefusal(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown };
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(error);
}

/** Without this a wrong name would be told as a region, or credentials, that are not there. */
async function requireProfile(name: string): Promise<void> {
  const known = await listProfiles();
  if (known.includes(name)) return;
  throw new ConfigError(
    'FLAG_VALUE',
    `--profile ${name}: neither ~/.aws/config nor ~/.aws/credentials (or the files of ` +
      `AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE) has it; ` +
      (known.length === 0 ? 'they have none' : `they have ${known.join(', ')}`),
  );
}
