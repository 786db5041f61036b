/**
 * Bodies of requests as the receiver takes them. Large ones are compressed in Node's thread pool,
 * so that no turn of the event loop is long.
 */
import { promisify } from 'node:util';
import { constants, deflate, gzip, zstdCompress } from 'node:zlib';
import { compress as compressSnappy } from '../../wire/snappy.ts';
import type { Compression } from './config.ts';

const gzipBeside = promisify<Uint8Array, object, Buffer>(gzip);
const deflateBeside = promisify<Uint8Array, object, Buffer>(deflate);
const zstdBeside = promisify<Uint8Array, object, Buffer>(zstdCompress);

/** @param level  that of the algorithm when undefined */
export async function compressBody(
  body: Uint8Array,
  compression: Compression,
  level: number | undefined,
): Promise<Uint8Array> {
  const ofZlib = level === undefined ? {} : { level };
  switch (compression) {
    case 'none':
      return body;
    case 'gzip':
      return gzipBeside(body, ofZlib);
    // Go and RFC 9110 mean the format of zlib by both names.
    case 'zlib':
    case 'deflate':
      return deflateBeside(body, ofZlib);
    case 'zstd':
      return zstdBeside(
        body,
        level === undefined ? {} : { params: { [constants.ZSTD_c_compressionLevel]: level } },
      );
    case 'snappy':
      return compressSnappy(body);
  }
}
