/** A hostile server in a thread of its own: what it costs is not counted with its client. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Script, startHostileServer } from './peers.ts';

export interface HostileServerData {
  readonly script: Script;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

const { script, tls } = workerData as HostileServerData;
// The thread is ended from outside, and all that it has with it.
const { url } = await startHostileServer({ after: () => undefined }, script, tls);
parentPort?.postMessage(url, []);
