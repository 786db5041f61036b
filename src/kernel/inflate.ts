/**
 * Inflates the body of a request within a limit. A bomb is refused while it is inflated, never
 * inflated whole. What is small is inflated at once; all else in a thread of the pool, part by
 * part, so that no turn of the event loop is long.
 */
import type { Transform } from 'node:stream';
import {
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzipSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import { describeError } from './errors.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { uncompress } from '../wire/snappy.ts';
import { WireError } from '../wire/errors.ts';

/** Why a body is not inflated. */
export class InflateError extends Error {
  override readonly name = 'InflateError';
  readonly reason: 'malformed' | 'too_large';
  constructor(reason: 'malformed' | 'too_large', message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

interface Codec {
  readonly once: (body: Uint8Array, options: { maxOutputLength: number }) => Buffer;
  readonly open: () => Transform;
}

/** Bytes of each part that comes out of the pool. */
const PARTS = { chunkSize: 128 * 1024 };
const zlib: Codec = { once: inflateSync, open: () => createInflate(PARTS) };
/** By the name in Content-Encoding and grpc-encoding: `deflate` is zlib's format. */
export const CODECS = {
  gzip: { once: gunzipSync, open: () => createGunzip(PARTS) },
  deflate: zlib,
  zlib,
  zstd: { once: zstdDecompressSync, open: () => createZstdDecompress(PARTS) },
} as const satisfies Readonly<Record<string, Codec>>;

/** All that can be inflated, the usual one first. */
export const ENCODINGS: readonly string[] = [...Object.keys(CODECS), 'snappy'];

/** Larger bodies are inflated in the pool; so are those that become larger than four times that. */
const AT_ONCE_BYTES = 64 * 1024;
const AT_ONCE_INFLATED_BYTES = 1024 * 1024;

export interface InflateLimits {
  /** Of the inflated body. */
  readonly maxBytes: number;
  /** Called for what comes out; what it throws ends the inflating. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * @param encoding  one of `ENCODINGS`
 * @throws InflateError
 */
export async function inflateBody(
  encoding: string,
  body: Uint8Array,
  { maxBytes, onBytes = () => undefined }: InflateLimits,
): Promise<Buffer> {
  if (encoding === 'snappy') return inflateSnappy(body, maxBytes, onBytes);
  const codec = (CODECS as Readonly<Record<string, Codec>>)[encoding];
  if (codec === undefined) throw new Error(`BUG: ${encoding} is not one of ENCODINGS`);
  if (body.length <= AT_ONCE_BYTES) {
    const inflated = inflateAtOnce(codec, body, Math.min(maxBytes, AT_ONCE_INFLATED_BYTES));
    if (inflated !== undefined) {
      onBytes(inflated.length);
      return inflated;
    }
  }
  return inflateInParts(codec, body, { maxBytes, onBytes });
}

/** Undefined for what is larger. */
function inflateAtOnce(codec: Codec, body: Uint8Array, maxBytes: number): Buffer | undefined {
  try {
    return codec.once(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw makeMalformed(error);
  }
}

async function inflateInParts(
  codec: Codec,
  body: Uint8Array,
  { maxBytes, onBytes }: Required<InflateLimits>,
): Promise<Buffer> {
  const stream = codec.open();
  const inflated = new GrowingBuffer();
  stream.end(body);
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      if (inflated.length + part.length > maxBytes) throw makeTooLarge(maxBytes);
      onBytes(part.length);
      inflated.add(part);
    }
  } catch (error) {
    // What onBytes throws is the caller's; errors of zlib have a code.
    if (error instanceof InflateError || !isZlibError(error)) throw error;
    throw makeMalformed(error);
  } finally {
    stream.destroy();
  }
  return inflated.finish();
}

function isZlibError(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && /^(Z_|ZSTD_|ERR_)/.test(code);
}

function inflateSnappy(
  body: Uint8Array,
  maxBytes: number,
  onBytes: (bytes: number) => void,
): Buffer {
  try {
    const inflated = Buffer.from(uncompress(body, maxBytes));
    onBytes(inflated.length);
    return inflated;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw error.reason === 'too_large' ? makeTooLarge(maxBytes) : makeMalformed(error);
  }
}

function makeTooLarge(maxBytes: number): InflateError {
  return new InflateError('too_large', `the inflated body is larger than ${maxBytes} bytes`);
}

function makeMalformed(error: unknown): InflateError {
  return new InflateError('malformed', `the body can't be inflated: ${describeError(error)}`, {
    cause: error,
  });
}
