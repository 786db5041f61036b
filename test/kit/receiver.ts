/**
 * A receiver of remote write 1.0 and 2.0 on the loopback. It decodes requests, answers by a
 * function, and keeps the samples that it accepted, in the order of arrival and by sender.
 */
import { type HttpRequest, type HttpResponse, HttpServer } from '../../src/kernel/http-server.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { formatLabelSet } from '../../src/model/labels.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../src/model/sample.ts';
import { decodeWriteRequest } from '../../src/wire/remote-write/decoder.ts';
import { downgradeRequest } from '../../src/wire/remote-write/downgrade.ts';
import { uncompress } from '../../src/wire/snappy.ts';
import { type Ending, onEnd } from './ending.ts';

export interface Received {
  readonly request: HttpRequest;
  readonly body: Buffer;
  readonly headers: HttpRequest['headers'];
  /** `series` is written as `name=value,…`. */
  readonly samples: { series: string; tMs: number; value: number }[];
}

export interface ReceivedValue {
  readonly tMs: number;
  readonly value: number | 'stale';
}

const MESSAGE_MAX_BYTES = 32 * 1024 * 1024;

export class Receiver {
  /** All requests, whatever the answer was. */
  readonly requests: Received[] = [];
  /** Samples of the requests that were answered with 2xx. */
  readonly kept: Received['samples'] = [];
  answer: (received: Received) => HttpResponse | Promise<HttpResponse> = () => ({ status: 204 });
  readonly server: HttpServer;
  readonly #senders = new Map<string, Map<string, ReceivedValue[]>>();

  constructor(listen = '127.0.0.1:0') {
    this.server = new HttpServer({
      // It stands for servers of any name.
      strangers: 'none',
      name: 'receiver',
      listen,
      log: silentLogger,
      bodyMaxBytes: MESSAGE_MAX_BYTES,
      routes: [{ method: 'POST', path: '/*', handle: (request) => this.#take(request) }],
    });
  }

  /** The URL to write to, which ends in /write. */
  get url(): string {
    return `${this.server.url}/write`;
  }

  /**
   * The samples kept of one sender, by series and in order of time. The sender is the first part of
   * the request's path.
   */
  of(sender: string): Map<string, ReceivedValue[]> {
    const kept = this.#senders.get(sender) ?? new Map<string, ReceivedValue[]>();
    const sorted = [...kept].map(
      ([series, list]) => [series, list.toSorted((a, b) => a.tMs - b.tMs)] as const,
    );
    return new Map(sorted);
  }

  async #take(request: HttpRequest): Promise<HttpResponse> {
    const body = await request.body();
    const received: Received = { request, body, headers: request.headers, samples: [] };
    const values: (ReceivedValue & { readonly series: string })[] = [];
    const message = uncompress(body, MESSAGE_MAX_BYTES);
    const is2 = request.headers['x-prometheus-remote-write-version'] === '2.0.0';
    decodeWriteRequest(is2 ? downgradeRequest(message) : message, {
      series(labels, timestampsMs, numbers, count) {
        const plain = labels.map(({ name, value }) => `${name}=${value}`).join(',');
        const series = formatLabelSet(labels);
        const bits = new Uint32Array(numbers.buffer, numbers.byteOffset);
        for (let i = 0; i < count; i++) {
          const [tMs, value] = [timestampsMs[i]!, numbers[i]!];
          const isStale = bits[i * 2] === STALE_NAN_LOW && bits[i * 2 + 1] === STALE_NAN_HIGH;
          received.samples.push({ series: plain, tMs, value });
          values.push({ series, tMs, value: isStale ? 'stale' : value });
        }
      },
    });
    this.requests.push(received);
    const answer = await this.answer(received);
    if (answer.status < 300) {
      this.kept.push(...received.samples);
      const sender = this.#senderOf(request.path);
      for (const { series, ...value } of values) {
        const list = sender.get(series) ?? [];
        list.push(value);
        sender.set(series, list);
      }
    }
    return answer;
  }

  #senderOf(path: string): Map<string, ReceivedValue[]> {
    const name = path.split('/')[1] ?? '';
    const sender = this.#senders.get(name) ?? new Map<string, ReceivedValue[]>();
    this.#senders.set(name, sender);
    return sender;
  }
}

/** Starts a receiver that listens until the test ends. */
export async function startReceiver(ending: Ending): Promise<Receiver> {
  const receiver = new Receiver();
  await receiver.server.start();
  onEnd(ending, () => receiver.server.stop(100));
  return receiver;
}
