/**
 * Lines of a stream, as they come, within a limit of each: a longer one is passed over, and has no
 * text.
 */
import { GrowingBuffer } from '../../kernel/growing-buffer.ts';

export interface BoundedLine {
  /** From 1. */
  readonly number: number;
  /** Undefined when the line is longer than the limit. */
  readonly text: string | undefined;
}

const NEWLINE = 0x0a;

/** A mark of byte order, with which editors begin a file, is no part of its first line. */
function decode(bytes: Buffer, isFirst: boolean): string {
  const text = bytes.toString();
  return isFirst && text.startsWith('\ufeff') ? text.slice(1) : text;
}

function bufferOf(chunk: Uint8Array | string): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
}

/**
 * @param bytesMax  of a line, without its end
 * @throws          TinyPiecesError for a line in very many pieces of a byte or two
 */
export async function* readBoundedLines(
  stream: AsyncIterable<Uint8Array | string>,
  bytesMax: number,
): AsyncGenerator<BoundedLine> {
  let number = 0;
  let held = new GrowingBuffer();
  let bytes = 0;
  const take = (piece: Buffer): void => {
    bytes += piece.length;
    if (bytes <= bytesMax) held.add(piece);
    else if (held.length > 0) held = new GrowingBuffer();
  };
  const end = async (): Promise<BoundedLine> => {
    number += 1;
    const text = bytes > bytesMax ? undefined : decode(await held.finish(), number === 1);
    held = new GrowingBuffer();
    bytes = 0;
    return { number, text };
  };
  for await (const chunk of stream) {
    const block = bufferOf(chunk);
    let from = 0;
    for (let at = block.indexOf(NEWLINE); at >= 0; at = block.indexOf(NEWLINE, from)) {
      take(block.subarray(from, at));
      yield await end();
      from = at + 1;
    }
    take(block.subarray(from));
  }
  if (bytes > 0) yield await end();
}
