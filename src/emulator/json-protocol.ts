/**
 * Answers calls of AWS's JSON protocols: X-Amz-Target names service and action, the answer is JSON,
 * and errors have a type.
 * Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
import type { Verification } from '../aws/verification.ts';
import { describeError } from '../kernel/errors.ts';
import type { HttpRequest, HttpResponse } from '../kernel/http-server.ts';
import { breakAnswer } from './broken-answers.ts';
import type { CloudParts } from './cloud-parts.ts';
import { prepareCall } from './prepared-call.ts';
import {
  AwsError,
  type AwsInput,
  type CallContext,
  type JsonService,
  nameQueryError,
} from './service.ts';

/** The parts of the emulator that all protocols need. */
export interface CallEdges {
  readonly verify: (request: HttpRequest, service: string) => Promise<Verification>;
  readonly cloud: CloudParts;
}

export async function answerJson(
  request: HttpRequest,
  service: JsonService | undefined,
  action: string,
  edges: CallEdges,
): Promise<HttpResponse> {
  try {
    if (service === undefined)
      throw new AwsError('UnknownOperationException', edges.cloud.describeLack(request));
    return await runAction(request, { service, action, refusedStatus: 400 }, edges);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return json(
      error.status,
      { __type: error.code, message: error.message },
      {
        'x-amzn-errortype': error.code,
        ...(service === undefined ? {} : nameQueryError(service, error)),
        ...dateHeader(edges.cloud),
      },
    );
  }
}

/** How a protocol writes what goes in and out of an action. */
export interface CallCodec {
  /** @throws AwsError SerializationException */
  parse(body: Buffer): AwsInput;
  render(output: unknown): HttpResponse;
}

const jsonCodec: CallCodec = { parse: parseInput, render: (output) => json(200, output) };

interface ServiceCall {
  /** The service in any region; the caller's account and region have their own. */
  readonly service: Pick<JsonService, 'signingName' | 'unsigned'>;
  readonly action: string;
  /** The status of a refused signature, other than one that does not match (403). */
  readonly refusedStatus: number;
  /** JSON by default. */
  readonly codec?: CallCodec;
  /** The protocol's name of a fault of a signature; that of JSON by default. */
  readonly nameFault?: (code: string) => string;
}

/**
 * Verifies a call, and runs the action in the caller's account and region, after what stands before
 * every action.
 *
 * @throws AwsError
 */
export async function runAction(
  request: HttpRequest,
  call: ServiceCall,
  edges: CallEdges,
): Promise<HttpResponse> {
  const { cloud } = edges;
  const { action, refusedStatus, codec = jsonCodec } = call;
  const context = await identify(request, call, edges);
  const service = cloud.serviceFor(context, call.service.signingName);
  if (service === undefined)
    throw new AwsError('UnknownOperationException', cloud.describeLack(request));
  const input = codec.parse(await request.body());
  const prepared = { service, action, input, context, deniedStatus: refusedStatus };
  const { how, run } = prepareCall(prepared, cloud);
  return breakAnswer(how, request, cloud.trouble, async () => codec.render(await run()));
}

/** Who calls, by the signature. @throws AwsError */
async function identify(
  request: HttpRequest,
  { service, action, refusedStatus, nameFault = translateCode }: ServiceCall,
  { verify, cloud }: CallEdges,
): Promise<CallContext> {
  const { headers } = request;
  if (service.unsigned?.has(action) === true) {
    const caller = { accountId: cloud.accountId, arn: 'anonymous', userId: 'anonymous' };
    return { caller, region: cloud.regions[0], headers };
  }
  const verdict = await verify(request, service.signingName);
  if (verdict.ok) return cloud.contextOf(verdict, headers);
  throw new AwsError(
    nameFault(verdict.code),
    verdict.message,
    verdict.code === 'SignatureDoesNotMatch' ? 403 : refusedStatus,
  );
}

/** With a skewed clock the emulated AWS's time, from which the SDKs correct their own. */
export function dateHeader(cloud: CloudParts): Record<string, string> {
  return cloud.trouble.skewMs === 0 ? {} : { date: new Date(cloud.nowMs()).toUTCString() };
}

export function json(
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', ...headers },
    body: JSON.stringify(value),
  };
}

/** The name that JSON services give to a fault of a signature. */
function translateCode(code: string): string {
  const names: Readonly<Record<string, string>> = {
    SignatureDoesNotMatch: 'InvalidSignatureException',
    RequestExpired: 'InvalidSignatureException',
    InvalidClientTokenId: 'UnrecognizedClientException',
    MissingAuthenticationToken: 'MissingAuthenticationTokenException',
    IncompleteSignature: 'IncompleteSignatureException',
  };
  return names[code] ?? code;
}

/** @throws AwsError SerializationException */
export function parseInput(body: Buffer): AwsInput {
  try {
    const input: unknown = JSON.parse(body.length === 0 ? '{}' : body.toString());
    if (typeof input === 'object' && input !== null && !Array.isArray(input))
      return input as AwsInput;
  } catch (error) {
    throw new AwsError('SerializationException', describeError(error));
  }
  throw new AwsError('SerializationException', 'the body is not a JSON object');
}
