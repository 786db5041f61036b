/**
 * Makes routes from the calls of the query API: authorization, parameters, the envelope and the
 * duration metric of each call, and the answers to other methods and unknown paths.
 */
import type { HttpRequest, HttpResponse, Route } from '../../kernel/http-server.ts';
import type { World } from '../../kernel/world.ts';
import type { Store } from '../storage/store.ts';
import { answer, makeCorsHeaders, type Data } from './answer.ts';
import type { Authorize } from './authorize.ts';
import { readParameters } from './parameters.ts';

export interface QueryApiOptions {
  readonly store: Store;
  readonly world: World;
  readonly version: string;
  /** Asked before each call, which reads. */
  readonly authorize: Authorize;
  /** Calls of other parts of the workspace, behind the same authorization. */
  readonly moreCalls?: readonly ApiCall[];
}

/** One call of the API. */
export interface ApiCall {
  /** The path below `/api/v1/`; a prefix where it ends with `*`. */
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST')[];
  /** Whether web pages of other origins may read it (CORS); they may unless it is false. */
  readonly isPublic?: boolean;
  readonly handle: (parameters: URLSearchParams, request: HttpRequest) => Data | Promise<Data>;
}

export function makeWorkspaceRoutes(
  prefix: string,
  calls: readonly ApiCall[],
  { world, authorize }: QueryApiOptions,
): Route[] {
  const seconds = world.metrics.histograms(
    'workspace_query_duration_seconds',
    'Time to answer a request of the query API.',
    [0.005, 0.025, 0.1, 0.5, 2.5, 10],
  );
  const base = `${prefix}/api/v1/`;
  const routes = calls.flatMap(({ path, methods, handle, isPublic = true }): Route[] => {
    const duration = seconds.with({ call: path.replace('/*', '') });
    const allow = (request: HttpRequest) => (isPublic ? makeCorsHeaders(request) : {});
    const serve = async (request: HttpRequest): Promise<HttpResponse> => {
      const refusal = await authorize(request);
      if (refusal !== undefined) return refusal;
      const startMs = performance.now();
      const response = await answer(request, allow(request), async () =>
        handle(await readParameters(request), request),
      );
      duration.observe((performance.now() - startMs) / 1_000);
      return response;
    };
    const other = (request: HttpRequest): HttpResponse =>
      request.method === 'OPTIONS'
        ? { status: 204, headers: allow(request) }
        : { status: 405, headers: { allow: methods.join(', ') }, body: 'Method Not Allowed\n' };
    return [
      ...methods.map((method): Route => ({ method, path: base + path, handle: serve })),
      { method: 'ANY', path: base + path, handle: other },
    ];
  });
  const unknown = (): HttpResponse => ({ status: 404, body: '404 page not found\n' });
  return [...routes, { method: 'ANY', path: `${base}*`, handle: unknown }];
}
