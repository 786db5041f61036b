/**
 * Which hosts are reached without a proxy, by the list of NO_PROXY, as Go's programs read it: names
 * with their subdomains, names that begin with a dot for subdomains alone, addresses, ranges of
 * addresses, `*` for all; a name or an address may have a port. What is on this machine is never
 * reached through a proxy. Source: https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
import { BlockList, isIP } from 'node:net';

export interface ReachedHost {
  /** Without brackets. */
  readonly name: string;
  readonly port: number;
}

/** @returns whether a host is reached without a proxy */
export function readProxyExceptions(list: string): (host: ReachedHost) => boolean {
  const ranges = new BlockList();
  const matchers: ((host: ReachedHost) => boolean)[] = [];
  for (const given of list.split(',')) {
    const entry = given.trim().toLowerCase();
    if (entry === '*') return () => true;
    if (entry === '') continue;
    if (!addRange(ranges, entry)) matchers.push(readEntry(entry));
  }
  return ({ name, port }) => {
    const host = { name: name.toLowerCase().replace(/\.$/, ''), port };
    if (isLocal(host.name)) return true;
    const kind = isIP(host.name);
    if (kind !== 0 && ranges.check(host.name, kind === 6 ? 'ipv6' : 'ipv4')) return true;
    return matchers.some((matches) => matches(host));
  };
}

/** A range that is none is no range: nothing has such a name. */
function addRange(ranges: BlockList, entry: string): boolean {
  const [, address = '', bits] = /^([\d.a-f:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  const kind = isIP(address);
  if (kind === 0 || Number(bits) > (kind === 6 ? 128 : 32)) return false;
  ranges.addSubnet(address, Number(bits), kind === 6 ? 'ipv6' : 'ipv4');
  return true;
}

function readEntry(entry: string): (host: ReachedHost) => boolean {
  const isAddress = isIP(entry) !== 0;
  const [, named = entry, only] = isAddress ? [] : (/^(.*?):(\d+)$/.exec(entry) ?? []);
  const hasPort = ({ port }: ReachedHost): boolean => only === undefined || Number(only) === port;
  const name = named.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '');
  if (isIP(name) !== 0) return (host) => host.name === name && hasPort(host);
  const above = name.startsWith('.') ? name : `.${name}`;
  return (host) => (host.name === name || host.name.endsWith(above)) && hasPort(host);
}

function isLocal(name: string): boolean {
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}
