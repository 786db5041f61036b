/**
 * A forwarder of requests (src/xray/forwarder.ts) between a client and a service of a test: the
 * service keeps what came and answers as the test says.
 */
import { once } from 'node:events';
import { type Agent, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { onEnd } from './ending.ts';
import { serve } from './listen.ts';
import { createWorld, openHttp } from './world.ts';
import { systemClock, type VirtualClock } from '../../src/kernel/clock.ts';
import { Forwarder, type ForwarderSettings, XRAY_PATHS } from '../../src/xray/forwarder.ts';

const CREDENTIALS = { accessKey: 'AKIDEXAMPLE', secretKey: 'secret' };
export const RULES = '{"SamplingRuleRecords":[{"SamplingRule":{"RuleName":"r"},"Unknown":1}]}';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type Answer = (outgoing: ServerResponse, incoming: IncomingMessage) => void;

export interface Upstream {
  readonly url: string;
  readonly seen: Seen[];
  /** Answers so from now on. */
  answer: Answer;
}

export const ok: Answer = (outgoing) => {
  outgoing.setHeader('content-type', 'application/json');
  outgoing.end(RULES);
};

export async function startUpstream(context: TestContext, answer: Answer = ok): Promise<Upstream> {
  const upstream = { url: '', seen: [] as Seen[], answer };
  const { url } = await serve(context, (incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const { method = '', url: target = '', headers } = incoming;
      upstream.seen.push({ method, url: target, headers, body: Buffer.concat(parts) });
      upstream.answer(outgoing, incoming);
    });
  });
  return Object.assign(upstream, { url });
}

export async function startForwarder(
  context: TestContext,
  endpoint: string,
  given: Partial<ForwarderSettings> = {},
  clock: VirtualClock | typeof systemClock = systemClock,
) {
  const world = createWorld({ clock, http: openHttp(context) });
  const access = { service: 'xray', region: 'eu-west-1', endpoint, credentials: CREDENTIALS };
  const settings = { id: 'f', listen: '127.0.0.1:0', access, paths: XRAY_PATHS, ...given };
  const forwarder = new Forwarder({ keepsSampling: true, ...settings }, world);
  await forwarder.start();
  onEnd(context, () => forwarder.stop(0));
  const ask = (path: string, options: Asking = {}): Promise<Answered> =>
    askPort(forwarder.port, path, options);
  return { ...world, forwarder, ask };
}

export interface Asking {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
  readonly agent?: Agent;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

async function askPort(port: number, path: string, options: Asking): Promise<Answered> {
  const { method = 'POST', headers = {}, body = '{}', agent } = options;
  const outgoing = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent });
  outgoing.end(method === 'GET' || method === 'HEAD' ? undefined : body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of incoming as AsyncIterable<Buffer>) parts.push(part);
  const { statusCode: status = 0, headers: given, rawHeaders } = incoming;
  return { status, headers: given, rawHeaders, body: Buffer.concat(parts) };
}
