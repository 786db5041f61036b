/**
 * The thread that compares passwords with hashes of bcrypt, which takes some 50 ms of a core each:
 * what password-checks.ts starts as a worker. A message is one comparison, its answer whether the
 * password is right.
 */
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';

export interface PasswordComparison {
  readonly password: string;
  readonly hash: string;
}

const port = parentPort;
if (port !== null)
  port.on('message', ({ password, hash }: PasswordComparison) => {
    let isRight = false;
    try {
      isRight = compareSync(password, hash);
    } catch {
      // The hash has the right beginning and no more: no password is right.
    }
    port.postMessage(isRight);
  });
