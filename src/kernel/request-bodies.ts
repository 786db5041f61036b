/** Bodies of requests: read and inflated within a limit. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GrowingBuffer, TinyPiecesError } from './growing-buffer.ts';
import { HttpError } from './http-error.ts';
import { inflateBody, InflateError } from './inflate.ts';
import { readPieces } from './pieces.ts';
import { askForBody } from './web-server.ts';

interface BodyLimits {
  readonly maxBytes: number;
  /** Called when more memory is held, with how much; what it throws ends the reading. */
  readonly onBytes: (bytes: number) => void;
  /** Gives the buffers of at least a length for a body of several pieces; absent: new ones. */
  readonly lend?: ((length: number) => Buffer) | undefined;
}

/** Reads a body. @throws HttpError 413 for one above the limit, 400 for pieces that are tiny */
export async function readBody(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { maxBytes, onBytes, lend }: BodyLimits,
): Promise<Buffer> {
  const declared = Number(incoming.headers['content-length'] ?? 0);
  if (declared > maxBytes) throw refuseSize(maxBytes);
  askForBody(incoming, outgoing);
  const body = new GrowingBuffer({ announced: declared, allocate: lend });
  try {
    await readPieces(incoming, (piece) => {
      if (body.length + piece.length > maxBytes) throw refuseSize(maxBytes);
      const held = body.heldBytes;
      body.add(piece);
      if (body.heldBytes > held) onBytes(body.heldBytes - held);
    });
  } catch (error) {
    if (error instanceof TinyPiecesError)
      throw new HttpError(400, `the body is refused: ${error.message}`, { cause: error });
    throw error;
  }
  return body.finish();
}

/**
 * The body, inflated if it is gzip: beside the event loop unless it is small.
 *
 * @throws HttpError 400 where it can't be, within the limit
 */
export async function inflateGzip(
  incoming: IncomingMessage,
  body: Buffer,
  { maxBytes, onBytes }: BodyLimits,
): Promise<Buffer> {
  if (incoming.headers['content-encoding'] !== 'gzip') return body;
  try {
    return await inflateBody('gzip', body, { maxBytes, onBytes });
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    throw new HttpError(400, `the gzip body can't be inflated within ${maxBytes} bytes`, {
      cause: error,
    });
  }
}

function refuseSize(maxBytes: number): HttpError {
  return new HttpError(413, `the body is larger than ${maxBytes} bytes`);
}
