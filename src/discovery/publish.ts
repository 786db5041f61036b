/**
 * Target groups for other programs: rendered as the JSON of http_sd and file_sd, and written to a
 * file.
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/
 */
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { makeFolders } from '../kernel/folders.ts';
import { writeAtomically } from '../kernel/atomic-file.ts';
import type { TargetGroup } from '../model/target.ts';

/** Targets rendered in one turn of the event loop; they take a few milliseconds. */
const SLICE = 200;

/**
 * Renders one entry for each target; labels of the target override those of its group. The result
 * is a list of chunks of text that together are indented JSON. Yields to the event loop between
 * slices.
 */
export async function renderTargets(groups: readonly TargetGroup[]): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  let entries: string[] = [];
  const flush = (): void => {
    const before = pieces.length === 0 ? '[\n  ' : ',\n  ';
    pieces.push(Buffer.from(before + entries.join(',\n  ')));
    entries = [];
  };
  for (const { targets, labels } of groups)
    for (const { __address__: address = '', ...own } of targets) {
      const entry = { targets: [address], labels: { ...labels, ...own } };
      entries.push(JSON.stringify(entry, undefined, 2).replaceAll('\n', '\n  '));
      if (entries.length < SLICE) continue;
      flush();
      await setImmediate();
    }
  if (entries.length > 0) flush();
  return pieces.length === 0 ? [Buffer.from('[]\n')] : [...pieces, Buffer.from('\n]\n')];
}

/**
 * Writes lists to a file, one at a time. Of the lists that arrive during a write only the newest is
 * written. A folder that was deleted meanwhile is made again. Errors go to `onError`.
 */
export class FilePublisher {
  readonly #path: string;
  readonly #onError: (error: unknown) => void;
  readonly #onWritten: () => void;
  #next: readonly TargetGroup[] | undefined;
  #writing: Promise<void> | undefined;

  constructor(path: string, onError: (error: unknown) => void, onWritten = (): void => undefined) {
    this.#path = path;
    this.#onError = onError;
    this.#onWritten = onWritten;
  }

  publish(groups: readonly TargetGroup[]): Promise<void> {
    this.#next = groups;
    this.#writing ??= this.#write();
    return this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#next !== undefined) {
      const groups = this.#next;
      this.#next = undefined;
      const pieces = await renderTargets(groups);
      await this.#replace(pieces).then(this.#onWritten, this.#onError);
    }
    this.#writing = undefined;
  }

  async #replace(pieces: readonly Buffer[]): Promise<void> {
    makeFolders(dirname(this.#path));
    await writeAtomically(this.#path, pieces);
  }
}
