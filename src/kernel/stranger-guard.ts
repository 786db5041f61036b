/**
 * Refuses requests that a stranger's web page makes in a visitor's browser: any page could change
 * something here, or have something signed with the rights of the AWS account. It asks from another
 * origin (told by Origin and Sec-Fetch-Site), or by a name of its own that now leads here (DNS
 * rebinding, told by Host). Programs send neither header, and ask by an address or a name that is
 * known. Pure.
 * Source: https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { HttpRefusal } from './http-refusals.ts';
import { isOwnHost, stripPort } from './own-host.ts';

export interface StrangerRules {
  /**
   * Whether a name of the public DNS, in lower case and without a port, is one of the listener's;
   * addresses and private names always are. Undefined where any name is.
   */
  readonly isKnownHost?: ((name: string) => boolean) | undefined;
  /** The flag that makes a name known, for the answer. */
  readonly hostFlag?: string | undefined;
  /** Whether reading is guarded as changing is, since each request is signed. */
  readonly isSigning?: boolean;
}

/** `none` is what the user asked for by the address bar, which no page can read. */
const OWN_SITES: ReadonlySet<unknown> = new Set(['same-origin', 'none']);
/** Methods that change nothing. A page of another origin can't read the answers. */
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
const ABSOLUTE = /^https?:\/\/([^/?#]*)/i;

const FOREIGN =
  'this is not for web pages of other origins; open the page of this server itself, or ask from ' +
  'a program, without Origin and Sec-Fetch-Site headers';

/** The answer to a stranger's request; undefined for a good one. */
export function refuseStranger(
  { method = 'GET', url = '/', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  { isKnownHost, hostFlag, isSigning = false }: StrangerRules,
): HttpRefusal | undefined {
  // A forward proxy is asked for whole URLs, which no page can make a browser do.
  const named = ABSOLUTE.exec(url)?.[1];
  const host = named ?? headers.host ?? '';
  if ((isSigning || !READING.has(method)) && isForeign(headers, host))
    return { status: 403, words: FOREIGN };
  const name = stripPort(host).toLowerCase();
  if (named !== undefined || isKnownHost === undefined || isOwnHost(name) || isKnownHost(name))
    return undefined;
  const remedy = hostFlag === undefined ? '' : `, or start with ${hostFlag} ${name}`;
  return {
    status: 403,
    words:
      `${name} is not known as a name of this server, and a stranger may have led it here; ask ` +
      `by an address or as localhost${remedy}`,
  };
}

/** The rule that names are known by a list. */
export function isAmong(hosts: readonly string[]): (name: string) => boolean {
  const known = new Set(hosts.map((host) => host.toLowerCase()));
  return (name) => known.has(name);
}

function isForeign({ origin, 'sec-fetch-site': site }: IncomingHttpHeaders, host: string): boolean {
  return (
    (origin !== undefined && !isOriginOf(origin, host)) ||
    (site !== undefined && !OWN_SITES.has(site))
  );
}

function isOriginOf(origin: string, host: string): boolean {
  return (
    host !== '' && /^https?:\/\/(.*)$/i.exec(origin)?.[1]?.toLowerCase() === host.toLowerCase()
  );
}
