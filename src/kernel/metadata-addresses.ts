/**
 * The addresses at which EC2 and ECS hand out credentials and metadata of a machine or task. A URL
 * from a configuration or a target must not reach them by accident or by malice. They are checked
 * where a connection is made, that is after DNS and for every redirect. Behind a proxy, which
 * resolves names itself, only addresses and the names that AWS gives to them are known.
 */
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { PermanentError } from './errors.ts';

const addresses = new BlockList();
addresses.addAddress('169.254.169.254');
addresses.addAddress('169.254.170.2');
addresses.addAddress('169.254.170.23');
addresses.addAddress('fd00:ec2::254', 'ipv6');
addresses.addAddress('fd00:ec2::23', 'ipv6');

/** What the resolver of a VPC knows 169.254.169.254 by. */
const NAME = /^instance-data(?:\.(?:ec2\.internal|[a-z0-9-]+\.compute\.internal))?\.?$/i;

/**
 * Whether it is one of these addresses, in any spelling, also as IPv4 within IPv6: mapped,
 * compatible and translated (RFC 4291, 2765), NAT64 with any prefix of any length (RFC 6052, 8215),
 * 6to4 (RFC 3056), Teredo (RFC 4380) and ISATAP (RFC 5214).
 */
export function isMetadataAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  if (family === 4) return addresses.check(address);
  const [plain = ''] = address.split('%');
  return addresses.check(plain, 'ipv6') || listEmbedded(plain).some((ip) => addresses.check(ip));
}

/**
 * Where RFC 6052 puts the bytes of an IPv4 address behind a prefix of 32, 40, 48, 56, 64 and 96
 * bits. A network may have a prefix of its own, so that each is looked at in every address.
 */
const EMBEDDINGS = [
  [4, 5, 6, 7],
  [5, 6, 7, 9],
  [6, 7, 9, 10],
  [7, 9, 10, 11],
  [9, 10, 11, 12],
  [12, 13, 14, 15],
] as const;

/** The IPv4 addresses that an IPv6 address may stand for. */
function listEmbedded(address: string): string[] {
  const bytes = readIpv6(address);
  const at = (places: readonly number[]): string => places.map((place) => bytes[place]).join('.');
  const found = EMBEDDINGS.map(at);
  const first = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  const second = (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0);
  if (first === 0x2002) found.push(at([2, 3, 4, 5]));
  // Teredo has the address of its server as a prefix of 32 bits has one, and its client's inverted.
  if (first === 0x2001 && second === 0)
    found.push([12, 13, 14, 15].map((place) => (bytes[place] ?? 0) ^ 255).join('.'));
  return found;
}

/** The 16 bytes of a valid address. */
function readIpv6(address: string): number[] {
  // Node's parser knows all spellings; its normal form has groups of hexadecimal digits alone.
  const normal = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = normal.split('::');
  const [before, after] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const gap = tail === undefined ? 0 : 8 - (before?.length ?? 0) - (after?.length ?? 0);
  const groups = [...(before ?? []), ...Array.from({ length: gap }, () => '0'), ...(after ?? [])];
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}

const REMEMBERED_MAX = 10_000;
const LENGTH_MAX = 64;
const remembered = new Map<string, boolean>();

/** The same as `isMetadataAddress`, with the results kept, since every scrape calls it. */
function isMetadataHost(host: string): boolean {
  let known = remembered.get(host);
  if (known === undefined) {
    known = isMetadataAddress(host) || NAME.test(host);
    // No address is longer. Long names of hostile targets must not fill the memory.
    if (host.length > LENGTH_MAX) return known;
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(host, known);
  }
  return known;
}

/**
 * Checks a URL whose host is an IP address or one of AWS's names of one; other names are checked by
 * `guardedLookup`.
 *
 * @throws PermanentError HTTP_METADATA_ADDRESS
 */
export function refuseMetadataUrl({ hostname }: Pick<URL, 'hostname'>): void {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  if (isMetadataHost(host)) throw refuseAddress(host, host);
}

/**
 * The same as dns.lookup, but it fails for a name that has a metadata address among its addresses.
 */
export function guardedLookup(resolve: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    const wanted: LookupOptions & { all: true } = { ...options, all: true };
    resolve(hostname, wanted, (error, found: LookupAddress[]) => {
      const bad = found?.find(({ address }) => isMetadataAddress(address));
      const failure = error ?? (bad === undefined ? null : refuseAddress(hostname, bad.address));
      if (failure !== null) callback(failure, []);
      else if (options.all === true) callback(null, found);
      else callback(null, found[0]?.address ?? '', found[0]?.family);
    });
  };
}

function refuseAddress(host: string, address: string): PermanentError {
  const what = host === address ? address : `${host} (${address})`;
  return new PermanentError(
    'HTTP_METADATA_ADDRESS',
    `${what} is a metadata address, which hands out credentials, so it is not asked; for the ` +
      'targets of a scrape job, allow_metadata_addresses allows it',
  );
}
