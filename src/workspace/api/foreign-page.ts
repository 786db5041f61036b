/**
 * Calls of the workspace that ask AWS or set faults, which no other origin's page may make it do:
 * whatever their method, since reading them already has an effect.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isAmong, refuseStranger } from '../../kernel/stranger-guard.ts';

/**
 * Why such a call must be refused; undefined for those of programs and of the workspace's own page.
 *
 * @param hosts  names of the public DNS that are the workspace's own; undefined where any is
 */
export function refuseForeignPage(
  headers: IncomingHttpHeaders,
  hosts: readonly string[] | undefined,
): string | undefined {
  return refuseStranger(
    { headers },
    {
      isSigning: true,
      isKnownHost: hosts === undefined ? undefined : isAmong(hosts),
      hostFlag: '--page.host',
    },
  )?.words;
}
