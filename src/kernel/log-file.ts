/**
 * A log file of its own: lines are appended; with rotation, a file of 50 MB becomes `file.1`, in
 * place of the one before. Where the file can't be written, lines go elsewhere, and a line there
 * says so once. A full disk must not stop the process. A file that was deleted,
 * renamed or replaced meanwhile is opened anew, and its first line says so.
 * Source: https://github.com/aws/aws-xray-daemon/blob/master/cmd/tracing/daemon.go
 */
import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { describeError } from './errors.ts';
import { identifyPath } from './file-identity.ts';

const ROTATION_BYTES = 50 * 1024 * 1024;
/** Without O_NONBLOCK, which Windows lacks, the opening of a pipe waits for whoever reads it. */
const APPEND =
  constants.O_WRONLY |
  constants.O_CREAT |
  constants.O_APPEND |
  ((constants.O_NONBLOCK as number | undefined) ?? 0);
const GONE = 'The log file was deleted, renamed or replaced; it goes on in this one';

export interface LogFileOptions {
  readonly path: string;
  readonly rotates: boolean;
  /** Takes the lines that the file does not. */
  readonly instead: (line: string) => void;
  /** Takes the reason why the file can't be written, once; `instead` when absent. */
  readonly onRefusal?: (message: string) => void;
  /** The first line of a file that is opened anew; '' for none. */
  readonly gone?: string;
  /** 50 MB when absent. */
  readonly rotationBytes?: number;
}

/** A function that writes a line, which it is given without its newline. Never throws. */
export function openLogFile(options: LogFileOptions): (line: string) => void {
  const { path, rotates, instead, onRefusal = instead, rotationBytes = ROTATION_BYTES } = options;
  const { gone = GONE } = options;
  let open: { readonly fd: number; readonly identity: string; bytes: number } | undefined;
  let isRefusing = false;

  const append = (line: string): void => {
    let bytes = Buffer.from(`${line}\n`);
    if (open !== undefined && identifyPath(path) !== open.identity) {
      closeSync(open.fd);
      open = undefined;
      if (gone !== '') bytes = Buffer.concat([Buffer.from(`${gone}\n`), bytes]);
    }
    if (open !== undefined && rotates && open.bytes + bytes.length > rotationBytes) {
      closeSync(open.fd);
      open = undefined;
      renameSync(path, `${path}.1`);
    }
    if (open === undefined) {
      const fd = openSync(path, APPEND, 0o644);
      const { dev, ino, size } = fstatSync(fd);
      open = { fd, identity: `${dev} ${ino}`, bytes: size };
    }
    for (let at = 0; at < bytes.length;) at += writeSync(open.fd, bytes, at);
    open.bytes += bytes.length;
  };

  return (line) => {
    try {
      append(line);
      isRefusing = false;
    } catch (error) {
      if (!isRefusing) onRefusal(`log file ${path} cannot be written: ${describeError(error)}`);
      isRefusing = true;
      instead(line);
    }
  };
}
