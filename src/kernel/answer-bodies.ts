/** Bodies of answers: inflated within a limit, at once where they are small. */
import { gunzipSync } from 'node:zlib';
import { type Borrowed, LENT_BYTES_MAX, peek, takeOver } from '../model/borrowed.ts';
import { HttpClientError } from './http-client-error.ts';
import { inflateBody, InflateError } from './inflate.ts';

/**
 * The body without its Content-Encoding: the given one, or inflated into a buffer of its own. A
 * small body is inflated at once, a large one in Node's thread pool (then a promise is returned).
 *
 * @throws HttpClientError `bad_gzip` or `body_too_large`
 */
export function inflate<Body extends Borrowed<Uint8Array>>(
  headers: Readonly<Record<string, string>>,
  body: Body,
  maxBytes: number,
): Body | Buffer | Promise<Buffer> {
  if (headers['content-encoding']?.toLowerCase() !== 'gzip' || body.length === 0) return body;
  if (body.length > LENT_BYTES_MAX || inflatedLength(body) > LENT_BYTES_MAX)
    return inflateBeside(takeOver(body), maxBytes);
  try {
    return gunzipSync(peek(body), { maxOutputLength: Math.min(maxBytes, LENT_BYTES_MAX) });
  } catch (error) {
    const isLarger = isTooLarge(error) && maxBytes > LENT_BYTES_MAX;
    if (isLarger) return inflateBeside(takeOver(body), maxBytes);
    throw describeInflateFailure(error, maxBytes);
  }
}

async function inflateBeside(body: Uint8Array, maxBytes: number): Promise<Buffer> {
  try {
    return await inflateBody('gzip', body, { maxBytes });
  } catch (error) {
    throw describeInflateFailure(error, maxBytes);
  }
}

/** The length that the last four bytes of a gzip body give; it need not be true. */
function inflatedLength(gzip: Borrowed<Uint8Array>): number {
  let length = 0;
  for (let i = 1; i <= 4; i++) length = length * 256 + (gzip[gzip.length - i] ?? 0);
  return length;
}

function isTooLarge(error: unknown): boolean {
  if (error instanceof InflateError) return error.reason === 'too_large';
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
}

function describeInflateFailure(error: unknown, maxBytes: number): HttpClientError {
  return new HttpClientError(
    isTooLarge(error) ? 'body_too_large' : 'bad_gzip',
    isTooLarge(error)
      ? `the answer is larger than ${maxBytes} bytes inflated`
      : 'the answer is not valid gzip',
    { cause: error },
  );
}
