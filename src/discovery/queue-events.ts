/**
 * Events from an SQS queue that EventBridge fills; they arrive within a second or two, may come
 * twice, late or out of order. Messages of other kinds are deleted and counted.
 * Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event.html
 */
import { AwsCallError, callAws } from '../aws/calls.ts';
import { describeError } from '../kernel/errors.ts';
import type { AwsSession } from './aws-client.ts';
import type { Lack } from './lacking.ts';
import { type DiscoveryWorld, sleepUnlessAborted } from './mechanism.ts';

const WAIT_SECONDS = 20;
const BATCH = 10;
const RETRY_MS = 5_000;
/** The wait after the queue was denied. */
const SLOW_MS = 590_000;
const TIMEOUT_MS = 30_000;

export interface EventUses<Event> {
  /** The event of a message; undefined where it is of another kind. */
  readonly parse: (message: unknown) => Event | undefined;
  /** Receives some events. Their messages are deleted from the queue after it resolves. */
  readonly onEvents: (events: readonly Event[]) => Promise<void>;
  /** Called after each attempt with what is lacking; undefined when events can be received. */
  readonly onLack: (lack: Lack | undefined) => void;
}

/** Reads the queue until the signal aborts. */
export async function followEvents<Event>(
  queueUrl: string,
  session: AwsSession,
  world: DiscoveryWorld,
  { parse, onEvents, onLack }: EventUses<Event>,
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
        const events = Messages.flatMap(({ Body = '' }) => {
          const event = parse(parseBody(Body));
          counter.with({ outcome: event === undefined ? 'other_event' : 'ok' }).inc();
          return event ?? [];
        });
        await onEvents(events);
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

function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
