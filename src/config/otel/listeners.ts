/**
 * Checks that each address is listened on once. An address of all interfaces takes its port from
 * every other, which the start would find out otherwise. Not here: ports that other processes or
 * flags have.
 */
import type { Reporter } from '../../settings/finding.ts';
import { splitListen } from '../../kernel/listen-address.ts';
import type { ServerPlan } from '../plan.ts';
import type { CollectorInput } from './document.ts';

/** Returns the listeners as they are; what collides is reported at the later one. */
export function checkListeners(
  servers: readonly ServerPlan[],
  input: Pick<CollectorInput, 'extensions'>,
  report: Reporter,
): readonly ServerPlan[] {
  for (const [index, { id, listen }] of servers.entries()) {
    const other = servers.slice(0, index).find((one) => collide(one.listen, listen));
    if (other === undefined) continue;
    const at = Object.hasOwn(input.extensions ?? {}, id) ? ['extensions', id] : id.split('.');
    const where = other.listen === listen ? '' : ` on ${other.listen}`;
    report.error(
      at,
      'CONFIG_DUPLICATE',
      `${id} listens on ${listen}, as ${other.id} does${where}; change one`,
    );
  }
  return servers;
}

/** Port 0 is another one each time. */
function collide(one: string, other: string): boolean {
  const [left, right] = [splitListen(one), splitListen(other)];
  if (left === undefined || right === undefined) return one === other;
  if (left.port !== right.port || left.port === 0) return false;
  return left.host === right.host || isEverywhere(left.host) || isEverywhere(right.host);
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
