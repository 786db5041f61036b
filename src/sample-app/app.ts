/**
 * The sample application: `/work` takes a random time, and `/metrics` has the metrics of the
 * article's web application: counter `http_requests_total`, histogram
 * `request_duration_milliseconds{path}` with buckets 500, 1000, 2500 and 5000.
 * Source: article "Metrics and traces collection from Amazon ECS using ADOT".
 */
import { HttpServer, type Route } from '../kernel/http-server.ts';
import type { World } from '../kernel/world.ts';
import type { DrawLatencyMs } from './latency.ts';

export interface SampleAppOptions {
  readonly world: World;
  readonly listen: string;
  readonly drawLatencyMs: DrawLatencyMs;
  /** How many ms of processor time each request burns. */
  readonly cpuMs: number;
}

export const BUCKETS_MS = [500, 1_000, 2_500, 5_000] as const;

export function createSampleApp(options: SampleAppOptions): HttpServer {
  const { world } = options;
  const requests = world.metrics.counter('http_requests_total', 'Requests served.');
  const durations = world.metrics
    .histograms(
      'request_duration_milliseconds',
      'Time to serve a request, in milliseconds.',
      BUCKETS_MS,
    )
    .with({ path: '/work' });
  const work: Route = {
    method: 'GET',
    path: '/work',
    handle: async (request) => {
      const startMs = performance.now();
      burn(options.cpuMs);
      await world.clock.sleep(options.drawLatencyMs(), request.signal);
      const tookMs = performance.now() - startMs;
      durations.observe(tookMs);
      requests.inc();
      return answerJson({ tookMs: Math.round(tookMs) });
    },
  };
  // The exact count, for tests that compare it with what the workspace has stored.
  const served: Route = {
    method: 'GET',
    path: '/served',
    handle: () => answerJson({ requests: requests.value }),
  };
  return new HttpServer({
    name: 'sample-app',
    listen: options.listen,
    routes: [work, served],
    log: world.log,
    metrics: world.metrics,
  });
}

function answerJson(value: unknown): {
  status: number;
  headers: Record<string, string>;
  body: string;
} {
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: `${JSON.stringify(value)}\n`,
  };
}

/** Keeps the processor busy, so that the graphs show CPU use. */
function burn(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}
