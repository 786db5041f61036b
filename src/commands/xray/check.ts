/**
 * `amperage xray --check`: asks the one that runs with the same flags whether it answers, for
 * health checks of containers that have no curl. Any answer at the TCP address counts, as
 * `nc -z localhost 2000` does for the daemon; with --web.listen-address, `/-/ready` must be 200.
 */
import { describeError } from '../../kernel/errors.ts';
import type { HttpClient } from '../../kernel/http-client.ts';
import { parseListen } from '../../kernel/listen-address.ts';

const TIMEOUT_MS = 2_000;
const BODY_MAX_BYTES = 64 * 1024;

export interface CheckTarget {
  readonly tcpAddress: string;
  readonly webAddress: string | undefined;
}

/** What is wrong, or undefined when it answers. */
export async function askRunning(
  { tcpAddress, webAddress }: CheckTarget,
  http: HttpClient,
): Promise<string | undefined> {
  const address = webAddress ?? tcpAddress;
  try {
    const { status } = await http.send({
      method: 'GET',
      url: `http://${reachable(address)}/-/${webAddress === undefined ? 'healthy' : 'ready'}`,
      timeoutMs: TIMEOUT_MS,
      bodyMaxBytes: BODY_MAX_BYTES,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (webAddress === undefined || status === 200) return undefined;
    return `${address} answers ${status}: it is not ready`;
  } catch (error) {
    return `${address} does not answer: ${describeError(error)}`;
  }
}

/** The loopback address in place of that of all interfaces. */
function reachable(listen: string): string {
  const { host, port } = parseListen(listen);
  if (host === '0.0.0.0') return `127.0.0.1:${port}`;
  if (host === '::') return `[::1]:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
