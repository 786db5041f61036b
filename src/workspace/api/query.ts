/**
 * The query side of the workspace: query, query_range, labels, label values, series, metadata and the status calls that
 * Grafana, promtool and the page make.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/api/
 */
import type { HttpRequest, HttpResponse, Route } from '../../kernel/http-server.ts';
import type { World } from '../../kernel/world.ts';
import { compareLabelSets, compareUtf8, isLegacyLabelName } from '../../model/labels.ts';
import { evaluateInstant, evaluateRange } from '../promql/engine.ts';
import type { Store } from '../storage/store.ts';
import { answer, ApiError, corsHeaders } from './answer.ts';
import {
  parseLimit,
  parseSelectors,
  parseSpan,
  parseTime,
  readParameters,
  required,
} from './parameters.ts';
import { instantJson, labelsJson, rangeJson } from './result-json.ts';

export interface QueryApiOptions {
  readonly store: Store;
  readonly world: World;
  readonly version: string;
  /** Answers undefined when the request may read, else the refusal. */
  readonly authorize: (request: HttpRequest) => Promise<HttpResponse | undefined>;
}

type Handler = (parameters: URLSearchParams, request: HttpRequest) => string;

/** The routes below a prefix such as `/workspaces/ws-local`. */
export function queryRoutes(prefix: string, options: QueryApiOptions): Route[] {
  const { store, world } = options;
  const seconds = world.metrics.histograms(
    'workspace_query_duration_seconds',
    'Time to answer a request of the query API.',
    [0.005, 0.025, 0.1, 0.5, 2.5, 10],
  );
  const routes: Route[] = [];
  const add = (path: string, methods: readonly ('GET' | 'POST')[], handle: Handler): void => {
    const serve = async (request: HttpRequest): Promise<HttpResponse> => {
      const refusal = await options.authorize(request);
      if (refusal !== undefined) return refusal;
      const startMs = performance.now();
      const response = await answer(request, async () =>
        handle(await readParameters(request), request),
      );
      seconds
        .with({ call: path.replace(/^\/label\/.*/, 'label') })
        .observe((performance.now() - startMs) / 1_000);
      return response;
    };
    const full = `${prefix}/api/v1/${path}`;
    for (const method of methods) routes.push({ method, path: full, handle: serve });
  };

  add('query', ['GET', 'POST'], (parameters) => {
    const atMs = parseTime(parameters, 'time', world.clock.nowMs());
    return instantJson(evaluateInstant(required(parameters, 'query'), atMs, store), atMs);
  });
  add('query_range', ['GET', 'POST'], (parameters) => {
    const startMs = parseTime(parameters, 'start', NaN);
    const endMs = parseTime(parameters, 'end', NaN);
    if (Number.isNaN(startMs))
      throw new ApiError('bad_data', 'invalid parameter "start": it is missing');
    if (Number.isNaN(endMs))
      throw new ApiError('bad_data', 'invalid parameter "end": it is missing');
    if (endMs < startMs)
      throw new ApiError(
        'bad_data',
        'invalid parameter "end": end timestamp must not be before start time',
      );
    const stepMs = parseSpan(parameters, 'step');
    return rangeJson(
      evaluateRange(required(parameters, 'query'), { startMs, endMs, stepMs }, store),
      startMs,
      stepMs,
    );
  });
  add('series', ['GET', 'POST'], (parameters) => {
    const selectors = parseSelectors(parameters);
    if (selectors.length === 0) throw new ApiError('bad_data', 'no match[] parameter provided');
    const sets = seriesOf(store, parameters).toSorted(compareLabelSets);
    return list(sets.map(labelsJson), parameters);
  });
  add('labels', ['GET', 'POST'], (parameters) => {
    const names = new Set(
      seriesOf(store, parameters).flatMap((labels) => labels.map(({ name }) => name)),
    );
    return list(
      [...names].sort(compareUtf8).map((name) => JSON.stringify(name)),
      parameters,
    );
  });
  add('label/*', ['GET'], (parameters, request) => {
    const name = labelNameOf(request.path);
    const values = new Set(
      seriesOf(store, parameters).flatMap((labels) =>
        labels.filter((label) => label.name === name).map(({ value }) => value),
      ),
    );
    return list(
      [...values].sort(compareUtf8).map((value) => JSON.stringify(value)),
      parameters,
    );
  });
  add('metadata', ['GET'], (parameters) => {
    const wanted = parameters.get('metric');
    const limit = parseLimit(parameters);
    const entries = store
      .metadata()
      .filter(({ name }) => wanted === null || wanted === '' || name === wanted);
    const kept = limit === 0 ? entries : entries.slice(0, limit);
    return JSON.stringify(Object.fromEntries(kept.map(({ name, ...entry }) => [name, [entry]])));
  });
  add('status/buildinfo', ['GET'], () =>
    // Without `features`: Grafana takes a workspace that has them for Mimir.
    JSON.stringify({
      version: `amperage-${options.version}`,
      revision: '',
      branch: '',
      buildUser: '',
      buildDate: '',
      goVersion: '',
    }),
  );
  // Asked for by Grafana when it opens a data source; a workspace has none.
  add('rules', ['GET'], () => '{"groups":[]}');
  add('alerts', ['GET'], () => '{"alerts":[]}');
  add('query_exemplars', ['GET', 'POST'], () => '[]');
  routes.push({ method: 'ANY', path: `${prefix}/api/v1/*`, handle: unknownCall });
  return routes;
}

function unknownCall(request: HttpRequest): HttpResponse {
  if (request.method === 'OPTIONS') return { status: 204, headers: corsHeaders(request) };
  return { status: 404, body: '404 page not found\n' };
}

/** The series that the match[] selectors name within start and end. */
function seriesOf(store: Store, parameters: URLSearchParams): ReturnType<Store['series']> {
  const fromMs = parseTime(parameters, 'start', -Infinity);
  const toMs = parseTime(parameters, 'end', Infinity);
  return store.series(parseSelectors(parameters), fromMs - 1, toMs);
}

function list(items: readonly string[], parameters: URLSearchParams): string {
  const limit = parseLimit(parameters);
  return `[${(limit === 0 ? items : items.slice(0, limit)).join(',')}]`;
}

/** `…/label/<name>/values`; a name that is not a classic one comes escaped as `U__…`. */
function labelNameOf(path: string): string {
  const match = /\/label\/([^/]+)\/values$/.exec(path);
  if (match === null) throw new ApiError('not_found', 'only label/<name>/values is served');
  const name = decodeURIComponent(match[1] ?? '');
  if (!name.startsWith('U__')) return name;
  const plain = name
    .slice(3)
    .replaceAll(/_([0-9a-fA-F]{1,6})_|__/g, (_whole, code: string | undefined) =>
      code === undefined ? '_' : String.fromCodePoint(parseInt(code, 16)),
    );
  return isLegacyLabelName(plain) ? name : plain;
}
