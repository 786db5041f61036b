/**
 * SQS: standard queues with visibility timeouts and long polling, as far as EventBridge's task
 * state changes need.
 * Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import { type AccessTable, needOn, textOf } from './access.ts';
import {
  AwsError,
  type AwsInput,
  type AwsPlace,
  type JsonService,
  requireText,
} from './service.ts';

interface Message {
  readonly id: string;
  readonly body: string;
  visibleAtMs: number;
  receipt: string;
}

interface Queue {
  readonly messages: Message[];
  readonly waiters: Set<() => void>;
}

const BATCH_MAX = 10;
const WAIT_MAX_SECONDS = 20;
const VISIBILITY_SECONDS = 30;
const VISIBILITY_MAX_MS = 43_200_000;
/** Most messages of one queue; beyond it the oldest are dropped. */
const MESSAGES_MAX = 100_000;

/** Several messages are deleted by the permission for one. */
const QUEUE_ACCESS: AccessTable = (() => {
  const queueArn = (input: AwsInput, { accountId, region }: AwsPlace): string => {
    const name = textOf(input, 'QueueName') || (textOf(input, 'QueueUrl').split('/').at(-1) ?? '');
    return `arn:aws:sqs:${region}:${accountId}:${name}`;
  };
  const actions = 'CreateQueue GetQueueUrl SendMessage ReceiveMessage DeleteMessage';
  const { DeleteMessage, ...others } = needOn('sqs', actions, queueArn);
  return { ...others, ...(DeleteMessage && { DeleteMessage, DeleteMessageBatch: DeleteMessage }) };
})();

interface QueueServiceParts {
  readonly clock: Clock;
  /** The URL of a queue. */
  readonly urlOf: (name: string) => string;
  /** Ends all waits for messages. */
  readonly stopping: AbortSignal;
}

export class QueueService {
  readonly #queues = new Map<string, Queue>();
  readonly #clock: Clock;
  readonly #urlOf: (name: string) => string;
  readonly #stopping: AbortSignal;

  constructor({ clock, urlOf, stopping }: QueueServiceParts) {
    this.#clock = clock;
    this.#urlOf = urlOf;
    this.#stopping = stopping;
  }

  get names(): readonly string[] {
    return [...this.#queues.keys()];
  }

  create(name: string): string {
    if (!this.#queues.has(name)) this.#queues.set(name, { messages: [], waiters: new Set() });
    return this.#urlOf(name);
  }

  send(name: string, body: string): string {
    const queue = this.#find(name);
    const id = randomUUID();
    queue.messages.push({ id, body, visibleAtMs: 0, receipt: '' });
    if (queue.messages.length > MESSAGES_MAX) queue.messages.shift();
    for (const wake of queue.waiters) wake();
    return id;
  }

  service(): JsonService {
    const nameOf = (input: AwsInput): string =>
      requireText(input, 'QueueUrl').split('/').at(-1) ?? '';
    return {
      signingName: 'sqs',
      target: 'AmazonSQS',
      access: QUEUE_ACCESS,
      actions: {
        CreateQueue: (input) => ({ QueueUrl: this.create(requireText(input, 'QueueName')) }),
        GetQueueUrl: (input) => {
          const name = requireText(input, 'QueueName');
          this.#find(name);
          return { QueueUrl: this.#urlOf(name) };
        },
        SendMessage: (input) => {
          const body = requireText(input, 'MessageBody');
          return { MessageId: this.send(nameOf(input), body), MD5OfMessageBody: md5(body) };
        },
        ReceiveMessage: (input) => this.#receive(nameOf(input), input),
        DeleteMessage: (input) => {
          this.#delete(nameOf(input), requireText(input, 'ReceiptHandle'));
          return {};
        },
        DeleteMessageBatch: (input) => {
          const entries = (input['Entries'] ?? []) as { Id: string; ReceiptHandle: string }[];
          if (entries.length === 0)
            throw new AwsError(
              'com.amazonaws.sqs#EmptyBatchRequest',
              'There should be at least one DeleteMessageBatchRequestEntry in the request.',
            );
          if (entries.length > BATCH_MAX)
            throw new AwsError(
              'com.amazonaws.sqs#TooManyEntriesInBatchRequest',
              'Maximum number of entries per request are 10.',
            );
          for (const { ReceiptHandle } of entries) this.#delete(nameOf(input), ReceiptHandle);
          return { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] };
        },
      },
    };
  }

  async #receive(name: string, input: AwsInput): Promise<object> {
    const queue = this.#find(name);
    const most = Number(input['MaxNumberOfMessages'] ?? 1);
    const waitSeconds = Number(input['WaitTimeSeconds'] ?? 0);
    if (!(most >= 1 && most <= BATCH_MAX) || !(waitSeconds >= 0 && waitSeconds <= WAIT_MAX_SECONDS))
      throw new AwsError('com.amazonaws.sqs#InvalidParameterValue', 'Value is not in its range.');
    const visibility = Number(input['VisibilityTimeout'] ?? VISIBILITY_SECONDS) * 1_000;
    if (!(visibility >= 0 && visibility <= VISIBILITY_MAX_MS))
      throw new AwsError('com.amazonaws.sqs#InvalidParameterValue', 'Value is not in its range.');
    let taken = this.#take(queue, most, visibility);
    if (taken.length === 0 && waitSeconds > 0) {
      await this.#waitForMessage(queue, waitSeconds * 1_000);
      taken = this.#take(queue, most, visibility);
    }
    return {
      Messages: taken.map(({ id, body, receipt }) => ({
        MessageId: id,
        Body: body,
        ReceiptHandle: receipt,
        MD5OfBody: md5(body),
      })),
    };
  }

  #take(queue: Queue, most: number, visibilityMs: number): Message[] {
    const atMs = this.#clock.elapsedMs();
    const taken = queue.messages.filter(({ visibleAtMs }) => visibleAtMs <= atMs).slice(0, most);
    for (const message of taken) {
      message.visibleAtMs = atMs + visibilityMs;
      message.receipt = randomUUID();
    }
    return taken;
  }

  async #waitForMessage(queue: Queue, withinMs: number): Promise<void> {
    const enough = new AbortController();
    await new Promise<void>((resolve) => {
      queue.waiters.add(resolve);
      const end = AbortSignal.any([enough.signal, this.#stopping]);
      this.#clock.sleep(withinMs, end).then(resolve, resolve);
      enough.signal.addEventListener('abort', () => queue.waiters.delete(resolve));
    });
    enough.abort();
  }

  #delete(name: string, receipt: string): void {
    const { messages } = this.#find(name);
    const at = messages.findIndex((message) => message.receipt === receipt);
    if (at >= 0) messages.splice(at, 1);
  }

  #find(name: string): Queue {
    const found = this.#queues.get(name);
    if (found === undefined)
      throw new AwsError(
        'com.amazonaws.sqs#QueueDoesNotExist',
        'The specified queue does not exist.',
      );
    return found;
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
