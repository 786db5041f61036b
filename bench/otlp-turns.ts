/**
 * How long large requests of OTLP hold the event loop of a real `collect` that writes on: metrics
 * in almost 20 MiB, as protobuf, compressed, and as JSON; of new series, and the same again; and
 * 100,000 spans. Prints the longest turn of each, by the clock and in CPU time, and how long its
 * answer took.
 * The first request runs cold code. `node bench/otlp-turns.ts [kind of request]`
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';
import { freePort } from '../test/kit/processes.ts';
import { until } from '../test/kit/waiting.ts';
import { FIXED64, tagOf } from '../src/wire/protobuf/wire-format.ts';
import { ProtoWriter } from '../src/wire/protobuf/writer.ts';
import { makeTemplate, stamp } from './otlp-requests.ts';

const BODY_BYTES = 20 * 1024 * 1024;
/** Requests of each kind, of which the first is of new series. */
const ROUNDS = 2;
/** Spans of one request, of some 170 bytes each. */
const SPANS = 100_000;

/** A request in protobuf, whose resources begin at a number. */
function makeBody(from: number): Buffer {
  const each = makeTemplate([from], 0).body.length;
  const count = Math.floor(BODY_BYTES / each);
  const resources = Array.from({ length: count }, (_, i) => from + i);
  return stamp(makeTemplate(resources, 0), Date.now());
}

/** A message of protobuf. */
function write(fill: (writer: ProtoWriter) => void): Uint8Array {
  const writer = new ProtoWriter();
  fill(writer);
  return writer.written();
}

/** A request of spans in protobuf. */
function makeSpans(): Buffer {
  const attribute = (key: string, text: string): Uint8Array =>
    write((writer) => {
      writer.string(1, key);
      writer.field(
        2,
        write((value) => value.string(1, text)),
      );
    });
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE(nowNs);
  const span = (i: number): Uint8Array =>
    write((writer) => {
      writer.field(1, Buffer.from(`6554f0a0${String(i >> 3).padStart(24, '0')}`, 'hex'));
      writer.field(2, Buffer.from(String(i + 1).padStart(16, '0'), 'hex'));
      writer.string(5, 'GET /orders/{id}');
      for (const field of [7, 8]) {
        writer.varint(tagOf(field, FIXED64));
        writer.raw(time);
      }
      writer.field(9, attribute('http.request.method', 'GET'));
      writer.field(9, attribute('url.path', `/orders/${i}`));
      writer.field(9, attribute('server.address', `shop-${i % 20}.example.com`));
    });
  const spans = Array.from({ length: SPANS }, (_, i) => span(i));
  const scope = write((writer) => {
    for (const one of spans) writer.field(2, one);
  });
  const resource = write((writer) => {
    writer.field(
      1,
      write((own) => own.field(1, attribute('service.name', 'shop'))),
    );
    writer.field(2, scope);
  });
  return Buffer.from(write((writer) => writer.field(1, resource)));
}

/** A request in JSON: gauges with an attribute. */
function makeJson(): Buffer {
  const point = (i: number) =>
    `{"timeUnixNano":"${Date.now()}000000","asDouble":${i},` +
    `"attributes":[{"key":"pool","value":{"stringValue":"pool-${i}"}}]}`;
  const points = Array.from({ length: BODY_BYTES / 130 }, (_, i) => point(i)).join(',');
  return Buffer.from(
    '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"bench.json","gauge":' +
      `{"dataPoints":[${points}]}}]}]}]}`,
  );
}

const root = path.resolve(import.meta.dirname, '..');
execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
const folder = mkdtempSync(path.join(tmpdir(), 'amperage-turns-'));
const sink = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(204).end());
}).listen(0, '127.0.0.1');
await once(sink, 'listening');
const receiver = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`;
const port = await freePort();
const config = path.join(folder, 'config.yml');
writeFileSync(
  config,
  `otlp_receivers: [{ http: { listen: '127.0.0.1:${port}' } }]\n` +
    `remote_write: [{ url: '${receiver}/write' }]\n` +
    `otlp_write: [{ traces_endpoint: '${receiver}/traces' }]\n`,
);
const child = spawn(
  process.execPath,
  [
    '--import',
    path.join(import.meta.dirname, 'turn-probe.ts'),
    path.join(root, 'dist/main.js'),
    'collect',
    '--log.level=error',
    '--config.file',
    config,
    '--storage.path',
    path.join(folder, 'data'),
    '--web.listen-address',
    '127.0.0.1:0',
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
interface Turn {
  readonly turnMs: number;
  readonly turnCpuMs: number;
  readonly cpuMs: number;
}

const lines = createInterface({ input: child.stdout });

/** The longest turn since the last call. */
async function readTurn(): Promise<Turn> {
  const line = once(lines, 'line');
  child.kill('SIGUSR2');
  const [text] = (await line) as [string];
  return JSON.parse(text) as Turn;
}

const url = `http://127.0.0.1:${port}/v1/`;
const rows: Record<string, string | number>[] = [];
try {
  await until('it listens', 20_000, async () => {
    const answer = await fetch(`${url}metrics`).catch(() => undefined);
    return answer !== undefined;
  });
  const protobuf = { 'content-type': 'application/x-protobuf' };
  const cases = [
    { what: 'protobuf', body: makeBody(0), headers: protobuf },
    {
      what: 'protobuf, gzip',
      body: gzipSync(makeBody(100_000)),
      headers: { ...protobuf, 'content-encoding': 'gzip' },
    },
    { what: 'JSON', body: makeJson(), headers: { 'content-type': 'application/json' } },
    { what: 'spans', signal: 'traces', body: makeSpans(), headers: protobuf },
  ].filter(({ what }) => what.startsWith(process.argv[2] ?? ''));
  for (const { what, signal = 'metrics', body, headers } of cases)
    for (let round = 0; round < ROUNDS; round++) {
      await readTurn();
      const startMs = performance.now();
      const answer = await fetch(url + signal, {
        method: 'POST',
        headers,
        body: new Uint8Array(body),
      });
      await answer.text();
      const allMs = performance.now() - startMs;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const turn = await readTurn();
      rows.push({
        request: `${what}, ${round === 0 ? 'new' : 'the same again'}`,
        status: answer.status,
        'longest turn, ms': Math.round(turn.turnMs),
        'its CPU, ms': Math.round(turn.turnCpuMs),
        'all CPU, ms': Math.round(turn.cpuMs),
        'answer after, ms': Math.round(allMs),
      });
    }
} finally {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
  sink.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
console.table(rows);
