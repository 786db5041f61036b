/**
 * Tortures the road of segment documents from the socket to X-Ray with real processes: `amperage
 * xray` under load is killed or stopped every few seconds, and its X-Ray throttles, answers 5xx,
 * refuses single documents for a while, cuts connections, hangs, and is away for a while. Then
 * every document that was taken is looked up.
 *
 * A document counts as taken when the process has said so (its counter of documents in the queue)
 * or was stopped by SIGTERM. Of those that were sent later than its last word before a kill -9,
 * the number that did not arrive is printed: they are what the bound between socket and disk may
 * cost, and a process must not exceed it.
 *
 *     npm run torture:traces -- [seconds] [seconds of an outage at first]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeRandom } from '../kit/random.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');
/** Documents sent each tick. */
const BURST = 20;
const TICK_MS = 10;
/** How long the end may take until all has arrived. */
const CALM_MS = 60_000;
const TAKEN = 'amperage_sink_items_taken_total';
const DROPPED = 'amperage_sink_items_dropped_total';
const HEADER = '{"format": "json", "version": 1}\n';

export interface TraceTortureResult {
  readonly kills: number;
  readonly stops: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly sent: number;
  /** Documents that a process has taken for certain. */
  readonly taken: number;
  readonly received: number;
  /** Of the taken ones, those that never arrived and that no counter names. */
  readonly lost: number;
  readonly dropped: number;
  /** Sent after the last word of a process that was then killed, and not received. */
  readonly unsure: number;
  /** The most of these for one kill. */
  readonly unsureMax: number;
  readonly repeated: number;
}

/** An X-Ray that answers at random. What it took, by the number in its id. */
class BadXray {
  readonly faults: Record<string, number> = {};
  readonly received = new Set<number>();
  repeated = 0;
  isCalm = false;
  isAway = false;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('error', () => undefined);
    request.on('end', () => {
      if (request.url === '/TraceSegments') this.#answer(Buffer.concat(parts), request, response);
      else response.writeHead(200).end('{}');
    });
  }

  #answer(body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const mood = this.isCalm ? 1 : this.#random();
    const fault = (name: string): void => {
      this.faults[name] = (this.faults[name] ?? 0) + 1;
    };
    const refuse = (status: number, type: string): void => {
      fault(String(status));
      response.writeHead(status, { 'x-amzn-errortype': type, 'content-type': 'application/json' });
      response.end(JSON.stringify({ message: 'not now' }));
    };
    if (this.isAway && !this.isCalm) {
      fault('away');
      request.socket.destroy();
    } else if (mood < 0.1) refuse(500, 'InternalFailure');
    else if (mood < 0.2) refuse(429, 'ThrottledException');
    else if (mood < 0.25) {
      fault('reset before');
      request.socket.destroy();
    } else if (mood < 0.35) {
      fault('reset after');
      this.#take(body, () => true);
      request.socket.destroy();
    } else if (mood < 0.38) {
      fault('hang');
      setTimeout(() => response.destroy(), 1_500);
    } else if (mood < 0.5) {
      fault('partial');
      const left = this.#take(body, () => this.#random() < 0.5);
      const unprocessed = left.map((Id) => ({ Id, ErrorCode: 'ThrottledException', Message: '' }));
      response.end(JSON.stringify({ UnprocessedTraceSegments: unprocessed }));
    } else {
      this.#take(body, () => true);
      response.end(JSON.stringify({ UnprocessedTraceSegments: [] }));
    }
  }

  /** Returns the ids of those that it did not take. */
  #take(body: Buffer, isTaken: () => boolean): string[] {
    const { TraceSegmentDocuments: documents } = JSON.parse(body.toString()) as {
      TraceSegmentDocuments: string[];
    };
    return documents.flatMap((text) => {
      const { id } = JSON.parse(text) as { id: string };
      if (!isTaken()) return [id];
      const number = Number.parseInt(id, 16);
      if (this.received.has(number)) this.repeated += 1;
      this.received.add(number);
      return [];
    });
  }
}

/** One process, and which documents were sent to it. */
interface Life {
  readonly child: ChildProcess;
  readonly web: string;
  readonly port: number;
  readonly ended: Promise<unknown>;
  readonly first: number;
  /** Of those sent to it, so many are taken for certain. */
  taken: number;
}

/** @param outageSeconds  for so long X-Ray is away at first, while processes come and go */
export async function tortureTraces(
  seconds: number,
  outageSeconds = 0,
  seed = 7,
): Promise<TraceTortureResult> {
  const random = makeRandom(seed);
  const xray = new BadXray(random);
  const upstream = await listen((request, response) => xray.serve(request, response));
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-trace-torture-'));
  const socket = createSocket('udp4');
  const lives: Life[] = [];
  let sent = 0;
  let dropped = 0;
  const begin = async (): Promise<Life> => {
    const life = await start(folder, upstream.port, sent);
    lives.push(life);
    return life;
  };
  const [kills, stops] = [new Set<Life>(), new Set<Life>()];
  let life = await begin();
  try {
    const startAt = performance.now();
    const endAt = startAt + seconds * 1_000;
    const isOut = (): boolean => performance.now() < startAt + outageSeconds * 1_000;
    xray.isAway = isOut();
    while (performance.now() < endAt) {
      const turnAt = performance.now() + 1_500 + random() * 2_500;
      while (performance.now() < Math.min(turnAt, endAt)) {
        for (let i = 0; i < BURST; i++) await send(socket, life.port, sent++);
        await sleep(TICK_MS);
        if (sent % (BURST * 10) === 0) life.taken = await readSum(life.web, TAKEN);
      }
      xray.isAway = random() < 0.3 || isOut();
      dropped += await readSum(life.web, DROPPED);
      const isKill = kills.size === 0 || random() < 0.7;
      (isKill ? kills : stops).add(life);
      life.child.kill(isKill ? 'SIGKILL' : 'SIGTERM');
      await life.ended;
      if (!isKill) life.taken = sent - life.first;
      life = await begin();
    }
    xray.isCalm = true;
    const all = sent - life.first;
    const calmEnd = performance.now() + CALM_MS;
    while (performance.now() < calmEnd && life.taken < all) {
      await sleep(100);
      life.taken = await readSum(life.web, TAKEN);
    }
    while (performance.now() < calmEnd && (await readPending(life.web)) > 0) await sleep(100);
    dropped += await readSum(life.web, DROPPED);
    life.child.kill('SIGTERM');
    await life.ended;
  } finally {
    for (const { child } of lives) child.kill('SIGKILL');
    socket.close();
    upstream.server.closeAllConnections();
    upstream.server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
  return judge(lives, sent, xray, { kills: kills.size, stops: stops.size, dropped });
}

function judge(
  lives: readonly Life[],
  sent: number,
  xray: BadXray,
  { kills, stops, dropped }: { kills: number; stops: number; dropped: number },
): TraceTortureResult {
  let [taken, received, unsure, unsureMax] = [0, 0, 0, 0];
  for (const [index, { first, taken: certain }] of lives.entries()) {
    const end = lives[index + 1]?.first ?? sent;
    let missing = 0;
    for (let number = first; number < end; number++) {
      const isReceived = xray.received.has(number);
      if (number < first + certain) {
        taken += 1;
        if (isReceived) received += 1;
      } else if (!isReceived) missing += 1;
    }
    unsure += missing;
    unsureMax = Math.max(unsureMax, missing);
  }
  const { faults, repeated } = xray;
  const lost = taken - received - dropped;
  return {
    kills,
    stops,
    faults,
    sent,
    taken,
    received,
    lost,
    dropped,
    unsure,
    unsureMax,
    repeated,
  };
}

async function start(folder: string, xrayPort: number, first: number): Promise<Life> {
  const [web, port] = [await freePort(), await freePort()];
  const flags = ['--bind', `127.0.0.1:${port}`, '--bind-tcp', `127.0.0.1:${port}`];
  flags.push('--region', 'us-east-1', '--local-mode', '--log-level', 'error');
  flags.push('--storage.path', path.join(folder, 'queue'), '--stop-timeout', '2s');
  flags.push('--web.listen-address', `127.0.0.1:${web}`);
  const child = spawn(process.execPath, [MAIN, 'xray', ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      AWS_ENDPOINT_URL_XRAY: `http://127.0.0.1:${xrayPort}`,
      AWS_ACCESS_KEY_ID: 'AKIATORTURE',
      AWS_SECRET_ACCESS_KEY: 'not-a-secret',
    },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${web}`;
  const endAt = performance.now() + 20_000;
  while ((await fetch(`${url}/-/ready`).catch(() => undefined))?.status !== 200) {
    if (performance.now() > endAt || child.exitCode !== null)
      throw new Error('amperage xray does not start');
    await sleep(50);
  }
  return { child, web: url, port, ended, first, taken: 0 };
}

function send(
  socket: ReturnType<typeof createSocket>,
  port: number,
  number: number,
): Promise<void> {
  const nowS = Date.now() / 1_000;
  const document = {
    name: `service-${number % 5}`,
    id: number.toString(16).padStart(16, '0'),
    trace_id: `1-${Math.floor(nowS).toString(16)}-${number.toString(16).padStart(24, '0')}`,
    start_time: nowS - 0.1,
    end_time: nowS,
    metadata: { default: { text: 'x'.repeat(100 + ((number * 7919) % 2_000)) } },
  };
  return new Promise((resolve) =>
    socket.send(HEADER + JSON.stringify(document), port, '127.0.0.1', () => resolve()),
  );
}

async function readSum(url: string, metric: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function readPending(url: string): Promise<number> {
  return readSum(url, 'queue_pending_items');
}

async function freePort(): Promise<number> {
  const probe = await listen(() => undefined);
  await new Promise((resolve) => probe.server.close(resolve));
  return probe.port;
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
  const result = await tortureTraces(seconds, Number(process.argv[3] ?? 0));
  console.log(JSON.stringify(result, undefined, 2));
  console.log(`taken − received − counted drops = ${result.lost}`);
  if (result.lost !== 0) process.exitCode = 1;
}
