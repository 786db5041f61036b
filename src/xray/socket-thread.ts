/**
 * The thread of one socket: what reader-thread.ts starts as a worker.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { SocketReader } from './socket-reader.ts';
import type { MainMessage, ReaderSettings } from './thread-messages.ts';

const port = parentPort;
if (port !== null) {
  const reader = new SocketReader(workerData as ReaderSettings, {
    post: (message, transfer) => port.postMessage(message, transfer),
    // Without the port, nothing keeps the thread alive.
    onEnd: () => port.close(),
  });
  port.on('message', (message: MainMessage) => reader.receive(message));
  reader.open();
}
