/**
 * Refuses calls of web pages other than the workspace's own: those of traces, since the workspace
 * signs for the AWS account, and those that set faults. Any page that a developer visits could make
 * them otherwise: from another origin, or by a name of its own that now leads here (DNS rebinding).
 * Source: https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isOwnHost, stripPort } from '../../kernel/own-host.ts';

/** `none` is what the user asked for by the address bar, which no page can read. */
const OWN_SITES: ReadonlySet<unknown> = new Set(['same-origin', 'none']);

/**
 * Why a request must be refused; undefined for those of programs and of the workspace's own page.
 *
 * @param hosts  names of the public DNS that are the workspace's own; undefined where any is
 */
export function refuseForeignPage(
  headers: IncomingHttpHeaders,
  hosts: readonly string[] | undefined,
): string | undefined {
  const { host = '', origin, 'sec-fetch-site': site } = headers;
  const isForeign =
    (origin !== undefined && !isOriginOf(origin, host)) ||
    (site !== undefined && !OWN_SITES.has(site));
  if (isForeign)
    return (
      'this call is not for web pages of other origins; open the page of the workspace itself, ' +
      'or ask from a program, without Origin and Sec-Fetch-Site headers'
    );
  const name = stripPort(host).toLowerCase();
  if (hosts === undefined || isOwnHost(name) || hosts.some((own) => own.toLowerCase() === name))
    return undefined;
  return (
    `${name} is not known as a name of this workspace, and a stranger may have led it here; ask ` +
    `by an address or as localhost; for traces by this name, start it with --page.host ${name}`
  );
}

function isOriginOf(origin: string, host: string): boolean {
  return (
    host !== '' && /^https?:\/\/(.*)$/i.exec(origin)?.[1]?.toLowerCase() === host.toLowerCase()
  );
}
