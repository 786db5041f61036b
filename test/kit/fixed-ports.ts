/**
 * Configurations as they are shipped listen on fixed ports. Files of tests run beside one another,
 * so those that need such ports take turns.
 */
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEnd } from './ending.ts';

/** Whoever listens on it has the turn. No configuration names it. */
const TURN_PORT = 13_199;
const WAIT_MS = 100;
/** The limit of a test that takes turns: what it waits for the others counts, too. */
export const TURNS_MAX_MS = 480_000;

/** Waits until no other test has the fixed ports, and keeps them until the test has ended. */
export async function takeFixedPorts(context: TestContext): Promise<void> {
  for (;;) {
    const server = createServer();
    const isMine = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(TURN_PORT, '127.0.0.1', () => resolve(true));
    });
    if (isMine) {
      onEnd(context, () => new Promise((resolve) => void server.close(() => resolve())));
      return;
    }
    await sleep(WAIT_MS);
  }
}
