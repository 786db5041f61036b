/**
 * The receiving side: remote write 1.0, signed. Answers as AMP does: 200 with an empty body once the samples are on the
 * disk, 400 with the first reason when some were refused (the others are stored), 403 for a wrong signature.
 * Source: https://prometheus.io/docs/specs/remote_write_spec/
 */
import { type AwsCredentials, verifyRequest } from '../../aws/signing.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { HttpRequest, HttpResponse, Route } from '../../kernel/http-server.ts';
import type { World } from '../../kernel/world.ts';
import { WireError } from '../../wire/errors.ts';
import type { Store } from '../storage/store.ts';

export interface Authorizer {
  readonly lookup: (accessKeyId: string) => Promise<AwsCredentials | undefined>;
  readonly region: string;
  readonly world: World;
}

/** Undefined when the signature is right, else AMP's refusal. */
export async function refuseUnsigned(
  request: HttpRequest,
  authorizer: Authorizer,
): Promise<HttpResponse | undefined> {
  const verdict = await verifyRequest(
    {
      method: request.method,
      path: request.path,
      query: request.query,
      rawHeaders: request.rawHeaders,
      body: await request.body(),
    },
    {
      lookup: authorizer.lookup,
      nowMs: authorizer.world.clock.nowMs(),
      service: 'aps',
      region: authorizer.region,
    },
  );
  if (verdict.ok) return undefined;
  authorizer.world.log.warn('a request was refused', { code: verdict.code, path: request.path });
  return {
    status: 403,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': verdict.code },
    body: JSON.stringify({ message: verdict.message }),
  };
}

export function writeRoute(prefix: string, store: Store, authorizer: Authorizer): Route {
  const { world } = authorizer;
  const requests = world.metrics.counters(
    'workspace_write_requests_total',
    'Write requests, by status.',
  );
  return {
    method: 'POST',
    path: `${prefix}/api/v1/remote_write`,
    handle: async (request) => {
      const response =
        (await refuseUnsigned(request, authorizer)) ?? (await write(request, store, world));
      requests.with({ status: String(response.status) }).inc();
      return response;
    },
  };
}

async function write(request: HttpRequest, store: Store, world: World): Promise<HttpResponse> {
  const type = request.headers['content-type'] ?? '';
  const isFirst =
    type.startsWith('application/x-protobuf') && !/proto=(?!prometheus\.WriteRequest\b)/.test(type);
  if (!isFirst || request.headers['content-encoding'] !== 'snappy') {
    return {
      status: 415,
      body: 'only remote write 1.0 is taken: application/x-protobuf in snappy\n',
    };
  }
  try {
    const { rejected, firstRejection } = await store.write(await request.body());
    if (rejected.size === 0) return { status: 200 };
    const counts = [...rejected].map(([reason, count]) => `${reason} ${count}`).join(', ');
    return { status: 400, body: `${firstRejection ?? ''} (refused: ${counts})\n` };
  } catch (error) {
    if (error instanceof WireError)
      return { status: 400, body: `the body can't be read: ${messageOf(error)}\n` };
    world.log.error('a write could not be stored', { error });
    return { status: 500, body: 'the samples could not be stored; try again\n' };
  }
}
