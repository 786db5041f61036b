/**
 * Addresses that servers listen on, as flags write them: `host:port`, `:port`, `[v6]:port`.
 */
import { ConfigError } from './errors.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 is any that is free. */
  readonly port: number;
}

const PORT_MAX = 65_535;

/**
 * Undefined for what is no address; the host of `:port` is empty, and what that means is the
 * caller's.
 */
export function splitListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > PORT_MAX) return undefined;
  return { host: match[1] ?? match[2] ?? '', port };
}

/** `:port` means loopback, so that nothing listens wider than it was told. @throws ConfigError */
export function parseListen(listen: string): ListenAddress {
  const address = splitListen(listen);
  if (address === undefined)
    throw new ConfigError(
      'LISTEN_ADDRESS',
      `listen address "${listen}" is not host:port; write for example 127.0.0.1:9779 or :9779`,
    );
  return address.host === '' ? { ...address, host: '127.0.0.1' } : address;
}
