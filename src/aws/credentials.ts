/**
 * Where AWS credentials come from: static keys, or the official SDK's providers (default chain, a
 * profile, a role to assume). Adds to them what a sender needs: a memo, a refresh ahead of expiry
 * that all callers share, a time limit, and a way to say that the present ones were refused. A
 * provider that fails or hangs is told and counted; meanwhile the present credentials serve for as
 * long as they hold.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
import { systemClock } from '../kernel/clock.ts';
import { RecoverableError } from '../kernel/errors.ts';
import { boundedCall, raced } from './bounded-call.ts';
import { CredentialReport, describeProviderError } from './credential-report.ts';
import type {
  CredentialEdges,
  CredentialOptions,
  CredentialSource,
  ExpiringCredentials,
} from './credential-source.ts';
import { sdkProvider } from './sdk-credentials.ts';
import type { AwsCredentials } from './signing.ts';

/** Refreshed this long before they expire. */
const REFRESH_AHEAD_MS = 5 * 60_000;
/** What has no expiry is read again this often: a file, or a process, may have others by now. */
const REREAD_MS = 5 * 60_000;
/** Between two fetches of credentials that still hold, or that were refused. */
const RETRY_MS = 10_000;
/** A provider that has not answered by then is given up until the next call. */
const TIMEOUT_MS = 15_000;
/** So long fresh ones are waited for while the present ones hold. */
const PATIENCE_MS = 1_000;

/** A memoised source of credentials. With static keys and no role nothing of the SDK is loaded. */
export function createCredentialSource(
  options: CredentialOptions,
  edges: CredentialEdges = { clock: systemClock },
): CredentialSource {
  const { accessKey, secretKey, roleArn } = options;
  if (accessKey !== undefined && secretKey !== undefined && roleArn === undefined) {
    const fixed = Promise.resolve(staticKeys(accessKey, secretKey, options.sessionToken));
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
  /** True once it takes long. */
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
  #notBeforeMs = 0;
  #fetchedMs = -Infinity;

  constructor(options: CredentialOptions, edges: CredentialEdges) {
    this.#options = options;
    this.#edges = edges;
    this.#name = nameSource(options);
    this.#report = new CredentialReport(this.#name, edges);
  }

  get(signal: AbortSignal | undefined): Promise<AwsCredentials> {
    const held = this.#held;
    const leftMs = this.#leftMs();
    if (held !== undefined && this.#isGood(leftMs)) return Promise.resolve(withoutExpiration(held));
    if (this.#closing.signal.aborted) return Promise.reject(this.#closing.signal.reason as Error);
    this.#pending ??= this.#begin();
    const { fresh, isSlow } = this.#pending;
    if (held === undefined || leftMs <= 0) return raced(fresh, signal);
    const present = isSlow.then((slow) => (slow ? withoutExpiration(held) : fresh));
    return raced(Promise.race([fresh, present]), signal);
  }

  invalidate(): boolean {
    // Refused just after they were fetched: the fault lies elsewhere, and the endpoint is spared.
    if (isWithin(this.#nowMs() - this.#fetchedMs, RETRY_MS)) return false;
    this.#held = undefined;
    this.#notBeforeMs = 0;
    return true;
  }

  close(): void {
    this.#closing.abort(
      new RecoverableError(
        'AWS_CREDENTIALS',
        'credentials are not fetched any more: it is stopping',
      ),
    );
  }

  #nowMs(): number {
    return this.#edges.clock.nowMs();
  }

  #leftMs(): number {
    if (this.#held === undefined) return 0;
    const { expiration } = this.#held;
    return expiration === undefined ? Infinity : expiration.getTime() - this.#nowMs();
  }

  #isGood(leftMs: number): boolean {
    const ageMs = this.#nowMs() - this.#fetchedMs;
    const isDue = leftMs === Infinity ? !isWithin(ageMs, REREAD_MS) : leftMs <= REFRESH_AHEAD_MS;
    if (!isDue) return true;
    const isHeldOff = isWithin(this.#nowMs() - this.#notBeforeMs + RETRY_MS, RETRY_MS);
    return isHeldOff && (leftMs > 0 || isWithin(ageMs, RETRY_MS));
  }

  #begin(): Pending {
    const settled = new AbortController();
    const fresh = this.#fetchAnew().finally(() => {
      this.#pending = undefined;
      settled.abort(new Error('settled'));
    });
    // Whoever was content with the present ones does not hear of its end.
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
      const call = async (): Promise<ExpiringCredentials> => (await provider(this.#options))();
      const fetched = await boundedCall(call, { clock, timeoutMs: TIMEOUT_MS, signal });
      this.#held = fetched;
      this.#fetchedMs = this.#nowMs();
      // An endpoint that gives what has ended, or soon ends, is not asked for each request.
      this.#notBeforeMs = this.#fetchedMs + RETRY_MS;
      this.#report.worked(fetched.expiration);
      return withoutExpiration(fetched);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#notBeforeMs = this.#nowMs() + RETRY_MS;
      const holds = this.#held !== undefined && this.#leftMs() > 0;
      this.#report.failed(error, holds);
      if (this.#held !== undefined && holds) return withoutExpiration(this.#held);
      throw new RecoverableError(
        'AWS_CREDENTIALS',
        // The cause stays out: it may hold the command of a credential_process.
        `no AWS credentials from ${this.#name}: ${describeProviderError(error)}`,
      );
    }
  }
}

/** Where credentials come from, for logs and metrics. */
function nameSource({ accessKey, profile, roleArn }: CredentialOptions): string {
  if (roleArn !== undefined) return roleArn;
  if (profile !== undefined) return `profile ${profile}`;
  return accessKey === undefined ? 'default chain' : 'static keys';
}

/** Whether so little time has passed; a clock that was turned back says nothing. */
function isWithin(passedMs: number, limitMs: number): boolean {
  return passedMs >= 0 && passedMs < limitMs;
}

/** What signs must not change with the object that a provider may share. */
function withoutExpiration(held: ExpiringCredentials): AwsCredentials {
  return staticKeys(held.accessKeyId, held.secretAccessKey, held.sessionToken);
}

function staticKeys(
  accessKeyId: string,
  secretAccessKey: string,
  sessionToken: string | undefined,
): ExpiringCredentials {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
