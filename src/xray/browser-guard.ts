/**
 * Refuses requests that come from a web page: the port signs with the role of the task, and a page
 * that a developer visits could ask it otherwise, by the address of the loopback or by a name of
 * the page's own that now leads there (DNS rebinding).
 * Limit: on a listener of other interfaces a GET that a rebound page makes with a forged User-Agent
 * looks like a program's; X-Ray's calls are all POST, with which browsers send Origin.
 * Source: https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isOwnHost, stripPort } from '../kernel/own-host.ts';

const REMEDY =
  'this port signs with the role of the task, so it is for programs alone; ask from a program, ' +
  'without Origin and Sec-Fetch-Site headers';

/**
 * Why a request must be refused; undefined for one of a program.
 *
 * @param host        of the target or the Host header, with or without port
 * @param isLoopback  whether the listener takes connections of this machine alone
 */
export function refuseBrowser(
  headers: IncomingHttpHeaders,
  host: string,
  isLoopback: boolean,
): string | undefined {
  if (headers.origin !== undefined) return `the request has an Origin header: ${REMEDY}`;
  // Not Sec-Fetch-Mode: programs that use Node's fetch send it.
  if (headers['sec-fetch-site'] !== undefined)
    return `the request has a Sec-Fetch-Site header: ${REMEDY}`;
  if (/^Mozilla\//i.test(headers['user-agent'] ?? ''))
    return `the User-Agent is that of a browser: ${REMEDY}`;
  const name = stripPort(host);
  if (isLoopback && !isOwnHost(name))
    return (
      `${name} is not a name of this machine, at whose loopback this port listens; ask for ` +
      '127.0.0.1 or localhost, or listen at 0.0.0.0 for clients that know it by a name'
    );
  return undefined;
}
