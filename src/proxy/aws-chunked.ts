/**
 * Takes `aws-chunked` bodies apart, as S3 clients stream them: pieces with their size and, where
 * they are signed, a signature that a proxy with other keys can't renew; checksums behind the last
 * piece. What is in them goes on plain. Signatures of pieces are not checked: the client's keys are
 * not known here.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
import type { HeaderPair } from '../aws/wire-signing.ts';
import { HttpError } from '../kernel/http-server.ts';

/** Of a line of size or a trailer, bytes. */
const LINE_MAX = 8_192;
const TRAILERS_MAX = 20;

export class AwsChunkedDecoder {
  /** Checksums behind the body, that the upstream takes as headers. */
  readonly trailers: HeaderPair[] = [];
  #line = '';
  /** Bytes of the piece that are still to come. */
  #left = 0;
  #state: 'size' | 'piece' | 'piece end' | 'trailer' | 'end' = 'size';

  /** What these bytes hold of the body; views of the given ones. @throws HttpError 400 */
  push(bytes: Buffer): Buffer[] {
    const found: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'piece') {
        const end = Math.min(bytes.length, at + this.#left);
        found.push(bytes.subarray(at, end));
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#state = 'piece end';
        continue;
      }
      if (this.#state === 'end') throw malformed('bytes behind its end');
      const newline = bytes.indexOf(10, at);
      const end = newline < 0 ? bytes.length : newline;
      this.#line += bytes.toString('latin1', at, end);
      if (this.#line.length > LINE_MAX) throw malformed('a line is too long');
      if (newline < 0) break;
      at = newline + 1;
      const line = this.#line.replace(/\r$/, '');
      this.#line = '';
      this.#take(line);
    }
    return found;
  }

  /** @throws HttpError 400 when the last piece has not come */
  end(): void {
    // Some clients leave out the empty line behind the trailers.
    if (this.#state === 'trailer' && this.#line !== '') this.#take(this.#line);
    if (this.#state !== 'end' && this.#state !== 'trailer') throw malformed('it ends early');
  }

  #take(line: string): void {
    if (this.#state === 'piece end') {
      if (line !== '') throw malformed('a piece is longer than it says');
      this.#state = 'size';
      return;
    }
    if (this.#state === 'size') {
      const size = /^([0-9a-f]{1,12})(?:;.*)?$/i.exec(line)?.[1];
      if (size === undefined) throw malformed('a piece has no size');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'piece';
      return;
    }
    if (line === '') {
      this.#state = 'end';
      return;
    }
    const colon = line.indexOf(':');
    if (colon < 1 || this.trailers.length >= TRAILERS_MAX) throw malformed('a trailer is none');
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!/^x-amz-checksum-[a-z0-9]+$/.test(name)) return;
    this.trailers.push([name, line.slice(colon + 1).trim()]);
  }
}

/** A client's headers for the plain body: without what speaks of pieces. */
export function withoutChunks(headers: readonly HeaderPair[]): HeaderPair[] {
  return headers.flatMap(([name, value]): HeaderPair[] => {
    if (name === 'x-amz-trailer' || name === 'x-amz-decoded-content-length') return [];
    if (name !== 'content-encoding') return [[name, value]];
    const others = value.split(',').filter((one) => one.trim().toLowerCase() !== 'aws-chunked');
    return others.length === 0 ? [] : [[name, others.join(',').trim()]];
  });
}

function malformed(what: string): HttpError {
  return new HttpError(400, `the aws-chunked body is malformed: ${what}`);
}
