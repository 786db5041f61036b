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

/** Which names of the public DNS are a process's own; addresses and private names always are. */
export interface KnownHosts {
  /** @param name  in lower case and without a port */
  readonly isKnownHost: (name: string) => boolean;
  /** The flag that makes a name known, for the answer. */
  readonly hostFlag: string;
}

export interface StrangerRules extends Partial<KnownHosts> {
  /** Whether pages of all origins may change something, since the routes say which may. */
  readonly isOpen?: boolean;
  /** Whether reading is guarded as changing is, since each request is signed. */
  readonly isSigning?: boolean;
}

/** `none` is what the user asked for by the address bar, which no page can read. */
const OWN_SITES: ReadonlySet<unknown> = new Set(['same-origin', 'none']);
/** Methods that change nothing. A page of another origin can't read the answers. */
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
const ABSOLUTE = /^https?:\/\/([^/?#]*)/i;

export const FOREIGN_WORDS =
  'this is not for web pages of other origins; open the page of this server itself, or ask from ' +
  'a program, without Origin and Sec-Fetch-Site headers';

/** The answer to a stranger's request; undefined for a good one. */
export function refuseStranger(
  { method = 'GET', url = '/', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  { isKnownHost, hostFlag, isSigning = false, isOpen = false }: StrangerRules,
): HttpRefusal | undefined {
  // A forward proxy is asked for whole URLs, which no page can make a browser do.
  const named = ABSOLUTE.exec(url)?.[1];
  const host = named ?? headers.host ?? '';
  if (!isOpen && (isSigning || !READING.has(method)) && isForeign(headers, host))
    return { status: 403, words: FOREIGN_WORDS };
  const name = stripPort(host).toLowerCase();
  if (named !== undefined || isOwnHost(name) || isKnownHost?.(name) === true) return undefined;
  return { status: 403, words: describeUnknownHost(name, hostFlag) };
}

export function describeUnknownHost(name: string, hostFlag: string | undefined): string {
  const remedy = hostFlag === undefined ? '' : `, or start with ${hostFlag} ${name}`;
  return (
    `${name} is not known as a name of this server, and a stranger may have led it here; ask by ` +
    `an address or as localhost${remedy}`
  );
}

/** @param names  that are given by the flag */
export function knownHosts(hostFlag: string, names: readonly string[] = []): KnownHosts {
  const known = new Set(names.map((name) => name.toLowerCase()));
  return { hostFlag, isKnownHost: (name) => known.has(name) };
}

/** Whether a page of another origin asks, as far as its browser says so. */
export function isForeign(
  { origin, 'sec-fetch-site': site }: IncomingHttpHeaders,
  host = '',
): boolean {
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
