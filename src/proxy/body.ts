/**
 * A request's body, kept so that it can be hashed before it is sent and sent again: in memory up to a bound, then in a
 * file that is gone with the request.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { HttpError } from '../kernel/http-server.ts';

const MEMORY_MAX_BYTES = 1024 * 1024;

export interface KeptBody {
  readonly length: number;
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
  /** To send; anew for each attempt. */
  content(): Buffer | Readable | null;
  release(): Promise<void>;
}

const EMPTY: KeptBody = {
  length: 0,
  hash: createHash('sha256').digest('hex'),
  content: () => null,
  release: () => Promise.resolve(),
};

/** Reads the whole body. @throws HttpError 413 above the limit */
export async function keepBody(incoming: IncomingMessage, maxBytes: number): Promise<KeptBody> {
  const { headers } = incoming;
  const declared = Number(headers['content-length'] ?? 0);
  const isChunked = headers['transfer-encoding'] !== undefined;
  if (!isChunked && declared === 0) return EMPTY;
  if (!isChunked && declared > maxBytes) throw tooLarge(maxBytes);
  // Leaving a for-await would end the connection, and with it the answer.
  const stream = incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  const parts: Buffer[] = [];
  let size = 0;
  for (let next = await stream.next(); next.done !== true; next = await stream.next()) {
    size += next.value.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    parts.push(next.value);
    if (size > MEMORY_MAX_BYTES) return keepInFile(parts, stream, maxBytes);
  }
  const body = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  if (body.length === 0) return EMPTY;
  return {
    length: body.length,
    hash: createHash('sha256').update(body).digest('hex'),
    content: () => body,
    release: () => Promise.resolve(),
  };
}

async function keepInFile(
  begun: readonly Buffer[],
  stream: AsyncIterator<Buffer>,
  maxBytes: number,
): Promise<KeptBody> {
  const name = path.join(tmpdir(), `amperage-body-${randomUUID()}`);
  const hash = createHash('sha256');
  let length = 0;
  let file: FileHandle | undefined;
  const release = (): Promise<void> => rm(name, { force: true });
  try {
    // For nobody else to read.
    file = await open(name, 'wx', 0o600);
    for (const part of begun) {
      hash.update(part);
      length += part.length;
      await file.write(part);
    }
    for (let next = await stream.next(); next.done !== true; next = await stream.next()) {
      length += next.value.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      hash.update(next.value);
      await file.write(next.value);
    }
  } catch (error) {
    await release();
    throw error;
  } finally {
    await file?.close();
  }
  return { length, hash: hash.digest('hex'), content: () => createReadStream(name), release };
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(
    413,
    `the body is larger than ${maxBytes} bytes; raise --body-max-bytes, or send it with --unsigned-payload where the service takes that`,
  );
}
