/**
 * Answers calls of AWS's REST-JSON protocol: the path names the action, and errors have their name
 * in a header. What is checked before an action runs is as in json-protocol.ts.
 * Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 */
import type { HttpRequest, HttpResponse, Route } from '../kernel/http-server.ts';
import { type CallCodec, type CallEdges, dateHeader, json, runAction } from './json-protocol.ts';
import { ABSENT_REST_PATHS, REST_GET_PATHS, REST_PATHS } from './rest-paths.ts';
import { AwsError, type AwsInput, type JsonService } from './service.ts';

/** Wraps each call, which counts it. */
type CallCounter = (action: string, answer: () => Promise<HttpResponse>) => Promise<HttpResponse>;

export function restRoutes(service: JsonService, edges: CallEdges, call: CallCounter): Route[] {
  const known = { ...REST_PATHS[service.signingName], ...ABSENT_REST_PATHS[service.signingName] };
  return Object.entries(known).map(([action, path]): Route => ({
    method: 'POST',
    path,
    handle: (request) => call(action, () => answerRest(request, service, action, edges)),
  }));
}

/** The routes of the actions that are called with GET. */
export function restGetRoutes(service: JsonService, edges: CallEdges, call: CallCounter): Route[] {
  const known = Object.entries(REST_GET_PATHS[service.signingName] ?? {});
  const patterns = known.map(([action, path]) => {
    const source = path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    return { action, pattern: new RegExp(`^${source}$`) };
  });
  const prefixes = new Set(known.map(([, path]) => path.replace(/\{.*$/, '*')));
  return [...prefixes].map((path): Route => ({
    method: 'GET',
    path,
    handle: async (request) => {
      const action = patterns.find(({ pattern }) => pattern.test(request.path));
      if (action === undefined) return json(404, { Message: 'nothing is served at this path' });
      const input = readGetInput(request, action.pattern);
      return call(action.action, () => answerRest(request, service, action.action, edges, input));
    },
  }));
}

function readGetInput(request: HttpRequest, pattern: RegExp): AwsInput {
  const query = [...new URLSearchParams(request.query)].map(([name, value]) => [
    name,
    name === 'maxResults' ? Number(value) : value,
  ]);
  const groups = Object.entries(pattern.exec(request.path)?.groups ?? {});
  return Object.fromEntries([
    ...query,
    ...groups.map(([name, value]) => [name, decodeURIComponent(value)]),
  ]) as AwsInput;
}

/**
 * A refused signature has status 403 in this protocol.
 *
 * @param input  that of a call whose input is not in its body
 */
async function answerRest(
  request: HttpRequest,
  service: JsonService,
  action: string,
  edges: CallEdges,
  input?: AwsInput,
): Promise<HttpResponse> {
  const contentType = { 'content-type': 'application/json' };
  try {
    const codec: CallCodec | undefined =
      input === undefined
        ? undefined
        : { parse: () => input, render: (output) => json(200, output) };
    const given = { service, action, refusedStatus: 403, ...(codec && { codec }) };
    const answer = await runAction(request, given, edges);
    return { ...answer, headers: { ...answer.headers, ...contentType } };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return json(
      error.status,
      { Message: error.message },
      {
        ...contentType,
        'x-amzn-errortype': error.code,
        ...dateHeader(edges.cloud),
      },
    );
  }
}
