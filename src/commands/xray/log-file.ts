/**
 * The daemon's log file: lines are appended; with rotation, a file of 50 MB becomes `file.1`, in
 * place of the one before. Where the file can't be written, lines go to the standard error output,
 * and a line there says so once. A full disk must not stop the process.
 * Source: https://github.com/aws/aws-xray-daemon/blob/master/cmd/tracing/daemon.go
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { describeError } from '../../kernel/errors.ts';

const ROTATION_BYTES = 50 * 1024 * 1024;

export interface LogFileOptions {
  readonly path: string;
  readonly rotates: boolean;
  /** Takes the lines that the file does not. */
  readonly instead: (line: string) => void;
  /** 50 MB when absent. */
  readonly rotationBytes?: number;
}

/** A function that writes a line, which it is given without its newline. Never throws. */
export function openLogFile(options: LogFileOptions): (line: string) => void {
  const { path, rotates, instead, rotationBytes = ROTATION_BYTES } = options;
  let open: { readonly fd: number; bytes: number } | undefined;
  let isRefusing = false;

  const append = (line: string): void => {
    const bytes = Buffer.from(`${line}\n`);
    if (open !== undefined && rotates && open.bytes + bytes.length > rotationBytes) {
      closeSync(open.fd);
      open = undefined;
      renameSync(path, `${path}.1`);
    }
    if (open === undefined) {
      const fd = openSync(path, 'a', 0o644);
      open = { fd, bytes: fstatSync(fd).size };
    }
    for (let at = 0; at < bytes.length;) at += writeSync(open.fd, bytes, at);
    open.bytes += bytes.length;
  };

  return (line) => {
    try {
      append(line);
      isRefusing = false;
    } catch (error) {
      if (!isRefusing) instead(`log file ${path} cannot be written: ${describeError(error)}`);
      isRefusing = true;
      instead(line);
    }
  };
}
