/** Appending to a file so that what is written is whole, and on the disk. */
import * as fs from 'node:fs';
import { promisify } from 'node:util';

const datasync = promisify(fs.fdatasync);

export interface AppendFileOptions {
  /** Whether the file begins anew. */
  readonly isTruncated?: boolean;
}

/**
 * Appends all bytes or none, and forces them to the disk. What a full disk has cut off is taken
 * away again, since the next bytes would be appended to it. Throws the file system's error.
 */
export async function appendWhole(
  path: string,
  bytes: Uint8Array,
  { isTruncated = false }: AppendFileOptions = {},
): Promise<void> {
  const fd = fs.openSync(path, isTruncated ? 'w' : 'a');
  try {
    const { size } = fs.fstatSync(fd);
    try {
      for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at);
    } catch (error) {
      fs.ftruncateSync(fd, size);
      throw error;
    }
    await datasync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
