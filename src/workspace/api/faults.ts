/**
 * Injected faults: a share of writes is answered late, with an error, in part or not at all, to
 * test senders. Set by flag and changed at run time. The same seed gives the same sequence of
 * faults.
 * Limit: FAULTS_MAX faults.
 */
import * as z from 'zod';
import { ConfigError } from '../../kernel/errors.ts';
import { HttpError } from '../../kernel/http-error.ts';
import { type HttpResponse, type Route } from '../../kernel/http-server.ts';
import { refuseForeignPage } from './foreign-page.ts';
import type { World } from '../../kernel/world.ts';

const faultSchema = z.strictObject({
  /** The share of all writes, 0 to 1. */
  share: z.number().min(0).max(1),
  kind: z.enum(['status', 'latency', 'reset', 'half']),
  /** `status`, `body` and `retryAfterSeconds` are of kind `status`. */
  status: z.int().min(400).max(599).optional(),
  body: z.string().max(4_096).optional(),
  retryAfterSeconds: z.number().min(0).max(86_400).optional(),
  /** The wait of kind `latency`. */
  ms: z.number().min(0).max(600_000).optional(),
});
export type InjectedFault = z.infer<typeof faultSchema>;
const FAULTS_MAX = 20;
const listSchema = z.array(faultSchema).max(FAULTS_MAX);

export class Faults {
  #list: readonly InjectedFault[];
  readonly #random: () => number;

  constructor(list: readonly InjectedFault[], seed: number) {
    this.#list = list;
    this.#random = createRandom(seed);
  }

  /**
   * Draws the faults of one write, and waits for its latency. Returns the answer that replaces the
   * real one, or undefined where the write is to go on.
   */
  async strike(world: World, signal: AbortSignal): Promise<HttpResponse | undefined> {
    for (const fault of this.#list) {
      if (this.#random() >= fault.share) continue;
      if (fault.kind === 'latency') {
        await world.clock.sleep(fault.ms ?? 1_000, signal);
        continue;
      }
      if (fault.kind !== 'status')
        return { status: 200, body: 'cut off before its end\n', cut: fault.kind };
      const { status = 503, body = 'a fault on demand\n', retryAfterSeconds } = fault;
      const headers =
        retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      return { status, body, headers };
    }
    return undefined;
  }

  /** `GET`, `PUT` and `DELETE /_workspace/faults`, for requests from loopback addresses only. */
  route(): Route {
    return {
      method: 'ANY',
      path: '/_workspace/faults',
      handle: async (request): Promise<HttpResponse> => {
        if (!/^(?:::ffff:)?127\.|^::1$/.test(request.remoteAddress))
          throw new HttpError(403, 'faults can only be set from this machine');
        const foreign = refuseForeignPage(request.headers);
        if (foreign !== undefined) throw new HttpError(403, foreign);
        // Not by POST: with a simple body any page may send one.
        if (request.method === 'DELETE') this.#list = [];
        else if (request.method === 'PUT')
          this.#list = parseList((await request.body()).toString());
        else if (request.method !== 'GET' && request.method !== 'HEAD')
          throw new HttpError(405, 'faults are read by GET, set by PUT, and cleared by DELETE');
        return {
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: `${JSON.stringify(this.#list)}\n`,
        };
      },
    };
  }
}

function parseList(text: string): readonly InjectedFault[] {
  try {
    return listSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new HttpError(
      400,
      'faults are a JSON list such as [{"kind":"status","status":503,"share":0.1}]',
      { cause: error },
    );
  }
}

/**
 * Parses the value of a flag: `503:0.1`, `429:0.05:2` (Retry-After, s), `latency:0.2:500` (ms),
 * `reset:0.1` or `half:0.1`.
 *
 * @throws ConfigError
 */
export function parseFault(text: string): InjectedFault {
  const [what = '', share = '', extra] = text.split(':');
  const more = extra === undefined ? undefined : Number(extra);
  const parsed = faultSchema.safeParse(
    /^\d+$/.test(what)
      ? { kind: 'status', status: Number(what), share: Number(share), retryAfterSeconds: more }
      : { kind: what, share: Number(share), ms: more },
  );
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    'FLAG_VALUE',
    `--fault "${text}" is not a fault; write 503:0.1, 429:0.05:2 (Retry-After), latency:0.2:500 ` +
      '(ms), reset:0.1 or half:0.1',
  );
}

/** mulberry32: numbers from 0 to below 1, the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
