/**
 * The routes that serve the files of the web page, which scripts/build-page.mjs writes to
 * `build/page`. They are read once, at start, and served from memory. The content security policy
 * allows nothing from other origins and no inline script.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { HttpResponse, Route } from '../kernel/http-server.ts';

const FILES: Readonly<Record<string, { file: string; type: string }>> = {
  '/': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/icon.svg': { file: 'icon.svg', type: 'image/svg+xml' },
  '/main.js': { file: 'main.js', type: 'text/javascript; charset=utf-8' },
  '/main.css': { file: 'main.css', type: 'text/css; charset=utf-8' },
};

const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "frame-ancestors 'none'; base-uri 'none'";

/** The routes of the web page; where it has not been built, they answer how to build it. */
export function pageRoutes(directory: string): Route[] {
  return Object.entries(FILES).map(([path, { file, type }]) => {
    const body = readOr(join(directory, file));
    if (body === undefined) {
      const text =
        'The web page has not been built: run "node scripts/build-page.mjs". The query API works ' +
        'without it.\n';
      return { method: 'GET', path, handle: (): HttpResponse => ({ status: 404, body: text }) };
    }
    const zipped = gzipSync(body, { level: 9 });
    const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
    const headers = {
      'content-type': type,
      etag,
      'cache-control': 'no-cache',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      vary: 'accept-encoding',
    };
    return {
      method: 'GET',
      path,
      handle: (request): HttpResponse => {
        if (request.headers['if-none-match'] === etag) return { status: 304, headers };
        const takesGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
        return takesGzip
          ? { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: zipped }
          : { status: 200, headers, body };
      },
    };
  });
}

function readOr(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
