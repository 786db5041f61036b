/**
 * CloudWatch Logs on the loopback, as far as a sink uses it. It answers by a function, and keeps
 * the events that it accepted, in the order of arrival.
 */
import { type HttpRequest, type HttpResponse, HttpServer } from '../../src/kernel/http-server.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { type Ending, onEnd } from './ending.ts';

export interface LogsCall {
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly request: HttpRequest;
}

/** An event as it was sent. */
export interface SentEvent {
  readonly timestamp: number;
  readonly message: string;
}

const BODY_MAX_BYTES = 32 * 1024 * 1024;

export class LogsReceiver {
  readonly calls: LogsCall[] = [];
  /** The events of the requests that were answered with success. */
  readonly kept: SentEvent[] = [];
  /** Log groups with their streams; undefined takes all. */
  groups: Map<string, Set<string>> | undefined;
  /** The answer to a call; undefined does what CloudWatch Logs does. */
  answer: (call: LogsCall) => HttpResponse | undefined | Promise<undefined> = () => undefined;
  readonly server: HttpServer;

  constructor() {
    this.server = new HttpServer({
      // It stands for servers of any name.
      strangers: 'none',
      name: 'logs',
      listen: '127.0.0.1:0',
      log: silentLogger,
      bodyMaxBytes: BODY_MAX_BYTES,
      routes: [{ method: 'POST', path: '/', handle: (request) => this.#take(request) }],
    });
  }

  /** An entry of emf_write that sends here. */
  get entry(): Record<string, unknown> {
    return {
      endpoint: this.server.url,
      region: 'us-east-1',
      access_key: 'AKIDEXAMPLE',
      secret_key: 'secret',
      local_mode: true,
      log_group_name: '/shop',
      log_stream_name: 'one',
      queue_config: { batch_send_deadline: '10ms', max_backoff: '50ms' },
    };
  }

  /** The events of each PutLogEvents, whatever the answer was. */
  get puts(): readonly (readonly SentEvent[])[] {
    return this.calls
      .filter(({ action }) => action === 'PutLogEvents')
      .map(({ input }) => input['logEvents'] as SentEvent[]);
  }

  async #take(request: HttpRequest): Promise<HttpResponse> {
    const action = String(request.headers['x-amz-target']).replace('Logs_20140328.', '');
    const input = JSON.parse((await request.body()).toString()) as Record<string, unknown>;
    const call = { action, input, request };
    this.calls.push(call);
    const answer = await this.answer(call);
    if (answer !== undefined) return answer;
    const group = String(input['logGroupName']);
    const stream = String(input['logStreamName']);
    const { groups } = this;
    switch (action) {
      case 'CreateLogGroup':
        if (groups?.has(group) === true) return refuse('ResourceAlreadyExistsException');
        groups?.set(group, new Set());
        return { status: 200, body: '' };
      case 'CreateLogStream': {
        const streams = groups?.get(group);
        if (groups !== undefined && streams === undefined)
          return refuse('ResourceNotFoundException');
        streams?.add(stream);
        return { status: 200, body: '' };
      }
      case 'PutLogEvents':
        if (groups !== undefined && groups.get(group)?.has(stream) !== true)
          return refuse('ResourceNotFoundException');
        this.kept.push(...(input['logEvents'] as SentEvent[]));
        return { status: 200, body: '{"nextSequenceToken":"1"}' };
      default:
        return { status: 200, body: '' };
    }
  }
}

/** An error as CloudWatch Logs answers it. */
export function refuse(type: string, message = 'no', status = 400): HttpResponse {
  return { status, body: JSON.stringify({ __type: type, message }) };
}

/** Starts a receiver that listens until the test ends. */
export async function startLogsReceiver(ending: Ending): Promise<LogsReceiver> {
  const receiver = new LogsReceiver();
  await receiver.server.start();
  onEnd(ending, () => receiver.server.stop(100));
  return receiver;
}
