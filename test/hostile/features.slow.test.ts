/**
 * What asks by HTTP or gRPC, as features and not as clients: each meets servers that misbehave, has
 * an error for it before its own time limit, and asks on.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test, type TestContext } from 'node:test';
import { httpMechanism } from '../../src/discovery/http.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { GrpcClient } from '../../src/kernel/grpc/client.ts';
import { createTokenSource } from '../../src/kernel/oauth2.ts';
import type { ProxyConfig } from '../../src/proxy/config.ts';
import { Upstream } from '../../src/proxy/upstream.ts';
import { startDiscovery } from '../kit/discovery.ts';
import { onEnd } from '../kit/ending.ts';
import { listen } from '../kit/listen.ts';
import { road, scrape, until as untilOn } from '../kit/remote-write-road.ts';
import { until } from '../kit/waiting.ts';
import { openHttp } from '../kit/world.ts';
import { type ReadEdges, readSource } from '../../src/config/sources/readers.ts';
import { watchHeldMemory } from './held-memory.ts';
import { HOSTILE_ANSWERS, startHostileServer } from './peers.ts';

/** Twice the largest limit of a body, and some room. */
const HELD_BYTES_MAX = 84e6;
/** Below the time limits of all the features. */
const SOON_MS = 12_000;

/** Resolves when the feature has failed as it should. */
type Meet = (context: TestContext, url: string, requests: () => number) => Promise<void>;

const FEATURES: Readonly<Record<string, Meet>> = {
  http_sd: async (context, url) => {
    const world = { mechanism: 'http_sd', http: openHttp(context) };
    const found = startDiscovery(
      context,
      httpMechanism,
      { url: `${url}/`, refresh_interval: '60s' },
      world,
    );
    await until('the reading has failed', SOON_MS, () => found.failures() > 0, 20);
    assert.equal(found.lists.flat().length, 0);
    await found.stop();
  },
  'an OAuth token': async (context, url) => {
    const settings = {
      tokenUrl: `${url}/token`,
      clientId: 'a',
      clientSecret: () => 'b',
      scopes: [],
      endpointParams: {},
    };
    await assert.rejects(createTokenSource(settings, () => 0, openHttp(context))());
  },
  'a configuration by HTTP': async (context, url) => {
    const { signal } = context;
    const edges: Partial<ReadEdges> = { http: openHttp(context), clock: systemClock, signal };
    const uri = { kind: 'http', url: `${url}/a.yml` } as const;
    const reading = readSource(uri, undefined, edges as ReadEdges);
    await assert.rejects(reading);
  },
  remote_write: async (context, url, requests) => {
    const sending = await road(context, { url: `${url}/write` });
    scrape(sending.openAppender('a'), ['a'], 1_000);
    // Not lost: it is sent again, which is a second request.
    await untilOn(sending, () => requests() > 1);
    assert.equal(sending.queue.pendingItems, 1);
  },
  'a call of gRPC': async (context, url) => {
    const client = new GrpcClient({ origin: url, answerMaxBytes: 10_000 });
    onEnd(context, () => client.close());
    const call = client.call({
      path: '/a/b',
      headers: {},
      message: Buffer.from('a'),
      encoding: undefined,
      timeoutMs: SOON_MS - 1_000,
      signal: new AbortController().signal,
    });
    await assert.rejects(call);
  },
  'the upstream of the proxy': async (context, url) => {
    const config = {
      verifiesTls: true,
      idleTimeoutMs: 1_000,
      upstreamTimeoutMs: 10_000,
    } as ProxyConfig;
    const upstream = await Upstream.open(config);
    let failures = 0;
    const server = createServer((_, outgoing) => {
      const asked = { origin: url, path: '/', method: 'GET', headers: [], body: null };
      const sent = upstream.send({ ...asked, signal: context.signal }, outgoing);
      const end = (): void => void outgoing.destroy();
      void sent.then(end, () => {
        failures += 1;
        end();
      });
    });
    const { url: own } = await listen(context, server);
    onEnd(context, () => upstream.close());
    const answer = fetch(own).then((one) => one.text());
    await assert.rejects(answer);
    assert.equal(failures, 1);
  },
};

/** Of the proxy, what is no fault of a head is passed on as it comes. */
const PASSED_ON = new Set(['chunks of one byte', 'a body without end', 'a length that lies']);

for (const [feature, meet] of Object.entries(FEATURES))
  test(`${feature}: hostile answers fail early, in bounded memory`, async (context) => {
    for (const name of [
      'interim heads without end',
      'headers without end',
      'chunks of one byte',
      'a body without end',
      'a length that lies',
      'no HTTP',
    ] as const) {
      if (feature === 'the upstream of the proxy' && PASSED_ON.has(name)) continue;
      await context.test(name, async (inner) => {
        const server = await startHostileServer(inner, HOSTILE_ANSWERS[name]);
        const held = watchHeldMemory(inner);
        const begunMs = performance.now();
        await meet(inner, server.url, () => server.requests());
        const tookMs = performance.now() - begunMs;
        const grown = held();
        inner.diagnostic(`${Math.round(tookMs)} ms, ${(grown / 1e6).toFixed(1)} MB`);
        assert.ok(tookMs < SOON_MS, `${Math.round(tookMs)} ms`);
        assert.ok(grown < HELD_BYTES_MAX, `${grown} bytes`);
      });
    }
  });
