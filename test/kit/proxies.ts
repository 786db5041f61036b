/** Proxies started as users start them, and upstreams that keep the requests that arrive. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { verifyRequest } from '../../src/aws/verification.ts';
import { freePort, type Running, startProgram } from './processes.ts';
import { onEnd } from './ending.ts';

export const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI' };
export const ENV = {
  AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
};
export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/**
 * Starts an upstream that keeps the requests that arrive and answers by a function; by default 200
 * "ok".
 */
export async function startUpstream(
  context: TestContext,
  answer: (
    arrived: Arrived,
    count: number,
  ) => { status: number; headers?: Record<string, string>; body?: string } = () => ({
    status: 200,
    body: 'ok',
  }),
): Promise<{ host: string; arrived: Arrived[] }> {
  const arrived: Arrived[] = [];
  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = incoming;
      const one = { method, url, headers, rawHeaders, body: Buffer.concat(parts) };
      arrived.push(one);
      const { status, headers: own = {}, body = '' } = answer(one, arrived.length);
      outgoing.writeHead(status, own).end(body);
    });
  });
  // 0 means no limit to the number of headers.
  server.maxHeadersCount = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(context, () => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, arrived };
}

/** Starts `amperage proxy`. @returns its address and that of its admin server */
export async function startProxy(
  context: TestContext,
  flags: readonly string[],
  env: Record<string, string> = ENV,
): Promise<{ url: string; admin: Running }> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const own = ['--port', `127.0.0.1:${port}`, '--web.listen-address', `127.0.0.1:${adminPort}`];
  const main = path.resolve(import.meta.dirname, '../../src/main.ts');
  const admin = await startProgram(
    context,
    process.execPath,
    [main, 'proxy', ...own, '--upstream-url-scheme', 'http', ...flags],
    adminPort,
    '/-/ready',
    env,
  );
  return { url: `http://127.0.0.1:${port}`, admin };
}

export async function verdictOf(
  one: Arrived,
  service: string,
  region = 'us-east-1',
): Promise<string> {
  const [urlPath = '', query = ''] = one.url.split('?');
  const verdict = await verifyRequest(
    { method: one.method, path: urlPath, query, rawHeaders: one.rawHeaders, body: one.body },
    { lookup: () => KEYS, nowMs: Date.now(), service, regions: [region] },
  );
  return verdict.ok ? 'ok' : verdict.message;
}

export const APS = ['--name', 'aps', '--region', 'us-east-1'];
