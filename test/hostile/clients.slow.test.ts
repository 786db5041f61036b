/**
 * Every HTTP client against servers that misbehave: an error within the time limit, and no more
 * memory than the limit of a body and some room.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createHttpClient, type HttpClient } from '../../src/kernel/http-client.ts';
import { HttpClientError } from '../../src/kernel/http-client-error.ts';
import { createPlainHttpClient } from '../../src/kernel/http-client-plain.ts';
import { makeAuthority } from '../kit/authority.ts';
import { onEnd } from '../kit/ending.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { watchHeldMemory } from './held-memory.ts';
import { GOOD_ANSWER, HOSTILE_ANSWERS, startHostileServer } from './peers.ts';

/** What no client reads on and on: it is counted, and given up early. */
const COUNTED = new Set<string>([
  'interim heads without end',
  'headers without end',
  'chunks of one byte',
  'a body without end',
  'a length that lies',
]);
const TIMEOUT_MS = 4_000;
const LATE_MS = 700;
const BODY_MAX_BYTES = 4 * 1024 * 1024;
/** What undici reads of an extension until the timeout may not be collected yet. */
const ROOM_BYTES = 48 * 1024 * 1024;

interface Case {
  readonly client: string;
  readonly isTls?: boolean;
  readonly method?: string;
  readonly open: (ca: () => string) => HttpClient;
}

const tls = (ca: () => string) => ({
  tls: { ca, skipsVerification: false },
  key: '',
  stamp: () => '',
});

const CASES: readonly Case[] = [
  { client: 'plain GET', open: () => createHttpClient({ reusesBodies: true }) as HttpClient },
  {
    client: 'GET over TLS',
    isTls: true,
    open: (ca) => createHttpClient({ reusesBodies: true, connection: tls(ca) }) as HttpClient,
  },
  { client: 'POST', method: 'POST', open: () => createHttpClient() },
  { client: 'sidecar GET', open: () => createPlainHttpClient() },
];

for (const { client, isTls = false, method = 'GET', open } of CASES)
  test(`${client}: a hostile answer ends in time and in bounded memory`, async (context) => {
    const authority = makeAuthority(temporaryFolder(context), 'authority');
    const http = open(() => readFileSync(authority.file, 'utf8'));
    onEnd(context, () => http.close());
    const pair = isTls ? authority.server : undefined;
    const ask = (url: string) =>
      http.send({
        method,
        url: `${url}/`,
        timeoutMs: TIMEOUT_MS,
        bodyMaxBytes: BODY_MAX_BYTES,
        signal: new AbortController().signal,
      });
    // The first request loads the client, which takes time and memory.
    const good = await startHostileServer(context, GOOD_ANSWER, pair);
    assert.equal((await ask(good.url)).status, 200);
    for (const [name, script] of Object.entries(HOSTILE_ANSWERS))
      await context.test(name, async (inner) => {
        const server = await startHostileServer(inner, script, pair);
        const held = watchHeldMemory(inner);
        const begunMs = performance.now();
        await assert.rejects(ask(server.url), HttpClientError);
        const tookMs = performance.now() - begunMs;
        const grown = held();
        inner.diagnostic(`${Math.round(tookMs)} ms, ${(grown / 1e6).toFixed(1)} MB`);
        assert.ok(tookMs < TIMEOUT_MS + LATE_MS, `${Math.round(tookMs)} ms`);
        if (COUNTED.has(name)) assert.ok(tookMs < TIMEOUT_MS, `not before ${TIMEOUT_MS} ms`);
        assert.ok(grown < BODY_MAX_BYTES + ROOM_BYTES, `${grown} bytes`);
      });
  });
