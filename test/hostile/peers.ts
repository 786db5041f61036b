/**
 * Peers that misbehave, as raw bytes over TCP or TLS: servers whose answers cost a client memory or
 * time, and clients that hold a server's connections or burden it. Everything ends with the test.
 */
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { type Ending, onEnd } from '../kit/ending.ts';
import { listen } from '../kit/listen.ts';

/** What a peer sends: `first` at once, then `again` without end. */
export interface Script {
  readonly first: string | Buffer;
  readonly again?: string | undefined;
  /** Time between two of `again`; as fast as the other side reads when absent. */
  readonly everyMs?: number;
  /** How the connection ends after `first`; it stays open when absent. */
  readonly end?: 'close' | 'cut';
}

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}content-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n`;
const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 'a\n'));

/** The answer of a server that behaves. */
export const GOOD_ANSWER: Script = { first: `${OK}content-length: 4\r\n\r\na 1\n` };

/** Answers of hostile servers, each sent when the head of a request has come. */
export const HOSTILE_ANSWERS = {
  silence: { first: '' },
  'a dripping head': { first: OK, again: 'x', everyMs: 20 },
  'a dripping body': { first: `${OK}content-length: 100000\r\n\r\n`, again: 'a', everyMs: 20 },
  'interim heads without end': { first: '', again: 'HTTP/1.1 103 Early Hints\r\n\r\n' },
  'headers without end': { first: OK, again: 'x-flood: x\r\n' },
  'chunks of one byte': { first: CHUNKED, again: '1\r\na\r\n' },
  'a long extension for each byte': { first: CHUNKED, again: `1;${'x'.repeat(4_000)}\r\na\r\n` },
  'an extension without end': { first: `${CHUNKED}1;`, again: 'x' },
  'trailers without end': { first: `${CHUNKED}1\r\na\r\n0\r\n`, again: 'x: y\r\n' },
  'a body without end': { first: CHUNKED, again: `4000\r\n${'a\n'.repeat(8_192)}\r\n` },
  'a length that lies': { first: `${OK}content-length: 99999999999999\r\n\r\n`, again: 'a' },
  'a bomb': {
    first: Buffer.concat([
      Buffer.from(`${OK}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`),
      bomb,
    ]),
  },
  'no HTTP': { first: '\0\0not http at all\n', end: 'close' },
  'an end within the body': { first: `${OK}content-length: 1000\r\n\r\na 1\n`, end: 'cut' },
} as const satisfies Readonly<Record<string, Script>>;

const POST =
  'POST /v1/metrics HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n';

/** What hostile clients send, each to a path that takes a POST. */
export const HOSTILE_REQUESTS = {
  nothing: { first: '' },
  'half a head': { first: 'GET / HTTP/1.1\r\nhost: ' },
  'a dripping head': { first: 'GET / HTTP/1.1\r\nhost: x\r\n', again: 'x-a: b\r\n', everyMs: 300 },
  'a dripping body': { first: `${POST}content-length: 100000\r\n\r\n`, again: 'a', everyMs: 300 },
  'chunks of one byte': {
    first: `${POST}transfer-encoding: chunked\r\n\r\n`,
    again: '1\r\na\r\n',
  },
} as const satisfies Readonly<Record<string, Script>>;

export interface HostileServer {
  readonly port: number;
  readonly url: string;
  /** How many requests have come. */
  requests(): number;
}

/** A server that answers every request by the script. */
export async function startHostileServer(
  ending: Ending,
  script: Script,
  tls?: { readonly cert: string; readonly key: string },
): Promise<HostileServer> {
  let requests = 0;
  const serve = (socket: Socket): void => {
    let head = '';
    socket.on('error', () => undefined);
    socket.on('data', (part: Buffer) => {
      if (head.includes('\r\n\r\n')) return;
      head += part.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      requests += 1;
      play(socket, script);
    });
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  const { port } = await listen(ending, server);
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  return { port, url, requests: () => requests };
}

export interface HostileClient {
  readonly socket: Socket;
  /** What the server has sent, up to 64 KiB. */
  answer(): string;
  isClosed(): boolean;
}

/** Connects to a port of the loopback and sends the script. */
export function startHostileClient(
  ending: Ending,
  port: number,
  script: Script,
  options: { readonly isTls?: boolean; readonly from?: string } = {},
): HostileClient {
  const place = { port, host: '127.0.0.1', localAddress: options.from ?? '127.0.0.1' };
  const socket =
    options.isTls === true
      ? connectTls({ ...place, rejectUnauthorized: false })
      : connectTcp(place);
  let answer = '';
  let isClosed = false;
  socket.on('error', () => undefined);
  socket.on('data', (part: Buffer) => {
    if (answer.length < 65_536) answer += part.toString('latin1');
  });
  socket.once('close', () => (isClosed = true));
  socket.once(options.isTls === true ? 'secureConnect' : 'connect', () => play(socket, script));
  onEnd(ending, () => void socket.destroy());
  return { socket, answer: () => answer, isClosed: () => isClosed };
}

const POUR_BYTES = 48 * 1024;

function play(socket: Socket, { first, again, everyMs, end }: Script): void {
  if (first.length > 0) socket.write(first);
  if (end === 'close') socket.end();
  if (end === 'cut') setTimeout(() => socket.destroy(), 20);
  if (again === undefined) return;
  if (everyMs !== undefined) {
    const timer = setInterval(() => socket.write(again), everyMs);
    socket.once('close', () => clearInterval(timer));
    return;
  }
  // One buffer for all writes: the memory that a test measures is that of the other side.
  const many = Buffer.from(again.repeat(Math.ceil(POUR_BYTES / again.length)));
  const pour = (): void => {
    let isRoom = true;
    while (isRoom && !socket.destroyed) isRoom = socket.write(many);
  };
  socket.on('drain', () => setImmediate(pour));
  pour();
}
