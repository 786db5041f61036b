/**
 * Sends the benchmark's requests of OTLP, in one process: a hundred resources by HTTP, protobuf and
 * not compressed. It is also the receiver of remote write, which counts what comes and answers 204.
 *
 *     parent ─► LoadOrder              begin to send there
 *     parent ─► 'pause' or 'resume'    stop sending; go on
 *     parent ─► 'tell'                 ◄─ Received
 *
 * A sender waits for the answer to its last request, as exporters of OTLP do: a receiver that can't
 * bear the rate gets fewer requests.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeWriteRequest } from '../src/wire/remote-write/decoder.ts';
import { uncompress } from '../src/wire/snappy.ts';
import { makeTemplate, POINTS_A_RESOURCE, stamp, type Template } from './otlp-requests.ts';

export interface Received {
  samples: number;
  bytes: number;
  requests: number;
  /** Requests of OTLP that were not answered with 200. */
  refused: number;
  sent: number;
}

export interface LoadOrder {
  readonly url: string;
  /** In each request. */
  readonly points: number;
  /** How often each resource is sent. */
  readonly intervalMs: number;
  /** Whether 5 % of the series are new at each request. */
  readonly isChurning: boolean;
}

const RESOURCES = 100;
const VARIANTS = 4;

const received: Received = { samples: 0, bytes: 0, requests: 0, refused: 0, sent: 0 };
let isPaused = false;
const agent = new Agent({ keepAlive: true, maxSockets: RESOURCES });

function post(url: string, body: Buffer, done: () => void): void {
  received.sent += 1;
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
  const sending = request(url, { method: 'POST', agent, headers }, (response) => {
    if (response.statusCode !== 200) received.refused += 1;
    response.resume().once('close', done);
  });
  sending.on('error', () => {
    received.refused += 1;
    done();
  });
  sending.end(body);
}

/** Each sender has its own moment of the interval. */
function begin({ url, points, intervalMs, isChurning }: LoadOrder): void {
  const each = points / POINTS_A_RESOURCE;
  const senders = RESOURCES / each;
  for (let sender = 0; sender < senders; sender++) {
    const resources = Array.from({ length: each }, (_, i) => sender * each + i);
    const templates = Array.from({ length: VARIANTS }, (_, variant) =>
      makeTemplate(resources, variant),
    );
    let round = 0;
    let isBusy = false;
    const send = (): void => {
      if (isBusy || isPaused) return;
      isBusy = true;
      round += 1;
      const template = templates[round % VARIANTS] as Template;
      const body = stamp(template, Date.now(), isChurning ? round : undefined);
      post(url, body, () => (isBusy = false));
    };
    setTimeout(() => setInterval(send, intervalMs), (sender * intervalMs) / senders);
  }
}

function take(message: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = [];
  message.on('data', (part: Buffer) => parts.push(part));
  message.on('end', () => {
    const body = Buffer.concat(parts);
    received.bytes += body.length;
    received.requests += 1;
    const visitor = { series: () => undefined };
    received.samples += decodeWriteRequest(uncompress(body, 1e8), visitor).samples;
    response.writeHead(204).end();
  });
}

const server = createServer(take);
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('message', (message: 'tell' | 'pause' | 'resume' | LoadOrder) => {
  if (message === 'tell') process.send?.(received);
  else if (message === 'pause' || message === 'resume') isPaused = message === 'pause';
  else begin(message);
});
