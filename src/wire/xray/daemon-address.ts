/**
 * The address of an X-Ray daemon as the variable AWS_XRAY_DAEMON_ADDRESS writes it: segment
 * documents go to the UDP one, requests for sampling rules to the TCP one. Pure.
 *
 *   host:port                         both
 *   tcp:host:port udp:host:port       each its own, in either order
 *   udp:host:port                     only one of them
 *
 * A host is a name, an IPv4 address, or an IPv6 address in brackets. The official SDKs take the
 * first two forms, with IPv4 addresses and names only.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-nodejs-configuration.html
 */

export const DAEMON_ADDRESS_VARIABLE = 'AWS_XRAY_DAEMON_ADDRESS';

export interface DaemonEndpoint {
  /** A name or an address, IPv6 without its brackets. */
  readonly host: string;
  readonly port: number;
}

/** At least one of the two is there; the text did not name the other. */
export interface DaemonAddress {
  readonly udp?: DaemonEndpoint;
  readonly tcp?: DaemonEndpoint;
}

const NAME_MAX = 253;
const PORT_MAX = 65_535;
const FORMS = 'write host:port, or "tcp:host:port udp:host:port"; an IPv6 address in brackets';

/**
 * Parses the text of the variable or of a flag.
 *
 * @returns  the address, or a sentence that says what is wrong and which forms there are
 */
export function parseDaemonAddress(text: string): DaemonAddress | string {
  const parts = text.split(/\s+/).filter((part) => part !== '');
  const [first] = parts;
  if (first === undefined) return `the address of the X-Ray daemon is empty; ${FORMS}`;
  if (parts.length > 2) return refuse(text, 'has more than two parts');
  if (parts.length === 1 && schemeOf(first) === undefined) {
    const both = parseEndpoint(first);
    return typeof both === 'string' ? refuse(text, both) : { udp: both, tcp: both };
  }
  const address: { udp?: DaemonEndpoint; tcp?: DaemonEndpoint } = {};
  for (const part of parts) {
    const scheme = schemeOf(part);
    if (scheme === undefined)
      return refuse(text, `has ${JSON.stringify(part)} without tcp: or udp: before it`);
    if (address[scheme] !== undefined) return refuse(text, `names ${scheme}: twice`);
    const endpoint = parseEndpoint(part.slice(scheme.length + 1));
    if (typeof endpoint === 'string') return refuse(text, endpoint);
    address[scheme] = endpoint;
  }
  return address;
}

/** The text of one of the two addresses: `host:port`, IPv6 in brackets. */
export function formatEndpoint({ host, port }: DaemonEndpoint): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function schemeOf(part: string): 'udp' | 'tcp' | undefined {
  const scheme = /^(udp|tcp):/i.exec(part)?.[1]?.toLowerCase();
  return scheme as 'udp' | 'tcp' | undefined;
}

/** The endpoint, or what is wrong with it. */
function parseEndpoint(text: string): DaemonEndpoint | string {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) return `has ${JSON.stringify(text)}, which is not host:port`;
  const [, bracketed, plain = '', digits] = match;
  const port = Number(digits);
  if (port < 1 || port > PORT_MAX) return `has a port outside 1 to ${PORT_MAX}`;
  if (bracketed !== undefined)
    return isIpv6(bracketed)
      ? { host: bracketed, port }
      : `has ${JSON.stringify(bracketed)} in brackets, which is not an IPv6 address`;
  if (plain === '') return 'has no host before its port';
  return isNameOrIpv4(plain)
    ? { host: plain, port }
    : `has ${JSON.stringify(plain)}, which is not a host name`;
}

function isIpv6(text: string): boolean {
  // A zone, as in fe80::1%eth0, is of this machine; URLs cannot have one, sockets can.
  const [address = '', ...zones] = text.split('%');
  return zones.length <= 1 && zones[0] !== '' && URL.canParse(`http://[${address}]`);
}

/** Underscores are not for host names, but names of Compose services and of Cloud Map have them. */
function isNameOrIpv4(text: string): boolean {
  if (/^[\d.]+$/.test(text))
    return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) && text.split('.').every((n) => Number(n) < 256);
  return (
    text.length <= NAME_MAX && /^(?!-)[a-z\d_-]{1,63}(?:\.(?!-)[a-z\d_-]{1,63})*\.?$/i.test(text)
  );
}

function refuse(text: string, what: string): string {
  return `address of the X-Ray daemon ${JSON.stringify(text)} ${what}; ${FORMS}`;
}
