/** Bodies of answers: inflated within a limit, at once where they are small. */
import { type Borrowed, LENT_BYTES_MAX, peek, takeOver } from '../model/borrowed.ts';
import { HttpClientError } from './http-client-error.ts';
import { CODECS, inflateBody, InflateError } from './inflate.ts';

/**
 * The body without its Content-Encoding: the given one, or inflated into a buffer of its own. A
 * small body is inflated at once, a large one in Node's thread pool (then a promise is returned).
 *
 * @throws HttpClientError `bad_gzip`, `bad_zstd` or `body_too_large`
 */
export function inflate<Body extends Borrowed<Uint8Array>>(
  headers: Readonly<Record<string, string>>,
  body: Body,
  maxBytes: number,
): Body | Buffer | Promise<Buffer> {
  const encoding = headers['content-encoding']?.toLowerCase();
  if ((encoding !== 'gzip' && encoding !== 'zstd') || body.length === 0) return body;
  const isLarge = encoding === 'gzip' && inflatedLength(body) > LENT_BYTES_MAX;
  if (body.length > LENT_BYTES_MAX || isLarge)
    return inflateBeside(encoding, takeOver(body), maxBytes);
  try {
    const maxOutputLength = Math.min(maxBytes, LENT_BYTES_MAX);
    return CODECS[encoding].once(peek(body), { maxOutputLength });
  } catch (error) {
    const isLarger = isTooLarge(error) && maxBytes > LENT_BYTES_MAX;
    if (isLarger) return inflateBeside(encoding, takeOver(body), maxBytes);
    throw describeInflateFailure(encoding, error, maxBytes);
  }
}

type Encoding = 'gzip' | 'zstd';

async function inflateBeside(
  encoding: Encoding,
  body: Uint8Array,
  maxBytes: number,
): Promise<Buffer> {
  try {
    return await inflateBody(encoding, body, { maxBytes });
  } catch (error) {
    throw describeInflateFailure(encoding, error, maxBytes);
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

function describeInflateFailure(
  encoding: Encoding,
  error: unknown,
  maxBytes: number,
): HttpClientError {
  return new HttpClientError(
    isTooLarge(error) ? 'body_too_large' : `bad_${encoding}`,
    isTooLarge(error)
      ? `the answer is larger than ${maxBytes} bytes inflated`
      : `the answer is not valid ${encoding}`,
    { cause: error },
  );
}
