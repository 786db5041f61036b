/** Temporary folders that are removed when their test ends. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Ending, onEnd } from './ending.ts';

/**
 * What a test leaves running may still write a file while its folder goes: the removal is tried
 * again until nothing comes any more. It does not hold the thread, so that such a write can end.
 */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 20 } as const;

/** @returns the absolute path of a new, empty folder */
export function temporaryFolder(ending: Ending): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-test-'));
  onEnd(ending, () => rm(folder, REMOVAL));
  return folder;
}
