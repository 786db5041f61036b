/**
 * What the tortures of the road from scrape to receiver share: targets that number their visits, a
 * receiver that fails in every way, a witness of what was served and received, and the collector as
 * a process.
 *
 * A scrape counts as committed when the same process has come to its target once more, because it
 * commits before it comes again. A scrape that failed (a busy machine answers late) commits only
 * `up` 0, and is recognized by that sample and its time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { labelValue } from '../../src/model/labels.ts';
import { decodeWriteRequest } from '../../src/wire/remote-write/decoder.ts';
import { uncompress } from '../../src/wire/snappy.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');
/** Longer than the longest backoff, so that the last samples arrive. */
export const CALM_MS = 8_000;
/**
 * On a busy machine a target may see a request this long after its scrape began and was given up.
 */
const LATE_MAX_MS = 5_000;
/** Difference between two readings of the wall clock in two processes. */
const CLOCK_SLACK_MS = 20;
/** Starting takes seconds where other work has the machine. */
const START_MAX_MS = 60_000;
const MESSAGE_MAX_BYTES = 32 * 1024 * 1024;

export interface TortureLoad {
  readonly targets: number;
  /** Of each target. */
  readonly series: number;
  readonly intervalMs: number;
}

/** A sample as it came. The value of a stale marker is NaN. */
export interface CameSample {
  readonly name: string;
  readonly target: number;
  /** Of a series of the targets. */
  readonly index: string;
  readonly tMs: number;
  readonly value: number;
}

export function readSamples(body: Buffer): CameSample[] {
  const samples: CameSample[] = [];
  decodeWriteRequest(uncompress(body, MESSAGE_MAX_BYTES), {
    series: (labels, times, values, count) => {
      const [name, index] = [labelValue(labels, '__name__'), labelValue(labels, 'index')];
      const target = Number(labelValue(labels, 'target'));
      for (let i = 0; i < count; i++)
        samples.push({ name, target, index, tMs: times[i] ?? 0, value: values[i] ?? NaN });
    },
  });
  return samples;
}

/** One scrape of a target, as the target saw it. */
interface Visit {
  /** Ms since 1970, by what has elapsed since this process began. */
  readonly atMs: number;
  /** Which collector process came. A request of a killed one may be seen after its end. */
  readonly life: string;
}

/** Records everything that was served and received. */
export class Witness {
  readonly visits: Visit[][];
  /** Visit numbers received, by target and series. */
  readonly received = new Map<string, Set<number>>();
  readonly #load: TortureLoad;
  /** Times of `up` 0, by target. */
  readonly #failedMs: Set<number>[];
  readonly #newest = new Map<string, number>();
  repeated = 0;
  outOfOrder = 0;

  constructor(load: TortureLoad) {
    this.#load = load;
    this.visits = Array.from({ length: load.targets }, () => []);
    this.#failedMs = Array.from({ length: load.targets }, () => new Set());
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const target = Number((request.url ?? '').slice(2));
    const visits = this.visits[target];
    if (visits === undefined) {
      response.writeHead(404).end();
      return;
    }
    const life = String(request.headers['x-life']);
    const visit = visits.push({ atMs: readRealMs(), life }) - 1;
    let text = '';
    for (let i = 0; i < this.#load.series; i++) text += `torture{index="${i}"} ${visit}\n`;
    response.end(text);
  }

  /** Notes what a receiver took. A stale marker is a NaN and belongs to no visit. */
  take(samples: readonly CameSample[]): void {
    for (const sample of samples) {
      const { name, target, index, value } = sample;
      if (name === 'up') this.noteUp(sample);
      if (name === 'torture' && !Number.isNaN(value)) this.#note(`${target}/${index}`, value);
    }
  }

  /** @param atMs  the time of the sample as this process measures time */
  noteUp({ target, tMs, value }: CameSample, atMs = tMs): void {
    if (value === 0) this.#failedMs[target]?.add(atMs);
  }

  /** Sorts the committed visits: those that failed, and the samples of the others. */
  account(isReceived: (series: string, visit: number) => boolean | undefined): Account {
    let [committed, received, failed] = [0, 0, 0];
    this.visits.forEach((visits, target) => {
      visits.forEach(({ life }, visit) => {
        const next = visits[visit + 1];
        // The last visit of a killed process may not have been committed.
        if (next?.life !== life) return;
        if (isReceived(`${target}/0`, visit) !== true && this.#hasFailed(target, visit)) {
          failed += 1;
          return;
        }
        committed += this.#load.series;
        for (let index = 0; index < this.#load.series; index++)
          if (isReceived(`${target}/${index}`, visit) === true) received += 1;
      });
    });
    return { committed, received, failed };
  }

  /** Whether the scrape of a visit reported that it failed. Each report excuses one visit. */
  #hasFailed(target: number, visit: number): boolean {
    const atMs = this.visits[target]?.[visit]?.atMs ?? 0;
    const failed = this.#failedMs[target] ?? new Set();
    for (const tMs of [...failed].toSorted((a, b) => a - b))
      if (atMs - tMs <= LATE_MAX_MS && atMs - tMs >= -CLOCK_SLACK_MS) return failed.delete(tMs);
    return false;
  }

  #note(series: string, visit: number): void {
    const known = this.received.get(series) ?? new Set<number>();
    this.received.set(series, known);
    if (known.has(visit)) {
      this.repeated += 1;
      return;
    }
    known.add(visit);
    if (visit < (this.#newest.get(series) ?? -1)) this.outOfOrder += 1;
    else this.#newest.set(series, visit);
  }
}

export interface Account {
  /** Samples of committed scrapes. */
  readonly committed: number;
  readonly received: number;
  /** Scrapes that failed and reported it by `up` 0. */
  readonly failed: number;
}

/** Ms since 1970, which no setting of the wall clock changes while this process runs. */
export function readRealMs(): number {
  return performance.timeOrigin + performance.now();
}

/** A receiver that answers at random; what it answers with 2xx it has accepted. */
export class BadReceiver {
  readonly faults: Record<string, number> = {};
  isCalm = false;
  isAway = false;
  readonly #take: (body: Buffer) => string | undefined;
  readonly #random: () => number;
  readonly #faultShare: number;

  /**
   * @param take        takes a message; returns the words of a refusal
   * @param faultShare  how many of the requests may meet a fault, 0 to 1
   */
  constructor(take: (body: Buffer) => string | undefined, random: () => number, faultShare = 1) {
    this.#take = take;
    this.#random = random;
    this.#faultShare = faultShare;
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('error', () => undefined);
    request.on('end', () => this.#answer(Buffer.concat(parts), request, response));
  }

  #answer(body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const isSpared = this.isCalm || this.#random() >= this.#faultShare;
    const mood = isSpared ? 1 : this.#random();
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
      this.#take(body);
      request.socket.destroy();
    } else if (mood < 0.5 && body.length > 400) {
      fault('413');
      response.writeHead(413).end('too large');
    } else if (mood < 0.53) {
      fault('hang');
      setTimeout(() => response.destroy(), 1_500);
    } else {
      const refusal = this.#take(body);
      if (refusal !== undefined) fault('400');
      response.writeHead(refusal === undefined ? 204 : 400).end(refusal);
    }
  }
}

export interface TorturedSetUp {
  readonly load: TortureLoad;
  readonly folder: string;
  readonly targetPort: number;
  readonly sinkPort: number;
  /** Which collector process it is. */
  readonly life: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Life {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  /** What it has logged, warnings and above. */
  readonly lines: () => string[];
  /** The values of a counter, by its labels as they are exposed. */
  readonly read: (counter: string) => Promise<Map<string, number>>;
}

export async function startLife(setUp: TorturedSetUp): Promise<Life> {
  const file = path.join(setUp.folder, 'prometheus.yml');
  writeFileSync(file, configuration(setUp));
  const probe = await listen(() => undefined);
  const { port } = probe;
  await new Promise((resolve) => probe.server.close(resolve));
  const url = `http://127.0.0.1:${port}`;
  const flags = ['--config.file', file, '--log.level', 'warn'];
  flags.push('--storage.path', path.join(setUp.folder, 'queue'));
  flags.push('--web.listen-address', `127.0.0.1:${port}`);
  const child = spawn(process.execPath, [MAIN, 'collect', ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...setUp.env },
  });
  let log = '';
  child.stderr.on('data', (data: Buffer) => (log += data.toString()));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const endAt = performance.now() + START_MAX_MS;
  while ((await fetch(`${url}/-/ready`).catch(() => undefined))?.status !== 200) {
    if (performance.now() > endAt || child.exitCode !== null)
      throw new Error(`the collector does not start:\n${log}`);
    await sleep(50);
  }
  const read = async (counter: string): Promise<Map<string, number>> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith(`${counter}{`));
    return new Map(
      lines.map((line) => [line.slice(counter.length), Number(line.split(' ').at(-1))]),
    );
  };
  return { child, ended, lines: () => log.split('\n').filter((line) => line !== ''), read };
}

function configuration({ load, targetPort, sinkPort, life }: TorturedSetUp): string {
  const { targets, intervalMs } = load;
  const list = Array.from(
    { length: targets },
    (_, i) =>
      `      - { targets: ['127.0.0.1:${targetPort}'], labels: { __metrics_path__: /t${i}, ` +
      `target: '${i}' } }\n`,
  );
  return `global: { scrape_interval: ${intervalMs}ms, scrape_timeout: ${intervalMs - 20}ms }
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

export interface Listening {
  readonly server: Server;
  readonly port: number;
}

export async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listening> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
