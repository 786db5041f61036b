/** An HTTP client that sends nothing: a function answers, and the requests are kept. */
import type { ClientRequest, ClientResponse, HttpClient } from '../../src/kernel/http-client.ts';

/**
 * The body of a 200, a status without a body, parts of a response whose rest has defaults, or an
 * error.
 */
export type FakeAnswer = string | number | Error | FakeResponse;

interface FakeResponse {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface FakeHttp extends HttpClient {
  readonly requests: ClientRequest[];
  readonly isClosed: boolean;
}

/**
 * Answers have the content type of the text format 0.0.4 unless they bring headers of their own.
 */
export function fakeHttp(
  answer: (request: ClientRequest) => FakeAnswer | Promise<FakeAnswer>,
): FakeHttp {
  const requests: ClientRequest[] = [];
  let isClosed = false;
  return {
    requests,
    get isClosed() {
      return isClosed;
    },
    async send(request) {
      if (isClosed) throw new Error('a closed client is asked');
      requests.push(request);
      return responseOf(await answer(request));
    },
    close: async () => void (isClosed = true),
  };
}

function responseOf(answer: FakeAnswer): ClientResponse {
  if (answer instanceof Error) throw answer;
  if (typeof answer === 'string') return responseOf({ body: answer });
  if (typeof answer === 'number') return responseOf({ status: answer });
  const headers = { 'content-type': 'text/plain; version=0.0.4' };
  const { status = 200, body = '' } = answer;
  return { status, headers: answer.headers ?? headers, body: Buffer.from(body) };
}

/** A JSON answer. */
export function json(body: string | Uint8Array, status = 200): FakeAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body };
}
