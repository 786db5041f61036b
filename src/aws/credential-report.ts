/**
 * Logs and metrics of fetching credentials: counters, the expiry of those in use, and log lines
 * when a failure begins, each minute while it lasts, and when it is over.
 */
import { describeError } from '../kernel/errors.ts';
import type { CredentialEdges } from './credential-source.ts';
import { Outage } from '../kernel/outage.ts';

const REMEDY =
  'check that its endpoint can be reached (STS, SSO: route, VPC endpoint or NAT; task or ' +
  'instance credentials: AWS_CONTAINER_CREDENTIALS_*, hop limit), that the role may be ' +
  'assumed, and the files or process that a profile names';

/** Where no provider of the chain had anything to ask. On EC2 a hop limit of 1 looks the same. */
const REMEDY_OF_NONE =
  'none are set: give the task definition a task role (taskRoleArn), or the instance a profile ' +
  '(with a hop limit of 2 for containers), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and ' +
  'AWS_SECRET_ACCESS_KEY; "amperage doctor" tells what each source said';

export class CredentialReport {
  readonly #source: string;
  readonly #edges: CredentialEdges;
  readonly #outage: Outage;

  /** @param source  a name without secrets */
  constructor(source: string, edges: CredentialEdges) {
    this.#source = source;
    this.#edges = edges;
    this.#outage = new Outage(() => edges.clock.elapsedMs());
  }

  worked(expiration: Date | undefined): void {
    const { log, metrics } = this.#edges;
    const source = this.#source;
    metrics
      ?.counters('amperage_credentials_refreshes_total', 'AWS credentials that were fetched.')
      .with({ source })
      .inc();
    const ends = metrics?.gauges(
      'amperage_credentials_expiry_timestamp_seconds',
      'When the AWS credentials in use expire, in seconds since the epoch; absent if they do ' +
        'not expire.',
    );
    if (expiration === undefined) ends?.remove({ source });
    else ends?.with({ source }).set(expiration.getTime() / 1_000);
    const sum = this.#outage.worked();
    if (sum !== undefined)
      log?.info('AWS credentials can be had again', { source, ...formatSum(sum) });
  }

  /** @param holds  whether the present credentials are still valid and in use */
  failed(error: unknown, holds: boolean): void {
    const { log, metrics } = this.#edges;
    const source = this.#source;
    metrics
      ?.counters(
        'amperage_credentials_refresh_failures_total',
        'AWS credentials that could not be fetched, by reason.',
      )
      .with({ source, reason: isTimeout(error) ? 'timeout' : 'error' })
      .inc();
    const sum = this.#outage.failed();
    if (sum === undefined) return;
    log?.[holds ? 'warn' : 'error']('AWS credentials could not be fetched; it is tried again', {
      source,
      error: describeProviderError(error),
      ...formatSum(sum),
      present: holds ? 'still hold' : 'none',
      remedy: isOfNone(error) ? REMEDY_OF_NONE : REMEDY,
    });
  }
}

/**
 * The error on one line, without the command of a credential_process and what it wrote: the SDK
 * puts both into its message, and they may be secret.
 */
export function describeProviderError(error: unknown): string {
  const text = describeError(error);
  const at = text.indexOf('Command failed:');
  return at < 0 ? text : `${text.slice(0, at)}the credential_process failed`;
}

/** The words of the SDK's chain, which has no code for it. */
function isOfNone(error: unknown): boolean {
  return describeError(error).includes('Could not load credentials from any providers');
}

function isTimeout(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'TimeoutError' || /\[?AWS_TIMEOUT/.test(describeError(error)))
  );
}

function formatSum({ failures, lastedMs }: { failures: number; lastedMs: number }): {
  failures: number;
  for_ms: number;
} {
  return { failures, for_ms: lastedMs };
}
