/**
 * A receiver of OTLP over HTTP on the loopback. It answers by a function, and keeps the requests
 * that it accepted, in the order of arrival.
 */
import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { type HttpRequest, type HttpResponse, HttpServer } from '../../src/kernel/http-server.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { countRequestItems, type OtlpSignal } from '../../src/wire/otlp/cutting.ts';
import { formatRequestJson } from '../../src/wire/otlp/request-json.ts';
import { uncompress } from '../../src/wire/snappy.ts';
import { type Ending, onEnd } from './ending.ts';

export interface OtlpReceived {
  readonly request: HttpRequest;
  readonly signal: OtlpSignal;
  /** Inflated, as it was written: protobuf or JSON. */
  readonly body: Buffer;
  readonly items: number;
  /** The same as JSON. */
  readonly json: string;
}

const BODY_MAX_BYTES = 64 * 1024 * 1024;

export class OtlpReceiver {
  /** All requests, whatever the answer was. */
  readonly requests: OtlpReceived[] = [];
  /** Those that were answered with success, as JSON. */
  readonly kept: string[] = [];
  /** Undefined takes all. */
  answer: (received: OtlpReceived) => HttpResponse | Promise<HttpResponse> | undefined = () =>
    undefined;
  readonly server: HttpServer;

  constructor() {
    this.server = new HttpServer({
      // It stands for servers of any name.
      strangers: 'none',
      name: 'otlp',
      listen: '127.0.0.1:0',
      log: silentLogger,
      bodyMaxBytes: BODY_MAX_BYTES,
      routes: [{ method: 'POST', path: '/*', handle: (request) => this.#take(request) }],
    });
  }

  get url(): string {
    return this.server.url;
  }

  /** The resources of the requests of a signal that were accepted. */
  resourcesOf(signal: OtlpSignal): Record<string, unknown>[] {
    const key = signal === 'metrics' ? 'resourceMetrics' : 'resourceSpans';
    return this.kept.flatMap(
      (one) => (JSON.parse(one) as Record<string, Record<string, unknown>[]>)[key] ?? [],
    );
  }

  async #take(request: HttpRequest): Promise<HttpResponse> {
    const signal = request.path.endsWith('/traces') ? 'traces' : 'metrics';
    const body = inflate(await request.bytes(), request.headers['content-encoding']);
    const isJson = request.headers['content-type'] === 'application/json';
    const json = isJson ? body.toString() : formatRequestJson(signal, body).toString();
    const items = isJson ? 0 : countRequestItems(signal, body);
    const received = { request, signal, body, items, json } as const;
    this.requests.push(received);
    const answer = (await this.answer(received)) ?? {
      status: 200,
      headers: { 'content-type': 'application/x-protobuf' },
      body: '',
    };
    if (answer.status < 300) this.kept.push(json);
    return answer;
  }
}

function inflate(body: Buffer, encoding: string | undefined): Buffer {
  switch (encoding) {
    case undefined:
      return body;
    case 'gzip':
      return gunzipSync(body);
    case 'zlib':
    case 'deflate':
      return inflateSync(body);
    case 'zstd':
      return zstdDecompressSync(body);
    case 'snappy':
      return Buffer.from(uncompress(body, BODY_MAX_BYTES));
    default:
      throw new Error(`no body of ${encoding} is expected here`);
  }
}

/** A receiver that is stopped when the test ends. */
export async function startOtlpReceiver(ending: Ending): Promise<OtlpReceiver> {
  const receiver = new OtlpReceiver();
  await receiver.server.start();
  onEnd(ending, () => receiver.server.stop(100));
  return receiver;
}
