/**
 * Task state changes from an SQS queue that EventBridge fills: the first word of a task, within a
 * second or two. An event may come twice, late or out of order: versions decide. Messages that are
 * no such events are taken off and counted.
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
/** After the queue was denied. */
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
  /** Gets the tasks of what comes; then the messages are taken off the queue. */
  readonly onTasks: (tasks: readonly Task[]) => Promise<void>;
  /** Told after each try: what lacks of the events; undefined when they flow. */
  readonly onLack: (lack: Lack | undefined) => void;
}

/** Follows the queue; ends when the signal aborts. */
export async function followEvents(
  queueUrl: string,
  session: AwsSession,
  world: DiscoveryWorld,
  { onTasks, onLack }: EventUses,
): Promise<void> {
  const sqs = await import('@aws-sdk/client-sqs');
  // Longer than SQS may wait for a message.
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

/** The task of an event; times, which events write as text, are left out. */
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
