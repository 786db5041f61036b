/**
 * Calls of the workspace that ask AWS or set faults, which no other origin's page may make it do:
 * whatever their method, since reading them already has an effect.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { FOREIGN_WORDS, isForeign } from '../../kernel/stranger-guard.ts';

/** Why such a call must be refused; undefined for programs and for the workspace's own page. */
export function refuseForeignPage(headers: IncomingHttpHeaders): string | undefined {
  return isForeign(headers, headers.host) ? FOREIGN_WORDS : undefined;
}
