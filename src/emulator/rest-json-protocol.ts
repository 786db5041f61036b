/**
 * Answers calls of AWS's REST-JSON protocol: method and path name the action, and errors have their
 * name in a header. What is checked before an action runs is as in json-protocol.ts.
 * Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 */
import type { HttpRequest, HttpResponse, Route } from '../kernel/http-server.ts';
import { type CallEdges, dateHeader, json, parseInput, runAction } from './json-protocol.ts';
import { parseOperation, readAddress, type RestOperation } from './rest-operations.ts';
import { ABSENT_REST_PATHS, REST_PATHS } from './rest-paths.ts';
import { AwsError, type JsonService } from './service.ts';

/** Wraps each call, which counts it. */
type CallCounter = (action: string, answer: () => Promise<HttpResponse>) => Promise<HttpResponse>;

const CONTENT_TYPE = { 'content-type': 'application/json' };

/** A route for each path, up to its first member. */
export function restRoutes(service: JsonService, edges: CallEdges, call: CallCounter): Route[] {
  const answer = answerRest(service, edges, call);
  const prefixes = new Set(
    listOperations(service.signingName).map(({ path }) => path.replace(/\{.*$/, '*')),
  );
  return [...prefixes].map((path): Route => ({ method: 'ANY', path, handle: answer }));
}

function listOperations(signingName: string): RestOperation[] {
  const lines = { ...REST_PATHS[signingName], ...ABSENT_REST_PATHS[signingName] };
  return Object.entries(lines).map(([action, line]) => parseOperation(action, line));
}

/** Answers any request of a service. */
export function answerRest(
  service: JsonService,
  edges: CallEdges,
  call: CallCounter,
): (request: HttpRequest) => Promise<HttpResponse> {
  const operations = listOperations(service.signingName);
  return async (request) => {
    const fitting = operations.filter(({ pattern }) => pattern.test(request.path));
    const operation = fitting.find(({ method }) => method === request.method);
    if (operation === undefined)
      return renderError(
        new AwsError(
          'UnknownOperationException',
          `nothing is served by ${request.method} at this path`,
          fitting.length === 0 ? 404 : 405,
        ),
        edges,
      );
    return call(operation.action, () => answerOperation(request, service, operation, edges));
  };
}

/** A refused signature has status 403 in this protocol. */
async function answerOperation(
  request: HttpRequest,
  service: JsonService,
  operation: RestOperation,
  edges: CallEdges,
): Promise<HttpResponse> {
  const { action, status } = operation;
  const codec = {
    parse: (body: Buffer) => ({ ...parseInput(body), ...readAddress(operation, request) }),
    render: (output: unknown): HttpResponse =>
      output === undefined || status === 204 ? { status } : json(status, output),
  };
  try {
    const answer = await runAction(request, { service, action, refusedStatus: 403, codec }, edges);
    return { ...answer, headers: { ...answer.headers, ...CONTENT_TYPE } };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return renderError(error, edges);
  }
}

function renderError(error: AwsError, { trouble, nowMs }: CallEdges): HttpResponse {
  return json(
    error.status,
    error.members === undefined
      ? { Message: error.message }
      : { message: error.message, ...error.members },
    { ...CONTENT_TYPE, 'x-amzn-errortype': error.code, ...dateHeader(trouble, nowMs()) },
  );
}
