/**
 * Answers calls of AWS's REST-JSON protocol: method and path name the action, and errors have their
 * name in a header. What is checked before an action runs is as in json-protocol.ts.
 * Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 */
import type { HttpRequest, HttpResponse } from '../kernel/http-server.ts';
import { type CallEdges, dateHeader, json, parseInput, runAction } from './json-protocol.ts';
import { parseOperation, readAddress, type RestOperation } from './rest-operations.ts';
import { ABSENT_REST_PATHS, REST_PATHS } from './rest-paths.ts';
import { AwsError, type JsonService } from './service.ts';

/** Wraps each call, which counts it. */
type CallCounter = (action: string, answer: () => Promise<HttpResponse>) => Promise<HttpResponse>;

const CONTENT_TYPE = { 'content-type': 'application/json' };

/** A service's operations, and what answers requests for it. */
export interface RestService {
  /** Whether any operation has a path as that of the request. */
  isFor(request: HttpRequest): boolean;
  answer(request: HttpRequest): Promise<HttpResponse>;
}

export function createRestService(
  service: JsonService,
  edges: CallEdges,
  count: CallCounter,
): RestService {
  const { signingName } = service;
  const lines = { ...REST_PATHS[signingName], ...ABSENT_REST_PATHS[signingName] };
  const operations = Object.entries(lines).map(([action, line]) => parseOperation(action, line));
  const fitting = ({ path }: HttpRequest): RestOperation[] =>
    operations.filter(({ pattern }) => pattern.test(path));
  return {
    isFor: (request) => fitting(request).length > 0,
    answer: async (request) => {
      const operation = fitting(request).find(({ method }) => method === request.method);
      if (operation !== undefined)
        return count(operation.action, () => answerOperation(request, service, operation, edges));
      const words = `${signingName} has nothing here at ${request.method} ${request.path}`;
      return renderError(new AwsError('UnknownOperationException', words, 404), edges);
    },
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

function renderError(error: AwsError, { cloud }: CallEdges): HttpResponse {
  return json(
    error.status,
    error.members === undefined
      ? { Message: error.message }
      : { message: error.message, ...error.members },
    { ...CONTENT_TYPE, 'x-amzn-errortype': error.code, ...dateHeader(cloud) },
  );
}
