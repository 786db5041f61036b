/**
 * The requests of the benchmark of OTLP: resources with attributes of the semantic conventions, of
 * 200 points each, which are 340 samples of remote write. A request of more points has more
 * resources, as a Collector before us batches them. A template is encoded once; its times, and the
 * names of what is new in it, are written over in a copy.
 */
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

export const POINTS_A_RESOURCE = 200;

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5];
const ROUTES = 10;
/**
 * Stands where a series is new at each request: one histogram and two gauges, 5 % of the series.
 */
const NEW = 'new-00000000';
const NEW_DIGITS = 8;
const SCOPE = { name: '@opentelemetry/instrumentation-http', version: '0.207.0' };

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

/** 10 histograms of 15 series each, and 190 numbers. */
function makeMetrics(variant: number) {
  const startMs = POINT_MS - 3_600_000;
  const routes = Array.from({ length: ROUTES }, (_, route) => route);
  const describeCall = (route: number) => ({
    'http.request.method': route % 2 === 0 ? 'GET' : 'POST',
    'http.route': `/api/v1/things/${route === 3 ? NEW : route}`,
    'http.response.status_code': 200,
    'url.scheme': 'https',
    'network.protocol.version': '1.1',
  });
  const durations = routes.map((route) =>
    histogramPoint({
      startMs,
      attributes: describeCall(route),
      count: 13 * (variant + route + 1),
      sum: 1.5 * (variant + route + 1),
      bucketCounts: Array.from({ length: 13 }, () => variant + route + 1),
      explicitBounds: BOUNDS,
    }),
  );
  const active = routes.map((route) =>
    numberPoint(variant + route, {
      startMs,
      attributes: { 'http.request.method': 'GET', 'server.port': 8_000 + route },
    }),
  );
  const cpu = ['user', 'system', 'wait', 'idle'].flatMap((mode) =>
    Array.from({ length: 20 }, (_, core) =>
      numberPoint(variant * 0.37 + core, {
        startMs,
        attributes: { 'cpu.mode': mode, 'cpu.logical_number': core },
      }),
    ),
  );
  const memory = Array.from({ length: 50 }, (_, pool) => pool).flatMap((pool) =>
    ['used', 'free'].map((state) =>
      numberPoint(1e9 + variant * 4_096 + pool, {
        attributes: {
          'system.memory.state': state,
          pool: pool === 20 ? `pool-${NEW}` : `pool-${pool}`,
        },
      }),
    ),
  );
  return [
    metric('http.server.request.duration', histogram(durations), {
      unit: 's',
      description: 'Duration of HTTP server requests.',
    }),
    metric('http.server.active_requests', sum(active, 'cumulative', false), {
      unit: '{request}',
      description: 'Number of active HTTP server requests.',
    }),
    metric('process.cpu.time', sum(cpu), {
      unit: 's',
      description: 'Total CPU seconds broken down by different states.',
    }),
    metric('system.memory.usage', gauge(...memory), {
      unit: 'By',
      description: 'Reports memory in use by state.',
    }),
  ];
}

/** A request with the offsets of its times and of the names of its new series. */
export interface Template {
  readonly body: Buffer;
  readonly timesAt: readonly number[];
  readonly newAt: readonly number[];
}

/** @param variant  makes the values differ */
export function makeTemplate(resources: readonly number[], variant: number): Template {
  const body = Buffer.concat(
    resources.map((index) =>
      encodeRequest(resourceMetrics(makeResource(index), makeMetrics(variant), SCOPE)),
    ),
  );
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE(BigInt(POINT_MS) * 1_000_000n);
  const digits = NEW.length - NEW_DIGITS;
  return {
    body,
    timesAt: findAll(body, time),
    newAt: findAll(body, Buffer.from(NEW)).map((at) => at + digits),
  };
}

/** A copy for this moment. @param round  a number makes its new series of this number */
export function stamp({ body, timesAt, newAt }: Template, nowMs: number, round?: number): Buffer {
  const copy = Buffer.from(body);
  const time = BigInt(nowMs) * 1_000_000n;
  for (const at of timesAt) copy.writeBigUInt64LE(time, at);
  if (round === undefined) return copy;
  const digits = String(round).padStart(NEW_DIGITS, '0');
  for (const at of newAt) copy.write(digits, at, 'latin1');
  return copy;
}

function findAll(body: Buffer, sought: Buffer): number[] {
  const found: number[] = [];
  for (let at = body.indexOf(sought); at >= 0; at = body.indexOf(sought, at + sought.length))
    found.push(at);
  return found;
}
