/**
 * Answers calls of Smithy's RPC v2 with CBOR: the path names service and action. What is checked
 * before an action runs is as in json-protocol.ts.
 * Source: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
 */
import type { HttpRequest, HttpResponse, Route } from '../kernel/http-server.ts';
import { decodeCbor, encodeCbor } from '../wire/cbor.ts';
import { WireError } from '../wire/errors.ts';
import { type CallCodec, type CallEdges, dateHeader, runAction } from './json-protocol.ts';
import { AwsError, type AwsInput, type JsonService, nameQueryError } from './service.ts';

const PATH = /^\/service\/([^/]+)\/operation\/([^/]+)$/;
const HEADERS = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' };

const cborCodec: CallCodec = {
  parse: parseInput,
  render: (output) => ({ status: 200, headers: HEADERS, body: encodeCbor(output ?? {}) }),
};

/** @param call  wraps each call, which counts it */
export function rpcCborRoute(
  service: JsonService,
  edges: CallEdges,
  call: (action: string, answer: () => Promise<HttpResponse>) => Promise<HttpResponse>,
): Route {
  return {
    method: 'POST',
    path: `/service/${service.target}/operation/*`,
    handle: (request) => {
      const action = PATH.exec(request.path)?.[2] ?? '';
      return call(action, () => answerCbor(request, service, action, edges));
    },
  };
}

async function answerCbor(
  request: HttpRequest,
  service: JsonService,
  action: string,
  edges: CallEdges,
): Promise<HttpResponse> {
  try {
    return await runAction(
      request,
      { service, action, refusedStatus: 403, codec: cborCodec },
      edges,
    );
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return {
      status: error.status,
      headers: {
        ...HEADERS,
        ...nameQueryError(service, error),
        ...dateHeader(edges.cloud),
      },
      body: encodeCbor({ __type: error.code, message: error.message }),
    };
  }
}

function parseInput(body: Buffer): AwsInput {
  try {
    const input = body.length === 0 ? {} : decodeCbor(body);
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return { ...input };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new AwsError('SerializationException', error.message);
  }
  throw new AwsError('SerializationException', 'the body is not a CBOR map');
}
