/**
 * What the road benchmark scrapes, in one process: pages of machines and Go applications, captured
 * from real exporters at the start, and of applications with 5,040 histogram series, served as the
 * load wants it (road-pages.ts). The process is also the sink, which counts what it receives and
 * answers 204. Without the peers' exporters, generated expositions stand in for machines and Go
 * applications.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { decodeWriteRequest } from '../src/wire/remote-write/decoder.ts';
import { uncompress } from '../src/wire/snappy.ts';
import { peer } from '../test/kit/peers.ts';
import { makeExpositions } from './payloads.ts';
import { CAPTURES, type Load, makePages, type Pages } from './road-pages.ts';

export interface Received {
  samples: number;
  bytes: number;
  requests: number;
}

/** What is scraped. */
export interface Scenario {
  readonly load: Load;
  /** How many targets there are, all of one kind; undefined for a mixture of three kinds. */
  readonly targets?: number | undefined;
  /** How many series each of them has; undefined for as many as a real one. */
  readonly series?: number | undefined;
}

/** A message to this process. */
export interface Orders {
  readonly scenario: Scenario;
  readonly isZipped: boolean;
  /** Where captured pages are kept for the next run. */
  readonly captures: string;
}

type Kind = 'machine' | 'go' | 'histograms';

/** Paths of all targets. The first part of a path tells the kind of exposition. */
export function targetPaths({ targets }: Scenario): string[] {
  const numbered = (kind: Kind, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `/${kind}/${i}`);
  if (targets !== undefined) return numbered('machine', targets);
  return [...numbered('machine', 40), ...numbered('go', 80), ...numbered('histograms', 16)];
}

/** How long an exporter needs until it has all its series. */
const SETTLE_MS = 8_000;

/** Captures pages of each kind, the same ones for all runs. */
export async function captureAll(): Promise<Record<Kind, string[]>> {
  const [machine = [], histograms = []] = makeExpositions().map(({ bodies }) =>
    bodies.map((one) => Buffer.from(one).toString()),
  );
  const real = await captureBodies();
  return { machine: real?.machine ?? machine, go: real?.go ?? machine, histograms };
}

/** Captures expositions of node-exporter, and of Prometheus while it scrapes. */
async function captureBodies(): Promise<{ machine: string[]; go: string[] } | undefined> {
  const [nodeExporter, prometheus] = [peer('prometheus-node-exporter'), peer('prometheus')];
  if (nodeExporter === undefined || prometheus === undefined) return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-load-'));
  const config = path.join(folder, 'prometheus.yml');
  const [one, two] = [await freePort(), await freePort()];
  writeFileSync(
    config,
    `global: { scrape_interval: 1s }\nscrape_configs: [{ job_name: load, static_configs: [{ ` +
      `targets: ['127.0.0.1:${one}'] }] }]\n`,
  );
  const programs = [
    spawn(nodeExporter, [`--web.listen-address=127.0.0.1:${one}`], { stdio: 'ignore' }),
    spawn(
      prometheus,
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${path.join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${two}`,
      ],
      { stdio: 'ignore' },
    ),
  ];
  const page = async (port: number): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    return answer.text();
  };
  try {
    await sleep(SETTLE_MS);
    const taken: { machine: string[]; go: string[] } = { machine: [], go: [] };
    while (taken.go.length < CAPTURES) {
      taken.machine.push(await page(one));
      taken.go.push(await page(two));
      await sleep(500);
    }
    return taken;
  } finally {
    const ended = programs.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of programs) child.kill('SIGTERM');
    await Promise.race([Promise.all(ended), sleep(3_000)]);
    for (const child of programs) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Sends the port to its parent, then what has been received at each message from the parent. */
async function serve({ scenario, isZipped, captures }: Orders): Promise<void> {
  const captured = JSON.parse(readFileSync(captures, 'utf8')) as Record<Kind, string[]>;
  const pages = new Map<string, Pages>();
  const pagesOf = (kind: string): Pages => {
    const known = pages.get(kind);
    if (known !== undefined) return known;
    const made = makePages(captured[kind as Kind], scenario.load, scenario.series);
    pages.set(kind, made);
    return made;
  };
  for (const at of targetPaths(scenario)) pagesOf(at.split('/')[1] ?? '');
  const received: Received = { samples: 0, bytes: 0, requests: 0 };
  const turns = new Map<string, number>();
  const zipped = new WeakMap<Buffer, Buffer>();
  const zip = (body: Buffer): Buffer => {
    const known = zipped.get(body) ?? gzipSync(body);
    zipped.set(body, known);
    return known;
  };
  const give = ({ url = '', headers }: IncomingMessage, response: ServerResponse): void => {
    const turn = turns.get(url) ?? 0;
    turns.set(url, turn + 1);
    const [, kind = '', number] = url.split('/');
    const body = pagesOf(kind).page(Number(number), turn);
    const zips = isZipped && headers['accept-encoding']?.includes('gzip') === true;
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    if (zips) response.setHeader('content-encoding', 'gzip');
    response.end(zips ? zip(body) : body);
  };
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      received.bytes += body.length;
      received.requests += 1;
      const visitor = { series: () => undefined };
      received.samples += decodeWriteRequest(uncompress(body, 1e8), visitor).samples;
      response.writeHead(204).end();
    });
  };
  const server = createServer((request, response) =>
    request.method === 'POST' ? take(request, response) : give(request, response),
  );
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.send?.((server.address() as AddressInfo).port);
  process.on('message', () => process.send?.(received));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) await serve(JSON.parse(process.argv[2] ?? '') as Orders);
