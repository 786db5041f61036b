/**
 * Refuses requests that come from a web page: the port signs with the role of the task, and a page
 * that a developer visits could ask it otherwise, by the address of the loopback or by a name of
 * the page's own that now leads there (DNS rebinding).
 * Source: https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isOwnHost, stripPort } from '../kernel/own-host.ts';
import { describeUnknownHost, type KnownHosts } from '../kernel/stranger-guard.ts';

const REMEDY =
  'this port signs with the role of the task, so it is for programs alone; ask from a program, ' +
  'without Origin and Sec-Fetch-Site headers';

/**
 * Why a request must be refused; undefined for one of a program.
 *
 * @param host   of the target or the Host header, with or without port
 * @param hosts  names that are configured; none when undefined
 */
export function refuseBrowser(
  headers: IncomingHttpHeaders,
  host: string,
  hosts: KnownHosts | undefined,
): string | undefined {
  if (headers.origin !== undefined) return `the request has an Origin header: ${REMEDY}`;
  // Not Sec-Fetch-Mode: programs that use Node's fetch send it.
  if (headers['sec-fetch-site'] !== undefined)
    return `the request has a Sec-Fetch-Site header: ${REMEDY}`;
  if (/^Mozilla\//i.test(headers['user-agent'] ?? ''))
    return `the User-Agent is that of a browser: ${REMEDY}`;
  const name = stripPort(host).toLowerCase();
  if (isOwnHost(name) || hosts?.isKnownHost(name) === true) return undefined;
  return describeUnknownHost(name, hosts?.hostFlag);
}
