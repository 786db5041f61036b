/**
 * Sends documents by UDP at a rate, as one X-Ray client does: from one socket. A process of its
 * own; traces.ts forks it and reads how many it sent.
 */
import { createSocket } from 'node:dgram';
import { makeDatagrams } from './traces-documents.ts';

const [port = 0, perSecond = 0, count = 0] = process.argv.slice(2).map(Number);

const next = makeDatagrams();
const socket = createSocket({ type: 'udp4', sendBufferSize: 4 * 1024 * 1024 });
await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
const startedAt = performance.now();
let sent = 0;
let failed = 0;
let bytes = 0;

function sendDue(): void {
  const due = Math.min(count, Math.ceil(((performance.now() - startedAt) * perSecond) / 1_000));
  for (; sent < due; sent++) {
    const datagram = next(Date.now());
    bytes += datagram.length;
    socket.send(datagram, (error) => (failed += error === null ? 0 : 1));
  }
  if (sent < count) setTimeout(sendDue, 1);
  else setTimeout(end, 100);
}

function end(): void {
  const seconds = (performance.now() - startedAt - 100) / 1_000;
  process.send?.({ sent: sent - failed, failed, bytes, seconds });
  socket.close();
  process.disconnect?.();
}

sendDue();
