/** Bodies of requests: read and inflated within a limit. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { BodyParts } from './body-parts.ts';
import { HttpError } from './http-error.ts';
import { askForBody } from './web-server.ts';

interface BodyLimits {
  readonly maxBytes: number;
  readonly onBytes: ((bytes: number) => void) | undefined;
  /** Gives the buffer of a length for a body of several parts; absent: a new one. */
  readonly lend?: ((length: number) => Buffer) | undefined;
}

/** Reads a body. @throws HttpError 413 for one above the limit */
export async function readBody(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { maxBytes, onBytes, lend }: BodyLimits,
): Promise<Buffer> {
  const declared = Number(incoming.headers['content-length'] ?? 0);
  if (declared > maxBytes) throw refuseSize(maxBytes);
  askForBody(incoming, outgoing);
  const parts = new BodyParts();
  for await (const part of incoming as AsyncIterable<Buffer>) {
    if (parts.length + part.length > maxBytes) throw refuseSize(maxBytes);
    onBytes?.(part.length);
    parts.add(part);
  }
  return parts.join(lend);
}

/** The body, inflated if it is gzip. @throws HttpError 400 where it can't be, within the limit */
export function inflateGzip(incoming: IncomingMessage, body: Buffer, maxBytes: number): Buffer {
  if (incoming.headers['content-encoding'] !== 'gzip') return body;
  try {
    return gunzipSync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    throw new HttpError(400, `the gzip body can't be inflated within ${maxBytes} bytes`, {
      cause: error,
    });
  }
}

function refuseSize(maxBytes: number): HttpError {
  return new HttpError(413, `the body is larger than ${maxBytes} bytes`);
}
