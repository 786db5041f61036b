/**
 * Target groups for other programs: the JSON of http_sd and file_sd, and an atomic write of the latter.
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/
 */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
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

/** Writes lists to a file one after the other, the newest that waits and none between; told of what fails. */
export class FilePublisher {
  readonly #path: string;
  readonly #onError: (error: unknown) => void;
  #next: string | undefined;
  #writing: Promise<void> | undefined;

  constructor(path: string, onError: (error: unknown) => void) {
    this.#path = path;
    this.#onError = onError;
  }

  publish(text: string): Promise<void> {
    this.#next = text;
    this.#writing ??= this.#write();
    return this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#next !== undefined) {
      const text = this.#next;
      this.#next = undefined;
      await writeAtomically(this.#path, text).catch(this.#onError);
    }
    this.#writing = undefined;
  }
}

/** Readers see the old file or the new one, never a part. @param text  or its pieces, each written in a turn of its own */
export async function writeAtomically(
  path: string,
  text: string | Iterable<string>,
): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const file = await open(draft, 'w', 0o644);
    try {
      await file.writeFile(text);
      // After a loss of power the name must not stand for an empty file.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
