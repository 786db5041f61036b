/**
 * One call of an AWS service. It has a time limit, which also covers the wait for credentials; it
 * is counted by service, action and outcome; its error says what failed, where, and what to do.
 * Retries are the caller's decision.
 */
import { type Clock, systemClock } from '../kernel/clock.ts';
import { RecoverableError } from '../kernel/errors.ts';
import type { Registry } from '../kernel/metrics.ts';
import { raced } from './bounded-call.ts';
import { REQUEST_TIMEOUT_MS } from './client-options.ts';
import type { CredentialSource } from './credential-source.ts';

/** A service's name in policies and an action: `ecs:ListTasks`. */
export type AwsAction = `${string}:${string}`;

export interface AwsCallEdges {
  readonly metrics: Registry;
  readonly signal: AbortSignal;
  /** Invalidated when AWS refuses the credentials. */
  readonly credentials: CredentialSource;
  readonly timeoutMs?: number | undefined;
  /** Measures the time limit; the system's clock by default. */
  readonly clock?: Clock | undefined;
}

export type AwsFailure = 'throttled' | 'timeout' | 'stale_credentials' | 'refused' | 'error';

/** A call of AWS failed for the reason in `failure`; the SDK's error is the cause. */
export class AwsCallError extends RecoverableError {
  readonly failure: AwsFailure;
  /** Whether the next call will use newly fetched credentials. */
  readonly isRenewed: boolean;
  /** AWS's name of the error, such as `ClusterNotFoundException`. */
  readonly awsName: string;

  constructor(message: string, failure: AwsFailure, isRenewed: boolean, cause: unknown) {
    super('AWS_CALL', message, { cause });
    this.failure = failure;
    this.isRenewed = isRenewed;
    this.awsName = errorName(cause);
  }
}

/**
 * Calls AWS once.
 *
 * @param send  sends one command, with the signal as its `abortSignal`
 * @throws AwsCallError; the reason of the edges' signal when that aborts
 */
export async function callAws<Answer>(
  action: AwsAction,
  edges: AwsCallEdges,
  send: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const { metrics, signal, credentials, timeoutMs = REQUEST_TIMEOUT_MS } = edges;
  const { clock = systemClock } = edges;
  const [service = '', name = ''] = action.split(':');
  const count = (outcome: AwsFailure | 'ok'): void =>
    metrics
      .counters('amperage_aws_calls_total', 'Calls of AWS services, by action and outcome.')
      .with({ service, action: name, outcome })
      .inc();
  signal.throwIfAborted();
  const late = new AbortController();
  const answered = new AbortController();
  const either = AbortSignal.any([signal, late.signal]);
  void clock
    .sleep(timeoutMs, answered.signal)
    .then(() => late.abort(new DOMException('no answer in time', 'TimeoutError')))
    .catch(() => undefined);
  try {
    // The SDK passes the signal on only after it has credentials.
    const answer = await raced(send(either), either);
    count('ok');
    return answer;
  } catch (error) {
    if (signal.aborted) throw error;
    const failure = late.signal.aborted ? 'timeout' : judgeFailure(error);
    count(failure);
    const isRefused = failure === 'stale_credentials' || failure === 'refused';
    const isRenewed = isRefused && credentials.invalidate();
    const isWithout = failure === 'timeout' && !(await hasCredentials(credentials));
    const words = isWithout
      ? `no credentials within ${timeoutMs / 1_000} s; see the log for what hangs`
      : describeFailure(error, failure, action, timeoutMs);
    throw new AwsCallError(`${action}: ${words}`, failure, isRenewed, error);
  } finally {
    answered.abort();
  }
}

/** Whether the source has credentials now; a fetch under way is not waited for. */
function hasCredentials(credentials: CredentialSource): Promise<boolean> {
  const isGiven = credentials().then(
    () => true,
    () => false,
  );
  return Promise.race([isGiven, new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
}

/** The SDK's name of an error; the message where the name says nothing. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const isOurs = error instanceof RecoverableError;
  return isOurs || error.name === 'Error' ? error.message : error.name;
}

const STALE =
  /^(?:ExpiredToken|RequestExpired|UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|InvalidSignature|SignatureDoesNotMatch|InvalidToken|AuthFailure|MissingAuthenticationToken|IncompleteSignature)/;

function judgeFailure(error: unknown): AwsFailure {
  const name = errorName(error);
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  if (/Throttl|RequestLimitExceeded|TooManyRequests|SlowDown/.test(name)) return 'throttled';
  if (STALE.test(name)) return 'stale_credentials';
  if (/AccessDenied|UnauthorizedOperation/.test(name) || status === 401 || status === 403)
    return 'refused';
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout';
  return 'error';
}

function describeFailure(
  error: unknown,
  failure: AwsFailure,
  action: AwsAction,
  timeoutMs: number,
): string {
  const name = errorName(error);
  switch (failure) {
    case 'timeout':
      return (
        `no answer within ${timeoutMs / 1_000} s; check the way to the endpoint: its route, ` +
        'VPC endpoint or NAT, security groups, AWS_ENDPOINT_URL'
      );
    case 'stale_credentials':
      if (error instanceof Error && /scoped to a valid region/.test(error.message))
        return `${name}: the endpoint is of another region than the one that is asked for`;
      return `${name}: the credentials are not good or have expired; they are fetched anew`;
    case 'refused':
      return `${name}; the role in use needs ${action}`;
    case 'throttled':
    case 'error':
      return name === 'Region is missing' ? NO_REGION : name;
  }
}

const NO_REGION =
  'no region is known; set AWS_REGION, write ?region= behind the source, or give a profile one';
