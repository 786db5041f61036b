/**
 * Checks that each address is listened on once. An address of all interfaces takes its port from
 * every other of the same protocol, which the start would find out otherwise. Not here: ports that
 * other processes or flags have.
 */
import { splitListen } from '../kernel/listen-address.ts';
import type { ConfigPath, Reporter } from '../settings/finding.ts';

/** A part of a configuration that listens. */
export interface Listener {
  /** As it is called in messages. */
  readonly id: string;
  /** `host:port`, or a path of the file system. */
  readonly listen: string;
  /** The same port of two protocols is no collision. */
  readonly protocol: 'tcp' | 'udp' | 'unix';
  /** Where it is written. */
  readonly at: ConfigPath;
}

/** Reports what collides at the later one. */
export function checkListeners(listeners: readonly Listener[], report: Reporter): void {
  for (const [index, listener] of listeners.entries()) {
    const { id, listen, at } = listener;
    const other = listeners.slice(0, index).find((one) => collide(one, listener));
    if (other === undefined) continue;
    const where = other.listen === listen ? '' : ` on ${other.listen}`;
    report.error(
      at,
      'CONFIG_DUPLICATE',
      `${id} listens on ${listen}, as ${other.id} does${where}; change one`,
    );
  }
}

/** Whether two cannot listen at one time. Port 0 is another one each time. */
export function collide(
  one: Pick<Listener, 'listen' | 'protocol'>,
  other: Pick<Listener, 'listen' | 'protocol'>,
): boolean {
  if (one.protocol !== other.protocol) return false;
  const [left, right] = [splitListen(one.listen), splitListen(other.listen)];
  if (left === undefined || right === undefined) return one.listen === other.listen;
  if (left.port !== right.port || left.port === 0) return false;
  return left.host === right.host || isEverywhere(left.host) || isEverywhere(right.host);
}

function isEverywhere(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::';
}
