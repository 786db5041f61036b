/**
 * Faults on demand: a share of writes is answered late, wrongly, half or not at all, so that
 * senders can be tried. Set by flag and changed at run time; a seed makes the same series of faults
 * again.
 */
import { z } from 'zod';
import { ConfigError } from '../../kernel/errors.ts';
import { HttpError, type HttpResponse, type Route } from '../../kernel/http-server.ts';
import type { World } from '../../kernel/world.ts';

const faultSchema = z.strictObject({
  /** Of all writes, 0 to 1. */
  share: z.number().min(0).max(1),
  kind: z.enum(['status', 'latency', 'reset', 'half']),
  /** Of kind `status`. */
  status: z.int().min(400).max(599).optional(),
  body: z.string().max(4_096).optional(),
  retryAfterSeconds: z.number().min(0).max(86_400).optional(),
  /** Of kind `latency`. */
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
   * What happens to the next write: an answer instead of the real one, after a wait; undefined lets
   * it pass.
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

  /** `GET`, `PUT` and `DELETE /_workspace/faults`: loopback alone. */
  route(): Route {
    return {
      method: 'ANY',
      path: '/_workspace/faults',
      handle: async (request): Promise<HttpResponse> => {
        if (!/^(?:::ffff:)?127\.|^::1$/.test(request.remoteAddress))
          throw new HttpError(403, 'faults are set from this machine alone');
        if (request.method === 'DELETE') this.#list = [];
        else if (request.method === 'PUT' || request.method === 'POST')
          this.#list = parseList((await request.body()).toString());
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
      {
        cause: error,
      },
    );
  }
}

/**
 * `503:0.1`, `429:0.05:2` (Retry-After), `latency=500ms:0.2` is `latency:0.2:500`, `reset:0.1`,
 * `half:0.1`.
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
    `--fault "${text}" is none; write 503:0.1, 429:0.05:2 (Retry-After), latency:0.2:500 ` +
      '(ms), reset:0.1 or half:0.1',
  );
}

function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
