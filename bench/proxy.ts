/**
 * `npm run bench:proxy`: the same load of 30 KB POSTs at 1, 16 and 64 connections, straight to an
 * upstream and through the signing proxy, by turns in one run. Load generator, proxy and upstream
 * are separate processes. Prints requests a second, p50 and p99, the share of the direct path's
 * rate, and the proxy's CPU for each request and its peak memory.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';

const BODY_BYTES = 30_000;
const RUN_MS = 3_000;
const CLOCK_TICKS = 100;

/** An upstream that reads each request and answers at once. */
function serve(): void {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(200, { 'content-length': 2 }).end('ok'));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

/**
 * One connection that sends the next request as soon as it has an answer. It is written over a bare
 * socket so that the load generator costs little.
 */
function ask(port: number, request: Buffer, times: number[], endMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let startedAt = 0;
    let held = '';
    const send = (): void => {
      startedAt = performance.now();
      socket.write(request);
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', (part) => {
      held += part.toString('latin1');
      if (!held.endsWith('ok')) return;
      if (!held.startsWith('HTTP/1.1 200')) reject(new Error(held.slice(0, 200)));
      held = '';
      const nowMs = performance.now();
      times.push(nowMs - startedAt);
      if (nowMs < endMs) send();
      else {
        socket.end();
        resolve();
      }
    });
  });
}

async function load(port: number, connections: number): Promise<number[]> {
  const body = Buffer.alloc(BODY_BYTES, 'x');
  const head =
    `POST /workspaces/ws/api/v1/remote_write HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ` +
    `application/x-protobuf\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(head), body]);
  const times: number[] = [];
  const endMs = performance.now() + RUN_MS;
  await Promise.all(Array.from({ length: connections }, () => ask(port, request, times, endMs)));
  return times.sort((a, b) => a - b);
}

function readCpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

function readPeakMegabytes(pid: number): number {
  const line = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) / 1_000;
}

function printRow(what: string, connections: number, times: readonly number[]): number {
  const at = (share: number): string =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(2);
  const rate = times.length / (RUN_MS / 1_000);
  process.stdout.write(
    `${what.padEnd(7)} ${String(connections).padStart(3)} connections  ` +
      `${rate.toFixed(0).padStart(6)} requests/s  p50 ${at(0.5).padStart(6)} ms  p99 ` +
      `${at(0.99).padStart(6)} ms\n`,
  );
  return rate;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function main(): Promise<void> {
  const upstream = fork(import.meta.filename, ['serve'], { execArgv: [] });
  const [port] = (await once(upstream, 'message')) as [number];
  const proxyPort = await freePort();
  const proxy: ChildProcess = spawn(
    process.execPath,
    [
      'src/main.ts',
      'proxy',
      '--name',
      'aps',
      '--region',
      'us-east-1',
      '--upstream-url-scheme',
      'http',
      '--host',
      `127.0.0.1:${port}`,
      '--port',
      `:${proxyPort}`,
      '--log.level',
      'error',
    ],
    {
      stdio: 'inherit',
      env: { ...process.env, AWS_ACCESS_KEY_ID: 'AKIABENCH', AWS_SECRET_ACCESS_KEY: 'bench' },
    },
  );
  const pid = proxy.pid!;
  try {
    while ((await fetch(`http://127.0.0.1:${proxyPort}/`).catch(() => undefined)) === undefined)
      await new Promise((resolve) => setTimeout(resolve, 50));
    await load(proxyPort, 16);
    for (const connections of [1, 16, 64]) {
      const direct = printRow('direct', connections, await load(port, connections));
      const before = readCpuSeconds(pid);
      const times = await load(proxyPort, connections);
      const used = readCpuSeconds(pid) - before;
      const proxied = printRow('proxy', connections, times);
      process.stdout.write(
        `        share of the direct rate ${((proxied / direct) * 100).toFixed(1)} %, CPU ` +
          `${((used / times.length) * 1e6).toFixed(0)} µs a request, peak ` +
          `${readPeakMegabytes(pid).toFixed(0)} MB\n`,
      );
    }
  } finally {
    proxy.kill('SIGTERM');
    upstream.kill('SIGTERM');
  }
}

if (process.argv[2] === 'serve') serve();
else {
  await main();
  process.exit(0);
}
