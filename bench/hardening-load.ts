/**
 * What the collector of hardening.ts talks to, in a process of its own: targets (`/t…`, twenty
 * series each; `/page?series=N`; `/pages?series=N`, with other series at each scrape), a receiver
 * (`/write`), a list of targets (`/list?targets=N`), and one that comes in chunks of one byte
 * (`/drip?bytes=N`). It sends its port to the parent process.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How many lines are written at once. */
const LINES = 10_000;

async function sendPage(response: ServerResponse, series: number, api = 'v1'): Promise<void> {
  const value = Math.floor(performance.now());
  for (let from = 0; from < series && !response.destroyed; from += LINES) {
    let text = '';
    for (let i = from; i < Math.min(series, from + LINES); i++)
      text += `http_requests_total{path="/api/${api}/orders/${i}",status="200"} ${value + i}\n`;
    if (!response.write(text)) await new Promise((resolve) => response.once('drain', resolve));
  }
  response.end();
}

function sendList(response: ServerResponse, address: string, targets: number): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const list = Array.from({ length: targets }, (_, i) => ({
    targets: [address],
    labels: { __metrics_path__: `/t${i}`, instance: `instance-${i}` },
  }));
  response.end(JSON.stringify(list));
}

/** An empty list of that many bytes, most of them blanks. */
async function drip(response: ServerResponse, bytes: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  // Chunks as they are on the wire: the length of one byte, the byte, the end.
  const chunks = Buffer.from('1\r\n \r\n'.repeat(4_096));
  const { socket } = response;
  if (socket === null) return;
  for (let sent = 0; sent < bytes; sent += 4_096) {
    if (socket.destroyed) return;
    if (!socket.write(chunks)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  socket.end('2\r\n[]\r\n0\r\n\r\n');
}

let pages = 1;

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://load');
  const asked = (name: string): number => Number(url.searchParams.get(name));
  response.on('error', () => undefined);
  if (url.pathname === '/write') request.resume().once('end', () => response.writeHead(204).end());
  else if (url.pathname === '/page') void sendPage(response, asked('series'));
  else if (url.pathname === '/pages') void sendPage(response, asked('series'), `v${pages++}`);
  else if (url.pathname === '/list')
    sendList(response, request.headers.host ?? '', asked('targets'));
  else if (url.pathname === '/drip') void drip(response, asked('bytes'));
  else void sendPage(response, 20);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
