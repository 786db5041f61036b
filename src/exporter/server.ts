/**
 * The exporter's HTTP side: the metrics page made from one reading of the metadata endpoint, shared by scrapes that
 * come at the same time; a health page and a landing page.
 */
import type { TaskMetadataClient } from '../aws/task-metadata.ts';
import { messageOf } from '../kernel/errors.ts';
import { HttpServer, type HttpResponse } from '../kernel/http-server.ts';
import type { World } from '../kernel/world.ts';
import { EXPOSITION_CONTENT_TYPE, writeExposition } from '../wire/exposition-writer.ts';
import { collectFamilies, type Reading } from './collector.ts';

export interface ExporterOptions {
  readonly world: World;
  readonly client: TaskMetadataClient;
  readonly listen: string;
  readonly path: string;
  /** Whether our own process metrics stand on the page too. */
  readonly hasOwnMetrics: boolean;
}

export function createExporter(options: ExporterOptions): HttpServer {
  const { world, path } = options;
  const read = singleFlight(() => readEndpoint(options));
  const html = { 'content-type': 'text/html; charset=utf-8' };
  return new HttpServer({
    name: 'exporter',
    listen: options.listen,
    log: world.log,
    routes: [
      {
        method: 'GET',
        path,
        handle: async (): Promise<HttpResponse> => {
          const families = collectFamilies(await read());
          const own = options.hasOwnMetrics ? world.metrics.families() : [];
          return {
            status: 200,
            headers: { 'content-type': EXPOSITION_CONTENT_TYPE },
            body: writeExposition([...families, ...own]),
          };
        },
      },
      { method: 'GET', path: '/health', handle: () => ({ status: 200, body: 'ok\n' }) },
      {
        method: 'GET',
        path: '/',
        handle: () => ({ status: 200, headers: html, body: landingPage(path) }),
      },
    ],
  });
}

/** Both answers at once; one that fails is absent and said in the log, the other still counts. */
async function readEndpoint({ world, client }: ExporterOptions): Promise<Reading> {
  const signal = new AbortController().signal;
  const [task, stats] = await Promise.allSettled([client.task(signal), client.stats(signal)]);
  for (const result of [task, stats]) {
    if (result.status === 'rejected')
      world.log.warn('the task metadata endpoint could not be read', {
        error: messageOf(result.reason),
      });
  }
  return {
    task: task.status === 'fulfilled' ? task.value : undefined,
    stats: stats.status === 'fulfilled' ? stats.value : undefined,
  };
}

/** Callers that come while a call is under way share its result. */
function singleFlight<T>(call: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined;
  return () => {
    pending ??= call().finally(() => {
      pending = undefined;
    });
    return pending;
  };
}

function landingPage(path: string): string {
  const link = path.replaceAll(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<!doctype html><title>Amperage ECS exporter</title><h1>Amperage ECS exporter</h1><p><a href="${link}">Metrics</a></p>\n`;
}
