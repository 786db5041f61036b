/**
 * Addresses that hand out credentials and metadata of a machine or task, which nothing that a
 * configuration or a target names may reach by accident or by malice: checked where a connection is
 * made, behind DNS and every redirect.
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

/** Whether an IP address in any spelling, IPv4 within IPv6 too, is one of them. */
export function isMetadataAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && addresses.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

const REMEMBERED_MAX = 10_000;
const LENGTH_MAX = 64;
const remembered = new Map<string, boolean>();

/** As `isMetadataAddress`, remembered: each scrape asks. */
function isMetadataHost(host: string): boolean {
  let known = remembered.get(host);
  if (known === undefined) {
    known = isMetadataAddress(host);
    // No address is longer; names of hostile targets are not kept.
    if (host.length > LENGTH_MAX) return known;
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(host, known);
  }
  return known;
}

/** Throws for a URL whose host is one of them; names are looked at by `guardedLookup`. */
export function refuseMetadataUrl(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isMetadataHost(host)) throw refusal(host, host);
}

/**
 * As dns.lookup, but a name that has a metadata address among its own is not connected to at all.
 */
export function guardedLookup(resolve: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    const wanted: LookupOptions & { all: true } = { ...options, all: true };
    resolve(hostname, wanted, (error, found: LookupAddress[]) => {
      const bad = found?.find(({ address }) => isMetadataAddress(address));
      const failure = error ?? (bad === undefined ? null : refusal(hostname, bad.address));
      if (failure !== null) callback(failure, []);
      else if (options.all === true) callback(null, found);
      else callback(null, found[0]?.address ?? '', found[0]?.family);
    });
  };
}

function refusal(host: string, address: string): PermanentError {
  const what = host === address ? address : `${host} (${address})`;
  return new PermanentError(
    'HTTP_METADATA_ADDRESS',
    `${what} is a metadata address, which hands out credentials, and is not asked; set ` +
      'allow_metadata_addresses on the job to do it nevertheless',
  );
}
