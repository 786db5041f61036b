/**
 * Answers calls of AWS's REST-JSON protocol: the path names the action, and errors have their name
 * in a header. What is checked before an action runs is as in json-protocol.ts.
 * Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 */
import type { HttpRequest, HttpResponse, Route } from '../kernel/http-server.ts';
import { type CallEdges, dateHeader, json, runAction } from './json-protocol.ts';
import { ABSENT_REST_PATHS, REST_PATHS } from './rest-paths.ts';
import { AwsError, type JsonService } from './service.ts';

/** @param call  wraps each call, which counts it */
export function restRoutes(
  service: JsonService,
  edges: CallEdges,
  call: (action: string, answer: () => Promise<HttpResponse>) => Promise<HttpResponse>,
): Route[] {
  const known = { ...REST_PATHS[service.signingName], ...ABSENT_REST_PATHS[service.signingName] };
  return Object.entries(known).map(([action, path]): Route => ({
    method: 'POST',
    path,
    handle: (request) => call(action, () => answerRest(request, service, action, edges)),
  }));
}

/** A refused signature has status 403 in this protocol. */
async function answerRest(
  request: HttpRequest,
  service: JsonService,
  action: string,
  edges: CallEdges,
): Promise<HttpResponse> {
  const contentType = { 'content-type': 'application/json' };
  try {
    const answer = await runAction(request, { service, action, refusedStatus: 403 }, edges);
    return { ...answer, headers: { ...answer.headers, ...contentType } };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return json(
      error.status,
      { Message: error.message },
      {
        ...contentType,
        'x-amzn-errortype': error.code,
        ...dateHeader(edges.trouble, edges.nowMs()),
      },
    );
  }
}
