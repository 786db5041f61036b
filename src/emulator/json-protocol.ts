/**
 * Answers calls of AWS's JSON protocols: X-Amz-Target names service and action, the answer is JSON,
 * and errors have a type.
 * Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
import type { Verification } from '../aws/verification.ts';
import { describeError } from '../kernel/errors.ts';
import type { HttpRequest, HttpResponse } from '../kernel/http-server.ts';
import { breakAnswer } from './broken-answers.ts';
import { refuseUnknownMembers } from './members.ts';
import { AwsError, type AwsInput, type JsonService, nameQueryError } from './service.ts';
import type { Trouble } from './trouble.ts';

/** The parts of the emulator that all protocols need. */
export interface CallEdges {
  readonly verify: (request: HttpRequest, service: string) => Promise<Verification>;
  readonly trouble: Trouble;
  /** The time by the emulated AWS's clock. */
  readonly nowMs: () => number;
}

export async function answerJson(
  request: HttpRequest,
  service: JsonService | undefined,
  action: string,
  edges: CallEdges,
): Promise<HttpResponse> {
  try {
    if (service === undefined)
      throw new AwsError(
        'UnknownOperationException',
        'this emulator has CloudWatch, CloudWatch Logs, Cloud Map, ECS, EC2, MSK, S3, SQS, SSM, ' +
          'Secrets Manager, ' +
          'STS and X-Ray',
      );
    return await runAction(request, { service, action, refusedStatus: 400 }, edges);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return json(
      error.status,
      { __type: error.code, message: error.message },
      {
        'x-amzn-errortype': error.code,
        ...(service === undefined ? {} : nameQueryError(service, error)),
        ...dateHeader(edges.trouble, edges.nowMs()),
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
  readonly service: JsonService;
  readonly action: string;
  /** The status of a refused signature, other than one that does not match (403). */
  readonly refusedStatus: number;
  /** JSON by default. */
  readonly codec?: CallCodec;
}

/**
 * Verifies a call, refuses what the service does not know, lets the trouble strike and runs the
 * action.
 *
 * @throws AwsError
 */
export async function runAction(
  request: HttpRequest,
  { service, action, refusedStatus, codec = jsonCodec }: ServiceCall,
  { verify, trouble }: CallEdges,
): Promise<HttpResponse> {
  const verdict = await verify(request, service.signingName);
  if (!verdict.ok)
    throw new AwsError(
      translateCode(verdict.code),
      verdict.message,
      verdict.code === 'SignatureDoesNotMatch' ? 403 : refusedStatus,
    );
  const run = Object.hasOwn(service.actions, action) ? service.actions[action] : undefined;
  if (run === undefined)
    throw new AwsError(
      'UnknownOperationException',
      `${action} is not supported here; these are: ${Object.keys(service.actions).join(', ')}`,
    );
  const given = codec.parse(await request.body());
  refuseUnknownMembers(service.target, action, given);
  const input = trouble.limitPage(action, given);
  return breakAnswer(
    trouble.strike(action, input, service.signingName),
    request,
    trouble,
    async () => {
      const output = await run(input, request.headers);
      trouble.learnPage(input, output ?? {});
      return codec.render(output);
    },
  );
}

/** With a skewed clock the emulated AWS's time, from which the SDKs correct their own. */
export function dateHeader(trouble: Trouble, nowMs: number): Record<string, string> {
  return trouble.skewMs === 0 ? {} : { date: new Date(nowMs).toUTCString() };
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
