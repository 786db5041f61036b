/**
 * Segment documents for benchmarks: those of a web service with its metadata, its SQL and its
 * downstream calls. They differ in size, around 2 KB with a long tail, and each time one is taken
 * it has ids and times of its own. Not random: two runs send the same.
 */

const ROUTES = ['/api/orders', '/api/orders/{id}', '/api/cart', '/login', '/search', '/healthz'];
const SERVICES = ['web', 'orders', 'payments', 'inventory', 'search', 'gateway', 'accounts'];
const HEADER = Buffer.from('{"format": "json", "version": 1}\n');
const VARIANTS = 2_000;
const TRACE_ID = '1-00000000-000000000000000000000000';
const ID = '0000000000000000';
const START = '1700000000.000001';
const END = '1700000000.250001';

interface Variant {
  readonly bytes: Buffer;
  readonly traceIdAt: number;
  readonly idAt: number;
  readonly startAt: number;
  readonly endAt: number;
}

/** A function that gives the next datagram: its bytes are its own until 2,000 others were given. */
export function makeDatagrams(): (nowMs: number) => Buffer {
  const variants = Array.from({ length: VARIANTS }, (_, index) => makeVariant(index));
  let count = 0;
  return (nowMs) => {
    const { bytes, traceIdAt, idAt, startAt, endAt } = variants[count % VARIANTS]!;
    count += 1;
    const seconds = Math.floor(nowMs / 1_000);
    const unique = count.toString(16).padStart(16, '0');
    const traceId = `${seconds.toString(16)}-${process.pid.toString(16).padStart(8, '0')}`;
    bytes.write(traceId, traceIdAt + 2, 'latin1');
    bytes.write(unique, traceIdAt + 19, 'latin1');
    bytes.write(unique, idAt, 'latin1');
    bytes.write((nowMs / 1_000 - 0.25).toFixed(6), startAt, 'latin1');
    bytes.write((nowMs / 1_000).toFixed(6), endAt, 'latin1');
    return bytes;
  };
}

function makeVariant(index: number): Variant {
  const bytes = Buffer.concat([HEADER, Buffer.from(JSON.stringify(makeSegment(index)))]);
  return {
    bytes,
    traceIdAt: bytes.indexOf(TRACE_ID),
    idAt: bytes.indexOf(`"id":"${ID}"`) + 6,
    startAt: bytes.indexOf(START),
    endAt: bytes.indexOf(END),
  };
}

function makeSegment(index: number): object {
  // A spread with a long tail, the same in each run.
  const calls = index % 17 === 0 ? 12 : 1 + (index % 4);
  const route = ROUTES[index % ROUTES.length]!;
  const isFault = index % 50 === 7;
  return {
    trace_id: TRACE_ID,
    id: ID,
    start_time: Number(START),
    end_time: Number(END),
    name: SERVICES[index % SERVICES.length],
    origin: 'AWS::ECS::Fargate',
    service: {
      version: `1.${index % 9}.${index % 5}`,
      runtime: 'node',
      runtime_version: '26.10.0',
    },
    aws: {
      ecs: { container: `ip-10-0-${index % 256}-${(index * 7) % 256}.ec2.internal` },
      xray: { sdk: 'X-Ray for Node.js', sdk_version: '3.12.0', package: 'aws-xray-sdk-core' },
    },
    http: {
      request: {
        method: index % 3 === 0 ? 'POST' : 'GET',
        url: `https://shop.example.com${route.replace('{id}', String(index * 31))}?page=${index}`,
        user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36',
        client_ip: `203.0.113.${index % 256}`,
        x_forwarded_for: true,
      },
      response: { status: isFault ? 500 : 200, content_length: 512 + index },
    },
    ...(isFault ? { fault: true, cause: makeCause(index) } : {}),
    annotations: { tenant: `tenant-${index % 97}`, route, canary: index % 10 === 0 },
    metadata: {
      default: {
        build: `sha-${(index * 2_654_435_761).toString(16)}`,
        flags: ['new-cart', 'fast-search'].slice(index % 3),
        request: { items: index % 12, currency: 'EUR', note: 'x'.repeat((index * 37) % 600) },
      },
    },
    subsegments: Array.from({ length: calls }, (_, call) => makeCall(index, call)),
  };
}

function makeCall(index: number, call: number): object {
  const isSql = call % 2 === 0;
  return {
    id: (index * 100 + call).toString(16).padStart(16, 'a'),
    name: isSql ? 'orders@db.example.internal' : 'DynamoDB',
    start_time: 1_700_000_000.01 + call / 100,
    end_time: 1_700_000_000.02 + call / 100,
    namespace: isSql ? 'remote' : 'aws',
    ...(isSql
      ? {
          sql: {
            url: 'jdbc:postgresql://db.example.internal:5432/orders',
            database_type: 'PostgreSQL',
            sanitized_query: 'SELECT id, state, total FROM orders WHERE customer = ? LIMIT ?',
          },
        }
      : {
          aws: { operation: 'GetItem', table_name: 'carts', request_id: `R${index * 13 + call}` },
          http: { response: { status: 200, content_length: 91 } },
        }),
  };
}

function makeCause(index: number): object {
  return {
    working_directory: '/app',
    exceptions: [
      {
        id: index.toString(16).padStart(16, 'e'),
        type: 'TimeoutError',
        message: `query timed out after ${index} ms`,
        stack: Array.from({ length: 20 }, (_, line) => ({
          path: `/app/node_modules/pg/lib/client-${line}.js`,
          line: line * 17,
          label: `Client.step${line}`,
        })),
      },
    ],
  };
}
