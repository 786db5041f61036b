/**
 * The route of signed remote write requests, 1.0 and 2.0. It answers as AMP does: 200 with an empty
 * body once the samples are on disk, 400 with the first reason when some were refused (the others
 * are stored), 429 at the series limit, 403 for a wrong signature. The answer to a 2.0 request also
 * says how many samples were accepted.
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
import { describeError, RecoverableError } from '../../kernel/errors.ts';
import { HttpError } from '../../kernel/http-error.ts';
import type { HttpRequest, HttpResponse, Route } from '../../kernel/http-server.ts';
import type { World } from '../../kernel/world.ts';
import { WireError } from '../../wire/errors.ts';
import { downgradeRequest } from '../../wire/remote-write/downgrade.ts';
import { negotiateVersion } from '../../wire/remote-write/negotiation.ts';
import { compress, uncompress } from '../../wire/snappy.ts';
import type { Store } from '../storage/store.ts';
import type { Authorize } from './authorize.ts';
import type { Faults } from './faults.ts';
import type { RequestGate } from './limits.ts';

export interface WriteOptions {
  readonly prefix: string;
  readonly store: Store;
  readonly world: World;
  /** Resolves to undefined when the request may write, else to the refusal. */
  readonly authorize: Authorize;
  readonly gate: RequestGate;
  readonly faults: Faults;
  /** Whether remote write 2.0 is accepted; AMP documents only 1.0. */
  readonly takes2: boolean;
}

const BODY_MAX_BYTES = 32 * 1024 * 1024;

export function writeRoute(options: WriteOptions): Route {
  const { prefix, world, authorize, faults } = options;
  const requests = world.metrics.counters(
    'workspace_write_requests_total',
    'Write requests, by status.',
  );
  return {
    method: 'POST',
    path: `${prefix}/api/v1/remote_write`,
    handle: async (request) => {
      const response =
        (await faults.strike(world, request.signal)) ??
        (await authorize(request)) ??
        (await write(request, options));
      requests.with({ status: String(response.status) }).inc();
      return response;
    },
  };
}

async function write(
  request: HttpRequest,
  { store, gate, takes2, world }: WriteOptions,
): Promise<HttpResponse> {
  const version = negotiateVersion(request.headers, { takes2 });
  if (typeof version === 'string') return { status: 415, body: `${version}\n` };
  try {
    const sent = await request.body();
    const message = version === 2 ? uncompress(sent, BODY_MAX_BYTES) : undefined;
    const body = message === undefined ? sent : compress(downgradeRequest(message));
    const result = await store.write(
      body,
      (batch, rawBytes) =>
        gate.refuseSize(sent.length, message?.length ?? rawBytes) ?? gate.refuse(batch),
    );
    if ('refusal' in result) return result.refusal;
    const { rejected, firstRejection, accepted } = result;
    const headers: Record<string, string> =
      version === 1
        ? {}
        : {
            'x-prometheus-remote-write-samples-written': String(accepted),
            'x-prometheus-remote-write-histograms-written': '0',
            'x-prometheus-remote-write-exemplars-written': '0',
          };
    if (rejected.size === 0) return { status: 200, headers };
    const counts = [...rejected].map(([reason, count]) => `${reason} ${count}`).join(', ');
    return {
      status: rejected.has('per_user_series_limit') ? 429 : 400,
      headers,
      body: `${firstRejection ?? ''} (refused: ${counts})\n`,
    };
  } catch (error) {
    if (error instanceof HttpError) throw error;
    if (error instanceof WireError) {
      return {
        status: error.reason === 'too_large' ? 413 : 400,
        body: `the body can't be read: ${describeError(error)}\n`,
      };
    }
    if (error instanceof RecoverableError) return { status: 503, body: `${error.message}\n` };
    world.log.error('a write could not be stored', { error: describeError(error) });
    return { status: 500, body: 'the samples could not be stored; try again\n' };
  }
}
