/** How much memory is held while something runs: garbage is collected before each look. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Ending, onEnd } from '../kit/ending.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const EVERY_MS = 150;

/**
 * Begins to look, until the test ends.
 *
 * @returns  a function that gives the most that was held above what was held at first, bytes
 */
export function watchHeldMemory(ending: Ending): () => number {
  const before = readHeld();
  let most = 0;
  const look = (): void => void (most = Math.max(most, readHeld() - before));
  const timer = setInterval(look, EVERY_MS);
  onEnd(ending, () => clearInterval(timer));
  return () => {
    look();
    return most;
  };
}

export function readHeld(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
