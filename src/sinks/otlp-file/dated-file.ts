/**
 * A file as a receiver of messages. When it is full it is renamed after the time, and old ones go:
 *
 *     metrics.json → metrics-2026-11-26T09-30-00.000.json
 *
 * Messages count as delivered when they are at the end of the file and forced to the disk.
 * Source: contrib's exporter/fileexporter, its page on file rotation
 */
import * as fs from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Protocol } from '../../delivery/protocol.ts';
import { makeFolders } from '../../kernel/folders.ts';
import { appendWhole } from '../../kernel/append-file.ts';
import type { Clock } from '../../kernel/clock.ts';
import { describeError, RecoverableError } from '../../kernel/errors.ts';

export interface DatedRotation {
  readonly maxBytes: number;
  /** Older files are removed; 0 keeps them. */
  readonly maxAgeMs: number;
  /** How many old files are kept; 0 keeps all. */
  readonly backupsMax: number;
  /** Whether names have the time of the time zone, not UTC. */
  readonly isLocalTime: boolean;
}

export interface DatedFileOptions {
  readonly path: string;
  /** Whether the first messages replace what is in the file. */
  readonly isTruncated: boolean;
  /** Undefined: the file grows. */
  readonly rotation: DatedRotation | undefined;
  /** Permissions of the folder, which is made where it is missing; undefined: it is not made. */
  readonly folderMode: number | undefined;
  readonly clock: Clock;
}

/** The protocol that appends messages to the file. */
export function datedFile(options: DatedFileOptions): Protocol<Buffer> {
  const { path, rotation, folderMode, clock } = options;
  let { isTruncated } = options;
  return {
    encode: (chunks) => Buffer.concat(chunks.map(({ bytes }) => bytes)),
    async send(bytes) {
      try {
        if (folderMode !== undefined) makeFolders(dirname(path), folderMode);
        if (rotation !== undefined && isFull(path, bytes.length, rotation.maxBytes))
          rotate(path, rotation, clock.nowMs());
        await appendWhole(path, bytes, { isTruncated });
        isTruncated = false;
        return { kind: 'delivered', bytes: bytes.length };
      } catch (error) {
        const message =
          `${path} can't be written: ${describeError(error)}; free some space, or correct the ` +
          'path';
        throw new RecoverableError('SINK_FILE', message, { cause: error });
      }
    },
  };
}

/** A pipe or a folder is never full. */
function isFull(path: string, addedBytes: number, maxBytes: number): boolean {
  const stats = fs.statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size > 0 && stats.size + addedBytes > maxBytes;
}

function rotate(path: string, rotation: DatedRotation, nowMs: number): void {
  const folder = dirname(path);
  const extension = extname(path);
  const stem = basename(path, extension);
  const nameOf = (ms: number): string =>
    `${stem}-${formatStamp(ms, rotation.isLocalTime)}${extension}`;
  let ms = nowMs;
  while (fs.existsSync(join(folder, nameOf(ms)))) ms += 1;
  fs.renameSync(path, join(folder, nameOf(ms)));
  const old = fs
    .readdirSync(folder)
    .flatMap((name) => {
      const stamp =
        name.startsWith(`${stem}-`) && name.endsWith(extension)
          ? name.slice(stem.length + 1, name.length - extension.length)
          : '';
      const madeMs = parseStamp(stamp, rotation.isLocalTime);
      return madeMs === undefined ? [] : [{ name, madeMs }];
    })
    .sort((a, b) => b.madeMs - a.madeMs);
  const { backupsMax, maxAgeMs } = rotation;
  for (const [index, { name, madeMs }] of old.entries())
    if ((backupsMax > 0 && index >= backupsMax) || (maxAgeMs > 0 && madeMs < nowMs - maxAgeMs))
      fs.rmSync(join(folder, name), { force: true });
}

function formatStamp(ms: number, isLocalTime: boolean): string {
  const shiftMs = isLocalTime ? new Date(ms).getTimezoneOffset() * 60_000 : 0;
  return new Date(ms - shiftMs).toISOString().slice(0, -1).replaceAll(':', '-');
}

const STAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d)-(\d\d)-(\d\d)\.(\d{3})$/;

function parseStamp(text: string, isLocalTime: boolean): number | undefined {
  const match = STAMP.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  const [day = 0, hour = 0, minute = 0, second = 0, ms = 0] = rest;
  return isLocalTime
    ? new Date(year, month - 1, day, hour, minute, second, ms).getTime()
    : Date.UTC(year, month - 1, day, hour, minute, second, ms);
}
