/**
 * Where a receiver of UDP listens: the address behind a host's name, and what is wrong when the
 * socket can't be bound.
 */
import { lookup } from 'node:dns/promises';
import { ConfigError } from './errors.ts';

export interface ListenPlace {
  readonly name: string;
  /** As it was written. */
  readonly listen: string;
  readonly flag: string;
}

/**
 * As in Go, a name that has both is IPv4.
 *
 * @throws ConfigError LISTEN_FAILED
 */
export async function resolveHost(
  host: string,
  place: ListenPlace,
): Promise<{ host: string; family: 4 | 6 }> {
  try {
    const { address, family } = await lookup(host, { order: 'ipv4first' });
    return { host: address, family: family === 6 ? 6 : 4 };
  } catch (error) {
    throw new ConfigError(
      'LISTEN_FAILED',
      `${place.name}: the host of ${place.listen} has no address; give ${place.flag} an ` +
        `address of this machine`,
      { cause: error },
    );
  }
}

export function describeBindError(
  { code, message }: { readonly code: string; readonly message: string },
  { name, listen, flag }: ListenPlace,
): ConfigError {
  const cause = new Error(message);
  if (code === 'EADDRINUSE')
    return new ConfigError(
      'PORT_IN_USE',
      `${name}: UDP ${listen} is in use by another process, such as a daemon that this one ` +
        `replaces; stop it or choose another address with ${flag}`,
      { cause },
    );
  if (code === 'EACCES')
    return new ConfigError(
      'PORT_FORBIDDEN',
      `${name}: may not listen on UDP ${listen}; choose a port above 1023 with ${flag}`,
      { cause },
    );
  return new ConfigError(
    'LISTEN_FAILED',
    `${name}: cannot listen on UDP ${listen}; give ${flag} an address of this machine`,
    { cause },
  );
}
