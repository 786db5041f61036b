/**
 * The thread that hides the secrets of a long configuration, which takes a second for thousands of
 * jobs: what redact-aside.ts starts as a worker. It is given the text, its message is the result.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { redactConfig } from './redact.ts';

const port = parentPort;
port?.postMessage(await redactConfig(workerData as string));
