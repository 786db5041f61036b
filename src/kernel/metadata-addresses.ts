/**
 * The addresses at which EC2 and ECS hand out credentials and metadata of a machine or task. A URL
 * from a configuration or a target must not reach them by accident or by malice. They are checked
 * where a connection is made, that is after DNS and for every redirect.
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

/** Whether it is one of these addresses, in any spelling, also as IPv4 mapped into IPv6. */
export function isMetadataAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && addresses.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

const REMEMBERED_MAX = 10_000;
const LENGTH_MAX = 64;
const remembered = new Map<string, boolean>();

/** The same as `isMetadataAddress`, with the results kept, since every scrape calls it. */
function isMetadataHost(host: string): boolean {
  let known = remembered.get(host);
  if (known === undefined) {
    known = isMetadataAddress(host);
    // No address is longer. Long names of hostile targets must not fill the memory.
    if (host.length > LENGTH_MAX) return known;
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(host, known);
  }
  return known;
}

/**
 * Checks a URL whose host is an IP address; names are checked by `guardedLookup`.
 *
 * @throws PermanentError HTTP_METADATA_ADDRESS
 */
export function refuseMetadataUrl(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
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
    `${what} is a metadata address, which hands out credentials, so it is not asked; set ` +
      'allow_metadata_addresses on the job to allow it',
  );
}
