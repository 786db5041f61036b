/** A good client of a listener of HTTP, beside those that misbehave. */
import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { Listener } from './listeners.ts';

const ANSWER_MS = 5_000;

/** Sends a good request, or another head, and gives the status; 0 where the connection ends. */
function ask({ port, isTls, path }: Listener, head?: string, from?: string): Promise<number> {
  return new Promise((resolve) => {
    const place = {
      port,
      host: '127.0.0.1',
      ...(from === undefined ? {} : { localAddress: from }),
    };
    const socket: Socket = isTls
      ? connectTls({ ...place, rejectUnauthorized: false })
      : connectTcp(place);
    const isOtlp = path.startsWith('/v1/');
    const good = isOtlp
      ? `POST ${path} HTTP/1.1\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n`
      : `GET ${path} HTTP/1.1\r\n`;
    socket.write(`${head ?? `${good}host: localhost\r\n`}connection: close\r\n\r\n`);
    socket.once('error', () => resolve(0)).once('close', () => resolve(0));
    socket.once('data', (data: Buffer) => {
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(data.toString('latin1'))?.[1] ?? 0));
      socket.destroy();
    });
  });
}

/**
 * Fails where no good request is answered in time. The best of three: the clients are in this
 * process, and a loaded machine runs both.
 */
export async function isAnswered(
  context: TestContext,
  listener: Listener,
  from?: string,
): Promise<void> {
  const times: number[] = [];
  for (let count = 0; count < 3; count++) {
    const begunMs = performance.now();
    const status = await ask(listener, undefined, from);
    times.push(performance.now() - begunMs);
    // pprof says 501 to all.
    const isGood = (status >= 200 && status < 300) || status === 501;
    assert.ok(isGood, `a good request is answered ${status}`);
    if (times.at(-1)! < ANSWER_MS) return;
  }
  context.diagnostic(times.map(Math.round).join(' '));
  assert.fail(`answers take ${times.map(Math.round).join(', ')} ms`);
}
