/**
 * What the benchmark of OTLP sends, in one process: a hundred resources, each a client of its own
 * that sends all of its metrics in one request by HTTP, protobuf and not compressed, as an SDK
 * does.
 * It is also the receiver of remote write, which counts what comes and answers 204. Churn is the
 * share of points whose attributes have never been sent before.
 *
 *     parent ─► { url, churn }    begin to send there, or to none with url ''
 *     parent ─► 'tell'            ◄─ Received
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeWriteRequest } from '../src/wire/remote-write/decoder.ts';
import { uncompress } from '../src/wire/snappy.ts';
import {
  encodeRequest,
  gauge,
  histogram,
  histogramPoint,
  metric,
  numberPoint,
  POINT_MS,
  resourceMetrics,
  sum,
} from '../test/kit/otlp-metrics.ts';

export interface Received {
  samples: number;
  bytes: number;
  requests: number;
  /** Requests of OTLP that were not answered with 200. */
  refused: number;
  sent: number;
}

export interface LoadOrder {
  readonly url: string;
  readonly churn: number;
}

const RESOURCES = 100;
const INTERVAL_MS = 500;
const VARIANTS = 4;
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5];
const ROUTES = 10;

/** The attributes that semantic conventions give a service in a container. */
function makeResource(index: number): Record<string, string | number> {
  return {
    'service.name': `shop-${index % 20}`,
    'service.namespace': 'bench',
    'service.instance.id': `0f7c1c2e-5a50-4b0e-8e8e-${String(index).padStart(12, '0')}`,
    'service.version': '1.24.3',
    'deployment.environment.name': 'production',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': '2.2.0',
    'cloud.provider': 'aws',
    'cloud.region': 'eu-central-1',
    'container.id': `${String(index).padStart(8, '0')}${'a'.repeat(56)}`,
    'process.pid': 100 + index,
  };
}

/** 10 histograms of 15 series each, and 50 numbers. */
function makeMetrics(variant: number, round: string) {
  const request = (route: number) => ({
    'http.request.method': route % 2 === 0 ? 'GET' : 'POST',
    'http.route': `/api/v1/things/${route}${round}`,
    'http.response.status_code': 200,
    'url.scheme': 'https',
    'network.protocol.version': '1.1',
  });
  const routes = Array.from({ length: ROUTES }, (_, route) => route);
  const startMs = POINT_MS - 3_600_000;
  return [
    metric(
      'http.server.request.duration',
      histogram(
        routes.map((route) =>
          histogramPoint({
            startMs,
            attributes: request(route),
            count: 13 * (variant + route + 1),
            sum: 1.5 * (variant + route + 1),
            bucketCounts: Array.from({ length: 13 }, () => variant + route + 1),
            explicitBounds: BOUNDS,
          }),
        ),
      ),
      { unit: 's', description: 'Duration of HTTP server requests.' },
    ),
    metric(
      'http.server.active_requests',
      sum(
        routes.map((route) =>
          numberPoint(variant + route, { startMs, attributes: request(route) }),
        ),
        'cumulative',
        false,
      ),
      { unit: '{request}', description: 'Number of active HTTP server requests.' },
    ),
    metric(
      'process.cpu.time',
      sum(
        ['user', 'system'].flatMap((mode) =>
          routes.map((cpu) =>
            numberPoint(variant * 0.37 + cpu, {
              startMs,
              attributes: { 'cpu.mode': mode, 'cpu.logical_number': cpu },
            }),
          ),
        ),
      ),
      { unit: 's', description: 'Total CPU seconds broken down by different states.' },
    ),
    metric(
      'system.memory.usage',
      gauge(
        ...routes.flatMap((pool) =>
          ['used', 'free'].map((state) =>
            numberPoint(1e9 + variant * 4_096 + pool, {
              attributes: { 'system.memory.state': state, pool: `pool-${pool}` },
            }),
          ),
        ),
      ),
      { unit: 'By', description: 'Reports memory in use by state.' },
    ),
  ];
}

/** A request with the places of its times, so that a later one costs a copy. */
interface Template {
  readonly body: Buffer;
  readonly timesAt: readonly number[];
}

const SCOPE = { name: '@opentelemetry/instrumentation-http', version: '0.207.0' };

function makeTemplate(resource: number, variant: number, round = ''): Template {
  const body = encodeRequest(
    resourceMetrics(makeResource(resource), makeMetrics(variant, round), SCOPE),
  );
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE(BigInt(POINT_MS) * 1_000_000n);
  const timesAt: number[] = [];
  for (let at = body.indexOf(time); at >= 0; at = body.indexOf(time, at + 8)) timesAt.push(at);
  return { body, timesAt };
}

function stamp({ body, timesAt }: Template, nowMs: number): Buffer {
  const copy = Buffer.from(body);
  const time = BigInt(nowMs) * 1_000_000n;
  for (const at of timesAt) copy.writeBigUInt64LE(time, at);
  return copy;
}

const received: Received = { samples: 0, bytes: 0, requests: 0, refused: 0, sent: 0 };
const templates = Array.from({ length: RESOURCES }, (_, resource) =>
  Array.from({ length: VARIANTS }, (__, variant) => makeTemplate(resource, variant)),
);
const agent = new Agent({ keepAlive: true, maxSockets: RESOURCES });
let order: LoadOrder = { url: '', churn: 0 };
let round = 0;

function post(url: string, body: Buffer): void {
  received.sent += 1;
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
  const sending = request(url, { method: 'POST', agent, headers }, (response) => {
    if (response.statusCode !== 200) received.refused += 1;
    response.resume();
  });
  sending.on('error', () => (received.refused += 1));
  sending.end(body);
}

/** Each resource sends at its own moment of the interval. */
function sendFrom(resource: number): void {
  setInterval(() => {
    const { url, churn } = order;
    if (url === '') return;
    round += 1;
    // A whole request is of new routes, as often as makes the share of new points.
    const isNew = Math.random() < churn;
    const template = isNew
      ? makeTemplate(resource, round % VARIANTS, `-${round}`)
      : templates[resource]?.[round % VARIANTS];
    if (template !== undefined) post(url, stamp(template, Date.now()));
  }, INTERVAL_MS);
}

for (let resource = 0; resource < RESOURCES; resource++)
  setTimeout(() => sendFrom(resource), (resource * INTERVAL_MS) / RESOURCES);

function take(message: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = [];
  message.on('data', (part: Buffer) => parts.push(part));
  message.on('end', () => {
    const body = Buffer.concat(parts);
    received.bytes += body.length;
    received.requests += 1;
    const visitor = { series: () => undefined };
    received.samples += decodeWriteRequest(uncompress(body, 1e8), visitor).samples;
    response.writeHead(204).end();
  });
}

const server = createServer(take);
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('message', (message: 'tell' | LoadOrder) => {
  if (message === 'tell') process.send?.(received);
  else order = message;
});
