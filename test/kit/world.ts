/**
 * The world of a part under test (kernel/world.ts): a virtual clock, a registry, a logger whose
 * lines are kept, and an HTTP client that refuses to send. Each of them can be replaced.
 */
import { type Clock, VirtualClock } from '../../src/kernel/clock.ts';
import {
  createHttpClient,
  type HttpClient,
  type HttpClientOptions,
} from '../../src/kernel/http-client.ts';
import { createLogger, type Logger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { type Ending, onEnd } from './ending.ts';

export interface TestWorld<Time extends Clock = VirtualClock> {
  readonly clock: Time;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly http: HttpClient;
  /** Logged lines in logfmt. */
  readonly lines: readonly string[];
  /**
   * The value of the first line of our own metrics that begins with `start`; NaN where there is
   * none.
   */
  readonly metric: (start: string) => number;
}

interface WorldParts<Time extends Clock> {
  readonly clock?: Time;
  readonly metrics?: Registry;
  readonly http?: HttpClient;
}

/** The client of a part that must not send anything. */
export const noHttp: HttpClient = {
  send: async ({ url }) => {
    throw new Error(`nothing is to be sent here, but ${url} was asked`);
  },
  close: async () => undefined,
};

export function createWorld(parts?: WorldParts<VirtualClock>): TestWorld;
export function createWorld<Time extends Clock>(
  parts: WorldParts<Time> & { readonly clock: Time },
): TestWorld<Time>;
export function createWorld(parts: WorldParts<Clock> = {}): TestWorld<Clock> {
  const { clock = new VirtualClock(), metrics = new Registry(), http = noHttp } = parts;
  const lines: string[] = [];
  const log = createLogger({ write: (line) => void lines.push(line), clock, format: 'logfmt' });
  return { clock, log, metrics, http, lines, metric: (start) => metricOf(metrics, start) };
}

/** The value of the first exposed line that begins with `start`; NaN where there is none. */
export function metricOf(metrics: Registry, start: string): number {
  const exposed = metrics.expose().split('\n');
  return Number(
    exposed
      .find((line) => line.startsWith(start))
      ?.split(' ')
      .at(-1),
  );
}

/** A real client that is closed when the test ends. */
export function openHttp(ending: Ending, options?: HttpClientOptions): HttpClient {
  const http = createHttpClient(options);
  onEnd(ending, () => http.close());
  return http;
}
