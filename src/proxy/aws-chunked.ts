/**
 * Decodes `aws-chunked` bodies, in which S3 clients stream: pieces, each with its size and perhaps
 * its signature, then checksums as trailers. A proxy with other keys cannot renew the signatures of
 * pieces, so the decoded body is sent on plain. These signatures are not checked, since the
 * client's keys are not known here.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
import type { HeaderPair } from '../aws/wire-signing.ts';
import { HttpError } from '../kernel/http-error.ts';

/** Limit of a line, which holds a size or a trailer, in bytes. */
const LINE_MAX = 8_192;
const TRAILERS_MAX = 20;

export class AwsChunkedDecoder {
  /** Checksums that follow the body; the upstream gets them as headers. */
  readonly trailers: HeaderPair[] = [];
  #line = '';
  /** Bytes of the piece that are still to come. */
  #left = 0;
  #state: 'size' | 'piece' | 'piece end' | 'trailer' | 'end' = 'size';

  /** Decodes the next bytes; returns views of them, which are the body. @throws HttpError 400 */
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
      if (this.#state === 'end') throw createMalformedError('there are bytes after its end');
      const newline = bytes.indexOf(10, at);
      const end = newline < 0 ? bytes.length : newline;
      this.#line += bytes.toString('latin1', at, end);
      if (this.#line.length > LINE_MAX) throw createMalformedError('a line is too long');
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
    // Some clients leave out the empty line after the trailers.
    if (this.#state === 'trailer' && this.#line !== '') this.#take(this.#line);
    if (this.#state !== 'end' && this.#state !== 'trailer')
      throw createMalformedError('it ends early');
  }

  #take(line: string): void {
    if (this.#state === 'piece end') {
      if (line !== '') throw createMalformedError('a piece is longer than it says');
      this.#state = 'size';
      return;
    }
    if (this.#state === 'size') {
      const size = /^([0-9a-f]{1,12})(?:;.*)?$/i.exec(line)?.[1];
      if (size === undefined) throw createMalformedError('a piece has no size');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'piece';
      return;
    }
    if (line === '') {
      this.#state = 'end';
      return;
    }
    const colon = line.indexOf(':');
    if (colon < 1) throw createMalformedError('a trailer is not name:value');
    if (this.trailers.length >= TRAILERS_MAX)
      throw createMalformedError(`it has more than ${TRAILERS_MAX} trailers`);
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!/^x-amz-checksum-[a-z0-9]+$/.test(name)) return;
    this.trailers.push([name, line.slice(colon + 1).trim()]);
  }
}

/** The client's headers for the plain body, without those that are about its pieces. */
export function removeChunkHeaders(headers: readonly HeaderPair[]): HeaderPair[] {
  return headers.flatMap(([name, value]): HeaderPair[] => {
    if (name === 'x-amz-trailer' || name === 'x-amz-decoded-content-length') return [];
    if (name !== 'content-encoding') return [[name, value]];
    const codings = value.split(',');
    const others = codings.filter((coding) => coding.trim().toLowerCase() !== 'aws-chunked');
    return others.length === 0 ? [] : [[name, others.join(',').trim()]];
  });
}

function createMalformedError(what: string): HttpError {
  return new HttpError(400, `the aws-chunked body is malformed: ${what}`);
}
