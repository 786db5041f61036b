/**
 * The published SigV4 cases through the running proxy, signed in headers and presigned: what
 * arrives upstream has the published signature, byte for byte. Five cases cannot be written in
 * HTTP/1.1 as they are (blanks and raw UTF-8 in a path or query, a header on two lines). They are
 * sent in the form that HTTP has for them, and their original form must be refused.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { VirtualClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { BodyKeeper } from '../../src/proxy/body.ts';
import type { ProxyConfig } from '../../src/proxy/config.ts';
import { createProxyMetrics } from '../../src/proxy/metrics.ts';
import { SigningProxy } from '../../src/proxy/proxy.ts';
import { ProxyServer } from '../../src/proxy/server.ts';
import { Upstream } from '../../src/proxy/upstream.ts';
import { skipWithoutConformance } from '../kit/conformance.ts';
import { type SignatureCase, signatureCases } from '../signature-cases.ts';
import { type Arrived, startUpstream } from '../kit/proxies.ts';

const REFORMED = [
  'get-header-value-multiline',
  'get-space-normalized',
  'get-space-unnormalized',
  'get-utf8',
  'get-vanilla-utf8-query',
];

/** Starts a proxy that signs as the case asks. */
async function startProxyFor(
  one: SignatureCase,
  host: string,
  presignSeconds: number | undefined,
  encodesOnce: boolean,
): Promise<{ server: ProxyServer; close: () => Promise<void> }> {
  const { request, credentials, signsToken, normalize, signsBody } = one;
  const config: ProxyConfig = {
    routes: [
      {
        upstream: `http://${host}`,
        signHost: 'example.amazonaws.com',
        service: 'service',
        region: 'us-east-1',
        stripPath: false,
        unsignedPayload: false,
        presignSeconds,
      },
    ],
    upstreamScheme: 'http',
    strip: [],
    duplicate: [],
    customHeaders: [],
    verifiesTls: true,
    idleTimeoutMs: 1_000,
    upstreamTimeoutMs: 5_000,
    logsFailures: false,
  };
  const upstream = await Upstream.open(config);
  const metrics = createProxyMetrics(new Registry());
  const limits = { maxBytes: 1_000, allMaxBytes: 10_000, folder: tmpdir(), idleMs: 5_000 };
  const proxy = new SigningProxy(config, {
    world: { clock: new VirtualClock(one.nowMs), log: silentLogger },
    upstream,
    bodies: new BodyKeeper(limits, metrics.bodyBytes),
    metrics,
    credentialsOf: () =>
      Object.assign(() => Promise.resolve(credentials), {
        invalidate: () => false,
        close: () => undefined,
      }),
    defaultRegion: undefined,
    signing: {
      sign: (name) => request.headers.some(([given]) => given === name),
      normalizePath: normalize,
      encodesOnce,
      signsToken,
      sendsPayloadHash: signsBody,
    },
  });
  const server = new ProxyServer({ listen: '127.0.0.1:0', proxy, log: silentLogger });
  await server.start();
  return {
    server,
    close: async () => {
      await server.stop(100);
      await upstream.close();
    },
  };
}

/**
 * The bytes of a case on the wire. With `isReformed`, what HTTP/1.1 cannot carry is written in its
 * form.
 */
function writeWireForm(one: SignatureCase, isReformed: boolean): { text: string; target: string } {
  const { request, body } = one;
  const encode = (text: string): string => (isReformed ? encodeURI(text) : text);
  const target = encode(request.query === '' ? request.path : `${request.path}?${request.query}`);
  const folded = one.name === 'get-header-value-multiline' && !isReformed;
  const lines = request.headers.map(
    ([name, value]) => `${name}:${folded ? value.replace(' ', '\r\n ') : value}`,
  );
  const text = [`${request.method} ${target} HTTP/1.1`, ...lines, 'connection:close', '', body];
  return { text: text.join('\r\n'), target };
}

async function send(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(text);
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

function headerOf(arrived: Arrived, name: string): string {
  return String(arrived.headers[name] ?? '');
}

for (const way of ['header', 'query'] as const)
  test(
    `all 38 published cases go through the running proxy, signed in the ${way}`,
    { skip: skipWithoutConformance },
    async (context) => {
      const upstream = await startUpstream(context);
      let sent = 0;
      for (const one of signatureCases()) {
        const isReformed = REFORMED.includes(one.name);
        // A case in the form of the wire is percent-encoded already.
        const encodesOnce = isReformed;
        const presign = way === 'query' ? 3_600 : undefined;
        const { server, close } = await startProxyFor(one, upstream.host, presign, encodesOnce);
        const { text, target } = writeWireForm(one, isReformed);
        await send(server.url, text);
        const arrived = upstream.arrived.at(-1)!;
        const published = one.read(`${way}-signed-request.txt`);
        assert.equal(arrived.body.toString(), one.body, one.name);
        if (way === 'header') {
          const authorization = /^Authorization:(.*)$/im.exec(published)![1];
          assert.equal(headerOf(arrived, 'authorization'), authorization, one.name);
          assert.equal(arrived.url, target, one.name);
        } else {
          const url = /^\w+ (.*) HTTP/.exec(published)![1]!;
          const parameters = (of: string): string[] => of.split(/[?&]/).slice(1).sort();
          assert.deepEqual(
            parameters(arrived.url),
            parameters(isReformed ? encodeURI(url).replaceAll('%25', '%') : url),
            one.name,
          );
          assert.equal(headerOf(arrived, 'authorization'), '');
        }
        sent += 1;
        await close();
      }
      assert.equal(sent, 38);
    },
  );

test(
  'what is not valid HTTP/1.1 is refused, and the proxy goes on',
  { skip: skipWithoutConformance },
  async (context) => {
    const upstream = await startUpstream(context);
    for (const one of signatureCases().filter(({ name }) => REFORMED.includes(name))) {
      const { server, close } = await startProxyFor(one, upstream.host, undefined, false);
      const answer = await send(server.url, writeWireForm(one, false).text);
      assert.match(answer, /^HTTP\/1\.1 400/, one.name);
      const vanilla = signatureCases().find(({ name }) => name === 'get-vanilla')!;
      assert.match(await send(server.url, writeWireForm(vanilla, false).text), /^HTTP\/1\.1 200/);
      await close();
    }
  },
);
