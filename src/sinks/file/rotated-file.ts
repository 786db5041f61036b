/**
 * A file as a receiver: lines count as delivered when they are at the end of the file and forced to
 * the disk.
 */
import * as fs from 'node:fs';
import type { Protocol } from '../../delivery/protocol.ts';
import { appendWhole } from '../../kernel/append-file.ts';
import { describeError, RecoverableError } from '../../kernel/errors.ts';

export interface Rotation {
  readonly path: string;
  readonly maxBytes: number;
  readonly filesMax: number;
}

/** The protocol that appends requests to the file and renames it to path.1 when it is full. */
export function rotatedFile({ path, maxBytes, filesMax }: Rotation): Protocol<Buffer> {
  const rotate = (): void => {
    if (filesMax === 1) fs.truncateSync(path);
    for (let i = filesMax - 1; i >= 1; i--) {
      const from = i === 1 ? path : `${path}.${i - 1}`;
      if (fs.existsSync(from)) fs.renameSync(from, `${path}.${i}`);
    }
  };
  return {
    encode: (chunks) => Buffer.concat(chunks.map(({ bytes }) => bytes)),
    async send(lines) {
      try {
        // A pipe or a folder is never renamed.
        const size = fs.existsSync(path) && fs.statSync(path).isFile() ? fs.statSync(path).size : 0;
        if (size > 0 && size + lines.length > maxBytes) rotate();
        await appendWhole(path, lines);
        return { kind: 'delivered', bytes: lines.length };
      } catch (error) {
        const message =
          `${path} can't be written: ${describeError(error)}; free some space, or correct the ` +
          'path';
        throw new RecoverableError('SINK_FILE', message, { cause: error });
      }
    },
  };
}
