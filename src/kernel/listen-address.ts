/**
 * Addresses that servers listen on, as flags write them: `host:port`, `:port`, `[v6]:port`.
 */
import { ConfigError } from './errors.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
}

const PORT_MAX = 65_535;

/**
 * Undefined for a text that is not an address. The host of `:port` is empty; the caller decides
 * what that means.
 */
export function splitListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > PORT_MAX) return undefined;
  return { host: match[1] ?? match[2] ?? '', port };
}

/**
 * Parses an address. `:port` means all addresses of IPv4, as it does in the programs that are
 * replaced; the servers warn of it (`warnOfBarePort`).
 *
 * @param flag  the flag that gave the address, for the error
 * @throws ConfigError LISTEN_ADDRESS
 */
export function parseListen(listen: string, flag = '--web.listen-address'): ListenAddress {
  const address = splitListen(listen);
  if (address === undefined)
    throw new ConfigError(
      'LISTEN_ADDRESS',
      `${flag} "${listen}" is not host:port with a port from 0 to 65535; write for example ` +
        '127.0.0.1:9779 or :9779',
    );
  return address.host === '' ? { ...address, host: '0.0.0.0' } : address;
}
