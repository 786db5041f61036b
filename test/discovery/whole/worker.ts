/**
 * Tests one mechanism in a thread of its own. In its own thread the test runner tracks every
 * promise, which takes half of the time.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { MechanismKey } from '../../../src/discovery/mechanisms.ts';
import { tryMechanism } from './property.ts';

await tryMechanism(workerData as MechanismKey, (progress) =>
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(progress),
);
