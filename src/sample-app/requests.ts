/**
 * What the application does for a request. `/work` is the article's: it takes a random time. When
 * it is traced, that time goes to a table of DynamoDB and to a database, which are only told of,
 * and to a call of the application's own `/stock`, which is real. `/refused`, `/throttled` and
 * `/broken` fail as their names say, and `/batch` has more subsegments than one document holds.
 */
import { randomBytes } from 'node:crypto';
import type { HttpRequest, HttpResponse } from '../kernel/http-server.ts';
import type { World } from '../kernel/world.ts';
import type { DrawLatencyMs } from './latency.ts';
import type { SegmentDetails } from './tracing/document.ts';
import type { OpenSegment } from './tracing/segment.ts';
import { formatTraceHeader, TRACE_HEADER } from './tracing/trace-header.ts';

export const USER_AGENT = 'amperage-sample-app';

export interface RequestsOptions {
  readonly world: Pick<World, 'clock' | 'http'>;
  readonly drawLatencyMs: DrawLatencyMs;
  /** How many ms of processor time each request of `/work` burns. */
  readonly cpuMs: number;
  /** Where the application calls itself; asked after it listens. */
  readonly url: () => string;
  /** The region that told calls of AWS name. */
  readonly region: string;
}

/** Answers a request; without a segment, nothing of it is traced. */
export type AnswerRequest = (request: HttpRequest, segment?: OpenSegment) => Promise<HttpResponse>;

/** Shares of the time of `/work`; the rest is its own. */
const TABLE_SHARE = 0.2;
const DATABASE_SHARE = 0.3;
/** `/stock` takes this share of a latency that is drawn as that of `/work`. */
const STOCK_SHARE = 0.3;
/** From here on the annotation `slow` is true. */
const SLOW_MS = 2_500;
const BATCH_ITEMS = 150;
/** `/work` and `/batch` take as long as drawn, 60 s at most. */
const CALL_TIMEOUT_MS = 65_000;

const DATABASE = {
  url: 'postgresql://db.example.internal:5432/orders',
  preparation: 'statement',
  database_type: 'PostgreSQL',
  database_version: '18.1',
  user: 'sample_app',
  sanitized_query: 'SELECT item, quantity FROM cart_items WHERE cart_id = $1',
};

/** The answers by path. */
export function createRequests(options: RequestsOptions): Readonly<Record<string, AnswerRequest>> {
  const { world, region, drawLatencyMs } = options;
  const tellTable = (operation: string): SegmentDetails => ({
    namespace: 'aws',
    aws: {
      operation,
      region,
      table_name: 'sample-app-carts',
      request_id: randomBytes(20).toString('hex').toUpperCase(),
      retries: 0,
    },
  });
  const readTable = (segment: OpenSegment, ms: number, signal: AbortSignal): Promise<void> =>
    segment.trace('DynamoDB', tellTable('GetItem'), async (inner) => {
      await world.clock.sleep(ms, signal);
      inner.details.http = { response: { status: 200, content_length: 312 } };
    });
  const readDatabase = (segment: OpenSegment, ms: number, signal: AbortSignal): Promise<void> =>
    segment.trace('orders@db.example.internal', { namespace: 'remote', sql: DATABASE }, () =>
      world.clock.sleep(ms, signal),
    );

  return {
    '/work': async (request, segment) => {
      const startMs = performance.now();
      burn(options.cpuMs);
      const latencyMs = drawLatencyMs();
      if (segment === undefined) await world.clock.sleep(latencyMs, request.signal);
      else {
        segment.details.annotations = {
          path: request.path,
          latency_ms: Math.round(latencyMs),
          slow: latencyMs >= SLOW_MS,
        };
        segment.details.metadata = { sample_app: { cpu_ms: options.cpuMs, latency_ms: latencyMs } };
        await readTable(segment, latencyMs * TABLE_SHARE, request.signal);
        await readDatabase(segment, latencyMs * DATABASE_SHARE, request.signal);
        await callStock(options, segment, request.signal);
        const restMs = latencyMs - (performance.now() - startMs);
        await segment.trace('## price', { metadata: { price: { currency: 'EUR' } } }, () =>
          world.clock.sleep(restMs, request.signal),
        );
      }
      return writeJson(200, { tookMs: Math.round(performance.now() - startMs) });
    },

    '/stock': async (request, segment) => {
      const ms = drawLatencyMs() * STOCK_SHARE;
      if (segment === undefined) await world.clock.sleep(ms, request.signal);
      else await readTable(segment, ms, request.signal);
      return writeJson(200, { inStock: true });
    },

    '/refused': async (request, segment) => {
      if (segment !== undefined) await readTable(segment, 5, request.signal);
      return writeJson(404, { error: 'there is no such cart' });
    },

    '/throttled': async (request, segment) => {
      await segment?.trace('DynamoDB', tellTable('PutItem'), async (inner) => {
        await world.clock.sleep(5, request.signal);
        inner.addException(new ThrottlingException('rate exceeded'), 'remote error');
        inner.details.throttle = true;
        inner.details.http = { response: { status: 400, content_length: 112 } };
      });
      return writeJson(429, { error: 'too many carts' });
    },

    '/broken': async (request, segment) => {
      if (segment !== undefined) await readDatabase(segment, 5, request.signal);
      try {
        settlePayment();
      } catch (error) {
        segment?.addException(error);
      }
      return writeJson(500, { error: 'the payment was not settled' });
    },

    '/batch': async (request, segment) => {
      const itemMs = drawLatencyMs() / BATCH_ITEMS;
      for (let item = 1; item <= BATCH_ITEMS; item++) {
        const work = (): Promise<void> => world.clock.sleep(itemMs, request.signal);
        if (segment === undefined) await work();
        else await segment.trace(`item ${item}`, { metadata: { batch: { item } } }, work);
      }
      return writeJson(200, { items: BATCH_ITEMS });
    },
  };
}

/** Calls the application itself, as a program whose HTTP client is traced by the SDK would. */
function callStock(
  { world, url }: RequestsOptions,
  segment: OpenSegment,
  signal: AbortSignal,
): Promise<void> {
  const called = new URL('/stock', url());
  return segment.trace(called.hostname, { namespace: 'remote' }, async (inner) => {
    const request = { method: 'GET', url: called.href } as const;
    inner.details.http = { request };
    const { traceId, isSampled } = segment;
    const answer = await world.http.send({
      ...request,
      headers: {
        'user-agent': USER_AGENT,
        [TRACE_HEADER]: formatTraceHeader({ traceId, parentId: inner.id, isSampled }),
      },
      timeoutMs: CALL_TIMEOUT_MS,
      bodyMaxBytes: 4_096,
      signal,
    });
    inner.details.http = {
      request: { ...request, traced: true },
      response: { status: answer.status, content_length: answer.body.length },
    };
    inner.addStatus(answer.status);
  });
}

class PaymentError extends Error {
  override readonly name = 'PaymentError';
}

class ThrottlingException extends Error {
  override readonly name = 'ThrottlingException';
}

function settlePayment(): never {
  throw new PaymentError('the bank did not answer in time');
}

export function writeJson(status: number, value: unknown): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: `${JSON.stringify(value)}\n`,
  };
}

/** Keeps the processor busy, so that the graphs show CPU use. */
function burn(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}
