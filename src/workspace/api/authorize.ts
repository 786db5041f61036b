/**
 * Who may call: SigV4 for service `aps`, as AMP verifies it. Refusals have AMP's status, error type
 * and JSON.
 * Source: https://docs.aws.amazon.com/prometheus/latest/APIReference/CommonErrors.html
 */
import type { AwsCredentials } from '../../aws/signing.ts';
import { verifyRequest } from '../../aws/verification.ts';
import { describeError } from '../../kernel/errors.ts';
import type { HttpRequest, HttpResponse } from '../../kernel/http-server.ts';
import type { World } from '../../kernel/world.ts';

export interface Authorizer {
  /**
   * The credentials of an access key, undefined when there are none. A rejection means: not to be
   * known now.
   */
  readonly lookup: (accessKeyId: string) => Promise<AwsCredentials | undefined>;
  readonly region: string;
  readonly world: World;
}

/** Undefined when the signature is right, else the refusal. */
export async function refuseUnsigned(
  request: HttpRequest,
  { lookup, region, world }: Authorizer,
): Promise<HttpResponse | undefined> {
  // Read before the verdict is asked for: a body that is too large is told so by the server.
  const body = await request.body();
  const { method, path, query, rawHeaders } = request;
  try {
    const verdict = await verifyRequest(
      { method, path, query, rawHeaders, body },
      { lookup, nowMs: world.clock.nowMs(), service: 'aps', region },
    );
    if (verdict.ok) return undefined;
    world.log.warn('a request was refused', { code: verdict.code, path });
    return makeRefusal(403, verdict.code, verdict.message);
  } catch (error) {
    world.log.error('a signature could not be verified', { path, error: describeError(error) });
    return makeRefusal(
      503,
      'ServiceUnavailable',
      'the access key could not be looked up; try again',
    );
  }
}

function makeRefusal(status: number, code: string, message: string): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
    body: JSON.stringify({ message }),
  };
}
