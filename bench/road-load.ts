/**
 * What the road benchmark scrapes, in one process: 40 machines and 80 Go applications with
 * expositions captured from real exporters at the start, and 16 applications with 5,040 histogram
 * series each. Values change from scrape to scrape. The process is also the sink, which counts what
 * it receives and answers 204. Without the peers' exporters, generated expositions stand in for
 * machines and Go applications.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { decodeWriteRequest } from '../src/wire/remote-write/decoder.ts';
import { uncompress } from '../src/wire/snappy.ts';
import { peer } from '../test/kit/peers.ts';
import { makeExpositions } from './payloads.ts';

export interface Received {
  samples: number;
  bytes: number;
  requests: number;
}

interface Body {
  readonly plain: Buffer;
  readonly zipped: Buffer;
}

/** Paths of all targets. The first part of a path tells the kind of exposition. */
export function targetPaths(): string[] {
  const numbered = (kind: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `/${kind}/${i}`);
  return [...numbered('machine', 40), ...numbered('go', 80), ...numbered('histograms', 16)];
}

/** How many scrapes of an exposition are served in turn. */
const VARIANTS = 4;
/** How long an exporter needs until it has all its series. */
const SETTLE_MS = 8_000;

async function makeBodies(): Promise<Record<string, Body[]>> {
  const [machine, histograms] = makeExpositions().map(({ bodies }) =>
    bodies.map((one) => Buffer.from(one)),
  );
  const real = await captureBodies();
  const found = {
    machine: real?.machine ?? machine ?? [],
    go: real?.go ?? machine ?? [],
    histograms: histograms ?? [],
  };
  return Object.fromEntries(
    Object.entries(found).map(([kind, bodies]) => [
      kind,
      bodies.map((plain) => ({ plain, zipped: gzipSync(plain) })),
    ]),
  );
}

/** Captures expositions of node-exporter, and of Prometheus while it scrapes. */
async function captureBodies(): Promise<{ machine: Buffer[]; go: Buffer[] } | undefined> {
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
  const page = async (port: number): Promise<Buffer> => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    return Buffer.from(await answer.arrayBuffer());
  };
  try {
    await sleep(SETTLE_MS);
    const taken: { machine: Buffer[]; go: Buffer[] } = { machine: [], go: [] };
    while (taken.go.length < VARIANTS) {
      addIfSame(taken.machine, await page(one));
      addIfSame(taken.go, await page(two));
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

/**
 * Adds a body to those captured. If its series differ from theirs, the capture begins anew with it.
 */
function addIfSame(taken: Buffer[], body: Buffer): void {
  const dropValues = (text: Buffer): string =>
    text.toString('latin1').replaceAll(/ [^ \n]*$/gm, '');
  if (taken[0] !== undefined && dropValues(taken[0]) !== dropValues(body)) taken.length = 0;
  taken.push(body);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Sends the port to its parent, then what has been received at each message from the parent. */
async function serve(): Promise<void> {
  const bodies = await makeBodies();
  const received: Received = { samples: 0, bytes: 0, requests: 0 };
  const turns = new Map<string, number>();
  const give = ({ url = '', headers }: IncomingMessage, response: ServerResponse): void => {
    const turn = turns.get(url) ?? 0;
    turns.set(url, turn + 1);
    const own = bodies[url.split('/')[1] ?? ''] ?? [];
    const body = own[turn % own.length];
    const isZipped = process.argv[2] === 'gzip' && headers['accept-encoding']?.includes('gzip');
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    if (isZipped === true) response.setHeader('content-encoding', 'gzip');
    response.end(isZipped === true ? body?.zipped : body?.plain);
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

if (import.meta.main) await serve();
