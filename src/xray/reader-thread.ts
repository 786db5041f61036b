/**
 * Starts the thread of a socket. It costs about 10 MB of memory; decision 19 says what for.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { MainMessage, ReaderSettings, ThreadMessage } from './thread-messages.ts';

export interface ReaderThread {
  post(message: MainMessage, transfer: ArrayBuffer[]): void;
  /** Ends it at once; what it holds is lost. */
  end(): Promise<void>;
}

export interface ReaderThreadEvents {
  readonly onMessage: (message: ThreadMessage) => void;
  /** Called once, when the thread has ended, with the error that ended it. */
  readonly onEnd: (error: Error | undefined) => void;
}

export type OpenReaderThread = (
  settings: ReaderSettings,
  events: ReaderThreadEvents,
) => ReaderThread;

/** The compiler does not rewrite URLs: the file beside this one ends as this one does. */
const FILE = new URL(`socket-thread${extname(import.meta.filename)}`, import.meta.url);

export const openReaderThread: OpenReaderThread = (settings, { onMessage, onEnd }) => {
  const worker = new Worker(FILE, { workerData: settings, name: 'xray-udp' });
  let failure: Error | undefined;
  worker.on('message', onMessage);
  worker.on(
    'error',
    (error) => (failure = error instanceof Error ? error : new Error(String(error))),
  );
  worker.on('exit', () => onEnd(failure));
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    end: async () => void (await worker.terminate()),
  };
};
