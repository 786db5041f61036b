/**
 * Target groups for other programs: the JSON of http_sd and file_sd, and an atomic write of the latter.
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/
 */
import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import type { TargetGroup } from '../model/target.ts';

/** One entry a target; labels of the target itself are merged over those of its group. */
export function groupsJson(groups: readonly TargetGroup[]): string {
  const entries = groups.flatMap(({ targets, labels }) =>
    targets.map(({ __address__: address = '', ...own }) => ({
      targets: [address],
      labels: { ...labels, ...own },
    })),
  );
  return `${JSON.stringify(entries, undefined, 2)}\n`;
}

/** Readers see the old file or the new one, never a part. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFile(draft, text, { mode: 0o644 });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
