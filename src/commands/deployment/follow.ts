/**
 * Follows a stack until it rests: each event as it comes, and what failed first. The stack goes on
 * by itself, whatever ends the following.
 */
import type { Stack, StackEvent } from '@aws-sdk/client-cloudformation';
import { AwsCallError } from '../../aws/calls.ts';
import { describeError, RecoverableError } from '../../kernel/errors.ts';
import { formatDurationMs } from '../../model/duration.ts';
import { pollMs, type StackApi } from './stack.ts';
import type { Run } from './target.ts';
import type { TaskWatch } from './task-watch.ts';

export interface FollowOptions {
  /** ARN of the stack: the only name of one that is deleted meanwhile. */
  readonly id: string;
  /** The newest event before; undefined: all are told. */
  readonly after: string | undefined;
  /** Hears each event, and asks at each look for what soon cannot be asked any more. */
  readonly watch?: TaskWatch | undefined;
}

export interface StackEnd {
  /** Undefined where nothing is left that has a status. */
  readonly stack: Stack | undefined;
  /** In their order; what was cancelled because of another is left out. */
  readonly failures: readonly StackEvent[];
}

/** Polls in a row that fail before the following ends; each was repeated by itself. */
const FAILURES_MAX = 10;

/** @throws RecoverableError STACK_UNWATCHED while the stack goes on */
export async function followStack(run: Run, options: FollowOptions): Promise<StackEnd> {
  const { api, terminal, timeoutMs } = run;
  const { clock } = api.session.world;
  const { signal } = api.session;
  const startMs = clock.elapsedMs();
  const failures: StackEvent[] = [];
  let last = options.after;
  let failed = 0;
  for (let poll = 0; ; poll++) {
    try {
      // The status first: the events behind it are then those up to the end.
      const stack = await api.describe(options.id);
      const events = stack === undefined ? [] : await api.listEvents(options.id, last);
      failed = 0;
      last = events.at(-1)?.EventId ?? last;
      for (const event of events) {
        terminal.tell(describeEvent(event));
        if (isFailure(event)) failures.push(event);
        await options.watch?.note(event);
      }
      if (!isMoving(stack?.StackStatus)) return { stack, failures };
      await options.watch?.look();
    } catch (error) {
      failed += 1;
      if (signal.aborted || !mayPass(error) || failed >= FAILURES_MAX)
        throw describeUnwatched(api, signal.aborted ? signal.reason : error);
      terminal.tell(`not known for now: ${describeError(error)}`);
    }
    const passedMs = clock.elapsedMs() - startMs;
    if (passedMs > timeoutMs)
      throw describeUnwatched(api, `not at rest within ${formatDurationMs(timeoutMs)}`);
    await clock.sleep(pollMs(poll), signal).catch(() => {
      throw describeUnwatched(api, signal.reason);
    });
  }
}

/** Follows what an act begins; without one, what is under way. */
export async function followAct(
  run: Run,
  id: string,
  act: () => Promise<void> = async () => undefined,
  watch?: TaskWatch,
): Promise<StackEnd> {
  const after = await run.api.readLastEventId(id);
  await act();
  return followStack(run, { id, after, watch });
}

/** Whether CloudFormation is at work on it. */
export function isMoving(status: string | undefined): boolean {
  return status?.endsWith('_IN_PROGRESS') === true && status !== 'REVIEW_IN_PROGRESS';
}

export function describeEvent(event: StackEvent): string {
  const { Timestamp, LogicalResourceId = '', ResourceType = '' } = event;
  const time = Timestamp?.toISOString().slice(11, 19) ?? '';
  const reason = (event.ResourceStatusReason ?? '').replaceAll(/\s+/g, ' ');
  const status = event.ResourceStatus?.padEnd(18);
  const line = `${time}  ${status}  ${LogicalResourceId} (${ResourceType})`;
  return reason === '' ? line : `${line}: ${reason}`;
}

function isFailure({ ResourceStatus, ResourceStatusReason = '' }: StackEvent): boolean {
  const hasFailed = ResourceStatus?.endsWith('_FAILED') === true;
  return hasFailed && !/\bcancelled\b/i.test(ResourceStatusReason);
}

/** Throttling, and a way to AWS that is broken; not what is refused. */
function mayPass(error: unknown): boolean {
  return (
    error instanceof AwsCallError &&
    error.failure !== 'refused' &&
    error.failure !== 'stale_credentials'
  );
}

function describeUnwatched({ name, session }: StackApi, reason: unknown): RecoverableError {
  const why = typeof reason === 'string' ? reason : describeError(reason);
  return new RecoverableError(
    'STACK_UNWATCHED',
    `the stack ${name} goes on by itself, and is not followed any more: ${why}; ` +
      `"amperage status ${name} --region ${session.region} --follow" follows it again`,
  );
}
