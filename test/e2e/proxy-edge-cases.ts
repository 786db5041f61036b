/** Requests byte for byte, and what becomes of each, for proxy-edges.test.ts. */
import type { Arrived } from '../kit/proxies.ts';

/** Limit of a request's body in the proxy of these cases. */
export const BODY_MAX_BYTES = 1_000;

export const HEAD = 'Host: a.test\r\nConnection: close\r\n';
export const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n`;
export const get = (target: string, rest = HEAD, version = 'HTTP/1.1'): string =>
  `GET ${target} ${version}\r\n${rest}\r\n`;
export const post = (rest: string): string => `POST / HTTP/1.1\r\n${rest}`;

/** Name of the case, bytes sent, status and message of the refusal. */
export const REFUSED: readonly [string, string | Buffer, number, RegExp][] = [
  // Framing.
  [
    'gzip, chunked',
    post(`${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`),
    501,
    /only chunked/,
  ],
  [
    'two codings',
    post(`${HEAD}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
    501,
    /gzip, chunked is not known/,
  ],
  ['gzip alone', post(`${HEAD}Transfer-Encoding: gzip\r\n\r\n`), 501, /only chunked/],
  [
    'unknown coding',
    post(`${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`),
    501,
    /xchunked is not known/,
  ],
  [
    'chunked twice',
    post(`${HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`),
    400,
    /must be chunked, once/,
  ],
  [
    'coding of HTTP/1.0',
    `POST / HTTP/1.0\r\n${CHUNKED}\r\n0\r\n\r\n`,
    400,
    /HTTP\/1.0 knows no Transfer/,
  ],
  [
    'length and coding',
    post(`${CHUNKED}Content-Length: 3\r\n\r\n0\r\n\r\n`),
    400,
    /not stand beside Transfer-Encoding/,
  ],
  [
    'coding and length',
    post(`${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
    400,
    /must be chunked/,
  ],
  [
    'two lengths',
    post(`${HEAD}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`),
    400,
    /more than one Content-Length/,
  ],
  [
    'two equal lengths',
    post(`${HEAD}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`),
    400,
    /more than one Content-Length/,
  ],
  [
    'list of lengths',
    post(`${HEAD}Content-Length: 3, 3\r\n\r\nabc`),
    400,
    /must be one decimal number/,
  ],
  ['negative length', post(`${HEAD}Content-Length: -1\r\n\r\n`), 400, /must be one decimal number/],
  [
    'length with a sign',
    post(`${HEAD}Content-Length: +3\r\n\r\nabc`),
    400,
    /must be one decimal number/,
  ],
  [
    'endless length',
    post(`${HEAD}Content-Length: 99999999999999999999\r\n\r\n`),
    400,
    /one decimal number/,
  ],
  [
    'length above the limit',
    post(`${HEAD}Content-Length: 1001\r\n\r\n`),
    413,
    /larger than 1000 bytes; raise --body-max-bytes/,
  ],
  [
    'chunks above the limit',
    post(`${CHUNKED}\r\n3e9\r\n${'a'.repeat(1_001)}\r\n0\r\n\r\n`),
    413,
    /larger than 1000 bytes/,
  ],
  ['size of a chunk', post(`${CHUNKED}\r\nzz\r\nabc`), 400, /size of a chunk/],
  ['endless chunk', post(`${CHUNKED}\r\nfffffffffffffffff\r\nabc`), 400, /size of a chunk/],
  [
    'chunk longer than its size',
    post(`${CHUNKED}\r\n3\r\nabcd\r\n0\r\n\r\n`),
    400,
    /as long as its size/,
  ],
  [
    'chunk extensions',
    post(`${CHUNKED}\r\n3;${'a'.repeat(20_000)}\r\nabc\r\n0\r\n\r\n`),
    413,
    /chunk extensions/,
  ],
  // The head.
  ['large head', get('/', `${HEAD}X-A: ${'a'.repeat(70_000)}\r\n`), 431, /larger than 65536 bytes/],
  [
    'endless head',
    get('/', `${HEAD}X-A: ${'a'.repeat(5_000_000)}\r\n`),
    431,
    /larger than 65536 bytes/,
  ],
  [
    'many headers',
    get('/', `${HEAD}${'X-Header: 12345678\r\n'.repeat(5_000)}`),
    431,
    /larger than 65536/,
  ],
  ['long target', get(`/${'a'.repeat(70_000)}`), 431, /target and headers.*long queries by POST/],
  ['control character', get('/', `${HEAD}X-A: a\x01b\r\n`), 400, /"name: value"/],
  ['NUL in a header', get('/', `${HEAD}X-A: a\0b\r\n`), 400, /control characters/],
  ['blank before the colon', get('/', `${HEAD}X-A : a\r\n`), 400, /no blank before the colon/],
  ['name that is none', get('/', `${HEAD}X(A: a\r\n`), 400, /"name: value"/],
  ['no name', get('/', `${HEAD}: a\r\n`), 400, /"name: value"/],
  ['folded header', get('/', `${HEAD}X-A: a\r\n b\r\n`), 400, /on one line/],
  ['bare LF', 'GET / HTTP/1.1\nHost: a.test\n\n', 400, /CR LF/],
  ['bare CR', get('/', `${HEAD}X-A: a\rb\r\n`), 400, /CR LF/],
  ['no Host', get('/', 'Connection: close\r\n'), 400, /0 Host headers/],
  ['two Hosts', get('/', `${HEAD}host: b.test\r\n`), 400, /2 Host headers/],
  ['Host that is none', get('/', 'Host: a b\r\n'), 400, /no host:port/],
  ['Host with a path', get('/', 'Host: a/b\r\n'), 400, /no host:port/],
  ['expectation', post(`${HEAD}Expect: tea\r\nContent-Length: 3\r\n\r\nabc`), 417, /100-continue/],
  // The first line.
  ['unknown method', `BREW / HTTP/1.1\r\n${HEAD}\r\n`, 501, /method BREW is not known/],
  ['method in small letters', `get / HTTP/1.1\r\n${HEAD}\r\n`, 501, /capital letters/],
  ['TRACE', `TRACE / HTTP/1.1\r\n${HEAD}\r\n`, 405, /reveal the signature/],
  [
    'CONNECT',
    `CONNECT a.test:443 HTTP/1.1\r\n${HEAD}\r\n`,
    405,
    /ask for http:\/\/ and the proxy speaks https/,
  ],
  ['GET *', get('*'), 400, /only OPTIONS/],
  ['raw UTF-8', get('/ä?b=ü'), 400, /raw UTF-8; percent-encode/],
  ['raw Latin-1', Buffer.from(get('/\xe4'), 'latin1'), 400, /percent-encode/],
  ['NUL in the path', get('/a\0b'), 400, /control characters/],
  ['blank in the path', get('/a b'), 400, /%20/],
  ['fragment', get('/a#b'), 400, /%23/],
  ['fragment of a URL', get('http://a.test/a#b'), 400, /%23/],
  ['no slash', get('x'), 400, /begins with a slash/],
  ['another scheme', get('ftp://a.test/x'), 400, /neither a path nor/],
  ['URL with a password', get('http://a:b@a.test/x'), 400, /name or password/],
  ['HTTP/1.2', get('/', HEAD, 'HTTP/1.2'), 505, /HTTP\/1.1/],
  ['HTTP/2.0 in words', get('/', HEAD, 'HTTP/2.0'), 505, /HTTP\/1.1/],
  ['preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, /HTTP\/2 is not spoken/],
  ['TLS', Buffer.from('16030100c8010000c40303aabbccdd', 'hex'), 400, /TLS was begun .* plain HTTP/],
  ['what is nothing', 'hello\r\n\r\n', 400, /not an HTTP\/1.1 request/],
  [
    'a body that breaks off',
    post('Host: a\r\nContent-Length: 10\r\n\r\nabc'),
    400,
    /before the request was whole/,
  ],
];

/** Name of the case, bytes sent, and what arrives upstream. */
export const PASSED: readonly [string, string | Buffer, Partial<Arrived>][] = [
  [
    'Chunked in any case',
    post(`${HEAD}Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
    { body: Buffer.from('abc') },
  ],
  [
    'short chunk extensions',
    post(`${CHUNKED}\r\n3;a=b\r\nabc\r\n0\r\n\r\n`),
    { body: Buffer.from('abc') },
  ],
  ['two thousand headers', get('/', `${HEAD}${'X-A: a\r\n'.repeat(2_000)}`), { url: '/' }],
  ['HTTP/1.0', get('/', HEAD, 'HTTP/1.0'), { url: '/' }],
  ['HTTP/1.0 without Host', get('/', '', 'HTTP/1.0'), { url: '/' }],
  ['empty lines before', `\r\n\r\n${get('/')}`, { url: '/' }],
  ['an empty Host', get('/', 'Host:\r\nConnection: close\r\n'), { url: '/' }],
  ['a body of GET', get('/', `${HEAD}Content-Length: 3\r\n`) + 'abc', { body: Buffer.from('abc') }],
  ['a method of WebDAV', `PROPFIND / HTTP/1.1\r\n${HEAD}\r\n`, { method: 'PROPFIND' }],
  ['a whole URL', get('http://a.test/x?y'), { url: '/x?y' }],
  ['a whole https URL', get('https://a.test/x?y'), { url: '/x?y' }],
  ['percent signs that are none', get('/%zz%2'), { url: '/%zz%2' }],
  ['characters that URLs lack', get('/a"<>\\^`{|}b'), { url: '/a"<>\\^`{|}b' }],
  ['two slashes', get('//a//b'), { url: '//a//b' }],
  [
    'an upgrade',
    get('/', 'Host: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n'),
    { url: '/' },
  ],
  [
    'an upgrade to HTTP/2',
    get(
      '/',
      'Host: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: ' +
        'h2c\r\nHTTP2-Settings: AAMAAABk\r\n',
    ),
    { url: '/' },
  ],
  ['TE', get('/', 'Host: a\r\nConnection: close, TE\r\nTE: trailers\r\n'), { url: '/' }],
];
