/**
 * Breaks answers on command: a reset connection, no answer for as long as the caller waits, no
 * body, half a body, or a body of another form.
 */
import type { HttpRequest, HttpResponse } from '../kernel/http-server.ts';
import type { Break, Trouble } from './trouble.ts';

/** @param answer  makes the right answer; not called for `reset` and `hang`, so nothing happens */
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

/** Gives no answer until the caller goes away or the server stops. */
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
