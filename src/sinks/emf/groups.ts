/**
 * Makes the log groups and log streams that are missing: each once at a time, and the retention and
 * the tags only of groups that are made here. One that may not be made is tried again after
 * DENIED_MS, and its events wait meanwhile.
 * Limits: DENIED_MAX destinations are remembered as denied; the oldest is forgotten above.
 */
import type { Clock } from '../../kernel/clock.ts';
import { RecoverableError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { LogsVerdict } from './answer.ts';
import type { CallLogs } from './logs-calls.ts';
import type { EmfMetrics } from './metrics.ts';

export interface LogGroupsOptions {
  readonly call: CallLogs;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<EmfMetrics, 'groupsCreated' | 'streamsCreated' | 'denied'>;
  /** 0 keeps events for ever. */
  readonly retentionDays: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Destination {
  readonly group: string;
  readonly stream: string;
}

/** Undefined where the destination is there now. */
export type GroupMaking =
  | Extract<LogsVerdict, { kind: 'again' | 'denied' | 'refused' }>
  | undefined;

const DENIED_MS = 60_000;
const DENIED_MAX = 1_000;
/** Log groups whose retention could not be set yet. */
const RETENTIONS_MAX = 100;
const RETENTION_RETRY_MS = 300_000;

interface Denial {
  readonly untilMs: number;
  readonly error: RecoverableError;
}

export class LogGroups {
  readonly #options: LogGroupsOptions;
  readonly #making = new Map<string, Promise<GroupMaking>>();
  readonly #denied = new Map<string, Denial>();
  /** By group, when to try to set the retention again. */
  readonly #retentions = new Map<string, number>();

  constructor(options: LogGroupsOptions) {
    this.#options = options;
  }

  /** Why nothing is sent there now; undefined where it may be tried. */
  findDenial(destination: Destination): RecoverableError | undefined {
    const key = keyOf(destination);
    const denial = this.#denied.get(key);
    if (denial === undefined) return undefined;
    if (denial.untilMs > this.#options.clock.elapsedMs()) return denial.error;
    this.#denied.delete(key);
    return undefined;
  }

  /** Notes that only a change of the set-up lets events in there. */
  deny(destination: Destination, error: RecoverableError): void {
    const { clock, log, metrics } = this.#options;
    const key = keyOf(destination);
    this.#denied.delete(key);
    const [oldest] = this.#denied.keys();
    if (this.#denied.size >= DENIED_MAX && oldest !== undefined) this.#denied.delete(oldest);
    this.#denied.set(key, { untilMs: clock.elapsedMs() + DENIED_MS, error });
    metrics.denied.inc();
    log.error('a log group does not take events; they wait, and others go on', {
      group: destination.group,
      stream: destination.stream,
      retry_ms: DENIED_MS,
      error,
    });
  }

  /** Makes the stream, and the group if it is missing too. */
  make(destination: Destination, signal: AbortSignal): Promise<GroupMaking> {
    const key = keyOf(destination);
    const running = this.#making.get(key);
    if (running !== undefined) return running;
    const making = this.#make(destination, signal).finally(() => this.#making.delete(key));
    this.#making.set(key, making);
    return making;
  }

  /** Sets a retention that could not be set when the group was made. */
  async mend(group: string, signal: AbortSignal): Promise<void> {
    const dueMs = this.#retentions.get(group);
    if (dueMs === undefined || dueMs > this.#options.clock.elapsedMs()) return;
    await this.#putRetention(group, signal);
  }

  async #make(destination: Destination, signal: AbortSignal): Promise<GroupMaking> {
    const first = await this.#createStream(destination, signal);
    if (first.kind === 'done' || first.kind === 'exists') return undefined;
    if (first.kind !== 'missing') return first;
    const failed = await this.#createGroup(destination.group, signal);
    if (failed !== undefined) return failed;
    const second = await this.#createStream(destination, signal);
    if (second.kind === 'done' || second.kind === 'exists') return undefined;
    if (second.kind !== 'missing') return second;
    // A group that has just been made may not be seen everywhere yet.
    const text = `the log group "${destination.group}" was made and is not there yet`;
    return { kind: 'again', error: new RecoverableError('SINK_NOT_FOUND', text) };
  }

  async #createStream({ group, stream }: Destination, signal: AbortSignal): Promise<LogsVerdict> {
    const { call, log, metrics } = this.#options;
    const input = { logGroupName: group, logStreamName: stream };
    const { verdict } = await call('CreateLogStream', group, input, signal);
    if (verdict.kind === 'done') {
      metrics.streamsCreated.inc();
      log.debug('a log stream was made', { group, stream });
    }
    return verdict;
  }

  /** One group is made once, however many of its streams are missing. */
  #createGroup(group: string, signal: AbortSignal): Promise<GroupMaking> {
    const running = this.#making.get(group);
    if (running !== undefined) return running;
    const making = this.#createGroupOnce(group, signal).finally(() => this.#making.delete(group));
    this.#making.set(group, making);
    return making;
  }

  async #createGroupOnce(group: string, signal: AbortSignal): Promise<GroupMaking> {
    const { call, log, metrics, tags, retentionDays } = this.#options;
    const isTagged = Object.keys(tags).length > 0;
    const input = { logGroupName: group, ...(isTagged ? { tags } : {}) };
    const { verdict } = await call('CreateLogGroup', group, input, signal);
    if (verdict.kind === 'exists') return undefined;
    if (verdict.kind === 'missing') return undefined;
    if (verdict.kind !== 'done') return verdict;
    metrics.groupsCreated.inc();
    log.info('a log group was made', { group, retention_days: retentionDays });
    if (retentionDays > 0) await this.#putRetention(group, signal);
    return undefined;
  }

  /** Never rejects: a group without its retention takes events. */
  async #putRetention(group: string, signal: AbortSignal): Promise<void> {
    const { call, clock, log, retentionDays } = this.#options;
    const input = { logGroupName: group, retentionInDays: retentionDays };
    let error: unknown;
    try {
      const { verdict } = await call('PutRetentionPolicy', group, input, signal);
      if (verdict.kind === 'done') {
        this.#retentions.delete(group);
        return;
      }
      error = 'error' in verdict ? verdict.error : 'text' in verdict ? verdict.text : verdict.kind;
    } catch (failure) {
      error = failure;
    }
    if (this.#retentions.has(group) || this.#retentions.size < RETENTIONS_MAX)
      this.#retentions.set(group, clock.elapsedMs() + RETENTION_RETRY_MS);
    log.error('the retention of a log group could not be set; it keeps events for ever', {
      group,
      retention_days: retentionDays,
      retry_ms: RETENTION_RETRY_MS,
      error,
    });
  }
}

function keyOf({ group, stream }: Destination): string {
  return `${group}\0${stream}`;
}
