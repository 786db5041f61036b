/**
 * How long large requests of OTLP metrics hold the event loop of a real `collect` that writes on:
 * requests of almost 20 MiB, as protobuf, compressed, and as JSON; of new series, and the same
 * again. Prints the longest turn of each, by the clock and in CPU time, and how long its answer
 * took.
 * The first request runs cold code. `node bench/otlp-turns.ts`
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
import { makeTemplate, stamp } from './otlp-requests.ts';

const BODY_BYTES = 20 * 1024 * 1024;
/** Requests of each kind, of which the first is of new series. */
const ROUNDS = 2;

/** A request in protobuf, whose resources begin at a number. */
function makeBody(from: number): Buffer {
  const each = makeTemplate([from], 0).body.length;
  const count = Math.floor(BODY_BYTES / each);
  const resources = Array.from({ length: count }, (_, i) => from + i);
  return stamp(makeTemplate(resources, 0), Date.now());
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
const port = await freePort();
const config = path.join(folder, 'config.yml');
writeFileSync(
  config,
  `otlp_receivers: [{ http: { listen: '127.0.0.1:${port}' } }]\n` +
    `remote_write: [{ url: 'http://127.0.0.1:${(sink.address() as AddressInfo).port}/write' }]\n`,
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

const url = `http://127.0.0.1:${port}/v1/metrics`;
const rows: Record<string, string | number>[] = [];
try {
  await until('it listens', 20_000, async () => {
    const answer = await fetch(url).catch(() => undefined);
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
  ];
  for (const { what, body, headers } of cases)
    for (let round = 0; round < ROUNDS; round++) {
      await readTurn();
      const startMs = performance.now();
      const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
      await answer.text();
      const allMs = performance.now() - startMs;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const turn = await readTurn();
      rows.push({
        request: `${what}, ${round === 0 ? 'new series' : 'the same again'}`,
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
