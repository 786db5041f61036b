/**
 * What every part of a running command shares: the edges to the outside, so that tests can replace
 * them.
 * A value that is handed down, never a global.
 */
import { type Clock } from './clock.ts';
import { type HttpClient } from './http-client.ts';
import { type Logger } from './logger.ts';
import { type Registry } from './metrics.ts';

export interface World {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly http: HttpClient;
}
