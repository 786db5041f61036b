/**
 * What a server answers to bytes that are not an HTTP/1.1 request, and to requests that could be
 * read in two ways: a status and words that say what is wrong and what to do. Pure. It is strict on
 * purpose: requests are smuggled through bytes that one server reads as one request and the next
 * server as two.
 * Source: https://www.rfc-editor.org/rfc/rfc9112 (framing),
 * https://www.rfc-editor.org/rfc/rfc9110#name-status-codes
 */
import type { IncomingMessage } from 'node:http';

export interface HttpRefusal {
  readonly status: number;
  readonly words: string;
  /** The other protocol that came, where it is known. */
  readonly came?: 'http2' | 'tls';
}

/** The error that Node gives with a connection whose bytes it cannot parse. */
export interface UnreadableError extends Error {
  readonly code?: string;
  /** The parser's own message. */
  readonly reason?: string;
  /** The bytes that were read last, and the offset in them at which the parser stopped. */
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** Limit of a head: method, target, names and values of all headers together. */
export const HEAD_MAX_BYTES = 65_536;

const TLS_HANDSHAKE = 0x16;
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) \S+ HTTP\/1\.[01]\r\n/;

const LINES = 'lines of the head must end with CR LF';

const BY_CODE: Readonly<Record<string, HttpRefusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    words:
      `the head of the request (target and headers) is larger than ${HEAD_MAX_BYTES} bytes; ` +
      'send fewer or shorter headers, long queries by POST',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    words:
      'the chunk extensions are longer than 16384 bytes; leave them out, they mean nothing here',
  },
  HPE_PAUSED_H2_UPGRADE: {
    status: 505,
    words: 'HTTP/2 is not spoken here; ask with HTTP/1.1',
    came: 'http2',
  },
  HPE_INVALID_URL: {
    status: 400,
    words:
      'the target must be a path that begins with a slash or a whole http:// URL, without ' +
      'control characters or raw UTF-8; percent-encode them, ä as %C3%A4',
  },
  HPE_INVALID_CONSTANT: {
    status: 400,
    words:
      'the first line is not METHOD TARGET HTTP/1.1; percent-encode blanks in the target as %20',
  },
  HPE_UNEXPECTED_CONTENT_LENGTH: {
    status: 400,
    words:
      'there is more than one Content-Length, or one beside Transfer-Encoding; send one of them',
  },
  HPE_INVALID_CONTENT_LENGTH: {
    status: 400,
    words:
      'Content-Length must be one decimal number of bytes, and not stand beside Transfer-Encoding',
  },
  HPE_INVALID_TRANSFER_ENCODING: {
    status: 400,
    words:
      'Transfer-Encoding must be chunked, once, and not beside Content-Length; send the body ' +
      'so, or with its length',
  },
  HPE_INVALID_HEADER_TOKEN: {
    status: 400,
    words:
      'a header is not "name: value": no blank before the colon, no control characters, all ' +
      'on one line',
  },
  HPE_LF_EXPECTED: { status: 400, words: LINES },
  HPE_CR_EXPECTED: { status: 400, words: LINES },
  HPE_INVALID_CHUNK_SIZE: { status: 400, words: 'the size of a chunk is no hexadecimal number' },
  HPE_STRICT: { status: 400, words: 'a chunk of the body is not as long as its size says' },
  HPE_INVALID_EOF_STATE: {
    status: 400,
    words:
      'the connection ended before the request was whole; send all of the body that its head ' +
      'announces',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    words: 'the request did not come within its time; send it faster, or on a new connection',
  },
};

/** The answer to a parser's error; undefined where the connection itself has failed. */
export function describeUnreadable(error: UnreadableError): HttpRefusal | undefined {
  const { code = '', reason = '' } = error;
  const known = BY_CODE[code];
  if (known !== undefined) return known;
  if (code === 'HPE_INVALID_METHOD') return describeBeginning(error);
  if (code === 'HPE_INVALID_VERSION')
    return reason.includes('CRLF')
      ? { status: 400, words: LINES }
      : { status: 505, words: 'the version of HTTP is not spoken here; ask with HTTP/1.1' };
  // The parser's other messages are fixed texts: they repeat no bytes of the request.
  if (code.startsWith('HPE_'))
    return { status: 400, words: `the bytes received are not an HTTP/1.1 request: ${reason}` };
  return undefined;
}

function describeBeginning({ rawPacket: packet, bytesParsed = 0 }: UnreadableError): HttpRefusal {
  if (packet?.[0] === TLS_HANDSHAKE)
    return {
      status: 400,
      words:
        'TLS was begun at an address that speaks plain HTTP; ask for http://, or serve TLS ' +
        'with --web.config.file',
      came: 'tls',
    };
  const text = packet?.toString('latin1') ?? '';
  // Requests that were read already may stand before it in the same packet.
  const begin = bytesParsed === 0 ? 0 : text.lastIndexOf('\n', bytesParsed - 1) + 1;
  const method = REQUEST_LINE.exec(text.slice(begin))?.[1];
  return method === undefined
    ? { status: 400, words: 'the bytes received are not an HTTP/1.1 request' }
    : { status: 501, words: `the method ${method} is not known; methods are in capital letters` };
}

const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[\w.~%!$&'()*+,;=-]*)(?::\d*)?$/;

/** The answer to a head that was parsed and must be refused; undefined for a good one. */
export function refuseHead({
  httpVersion,
  headers,
  rawHeaders,
  method,
  url,
}: Pick<IncomingMessage, 'httpVersion' | 'headers' | 'rawHeaders' | 'method' | 'url'>):
  | HttpRefusal
  | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return {
      status: 505,
      words: `HTTP/${httpVersion} is not spoken here; ask with HTTP/1.1`,
    };
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && httpVersion === '1.0')
    return { status: 400, words: 'HTTP/1.0 knows no Transfer-Encoding; send Content-Length' };
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')
    return {
      status: 501,
      words:
        `Transfer-Encoding: ${coding} is not known here, only chunked; send the body as it is, ` +
        'its compression named by Content-Encoding',
    };
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1 || (hosts.length === 0 && httpVersion === '1.1'))
    return {
      status: 400,
      words: `the request has ${hosts.length} Host headers; send one`,
    };
  if (!HOST.test(headers.host ?? ''))
    return { status: 400, words: 'the Host header is no host:port' };
  if (url === '*' && method !== 'OPTIONS')
    return { status: 400, words: 'only OPTIONS asks for *; others name a path' };
  if (url?.includes('#') === true)
    return {
      status: 400,
      words: 'the target holds a #, which belongs to no request; write it %23',
    };
  return undefined;
}
