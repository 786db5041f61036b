/** An HTTP client that sends nothing: a function answers, and what was asked is kept. */
import type { ClientRequest, ClientResponse, HttpClient } from '../../src/kernel/http-client.ts';

/**
 * A body of status 200, a status without a body, an answer of which the rest is as usual, or a
 * failure.
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

/** Answers as text 0.0.4 unless the answer has headers of its own. */
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

/** An answer of JSON. */
export function json(body: string | Uint8Array, status = 200): FakeAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body };
}
