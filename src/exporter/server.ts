/**
 * The exporter's HTTP server: the exposition, /health and a web page with links to them. A scrape
 * is answered before its scraper gives up, with what is known by then.
 */
import { HttpServer, type HttpRequest, type HttpResponse } from '../kernel/http-server.ts';
import type { WebConfig } from '../kernel/web-config.ts';
import type { World } from '../kernel/world.ts';
import type { MetricFamily } from '../model/metric-family.ts';
import { answerFamilies } from '../kernel/exposition-response.ts';
import { collectFamilies, type ExpositionOptions } from './profiles.ts';
import type { MetadataReader } from './reader.ts';

export interface ExporterOptions {
  readonly world: World;
  readonly reader: MetadataReader;
  readonly listen: string;
  /** A socket that listens already, in place of `listen`. */
  readonly listenFd?: number | undefined;
  readonly path: string;
  readonly exposition: ExpositionOptions;
  /** Whether the exporter's own process metrics are served too. */
  readonly hasOwnMetrics: boolean;
  readonly web?: WebConfig | undefined;
}

/** The longest wait for the endpoint. Prometheus waits 10 s by default and sends its timeout. */
const DEADLINE_DEFAULT_MS = 4_000;
const DEADLINE_MIN_MS = 100;
/** The part of the scraper's timeout that is left for sending the answer. */
const MARGIN_MS = 300;

export function createExporter(options: ExporterOptions): HttpServer {
  const { world, path, reader } = options;
  const scrapes = world.metrics.counter('amperage_exporter_scrapes_total', 'Scrapes answered.');
  const html = { 'content-type': 'text/html; charset=utf-8' };
  return new HttpServer({
    name: 'exporter',
    listen: options.listen,
    listenFd: options.listenFd,
    listenFlag: '--web.listen-address',
    isToldElsewhere: true,
    log: world.log,
    metrics: world.metrics,
    hidesMetrics: true,
    strangers: { ...world.hosts },
    web: options.web,
    routes: [
      {
        method: 'GET',
        path,
        handle: async (request): Promise<HttpResponse> => {
          const startMs = world.clock.elapsedMs();
          const reading = await reader.read(readDeadline(request));
          const families = collectFamilies(reading, options.exposition);
          scrapes.inc();
          const own = options.hasOwnMetrics ? world.metrics.families() : [];
          const spentMs = world.clock.elapsedMs() - startMs;
          const all = [...families, ...describeScrape(reader, spentMs), ...own];
          return answerFamilies(all, request.headers.accept);
        },
      },
      { method: 'GET', path: '/health', handle: () => ({ status: 200, body: 'ok\n' }) },
      {
        method: 'GET',
        path: '/',
        handle: () => ({ status: 200, headers: html, body: renderLandingPage(path) }),
      },
    ],
  });
}

function readDeadline({ headers }: HttpRequest): number {
  const seconds = Number(headers['x-prometheus-scrape-timeout-seconds']);
  if (!(seconds > 0)) return DEADLINE_DEFAULT_MS;
  return Math.max(DEADLINE_MIN_MS, Math.min(DEADLINE_DEFAULT_MS, seconds * 1_000 - MARGIN_MS));
}

/** The metrics about the reading itself. */
function describeScrape({ failures }: MetadataReader, spentMs: number): MetricFamily[] {
  return [
    {
      name: 'ecs_scrape_errors_total',
      type: 'counter',
      help: 'Requests to the task metadata endpoint that failed.',
      samples: Object.entries(failures).map(([request, value]) => ({ labels: { request }, value })),
    },
    {
      name: 'ecs_scrape_duration_seconds',
      type: 'gauge',
      help: 'How long this scrape waited for the task metadata endpoint.',
      samples: [{ labels: {}, value: spentMs / 1_000 }],
    },
  ];
}

function renderLandingPage(path: string): string {
  const link = path.replaceAll(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
  return (
    '<!doctype html><html lang="en"><title>Amperage ECS exporter</title><h1>Amperage ECS ' +
    `exporter</h1><p><a href="${link}">Metrics</a> · <a href="/health">Health</a></p></html>\n`
  );
}
