/**
 * The thread that makes protobuf of large requests in JSON: what json-requests.ts starts as a
 * worker. A message is a request, and its answer the same in protobuf or why it can't be read.
 */
import { parentPort } from 'node:worker_threads';
import { WireError } from '../wire/errors.ts';
import { encodeJsonRequest } from '../wire/otlp/json.ts';
import type { OtlpSignal } from '../wire/otlp/cutting.ts';

export interface JsonRequest {
  readonly signal: OtlpSignal;
  readonly body: Uint8Array<ArrayBuffer>;
}

export type JsonAnswer =
  | { readonly body: Uint8Array<ArrayBuffer> }
  | { readonly reason: WireError['reason']; readonly message: string };

const port = parentPort;
if (port !== null)
  port.on('message', ({ signal, body }: JsonRequest) => {
    const answer = encode(signal, Buffer.from(body.buffer, body.byteOffset, body.length));
    port.postMessage(answer, 'body' in answer ? [answer.body.buffer] : []);
  });

/** What is no fault of the request ends the thread, and so its requests. */
function encode(signal: OtlpSignal, body: Buffer): JsonAnswer {
  try {
    return { body: new Uint8Array(encodeJsonRequest(signal, body)) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { reason: error.reason, message: error.message };
  }
}
