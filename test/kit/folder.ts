/** Temporary folders that are removed when their test ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Ending, onEnd } from './ending.ts';

/** @returns the absolute path of a new, empty folder */
export function temporaryFolder(ending: Ending): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-test-'));
  onEnd(ending, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
