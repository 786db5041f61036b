/**
 * What the listeners of a configuration answer: health as the Collector tells it, the process' own
 * metrics, pages about what runs, and how to profile this process.
 * Source: contrib's extension/healthcheckextension/internal/healthcheck/handler.go, core's
 * service/internal/graph/host.go
 */
import type { CollectorPlan, ServedContent } from '../../config/plan.ts';
import type { Moment } from '../../kernel/clock.ts';
import { answerFamilies } from '../../kernel/exposition-response.ts';
import type { HttpRequest, HttpResponse } from '../../kernel/http-server.ts';
import type { World } from '../../kernel/world.ts';
import { formatGoDuration } from './go-duration-text.ts';
import { renderZPage } from './zpages.ts';

export interface ContentContext {
  readonly world: World;
  /** When everything had started; undefined before that, and while stopping. */
  readonly readyAt: Moment | undefined;
  readonly plan: () => CollectorPlan;
}

const PROFILING = `501: there are no profiles of Go here. This process runs on Node:
  CPU     start it as "node --cpu-prof --cpu-prof-dir=profiles …", end it with SIGTERM
  memory  start it as "node --heap-prof --heap-prof-dir=profiles …"
  live    kill -USR1 PID opens the inspector on 127.0.0.1:9229; then chrome://inspect
docs/debugging.md says more.
`;

export function serveContent(
  content: ServedContent,
  request: HttpRequest,
  context: ContentContext,
): HttpResponse {
  if (content.is === 'health') return serveHealth(content, request, context);
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, headers: { allow: 'GET, HEAD' }, body: '405: only GET is served here\n' };
  switch (content.is) {
    case 'metrics':
      return request.path === '/metrics'
        ? answerFamilies(context.world.metrics.families(), request.headers.accept)
        : { status: 404, body: `404: the metrics are at /metrics\n` };
    case 'pages':
      return renderZPage(request.path, context.plan(), context.readyAt?.wallMs);
    case 'profiles':
      return { status: 501, body: PROFILING };
  }
}

/** As in Go's ServeMux: a path that ends with a slash stands for all below it. */
function serveHealth(
  { path, texts }: Extract<ServedContent, { is: 'health' }>,
  request: HttpRequest,
  { world, readyAt }: ContentContext,
): HttpResponse {
  const isServed = path.endsWith('/') ? request.path.startsWith(path) : request.path === path;
  if (!isServed) return { status: 404, body: '404 page not found\n' };
  const isReady = readyAt !== undefined;
  const status = isReady ? 200 : 503;
  if (texts !== undefined) return { status, body: isReady ? texts.healthy : texts.unhealthy };
  const body = isReady
    ? {
        status: 'Server available',
        upSince: new Date(readyAt.wallMs).toISOString(),
        uptime: formatGoDuration(world.clock.elapsedMs() - readyAt.elapsedMs),
      }
    : { status: 'Server not available', upSince: '0001-01-01T00:00:00Z', uptime: '' };
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
