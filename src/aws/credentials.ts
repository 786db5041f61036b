/**
 * Makes sources of AWS credentials from static keys or the official SDK's providers (default chain,
 * a profile, a role to assume). A source adds what a sender needs: a cache, one refresh ahead of
 * expiry for all callers, a time limit, and a way to say that the present credentials were refused.
 * A provider that fails or hangs is logged and counted; meanwhile the present credentials are used
 * until they expire.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
import { type Moment, readMoment, systemClock } from '../kernel/clock.ts';
import { RecoverableError } from '../kernel/errors.ts';
import { boundedCall, raced } from './bounded-call.ts';
import { CredentialReport, describeProviderError } from './credential-report.ts';
import type {
  CredentialEdges,
  CredentialOptions,
  CredentialSource,
  ExpiringCredentials,
} from './credential-source.ts';
import { runQuietly } from './quiet-sdk.ts';
import { sdkProvider } from './sdk-credentials.ts';
import type { AwsCredentials } from './signing.ts';

/** Credentials are refreshed this long before they expire. */
const REFRESH_AHEAD_MS = 5 * 60_000;
/** How often credentials without an expiry are read again, since a file may have new ones. */
const REREAD_MS = 5 * 60_000;
/** The least time between two fetches while credentials still hold, and after a refusal. */
const RETRY_MS = 10_000;
/** A provider that has not answered by then is given up until the next call. */
const TIMEOUT_MS = 15_000;
/** How long a caller waits for new credentials while the present ones still hold. */
const PATIENCE_MS = 1_000;

/** A caching source of credentials. With static keys and no role the SDK is not loaded. */
export function createCredentialSource(
  options: CredentialOptions,
  edges: CredentialEdges = { clock: systemClock },
): CredentialSource {
  const { accessKey, secretKey, roleArn } = options;
  if (accessKey !== undefined && secretKey !== undefined && roleArn === undefined) {
    const fixed = Promise.resolve(makeKeys(accessKey, secretKey, options.sessionToken));
    return Object.assign(() => fixed, { invalidate: () => false, close: () => undefined });
  }
  const refresher = new Refresher(options, edges);
  return Object.assign((signal?: AbortSignal) => refresher.get(signal), {
    invalidate: () => refresher.invalidate(),
    close: () => refresher.close(),
  });
}

/** A fetch under way. */
interface Pending {
  readonly fresh: Promise<AwsCredentials>;
  /** Resolves to true after PATIENCE_MS, to false when the fetch ends before that. */
  readonly isSlow: Promise<boolean>;
}

class Refresher {
  readonly #options: CredentialOptions;
  readonly #edges: CredentialEdges;
  readonly #name: string;
  readonly #report: CredentialReport;
  readonly #closing = new AbortController();
  #held: ExpiringCredentials | undefined;
  #pending: Pending | undefined;
  /** By elapsed time. */
  #notBeforeMs = -Infinity;
  #fetched: Moment = { wallMs: -Infinity, elapsedMs: -Infinity };

  constructor(options: CredentialOptions, edges: CredentialEdges) {
    this.#options = options;
    this.#edges = edges;
    this.#name = nameSource(options);
    this.#report = new CredentialReport(this.#name, edges);
  }

  get(signal: AbortSignal | undefined): Promise<AwsCredentials> {
    const held = this.#held;
    const leftMs = this.#leftMs();
    if (held !== undefined && this.#isGood(leftMs)) return Promise.resolve(copyKeys(held));
    if (this.#closing.signal.aborted) return Promise.reject(this.#closing.signal.reason as Error);
    this.#pending ??= this.#begin();
    const { fresh, isSlow } = this.#pending;
    if (held === undefined || leftMs <= 0) return raced(fresh, signal);
    const present = isSlow.then((slow) => (slow ? copyKeys(held) : fresh));
    return raced(Promise.race([fresh, present]), signal);
  }

  invalidate(): boolean {
    // Credentials that are refused just after their fetch have another fault: a new fetch would
    // only load the endpoint.
    if (this.#elapsedMs() - this.#fetched.elapsedMs < RETRY_MS) return false;
    this.#held = undefined;
    this.#notBeforeMs = -Infinity;
    return true;
  }

  close(): void {
    this.#closing.abort(
      new RecoverableError(
        'AWS_CREDENTIALS',
        'credentials are not fetched any more: the command is stopping',
      ),
    );
  }

  #elapsedMs(): number {
    return this.#edges.clock.elapsedMs();
  }

  /** A wall clock that was set back since the fetch makes them last no longer. */
  #leftMs(): number {
    const expiration = this.#held?.expiration;
    if (expiration === undefined) return this.#held === undefined ? 0 : Infinity;
    const { wallMs, elapsedMs } = readMoment(this.#edges.clock);
    const passedMs = elapsedMs - this.#fetched.elapsedMs;
    return expiration.getTime() - Math.max(wallMs, this.#fetched.wallMs + passedMs);
  }

  #isGood(leftMs: number): boolean {
    const ageMs = this.#elapsedMs() - this.#fetched.elapsedMs;
    const isDue = leftMs === Infinity ? ageMs >= REREAD_MS : leftMs <= REFRESH_AHEAD_MS;
    if (!isDue) return true;
    const isHeldOff = this.#elapsedMs() < this.#notBeforeMs;
    return isHeldOff && (leftMs > 0 || ageMs < RETRY_MS);
  }

  #begin(): Pending {
    const settled = new AbortController();
    const fresh = this.#fetchAnew().finally(() => {
      this.#pending = undefined;
      settled.abort(new Error('settled'));
    });
    // A caller that got the present credentials does not await it: a rejection is handled here.
    fresh.catch(() => undefined);
    const isSlow = this.#edges.clock.sleep(PATIENCE_MS, settled.signal).then(
      () => true,
      () => false,
    );
    return { fresh, isSlow };
  }

  async #fetchAnew(): Promise<AwsCredentials> {
    const { clock, provider = sdkProvider } = this.#edges;
    const { signal } = this.#closing;
    try {
      const call = (): Promise<ExpiringCredentials> =>
        runQuietly(async () => (await provider(this.#options))());
      const fetched = await boundedCall(call, { clock, timeoutMs: TIMEOUT_MS, signal });
      this.#held = fetched;
      this.#fetched = readMoment(clock);
      // An endpoint that gives expired or nearly expired credentials is not asked for each request.
      this.#notBeforeMs = this.#fetched.elapsedMs + RETRY_MS;
      this.#report.worked(fetched.expiration);
      return copyKeys(fetched);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#notBeforeMs = this.#elapsedMs() + RETRY_MS;
      const holds = this.#held !== undefined && this.#leftMs() > 0;
      this.#report.failed(error, holds);
      if (this.#held !== undefined && holds) return copyKeys(this.#held);
      throw new RecoverableError(
        'AWS_CREDENTIALS',
        // Without the cause, which may hold the command of a credential_process.
        `no AWS credentials from ${this.#name}: ${describeProviderError(error)}`,
      );
    }
  }
}

/** The name of the source in logs and metrics; holds no secret. */
function nameSource({ accessKey, profile, roleArn }: CredentialOptions): string {
  if (roleArn !== undefined) return roleArn;
  if (profile !== undefined) return `profile ${profile}`;
  return accessKey === undefined ? 'default chain' : 'static keys';
}

/** A copy, since a provider may share its object with others and change it. */
function copyKeys(held: ExpiringCredentials): AwsCredentials {
  return makeKeys(held.accessKeyId, held.secretAccessKey, held.sessionToken);
}

function makeKeys(
  accessKeyId: string,
  secretAccessKey: string,
  sessionToken: string | undefined,
): ExpiringCredentials {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
