/**
 * Tells host names that no stranger can lead elsewhere: by DNS rebinding a web page gives a name of
 * its own the address of this machine, and is then of one origin with what listens here.
 */
import { isIP } from 'node:net';

/** Names below these lead to no server of a stranger: they are not in the public DNS. */
const PRIVATE_NAME = /(?:^|\.)(?:localhost|localdomain|local|internal|lan|test|home\.arpa)\.?$/i;

/** The name in a Host header or the authority of a URL, without its port. */
export function stripPort(host: string): string {
  return host.replace(/:\d*$/, '').replace(/^\[|\]$/g, '');
}

/**
 * Whether a name is an address, or one that is not in the public DNS. Names of one label are from a
 * hosts file or a container network.
 */
export function isOwnHost(name: string): boolean {
  return isIP(name) !== 0 || !name.includes('.') || PRIVATE_NAME.test(name);
}
