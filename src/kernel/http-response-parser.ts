/**
 * Parses one HTTP/1.1 answer from pieces of bytes that may be cut anywhere: a head, then a body by
 * length, in chunks, or up to the end of the connection. It is strict where leniency would let one
 * answer be read as two. Pure except for the buffers that it is given.
 * Source: https://www.rfc-editor.org/rfc/rfc9112
 */
import type { Borrowed } from '../model/borrowed.ts';
import { checkPieces, GrowingBuffer } from './growing-buffer.ts';
import { type ResponseHead, readResponseHead } from './response-head.ts';

export interface ParsedResponse {
  readonly status: number;
  /** Lower-case names; repeats joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Not inflated. Lent until the turn of the event loop ends, unless it is larger than
   * LENT_BYTES_MAX.
   */
  readonly body: Borrowed<Buffer>;
}

/** Limit of all heads of an answer together, and of its trailers with them. */
const HEAD_MAX_BYTES = 64 * 1024;
/** Limit of the heads before the answer: 100, 103 and the like. */
export const INTERIM_HEADS_MAX = 10;
/** Limit of all lines between chunks, for each byte of the body and for all of it. */
const LINE_BYTES_PER_BYTE = 4;
const LINES_FREE_BYTES = 64 * 1024;
/** Limit of a line that gives a chunk's size, and of each trailer. */
const LINE_MAX_BYTES = 4_096;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const CR = 13;
const LF = 10;

type State = 'head' | 'length' | 'size' | 'chunk' | 'chunk-end' | 'trailers' | 'close' | 'done';

export class BodyTooLargeError extends Error {
  readonly code = 'ERR_BODY_TOO_LARGE';
}

export class ResponseParser {
  keepsAlive = false;
  readonly #maxBytes: number;
  readonly #take: (bytes: number) => Buffer;
  #body: GrowingBuffer;
  #state: State = 'head';
  /** What has come of a head that was cut. */
  #head: Buffer | undefined;
  #headFilled = 0;
  #line = '';
  /** Bytes still to come, of the body or of the current chunk. */
  #left = 0;
  #headBytes = 0;
  #interimHeads = 0;
  #lineBytes = 0;
  /** How many reads and chunks there were. */
  #pieces = 0;
  #status = 0;
  #headers: ResponseHead['headers'] = {};

  /**
   * @param take  returns a buffer of at least `bytes`
   * @param expected  the length of a body that does not tell its own, at a guess
   */
  constructor(maxBytes: number, take: (bytes: number) => Buffer, expected = 0) {
    this.#maxBytes = maxBytes;
    this.#take = take;
    this.#body = new GrowingBuffer({ allocate: take, announced: expected });
  }

  get isComplete(): boolean {
    return this.#state === 'done';
  }

  /** Whether the answer ends where the connection ends. */
  get endsAtClose(): boolean {
    return this.#state === 'close';
  }

  /** How many bytes of the body have come. */
  get bodyBytes(): number {
    return this.#body.length;
  }

  /** A large body is joined in slices first. */
  answer(): ParsedResponse | Promise<ParsedResponse> {
    const [status, headers] = [this.#status, this.#headers];
    const body = this.#body.finish();
    if (!(body instanceof Promise)) return { status, headers, body };
    return body.then((joined) => ({ status, headers, body: joined }));
  }

  /**
   * Parses the first `count` bytes, which are not kept.
   *
   * @returns  how many of them belong to this answer
   * @throws   Error for bytes that are not HTTP; BodyTooLargeError
   */
  feed(bytes: Buffer, count: number): number {
    this.#countPiece();
    let at = 0;
    while (at < count && this.#state !== 'done') {
      switch (this.#state) {
        case 'head':
          at = this.#feedHead(bytes, at, count);
          break;
        case 'length':
        case 'chunk':
          at = this.#feedBody(bytes, at, Math.min(count, at + this.#left));
          break;
        case 'close':
          at = this.#copy(bytes, at, count);
          break;
        default:
          at = this.#feedLine(bytes, at, count);
      }
    }
    return at;
  }

  #feedHead(bytes: Buffer, at: number, count: number): number {
    if (this.#head === undefined) {
      const end = bytes.indexOf(END_OF_HEAD, at);
      if (end >= 0 && end + END_OF_HEAD.length <= count) {
        this.#begin(bytes, at, end);
        return end + END_OF_HEAD.length;
      }
    }
    return this.#feedCutHead(bytes, at, count);
  }

  /** A head of several reads: they are joined until its end has come. */
  #feedCutHead(bytes: Buffer, at: number, count: number): number {
    const before = this.#headFilled;
    // At most as many bytes as a head may have: what is behind it is not to be copied.
    const stop = Math.min(count, at + HEAD_MAX_BYTES + END_OF_HEAD.length);
    const head = this.#makeRoom(before + stop - at);
    bytes.copy(head, before, at, stop);
    this.#headFilled = before + stop - at;
    const come = head.subarray(0, this.#headFilled);
    const end = come.indexOf(END_OF_HEAD, Math.max(0, before - END_OF_HEAD.length + 1));
    if (end < 0) {
      if (come.length > HEAD_MAX_BYTES - this.#headBytes) throw headTooLong();
      return stop;
    }
    this.#head = undefined;
    this.#headFilled = 0;
    this.#begin(come, 0, end);
    return at + end + END_OF_HEAD.length - before;
  }

  /** It doubles, so that a head in many reads is not copied with each of them. */
  #makeRoom(bytes: number): Buffer {
    if (this.#head !== undefined && this.#head.length >= bytes) return this.#head;
    const head = Buffer.allocUnsafe(2 * bytes);
    this.#head?.copy(head, 0, 0, this.#headFilled);
    this.#head = head;
    return head;
  }

  /** Reads the head from `from` to `end` and decides how the body ends. */
  #begin(bytes: Buffer, from: number, end: number): void {
    if (end - from > HEAD_MAX_BYTES - this.#headBytes) throw headTooLong();
    this.#headBytes += end - from;
    const { minor, status, headers } = readResponseHead(bytes, from, end);
    if (status < 200) {
      if (status === 101) throw new Error('the other side wants another protocol');
      this.#interimHeads += 1;
      if (this.#interimHeads > INTERIM_HEADS_MAX)
        throw new Error('the other side sends interim answers without end');
      return;
    }
    this.#status = status;
    this.#headers = headers;
    const connection = (headers['connection'] ?? '').toLowerCase();
    this.keepsAlive =
      minor === 1 ? !connection.includes('close') : connection.includes('keep-alive');
    this.#frame(status, headers);
  }

  #frame(status: number, headers: Readonly<Record<string, string>>): void {
    const coding = headers['transfer-encoding']?.toLowerCase();
    const length = headers['content-length'];
    if (status === 204 || status === 304) this.#state = 'done';
    else if (coding !== undefined) {
      if (coding !== 'chunked' || length !== undefined)
        throw new Error(`the transfer coding ${JSON.stringify(coding)} is not understood`);
      this.#state = 'size';
    } else if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) throw new Error('the content length is malformed');
      this.#left = Number(length);
      if (this.#left > this.#maxBytes) throw new BodyTooLargeError('too large');
      this.#body = new GrowingBuffer({ allocate: this.#take, announced: this.#left });
      this.#state = this.#left === 0 ? 'done' : 'length';
    } else {
      this.keepsAlive = false;
      this.#state = 'close';
    }
  }

  #feedBody(bytes: Buffer, at: number, end: number): number {
    this.#copy(bytes, at, end);
    this.#left -= end - at;
    if (this.#left === 0) this.#state = this.#state === 'length' ? 'done' : 'chunk-end';
    return end;
  }

  /** Lines between chunks: sizes, the end of a chunk, trailers. */
  #feedLine(bytes: Buffer, at: number, count: number): number {
    const end = bytes.indexOf(LF, at);
    const stop = end < 0 || end >= count ? count : end + 1;
    this.#line += bytes.toString('latin1', at, stop);
    if (this.#line.length > LINE_MAX_BYTES) throw new Error('a line between chunks is too long');
    this.#countLine(stop - at);
    if (stop === count && bytes[stop - 1] !== LF) return count;
    if (this.#line.charCodeAt(this.#line.length - 2) !== CR)
      throw new Error('a chunk is malformed');
    const line = this.#line.slice(0, -2);
    this.#line = '';
    if (this.#state === 'size') this.#beginChunk(line);
    else if (this.#state === 'chunk-end') {
      if (line !== '') throw new Error('a chunk is longer than it says');
      this.#state = 'size';
    } else if (line === '') this.#state = 'done';
    return stop;
  }

  /** Trailers count as a part of the head, sizes and extensions by what the chunks hold. */
  #countLine(bytes: number): void {
    if (this.#state === 'trailers') {
      this.#headBytes += bytes;
      if (this.#headBytes > HEAD_MAX_BYTES) throw new Error('the trailers are too long');
      return;
    }
    this.#lineBytes += bytes;
    if (this.#lineBytes > LINES_FREE_BYTES + LINE_BYTES_PER_BYTE * this.#body.length)
      throw new Error('the lines between the chunks are longer than what is in them');
  }

  #countPiece(): void {
    this.#pieces += 1;
    checkPieces(this.#pieces, this.#body.length);
  }

  #beginChunk(line: string): void {
    this.#countPiece();
    const size = /^([0-9a-f]{1,8})(?:[\t ]*;.*)?$/i.exec(line)?.[1];
    if (size === undefined) throw new Error('the size of a chunk is malformed');
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
    if (this.#body.length + this.#left > this.#maxBytes) throw new BodyTooLargeError('too large');
  }

  #copy(bytes: Buffer, at: number, end: number): number {
    if (this.#body.length + (end - at) > this.#maxBytes) throw new BodyTooLargeError('too large');
    this.#body.copy(bytes, at, end);
    return end;
  }
}

function headTooLong(): Error {
  return new Error('the head of the answer is too long');
}
