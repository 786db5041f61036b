/**
 * Verifies that a request has a SigV4 signature for service `aps`, as AMP does. Refusals have AMP's
 * status, error type and JSON.
 * Source: https://docs.aws.amazon.com/prometheus/latest/APIReference/CommonErrors.html
 */
import type { AwsCredentials } from '../../aws/signing.ts';
import { verifyRequest } from '../../aws/verification.ts';
import { describeError } from '../../kernel/errors.ts';
import type { HttpRequest, HttpResponse } from '../../kernel/http-server.ts';
import type { World } from '../../kernel/world.ts';

export interface Authorizer {
  /**
   * Looks up the credentials of an access key; undefined when the key is unknown. Rejects when it
   * can't be looked up now, which is answered with 503.
   */
  readonly lookup: (accessKeyId: string) => Promise<AwsCredentials | undefined>;
  readonly region: string;
  readonly world: World;
}

/** Resolves to undefined when the request is allowed, else to the refusal. */
export type Authorize = (request: HttpRequest) => Promise<HttpResponse | undefined>;

/** Returns undefined when the signature is right, else the refusal. */
export async function refuseUnsigned(
  request: HttpRequest,
  { lookup, region, world }: Authorizer,
): Promise<HttpResponse | undefined> {
  // Outside the try: the HTTP server answers a body that is too large, not the catch below.
  const body = await request.body();
  const { method, path, query, rawHeaders } = request;
  try {
    const verdict = await verifyRequest(
      { method, path, query, rawHeaders, body },
      { lookup, nowMs: world.clock.nowMs(), service: 'aps', regions: [region] },
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
