/**
 * The calls of a forwarder to its service: how many at once, which answers are good, what is logged
 * and counted when the service stops answering and when it answers again.
 * Limit: 1,024 calls under way.
 */
import type { ForwardedRequest, ServiceClient } from '../aws/service-client.ts';
import { Outage, type OutageSum } from '../kernel/outage.ts';
import { describeError, RecoverableError } from '../kernel/errors.ts';
import { type ClientResponse, HttpClientError } from '../kernel/http-client.ts';
import { HttpError } from '../kernel/http-error.ts';
import type { World } from '../kernel/world.ts';
import type { ForwardMetrics } from './forward-metrics.ts';

export interface UpstreamParts {
  readonly name: string;
  readonly service: string;
  readonly client: Pick<ServiceClient, 'forward'>;
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly metrics: ForwardMetrics;
}

/** Why there is no good answer: a label of metrics, with what to do about it. */
const REMEDIES = {
  timeout: 'check the route to it: NAT gateway or VPC endpoint, security groups, proxy',
  connect: 'check its name, the route to it (NAT gateway or VPC endpoint), and TLS settings',
  reset: 'nothing if it passes; otherwise check what is on the way to it',
  too_large: 'ask for less at a time',
  credentials:
    'give the task a role, or set the variables or the profile that the AWS SDKs know; requests ' +
    'are never forwarded unsigned',
  region: 'set a region in the configuration, or the variable AWS_REGION',
  refused:
    'check credentials and region, and give the role the actions that the clients ask for (for ' +
    'X-Ray the managed policy AWSXRayDaemonWriteAccess has them)',
  throttled: 'nothing if it passes; otherwise ask for a higher limit of the account',
  server_error: 'nothing if it passes',
  foreign:
    'check the endpoint, and what is on the way to it: a proxy or a login page seems to answer',
} as const;

type Reason = keyof typeof REMEDIES;

export const CALLS_MAX = 1_024;
/** An outage is over when nothing has failed for so long: single failures are no lines each. */
const QUIET_MS = 5_000;
const SHOWN_BYTES = 300;

export class UpstreamCalls {
  readonly #parts: UpstreamParts;
  readonly #outage: Outage;
  #underWay = 0;
  #failedMs = -Infinity;

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
    this.#outage = new Outage(() => parts.world.clock.elapsedMs());
  }

  /**
   * Signs and sends a request; what it answers may still be a failure (`isGood`).
   *
   * @param mayRepeat  whether it is sent once more where its connection was lost before an answer;
   *                   most often it was idle for too long
   * @param isOfService  whether an answer is the service's own; by default each is
   * @throws HttpError 503 where too many are under way, 504 and 502 where there is no answer
   */
  async call(
    request: ForwardedRequest,
    mayRepeat: boolean,
    isOfService: (response: ClientResponse) => boolean = () => true,
  ): Promise<ClientResponse> {
    const { client, name, metrics } = this.#parts;
    if (this.#underWay >= CALLS_MAX) {
      metrics.refused.with({ forwarder: name, reason: 'busy' }).inc();
      throw new HttpError(503, `${CALLS_MAX} requests wait for an answer already; ask again later`);
    }
    this.#count(1);
    try {
      const response = await client.forward(request).catch((error: unknown) => {
        const isLost = error instanceof HttpClientError && error.kind === 'reset';
        if (!isLost || !mayRepeat) throw error;
        return client.forward(request);
      });
      const reason = judgeAnswer(response) ?? (isOfService(response) ? undefined : 'foreign');
      if (reason === undefined) this.#worked();
      else this.#failed(reason, describeAnswer(response));
      return response;
    } catch (error) {
      if (request.signal.aborted) throw new HttpError(503, 'the call was given up');
      const reason = judgeError(error);
      this.#failed(reason, describeError(error));
      throw new HttpError(
        reason === 'timeout' ? 504 : 502,
        `${describeError(error)}; ${REMEDIES[reason]}`,
        { cause: error },
      );
    } finally {
      this.#count(-1);
    }
  }

  #count(by: number): void {
    const { name, metrics } = this.#parts;
    this.#underWay += by;
    metrics.underWay.with({ forwarder: name }).set(this.#underWay);
  }

  #worked(): void {
    const { name: forwarder, service, world } = this.#parts;
    const quietMs = world.clock.elapsedMs() - this.#failedMs;
    if (quietMs < QUIET_MS) return;
    const sum = this.#outage.worked();
    if (sum !== undefined)
      world.log.info('the service answers forwarded requests again', {
        forwarder,
        service,
        ...formatSum(sum),
      });
  }

  #failed(reason: Reason, error: string): void {
    const { name: forwarder, service, metrics, world } = this.#parts;
    metrics.failures.with({ forwarder, reason }).inc();
    this.#failedMs = world.clock.elapsedMs();
    const sum = this.#outage.failed();
    if (sum !== undefined)
      world.log.warn('the service gives no good answers to forwarded requests', {
        forwarder,
        service,
        reason,
        error,
        ...formatSum(sum),
        remedy: REMEDIES[reason],
      });
  }
}

/** Whether an answer says what was asked for, or what is wrong with the request itself. */
export function isGood(response: ClientResponse): boolean {
  return judgeAnswer(response) === undefined;
}

function judgeAnswer({ status, headers }: ClientResponse): Reason | undefined {
  if (status === 429 || /throttl/i.test(headers['x-amzn-errortype'] ?? '')) return 'throttled';
  if (status === 401 || status === 403) return 'refused';
  if (status === 408) return 'timeout';
  return status >= 500 ? 'server_error' : undefined;
}

/** The status with the beginning of what the service says. */
function describeAnswer({ status, body, headers }: ClientResponse): string {
  if (headers['content-encoding'] !== undefined) return `status ${status}`;
  const text = body.toString('utf8', 0, SHOWN_BYTES).replaceAll(/\s+/g, ' ').trim();
  return text === '' ? `status ${status}` : `status ${status}: ${text}`;
}

function judgeError(error: unknown): Reason {
  if (error instanceof HttpClientError) {
    const { kind } = error;
    if (kind === 'timeout' || kind === 'connect') return kind;
    return kind === 'body_too_large' ? 'too_large' : 'reset';
  }
  if (error instanceof RecoverableError) {
    if (error.code === 'AWS_REGION_UNKNOWN') return 'region';
    return error.code === 'AWS_TIMEOUT' || error.code === 'AWS_CREDENTIALS'
      ? 'credentials'
      : 'connect';
  }
  return 'connect';
}

function formatSum({ failures, lastedMs }: OutageSum): { failures: number; for_ms: number } {
  return { failures, for_ms: lastedMs };
}
