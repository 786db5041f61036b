/**
 * Task state changes from an SQS queue that EventBridge fills; they arrive within a second or two.
 * An event may come twice, late or out of order, so the version of the task decides. Messages that
 * are not such events are deleted and counted.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
import type { Task } from '@aws-sdk/client-ecs';
import { z } from 'zod';
import type { Lack } from '../lacking.ts';
import { type DiscoveryWorld, sleepUnlessAborted } from '../mechanism.ts';
import { AwsCallError, callAws } from '../../aws/calls.ts';
import { describeError } from '../../kernel/errors.ts';
import type { AwsSession } from '../aws-client.ts';

const WAIT_SECONDS = 20;
const BATCH = 10;
const RETRY_MS = 5_000;
/** The wait after the queue was denied. */
const SLOW_MS = 590_000;
const TIMEOUT_MS = 30_000;

const eventSchema = z.object({
  'detail-type': z.literal('ECS Task State Change'),
  detail: z.looseObject({
    taskArn: z.string(),
    clusterArn: z.string(),
    version: z.number(),
    lastStatus: z.string(),
    desiredStatus: z.string(),
  }),
});

export interface EventUses {
  /**
   * Receives the tasks of the events. Their messages are deleted from the queue after it resolves.
   */
  readonly onTasks: (tasks: readonly Task[]) => Promise<void>;
  /** Called after each attempt with what is lacking; undefined when events can be received. */
  readonly onLack: (lack: Lack | undefined) => void;
}

/** Reads the queue until the signal aborts. */
export async function followEvents(
  queueUrl: string,
  session: AwsSession,
  world: DiscoveryWorld,
  { onTasks, onLack }: EventUses,
): Promise<void> {
  const sqs = await import('@aws-sdk/client-sqs');
  // The time limit is longer than the WAIT_SECONDS for which SQS may hold a request.
  const client = new sqs.SQSClient(
    session.clientOptions({ service: 'sqs', requestTimeoutMs: TIMEOUT_MS }),
  );
  const counter = world.metrics.counters(
    'amperage_sd_events_total',
    'Messages of the event queue, by outcome.',
  );
  const { metrics, signal } = world;
  const edges = { metrics, signal, credentials: session.credentials, timeoutMs: TIMEOUT_MS };
  try {
    while (!world.signal.aborted) {
      try {
        const receive = new sqs.ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: BATCH,
          WaitTimeSeconds: WAIT_SECONDS,
        });
        const { Messages = [] } = await callAws('sqs:ReceiveMessage', edges, (abortSignal) =>
          client.send(receive, { abortSignal }),
        );
        onLack(undefined);
        if (Messages.length === 0) continue;
        const tasks = Messages.flatMap(({ Body = '' }) => {
          const task = parseTaskEvent(Body);
          counter.with({ outcome: task === undefined ? 'no_task_event' : 'ok' }).inc();
          return task ?? [];
        });
        await onTasks(tasks);
        const Entries = Messages.map(({ ReceiptHandle = '' }, index) => ({
          Id: String(index),
          ReceiptHandle,
        }));
        const remove = new sqs.DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries });
        await callAws('sqs:DeleteMessage', edges, (abortSignal) =>
          client.send(remove, { abortSignal }),
        );
      } catch (error) {
        if (world.signal.aborted) return;
        counter.with({ outcome: 'failed' }).inc();
        const isDenied = error instanceof AwsCallError && error.failure === 'refused';
        onLack({
          what: 'sqs:ReceiveMessage',
          scope: queueUrl,
          cause: isDenied ? 'denied' : 'failed',
          words: `${describeError(error)}; without events changes are found by polling`,
          isBlocking: false,
        });
        if (!(await sleepUnlessAborted(isDenied ? SLOW_MS : RETRY_MS, world))) return;
      }
    }
  } finally {
    client.destroy();
  }
}

/**
 * Parses the task of an event; undefined for any other message. Times are left out, because events
 * have them as text.
 */
function parseTaskEvent(body: string): Task | undefined {
  try {
    const parsed = eventSchema.safeParse(JSON.parse(body));
    if (!parsed.success) return undefined;
    const entries = Object.entries(parsed.data.detail).filter(
      ([name]) => !/(?:At|Since)$/.test(name),
    );
    return Object.fromEntries(entries) as Task;
  } catch {
    return undefined;
  }
}
