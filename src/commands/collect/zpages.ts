/**
 * The pages of the extension zpages, at the Collector's paths: pipelines, extensions, the service.
 * Plain HTML without a script; texts are escaped. What the Collector samples of its own traces does
 * not exist here, and its page says so.
 */
import type { CollectorPlan } from '../../config/plan.ts';
import type { HttpResponse } from '../../kernel/http-server.ts';
import { VERSION } from '../version.ts';
import { escapeHtml } from './html.ts';

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};
const ROWS_MAX = 1_000;

const PAGES: Readonly<
  Record<string, (plan: CollectorPlan, readyAtMs: number | undefined) => string>
> = {
  servicez: describeService,
  pipelinez: describePipelines,
  extensionz: describeExtensions,
  featurez: () => '<p>There are no feature gates here.</p>',
  tracez: () => '<p>This process makes no traces of itself; its metrics are at /metrics.</p>',
};

/** @param readyAtMs  when everything had started; undefined before that */
export function renderZPage(
  path: string,
  plan: CollectorPlan,
  readyAtMs: number | undefined,
): HttpResponse {
  const name = /^\/debug\/([a-z]+)\/?$/.exec(path)?.[1] ?? '';
  const describe = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
  if (describe === undefined) {
    const known = Object.keys(PAGES).map((one) => `/debug/${one}`);
    return { status: 404, body: `404: the pages are ${known.join(', ')}\n` };
  }
  const links = Object.keys(PAGES).map((one) => `<a href="/debug/${one}">${one}</a>`);
  return {
    status: 200,
    headers: HEADERS,
    body:
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title>` +
      '<style>:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}' +
      'th,td{text-align:left;padding:.2rem .6rem;vertical-align:top}</style>' +
      `<h1>${name}</h1><p>${links.join(' · ')}</p>${describe(plan, readyAtMs)}</html>\n`,
  };
}

function describeService(_plan: CollectorPlan, readyAtMs: number | undefined): string {
  const since = readyAtMs === undefined ? 'not ready' : new Date(readyAtMs).toISOString();
  return renderTable(
    ['', ''],
    [
      ['Command', 'amperage collect'],
      ['Version', VERSION],
      ['Runtime', `node ${process.version}`],
      ['Ready since', since],
      ['Targets, queues and status', 'the page and the API at --web.listen-address'],
    ],
  );
}

function describePipelines({ routes }: CollectorPlan): string {
  return renderTable(
    ['Pipeline', 'Signal', 'Sources', 'Transforms', 'Exporters'],
    routes.map(({ id, signal, sources, transforms, sinks }) => [
      id,
      signal,
      sources.join(', '),
      transforms.join(', '),
      sinks.join(', '),
    ]),
  );
}

function describeExtensions(plan: CollectorPlan): string {
  const { servers, forwarders, traceReceivers, otlpReceivers } = plan;
  return renderTable(
    ['Listener', 'Address', 'Serves'],
    [
      ...servers.map(({ id, listen, content }) => [id, `${listen} tcp`, content.is]),
      ...forwarders.map(({ id, listen, access }) => [
        id,
        `${listen} tcp`,
        `signed requests to ${access.service}`,
      ]),
      ...traceReceivers.map(({ id, listen }) => [id, `${listen} udp`, 'segment documents']),
      ...otlpReceivers.flatMap(({ id, signals, http, grpc }) =>
        [http, grpc].flatMap((one) =>
          one === undefined ? [] : [[id, one.listen, `OTLP: ${signals.join(', ')}`]],
        ),
      ),
    ],
  );
}

function renderTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th>${escapeHtml(text)}`).join('');
  const shown = rows
    .slice(0, ROWS_MAX)
    .map((cells) => `<tr>${cells.map((text) => `<td>${escapeHtml(text)}`).join('')}</tr>`);
  const more = rows.length > ROWS_MAX ? `<p>and ${rows.length - ROWS_MAX} more</p>` : '';
  return `<table><tr>${head}</tr>${shown.join('')}</table>${more}`;
}
