/**
 * Answers that are none, on command: a connection that is reset, nothing for as long as the caller
 * waits, no body, half of one, or one of another shape.
 */
import type { HttpRequest, HttpResponse } from '../kernel/http-server.ts';
import type { Break, Trouble } from './trouble.ts';

/** @param answer  the right one; not asked for where the call is to have no effect */
export async function breakAnswer(
  how: Break | undefined,
  request: HttpRequest,
  trouble: Trouble,
  answer: () => Promise<HttpResponse> | HttpResponse,
): Promise<HttpResponse> {
  switch (how) {
    case undefined:
      return answer();
    case 'reset':
      return { status: 200, cut: 'reset' };
    case 'hang':
      return hang(request.signal, trouble);
    case 'empty':
      return { ...(await answer()), body: '' };
    case 'half':
      return { ...(await answer()), cut: 'half' };
    case 'malformed': {
      const right = await answer();
      const isJson = (right.headers?.['content-type'] ?? '').includes('json');
      return { ...right, body: isJson ? '{"unexpected":[null]}' : '<html><body>ok</body></html>' };
    }
  }
}

/** Until the caller goes away, or the server stops. */
async function hang(signal: AbortSignal, trouble: Trouble): Promise<HttpResponse> {
  trouble.hanging += 1;
  try {
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    trouble.hanging -= 1;
  }
  return { status: 503, cut: 'reset' };
}
