/**
 * Tortures the road from scrape to receiver with real processes. A collector under load is killed
 * every few seconds; its receiver answers 5xx, 429 and 413, cuts connections, hangs, and is away
 * for a while. Then every sample that a scrape brought is looked up at the receiver.
 *
 * A scrape counts as committed when the same process has come to its target once more, because it
 * commits before it comes again. A scrape that failed (a busy machine answers late) commits only
 * `up` 0, and is recognized by that sample and its time.
 *
 *     npm run torture -- [seconds]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeRandom } from '../kit/random.ts';
import { labelValue } from '../../src/model/labels.ts';
import { decodeWriteRequest } from '../../src/wire/remote-write/decoder.ts';
import { uncompress } from '../../src/wire/snappy.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');
const TARGETS = 20;
const SERIES = 50;
const INTERVAL_MS = 200;
/** Longer than the longest backoff, so that the last samples arrive. */
const CALM_MS = 8_000;
/**
 * On a busy machine a target may see a request this long after its scrape began and was given up.
 */
const LATE_MAX_MS = 5_000;
/** Difference between two readings of the wall clock in two processes. */
const CLOCK_SLACK_MS = 20;
const MESSAGE_MAX_BYTES = 32 * 1024 * 1024;

export interface TortureResult {
  readonly kills: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Samples of committed scrapes. */
  readonly committed: number;
  /** Scrapes that failed and reported it by `up` 0. */
  readonly failed: number;
  readonly received: number;
  /** Sum of the collectors' own counters over all processes, as far as they could be asked. */
  readonly dropped: number;
  readonly lost: number;
  /**
   * Samples delivered more than once, which is allowed: what was not acknowledged is sent again.
   */
  readonly repeated: number;
  /** Samples that arrived for the first time after a younger one of their series. */
  readonly outOfOrder: number;
}

/** One scrape of a target, as the target saw it. */
interface Visit {
  /** In the time of the wall clock, which the samples carry. */
  readonly atMs: number;
  /** Which collector process came. A request of a killed one may be seen after its end. */
  readonly life: string;
}

/** Records everything that was served and received. */
class Witness {
  readonly visits: Visit[][] = Array.from({ length: TARGETS }, () => []);
  /** Times of `up` 0, by target. */
  readonly failedMs: Set<number>[] = Array.from({ length: TARGETS }, () => new Set());
  /** Visit numbers received, by target and series. */
  readonly received = new Map<string, Set<number>>();
  readonly #newest = new Map<string, number>();
  repeated = 0;
  outOfOrder = 0;

  serve(request: IncomingMessage, response: ServerResponse): void {
    const target = Number((request.url ?? '').slice(2));
    const visits = this.visits[target];
    if (visits === undefined) {
      response.writeHead(404).end();
      return;
    }
    const life = String(request.headers['x-life']);
    const visit = visits.push({ atMs: Date.now(), life }) - 1;
    let text = '';
    for (let i = 0; i < SERIES; i++) text += `torture{index="${i}"} ${visit}\n`;
    response.end(text);
  }

  take(body: Buffer): void {
    decodeWriteRequest(uncompress(body, MESSAGE_MAX_BYTES), {
      series: (labels, times, values, count) => {
        if (labelValue(labels, '__name__') === 'up') {
          const failed = this.failedMs[Number(labelValue(labels, 'target'))];
          for (let i = 0; i < count; i++) if (values[i] === 0) failed?.add(times[i] ?? 0);
        }
        if (labelValue(labels, '__name__') !== 'torture') return;
        const key = `${labelValue(labels, 'target')}/${labelValue(labels, 'index')}`;
        const known = this.received.get(key) ?? new Set<number>();
        this.received.set(key, known);
        for (let i = 0; i < count; i++) this.#note(key, known, values[i] ?? NaN);
      },
    });
  }

  /** Whether the scrape of a visit reported that it failed. Each report excuses one visit. */
  hasFailed(target: number, visit: number): boolean {
    const atMs = this.visits[target]?.[visit]?.atMs ?? 0;
    const failed = this.failedMs[target] ?? new Set();
    for (const tMs of [...failed].toSorted((a, b) => a - b))
      if (atMs - tMs <= LATE_MAX_MS && atMs - tMs >= -CLOCK_SLACK_MS) return failed.delete(tMs);
    return false;
  }

  #note(key: string, known: Set<number>, visit: number): void {
    // A stale marker is a NaN and belongs to no visit.
    if (Number.isNaN(visit)) return;
    if (known.has(visit)) {
      this.repeated += 1;
      return;
    }
    known.add(visit);
    if (visit < (this.#newest.get(key) ?? -1)) this.outOfOrder += 1;
    else this.#newest.set(key, visit);
  }
}

/** A receiver that answers at random; what it answers with 2xx it has accepted. */
class BadReceiver {
  readonly faults: Record<string, number> = {};
  isCalm = false;
  isAway = false;
  readonly #witness: Witness;
  readonly #random: () => number;

  constructor(witness: Witness, random: () => number) {
    this.#witness = witness;
    this.#random = random;
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('error', () => undefined);
    request.on('end', () => this.#answer(Buffer.concat(parts), request, response));
  }

  #answer(body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const mood = this.isCalm ? 1 : this.#random();
    const fault = (name: string): void => {
      this.faults[name] = (this.faults[name] ?? 0) + 1;
    };
    if (this.isAway && !this.isCalm) {
      fault('away');
      request.socket.destroy();
    } else if (mood < 0.15) {
      fault('500');
      response.writeHead(500).end('no');
    } else if (mood < 0.25) {
      fault('429');
      response.writeHead(429, { 'retry-after': '1' }).end('slow down');
    } else if (mood < 0.35) {
      fault('reset before');
      request.socket.destroy();
    } else if (mood < 0.45) {
      fault('reset after');
      this.#witness.take(body);
      request.socket.destroy();
    } else if (mood < 0.5 && body.length > 400) {
      fault('413');
      response.writeHead(413).end('too large');
    } else if (mood < 0.53) {
      fault('hang');
      setTimeout(() => response.destroy(), 1_500);
    } else {
      this.#witness.take(body);
      response.writeHead(204).end();
    }
  }
}

export async function torture(seconds: number, seed = 7): Promise<TortureResult> {
  const random = makeRandom(seed);
  const witness = new Witness();
  const receiver = new BadReceiver(witness, random);
  const targets = await listen((request, response) => witness.serve(request, response));
  const sink = await listen((request, response) => receiver.serve(request, response));
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-torture-'));
  let lives = 0;
  const begin = (): Promise<Life> => {
    const text = configuration(targets.port, sink.port, lives++);
    writeFileSync(path.join(folder, 'prometheus.yml'), text);
    return start(folder);
  };
  let dropped = 0;
  let isAlive = await begin();
  try {
    const endAt = performance.now() + seconds * 1_000;
    while (performance.now() < endAt) {
      await sleep(1_500 + random() * 2_500);
      receiver.isAway = random() < 0.3;
      if (performance.now() >= endAt) break;
      dropped += await readDropped(isAlive.url);
      isAlive.child.kill('SIGKILL');
      await isAlive.ended;
      isAlive = await begin();
    }
    receiver.isCalm = true;
    await sleep(CALM_MS);
    dropped += await readDropped(isAlive.url);
    isAlive.child.kill('SIGTERM');
    await isAlive.ended;
  } finally {
    isAlive.child.kill('SIGKILL');
    for (const { server } of [targets, sink]) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
  return computeResult(witness, receiver, lives - 1, dropped);
}

function computeResult(
  witness: Witness,
  receiver: BadReceiver,
  kills: number,
  dropped: number,
): TortureResult {
  let committed = 0;
  let received = 0;
  let failed = 0;
  witness.visits.forEach((visits, target) => {
    visits.forEach(({ life }, visit) => {
      const next = visits[visit + 1];
      // The last visit of a killed process may not have been committed.
      if (next?.life !== life) return;
      const isReceived = witness.received.get(`${target}/0`)?.has(visit) === true;
      if (!isReceived && witness.hasFailed(target, visit)) {
        failed += 1;
        return;
      }
      committed += SERIES;
      for (let index = 0; index < SERIES; index++)
        if (witness.received.get(`${target}/${index}`)?.has(visit) === true) received += 1;
    });
  });
  return {
    kills,
    faults: receiver.faults,
    committed,
    failed,
    received,
    dropped,
    lost: committed - received - dropped,
    repeated: witness.repeated,
    outOfOrder: witness.outOfOrder,
  };
}

function configuration(targetPort: number, sinkPort: number, life: number): string {
  const list = Array.from(
    { length: TARGETS },
    (_, i) =>
      `      - { targets: ['127.0.0.1:${targetPort}'], labels: { __metrics_path__: /t${i}, ` +
      `target: '${i}' } }\n`,
  );
  return `global: { scrape_interval: ${INTERVAL_MS}ms, scrape_timeout: ${INTERVAL_MS - 20}ms }
scrape_configs:
  - job_name: torture
    http_headers: { X-Life: { values: ['${life}'] } }
    static_configs:
${list.join('')}remote_write:
  - url: http://127.0.0.1:${sinkPort}/write
    remote_timeout: 1s
    queue_config: { batch_send_deadline: 200ms, max_backoff: 1s }
    metadata_config: { send: false }
`;
}

interface Life {
  readonly child: ChildProcess;
  readonly url: string;
  readonly ended: Promise<unknown>;
}

async function start(folder: string): Promise<Life> {
  const probe = await listen(() => undefined);
  const { port } = probe;
  await new Promise((resolve) => probe.server.close(resolve));
  const url = `http://127.0.0.1:${port}`;
  const flags = ['--config.file', path.join(folder, 'prometheus.yml'), '--log.level', 'error'];
  flags.push('--storage.path', path.join(folder, 'queue'));
  flags.push('--web.listen-address', `127.0.0.1:${port}`);
  const child = spawn(process.execPath, [MAIN, 'collect', ...flags], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const endAt = performance.now() + 20_000;
  while ((await fetch(`${url}/-/ready`).catch(() => undefined))?.status !== 200) {
    if (performance.now() > endAt || child.exitCode !== null)
      throw new Error('the collector does not start');
    await sleep(50);
  }
  return { child, url, ended };
}

/** Samples that the running collector says it dropped. */
async function readDropped(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('prometheus_remote_storage_samples_dropped_total{'));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ server: Server; port: number }> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  const seconds = Number(process.argv[2] ?? 60);
  const result = await torture(seconds);
  console.log(JSON.stringify(result, undefined, 2));
  console.log(`committed − received − counted drops = ${result.lost}`);
  if (result.lost !== 0 || result.outOfOrder !== 0) process.exitCode = 1;
}
