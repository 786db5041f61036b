/**
 * Answers a call of EC2: what is checked before an action runs is as in json-protocol.ts, and the
 * errors have EC2's own codes.
 */
import type { HttpRequest, HttpResponse } from '../../kernel/http-server.ts';
import { type CallEdges, dateHeader, runAction } from '../json-protocol.ts';
import { AwsError, type JsonService } from '../service.ts';
import { parseEc2Form, renderEc2Answer, renderEc2Error } from './protocol.ts';

const HEADERS = { 'content-type': 'text/xml' };

export async function answerEc2(
  request: HttpRequest,
  service: JsonService,
  action: string,
  edges: CallEdges,
): Promise<HttpResponse> {
  const codec = {
    parse: parseEc2Form,
    render: (output: unknown) => ({
      status: 200,
      headers: HEADERS,
      body: renderEc2Answer(action, output, service.xmlNamespace ?? ''),
    }),
  };
  try {
    const call = { service, action, refusedStatus: 403, codec, nameFault };
    return await runAction(request, call, edges);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { code, status } = CODES[error.code] ?? error;
    const words =
      code === 'UnauthorizedOperation' ? `${UNAUTHORIZED} ${error.message}` : error.message;
    return {
      status,
      headers: { ...HEADERS, ...dateHeader(edges.cloud) },
      body: renderEc2Error({ code, message: words }),
    };
  }
}

const UNAUTHORIZED = 'You are not authorized to perform this operation.';

/** EC2's name of a fault of a signature. */
function nameFault(code: string): string {
  const isUnknown = ['IncompleteSignature', 'InvalidClientTokenId', 'SignatureDoesNotMatch'];
  return isUnknown.includes(code) ? 'AuthFailure' : code;
}

/** What EC2 calls that which stands before an action, by the name that the emulator has for it. */
const CODES: Readonly<Record<string, { readonly code: string; readonly status: number }>> = {
  AuthFailure: { code: 'AuthFailure', status: 401 },
  NotImplemented: { code: 'UnknownParameter', status: 400 },
  UnknownOperationException: { code: 'InvalidAction', status: 400 },
};
