/**
 * The lines that a container prints: to CloudWatch Logs as the log driver awslogs sends them, or to
 * a file. Never in the way of the container: above its limit the oldest lines that wait are lost,
 * and counted.
 * Source: https://docs.docker.com/engine/logging/drivers/awslogs/
 */
import { appendFileSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../../../kernel/clock.ts';
import { AwsError, type AwsInput } from '../../service.ts';

/** Calls CloudWatch Logs as the execution role. */
export type LogsCall = (action: string, input: AwsInput) => Promise<unknown>;

export interface LineSink {
  write(line: string): void;
  /** Resolves when all that was written is on its way no more. */
  close(): Promise<void>;
}

export interface AwslogsOptions {
  readonly group: string;
  readonly stream: string;
  readonly isGroupCreated: boolean;
  readonly call: LogsCall;
  readonly clock: Clock;
  readonly onLost: (lines: number, error?: unknown) => void;
}

/** As the runtime of containers, which cuts longer lines. */
const LINE_MAX = 16_384;
const WAITING_MAX_BYTES = 1024 * 1024;
const BATCH_MAX_BYTES = 1_000_000;
const BATCH_MAX = 10_000;
/** What PutLogEvents counts for each event. */
const EVENT_BYTES = 26;
const FLUSH_MS = 500;
const FILE_MAX_BYTES = 1024 * 1024;

interface Line {
  readonly timestamp: number;
  readonly message: string;
  readonly bytes: number;
}

/** @throws AwsError where the stream can not be made */
export async function openAwslogs(options: AwslogsOptions): Promise<LineSink> {
  const { group: logGroupName, stream: logStreamName, call } = options;
  const create = (action: string, input: AwsInput): Promise<unknown> =>
    call(action, input).catch((error: unknown) => {
      if (error instanceof AwsError && error.code === 'ResourceAlreadyExistsException') return;
      throw error;
    });
  if (options.isGroupCreated) await create('CreateLogGroup', { logGroupName });
  await create('CreateLogStream', { logGroupName, logStreamName });
  return new Awslogs(options);
}

class Awslogs implements LineSink {
  readonly #options: AwslogsOptions;
  readonly #waiting: Line[] = [];
  #bytes = 0;
  #lost = 0;
  #sending: Promise<void> | undefined;

  constructor(options: AwslogsOptions) {
    this.#options = options;
  }

  write(line: string): void {
    const message = line.slice(0, LINE_MAX);
    if (message === '') return;
    const bytes = Buffer.byteLength(message) + EVENT_BYTES;
    this.#waiting.push({ timestamp: this.#options.clock.nowMs(), message, bytes });
    this.#bytes += bytes;
    while (this.#bytes > WAITING_MAX_BYTES) {
      this.#bytes -= this.#waiting.shift()?.bytes ?? this.#bytes;
      this.#lost += 1;
    }
    this.#sending ??= this.#sendAll(FLUSH_MS);
  }

  async close(): Promise<void> {
    await this.#sending;
    if (this.#waiting.length > 0) await this.#sendAll(0);
  }

  async #sendAll(waitMs: number): Promise<void> {
    if (waitMs > 0) await this.#options.clock.sleep(waitMs);
    while (this.#waiting.length > 0) await this.#sendBatch();
    this.#sending = undefined;
  }

  async #sendBatch(): Promise<void> {
    const { call, group, stream, onLost } = this.#options;
    let bytes = 0;
    let count = 0;
    for (const line of this.#waiting) {
      if (count === BATCH_MAX || bytes + line.bytes > BATCH_MAX_BYTES) break;
      bytes += line.bytes;
      count += 1;
    }
    const batch = this.#waiting.splice(0, count);
    this.#bytes -= bytes;
    if (this.#lost > 0) onLost(this.#lost);
    this.#lost = 0;
    const logEvents = batch.map(({ timestamp, message }) => ({ timestamp, message }));
    await call('PutLogEvents', { logGroupName: group, logStreamName: stream, logEvents }).catch(
      (error: unknown) => onLost(batch.length, error),
    );
  }
}

/** The first mebibyte of lines, in a file. */
export function openLogFile(file: string): LineSink {
  let bytes = 0;
  return {
    write: (line) => {
      if (bytes > FILE_MAX_BYTES) return;
      bytes += Buffer.byteLength(line) + 1;
      appendFileSync(file, bytes > FILE_MAX_BYTES ? '(no more is kept)\n' : `${line}\n`);
    },
    close: () => Promise.resolve(),
  };
}

/** Cuts what a process prints into lines. */
export function cutLines(onLine: (line: string) => void): {
  take(data: Buffer): void;
  end(): void;
} {
  let rest = '';
  const decoder = new StringDecoder();
  return {
    take(data) {
      const lines = (rest + decoder.write(data)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
      if (rest.length < LINE_MAX) return;
      onLine(rest);
      rest = '';
    },
    end() {
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
