/**
 * Requests in JSON become the same in protobuf and go the same way from there on. JSON is parsed in
 * one go, some 30 ms a megabyte, so large requests are converted in a thread, one after another;
 * it ends when none has come for a while. Usual requests have some kilobytes, and no thread is
 * started for them.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describeError } from '../kernel/errors.ts';
import { WireError } from '../wire/errors.ts';
import { encodeJsonRequest } from '../wire/otlp/json.ts';
import type { OtlpSignal } from '../wire/otlp/cutting.ts';
import type { JsonAnswer, JsonRequest } from './json-thread.ts';

/** Larger requests are converted in the thread. */
const INLINE_BYTES_MAX = 512 * 1024;
const IDLE_MS = 10_000;
/** The compiler does not rewrite URLs: the file beside this one ends as this one does. */
const FILE = new URL(`json-thread${extname(import.meta.filename)}`, import.meta.url);

export class JsonRequests {
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** The request in the thread, and all that wait behind it. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param body  not to be used afterwards: the memory of a large one goes to the thread
   * @throws WireError where it can't be read
   */
  convert(signal: OtlpSignal, body: Buffer): Promise<Buffer> {
    if (body.length <= INLINE_BYTES_MAX)
      return Promise.resolve().then(() => encodeJsonRequest(signal, body));
    const converted = this.#last.then(() => this.#convertInThread({ signal, body: own(body) }));
    this.#last = converted.catch(() => undefined);
    return converted;
  }

  /** Ends the thread; a request in it fails. */
  async end(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    // What comes while it ends has another.
    this.#worker = undefined;
    await worker?.terminate();
  }

  #convertInThread(request: JsonRequest): Promise<Buffer> {
    clearTimeout(this.#idle);
    const worker = (this.#worker ??= this.#open());
    return new Promise<Buffer>((resolve, reject) => {
      const settle = (act: () => void): void => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        this.#idle = setTimeout(() => void this.end(), IDLE_MS).unref();
        act();
      };
      const onMessage = (answer: JsonAnswer): void =>
        settle(() => {
          if ('body' in answer) resolve(Buffer.from(answer.body.buffer));
          else reject(new WireError(answer.reason, answer.message));
        });
      const onError = (error: unknown): void =>
        settle(() => reject(new Error(`JSON could not be converted: ${describeError(error)}`)));
      const onExit = (): void => settle(() => reject(new Error('the receiver has stopped')));
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage(request, [request.body.buffer]);
    });
  }

  #open(): Worker {
    const worker = new Worker(FILE, { name: 'otlp-json' });
    worker.unref();
    // Without a listener an error would end the process; whoever waits hears of it too.
    const leave = (): void => {
      if (this.#worker === worker) this.#worker = undefined;
    };
    worker.on('error', leave);
    worker.once('exit', leave);
    return worker;
  }
}

/** Bytes that are all of their memory, which may be moved to a thread. */
function own(body: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, length } = body;
  return buffer instanceof ArrayBuffer && buffer.byteLength === length
    ? new Uint8Array(buffer)
    : new Uint8Array(body);
}
