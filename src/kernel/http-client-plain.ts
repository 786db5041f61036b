/**
 * The HTTP client of the exporter sidecar, on Node's own http module, which its server has loaded
 * anyway: undici would cost 11 MB of a container that may have 64. Plain HTTP only, for the task
 * metadata endpoint; all other code uses http-client.ts, which is faster.
 */
import type { IncomingMessage } from 'node:http';
import { inflate } from './answer-bodies.ts';
import {
  type ClientRequest,
  type ClientResponse,
  describeRequest,
  flatten,
  type HttpClient,
  HttpClientError,
} from './http-client.ts';
import { describeError } from './errors.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { INTERIM_HEADS_MAX } from './http-response-parser.ts';
import { readPieces } from './pieces.ts';

// Not by import, which costs 16 MB: see web-server.ts.
const { Agent, request: ask } = process.getBuiltinModule('node:http');

export function createPlainHttpClient(): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  return {
    send: async (request) => {
      const timeout = AbortSignal.timeout(Math.ceil(request.timeoutMs));
      try {
        return await send(agent, request, AbortSignal.any([request.signal, timeout]));
      } catch (error) {
        throw toClientError(error, request, timeout.aborted);
      }
    },
    close: () => {
      agent.destroy();
      return Promise.resolve();
    },
  };
}

async function send(
  agent: InstanceType<typeof Agent>,
  { url, method, headers, body, bodyMaxBytes }: ClientRequest,
  signal: AbortSignal,
): Promise<ClientResponse> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = ask(url, { agent, method, headers: { ...headers }, signal }, resolve);
    outgoing.once('error', reject);
    let interimHeads = 0;
    const count = (): void => {
      interimHeads += 1;
      if (interimHeads > INTERIM_HEADS_MAX)
        outgoing.destroy(new Error('the other side sends interim answers without end'));
    };
    outgoing.on('information', count).on('continue', count);
    outgoing.end(body);
  });
  const flat = flatten(answer.headers);
  const whole = await readBounded(answer, bodyMaxBytes);
  return {
    status: answer.statusCode ?? 0,
    headers: flat,
    body: await inflate(flat, whole, bodyMaxBytes),
  };
}

function toClientError(error: unknown, request: ClientRequest, isLate: boolean): Error {
  if (error instanceof HttpClientError) return error;
  const what = describeRequest(request);
  const because = { cause: error };
  if (request.signal.aborted) return new HttpClientError('aborted', `${what} was aborted`, because);
  if (isLate)
    return new HttpClientError('timeout', `${what} took longer than ${request.timeoutMs} ms`);
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const kind = code === 'ECONNRESET' || code === 'EPIPE' ? 'reset' : 'connect';
  return new HttpClientError(kind, `${what} failed: ${describeError(error)}`, because);
}

async function readBounded(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const body = new GrowingBuffer({ announced: Number(answer.headers['content-length'] ?? 0) });
  try {
    await readPieces(answer, (piece) => {
      if (body.length + piece.length > maxBytes)
        throw new HttpClientError('body_too_large', `the answer is larger than ${maxBytes} bytes`);
      body.add(piece);
    });
  } catch (error) {
    // The rest is never read.
    answer.destroy();
    throw error;
  }
  return body.finish();
}
