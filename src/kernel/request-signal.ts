/**
 * The signal of a request. Made only for requests that ask for it: most are answered at once.
 */
import type { ServerResponse } from 'node:http';

/** One for all: a stack for each request would cost more than most answers. */
const CLIENT_IS_GONE = new Error('the client closed the connection');

/** Aborts when the client goes away or the server stops. */
export function requestSignal(outgoing: ServerResponse, stopped: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const stop = (): void => gone.abort(stopped.reason);
  const close = (): void => {
    stopped.removeEventListener('abort', stop);
    gone.abort(CLIENT_IS_GONE);
  };
  if (stopped.aborted) stop();
  else if (outgoing.closed) close();
  else {
    stopped.addEventListener('abort', stop, { once: true });
    outgoing.once('close', close);
  }
  return gone.signal;
}
