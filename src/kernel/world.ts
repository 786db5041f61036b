/**
 * The edges to the outside that the parts of a running command share, so that tests can replace
 * them. It is a value that is handed down, never a global.
 */
import { type Clock } from './clock.ts';
import { type HttpClient } from './http-client.ts';
import { type Logger } from './logger.ts';
import { type Registry } from './metrics.ts';
import type { KnownHosts } from './stranger-guard.ts';

export interface World {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly http: HttpClient;
  /** By which names of the public DNS the process is asked for; none where absent. */
  readonly hosts?: KnownHosts | undefined;
}
