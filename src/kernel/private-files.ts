/**
 * Files and folders of our own data: for this user alone, never through a link, and nothing but
 * regular files. Who may write into a folder beside us could otherwise make us overwrite, or cut
 * off, a file elsewhere, or wait for ever for the other end of a pipe.
 * Not here: files for others (kernel/atomic-file.ts), which follow links as any command does.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ConfigError, describeError } from './errors.ts';
import { makeFolders } from './folders.ts';

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND } = constants;
/** Windows has no such flags. Without O_NONBLOCK the opening of a pipe waits for its other end. */
const O_NOFOLLOW = (constants.O_NOFOLLOW as number | undefined) ?? 0;
const O_NONBLOCK = (constants.O_NONBLOCK as number | undefined) ?? 0;

const FLAGS = {
  r: O_RDONLY,
  'r+': O_RDWR,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_EXCL,
  'wx+': O_RDWR | O_CREAT | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
} as const;

export type PrivateFlags = keyof typeof FLAGS;

/** For readers and writers of `node:fs` that open the file themselves. */
export function privateFlags(flags: PrivateFlags): number {
  return FLAGS[flags] | O_NOFOLLOW | O_NONBLOCK;
}

/**
 * Opens a file; a new one is readable and writable by this user alone.
 *
 * @returns  the descriptor, which the caller closes
 * @throws   the file system's error; ELOOP, in words, where the path is a symbolic link, and EFTYPE
 *           where it is no regular file
 */
export function openPrivate(path: string, flags: PrivateFlags): number {
  let fd: number;
  try {
    fd = openSync(path, privateFlags(flags), 0o600);
  } catch (error) {
    throw explainLink(error, path);
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw describeKind(path);
}

/**
 * The text of a file.
 *
 * @throws  as `openPrivate`, and EFBIG where it has more than `maxBytes`
 */
export function readPrivate(path: string, maxBytes: number): string {
  const fd = openPrivate(path, 'r');
  try {
    refuseLarge(path, fstatSync(fd).size, maxBytes);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** The same, without blocking. */
export async function readPrivately(path: string, maxBytes: number): Promise<string> {
  const file = await openPrivately(path);
  try {
    refuseLarge(path, (await file.stat()).size, maxBytes);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Opens a file to read it; rejects as `openPrivate` throws. */
export async function openPrivately(path: string): Promise<FileHandle> {
  const file = await open(path, privateFlags('r')).catch((error: unknown) => {
    throw explainLink(error, path);
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw describeKind(path);
}

function describeKind(path: string): Error {
  return Object.assign(new Error(`"${path}" is no regular file`), { code: 'EFTYPE' });
}

function refuseLarge(path: string, bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  const message = `"${path}" has ${bytes} bytes, and no file of ours more than ${maxBytes}`;
  throw Object.assign(new Error(message), { code: 'EFBIG' });
}

/** An error of a private open, in words where the path is a symbolic link. */
export function explainLink(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ELOOP' && code !== 'EMLINK') return error;
  const message = `"${path}" is a symbolic link, which is not followed`;
  return Object.assign(new Error(message, { cause: error }), { code });
}

/** Makes a folder, and those above it, for this user alone; one that exists stays as it is. */
export function makePrivateFolder(path: string): void {
  makeFolders(path, 0o700);
}

/**
 * The same for a folder that the user has named.
 *
 * @param named  by which flag or key, for the message
 * @throws       a ConfigError where it can't be made
 */
export function makeNamedFolder(path: string, named: string): void {
  try {
    makePrivateFolder(path);
  } catch (error) {
    throw describeUnusable(path, named, error);
  }
}

/** Why a folder can't be used, as an error that says where it was named and how to go on. */
export function describeUnusable(path: string, named: string, error: unknown): ConfigError {
  return new ConfigError(
    'FOLDER_UNUSABLE',
    `${named} "${path}" can't be used as a folder (${describeError(error)}); name a folder that ` +
      'this user may write, or one that can be made',
    { cause: error },
  );
}
