/**
 * Tells host names that no stranger can lead elsewhere: by DNS rebinding a web page gives a name of
 * its own the address of this machine, and is then of one origin with what listens here.
 */
import { isIP } from 'node:net';

/** Names below these lead nowhere a stranger chooses: they are not in the public DNS. */
const PRIVATE_NAME = /(?:^|\.)(?:localhost|localdomain|local|internal|lan|test|home\.arpa)\.?$/i;

/** Names of load balancers and instances, whose addresses AWS gives, and not who has them. */
const AWS_MACHINE = /(?:^|\.)(?:elb(?:\.[a-z0-9-]+)?|compute(?:-1)?)\.amazonaws\.com(?:\.cn)?\.?$/i;

/** The name in a Host header or the authority of a URL, without its port. */
export function stripPort(host: string): string {
  return host.replace(/:\d*$/, '').replace(/^\[|\]$/g, '');
}

/**
 * Whether a name is an address, or one that is not in the public DNS, or not in a stranger's hands
 * there. Names of one label are from a hosts file or a container network.
 */
export function isOwnHost(name: string): boolean {
  return (
    isIP(name) !== 0 || !name.includes('.') || PRIVATE_NAME.test(name) || AWS_MACHINE.test(name)
  );
}
