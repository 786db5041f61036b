/** Which answers of a target are read, through the collector's own HTTP client. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { jobWith } from '../../test/kit/scrape-jobs.ts';
import { serve } from '../../test/kit/listen.ts';
import { createHttpClient } from '../kernel/http-client.ts';
import { systemClock } from '../kernel/clock.ts';
import { peek } from '../model/borrowed.ts';
import { fetchExposition } from './fetch.ts';

const TYPE = { 'content-type': 'text/plain; version=0.0.4' };
const PAGE = 'a 1\n';
type Answer = (response: ServerResponse) => void;

test('a body that is compressed wrongly is called what it is', async (context) => {
  let answer: Answer = () => undefined;
  const target = await serve(context, (_request, response) => answer(response));
  const http = createHttpClient({ reusesBodies: true });
  context.after(() => http.close());
  const read = async (headers: Record<string, string>, body: Buffer | string): Promise<string> => {
    answer = (response) => void response.writeHead(200, { ...TYPE, ...headers }).end(body);
    const fetched = await fetchExposition({
      http,
      clock: systemClock,
      config: jobWith(),
      userAgent: 'test',
      url: `${target.url}/metrics`,
      timeoutMs: 5_000,
      signal: new AbortController().signal,
    });
    return Buffer.from(peek(fetched.body)).toString();
  };
  const gzip = { 'content-encoding': 'gzip' };
  assert.equal(await read(gzip, gzipSync(PAGE)), PAGE);
  assert.equal(await read({ 'content-encoding': 'GZIP' }, gzipSync(PAGE)), PAGE);
  assert.equal(await read({ 'content-encoding': 'identity' }, PAGE), PAGE);
  const isWrong = (message: RegExp) => ({ code: 'SCRAPE_ENCODING', message });
  await assert.rejects(
    read(gzip, gzipSync(gzipSync(PAGE))),
    isWrong(/gzip within gzip: it is compressed twice/),
  );
  await assert.rejects(
    read(gzip, gzipSync(zstdCompressSync(PAGE))),
    isWrong(/zstd within gzip: it is compressed twice/),
  );
  await assert.rejects(
    read({}, gzipSync(PAGE)),
    isWrong(/the page is gzip, and no Content-Encoding says so/),
  );
  await assert.rejects(
    read({ 'content-encoding': 'br' }, PAGE),
    isWrong(/Content-Encoding "br", which is not known here; let it send gzip/),
  );
});
