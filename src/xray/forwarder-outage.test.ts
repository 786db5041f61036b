import assert from 'node:assert/strict';
import { Agent, createServer as createHttpServer, request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { onEnd } from '../../test/kit/ending.ts';
import {
  type Answer,
  type Answered,
  ok,
  RULES,
  startForwarder,
  startUpstream,
} from '../../test/kit/forwarding.ts';
import { listen } from '../../test/kit/listen.ts';
import { until } from '../../test/kit/waiting.ts';
import { VirtualClock } from '../kernel/clock.ts';

test('without credentials nothing is forwarded, and the answer says what to do', async (context) => {
  const upstream = await startUpstream(context);
  const { ask, lines, metric } = await startForwarder(context, upstream.url, {
    access: {
      service: 'xray',
      region: 'eu-west-1',
      endpoint: upstream.url,
      credentials: { profile: 'no such profile of a test' },
    },
  });
  for (const path of ['/GetSamplingRules', '/TraceSegments', '/TraceSegments']) {
    const answer = await ask(path);
    assert.equal(answer.status, 502);
    assert.match(answer.body.toString(), /no AWS credentials.*give the task a role/);
  }
  assert.equal(upstream.seen.length, 0);
  const told = lines.filter((line) => line.includes('no good answers to forwarded'));
  assert.equal(told.length, 1);
  assert.match(told[0]!, /reason=credentials.*remedy="give the task a role/);
  const reason = 'amperage_xray_forward_failures_total{forwarder="f",reason="credentials"}';
  assert.equal(metric(reason), 3);
});

test('an outage of every kind: kept rules are given, one line begins it and one ends it', async (context) => {
  const clock = new VirtualClock(Date.now());
  const upstream = await startUpstream(context);
  const { ask, lines, metric } = await startForwarder(context, upstream.url, {}, clock);
  const rules = async (): Promise<Answered> => {
    await clock.advance(4_000);
    const asked = ask('/GetSamplingRules');
    // A hang ends by the clock of the forwarder.
    const moving = setInterval(() => void clock.advance(100), 10);
    try {
      return await asked;
    } finally {
      clearInterval(moving);
    }
  };
  assert.equal((await rules()).body.toString(), RULES);
  const failures: Answer[] = [
    (outgoing) => void outgoing.writeHead(500).end('{}'),
    (outgoing) => void outgoing.writeHead(503).end(),
    (outgoing) => void outgoing.writeHead(429).end('{"message":"slow"}'),
    (outgoing) => void outgoing.writeHead(403).end('{"message":"not authorized"}'),
    // A reset before a byte, within the head, within the body; silence; a body that stops.
    (_outgoing, incoming) => void incoming.socket.resetAndDestroy(),
    (_outgoing, { socket }) => void socket.write('HTTP/1.1 200 O', () => socket.resetAndDestroy()),
    (outgoing, { socket }) => {
      outgoing.writeHead(200, { 'content-length': 100 });
      outgoing.write('{', () => socket.resetAndDestroy());
    },
    () => undefined,
    (outgoing) => {
      outgoing.writeHead(200, { 'content-length': 100 });
      outgoing.write('{');
    },
  ];
  for (const [at, failure] of failures.entries()) {
    upstream.answer = failure;
    const answer = await rules();
    assert.equal(answer.status, 200, `failure ${at}`);
    assert.equal(answer.body.toString(), RULES);
    assert.match(String(answer.headers['warning']), /^111 /);
    assert.ok(Number(answer.headers.age) >= 4);
    // A call that hangs would be shared with the next one.
    if (at >= 7) break;
  }
  assert.ok(metric('amperage_xray_stale_answers_total{forwarder="f",call="rules"}') >= 8);
  assert.equal(lines.filter((line) => line.includes('no good answers')).length, 1);
  assert.equal(lines.filter((line) => line.includes('answers forwarded requests again')).length, 0);
  upstream.answer = ok;
  await clock.advance(10_000);
  await until('X-Ray answers again', 5_000, async () => {
    await ask('/TraceSegments');
    return lines.some((line) => /answers forwarded requests again.*for_ms=\d+/.test(line));
  });
});

test('a body that stops gives the kept rules', async (context) => {
  const clock = new VirtualClock(Date.now());
  const upstream = await startUpstream(context);
  const { ask } = await startForwarder(context, upstream.url, {}, clock);
  await ask('/GetSamplingRules');
  await clock.advance(4_000);
  upstream.answer = (outgoing) => {
    outgoing.writeHead(200, { 'content-length': 100 });
    outgoing.write('{');
  };
  const moving = setInterval(() => void clock.advance(100), 10);
  onEnd(context, () => clearInterval(moving));
  assert.equal((await ask('/GetSamplingRules')).body.toString(), RULES);
});

test('a connection that is refused gives the kept rules, and 502 where there are none', async (context) => {
  const server = createServer();
  const { host, url } = await listen(context, server);
  await new Promise((closed) => server.close(closed));
  const clock = new VirtualClock(Date.now());
  const { ask } = await startForwarder(context, url, {}, clock);
  const refused = await ask('/GetSamplingRules');
  assert.equal(refused.status, 502);
  assert.match(refused.body.toString(), /ECONNREFUSED.*check its name, the route to it/);
  const again = createHttpServer((_incoming, outgoing) => void outgoing.end(RULES));
  await new Promise<void>((listening) =>
    again.listen(Number(host.split(':')[1]), '127.0.0.1', listening),
  );
  assert.equal((await ask('/GetSamplingRules')).body.toString(), RULES);
  again.closeAllConnections();
  await new Promise((closed) => again.close(closed));
  await clock.advance(4_000);
  const kept = await ask('/GetSamplingRules');
  assert.equal(kept.body.toString(), RULES);
  assert.equal(kept.headers.age, '4');
});

test('a lost connection is tried once more where that changes nothing', async (context) => {
  let resets = 1;
  const upstream = await startUpstream(context, (outgoing, incoming) => {
    if (resets-- > 0) incoming.socket.resetAndDestroy();
    else ok(outgoing, incoming);
  });
  const { ask } = await startForwarder(context, upstream.url);
  assert.equal((await ask('/TraceSegments')).status, 200);
  assert.equal(upstream.seen.length, 2);
  resets = 1;
  assert.equal((await ask('/TelemetryRecords')).status, 502);
  assert.equal(upstream.seen.length, 3);
});

test('a thousand clients that start at once cost one call', async (context) => {
  const upstream = await startUpstream(context, (outgoing, incoming) => {
    setTimeout(() => ok(outgoing, incoming), 100);
  });
  const clock = new VirtualClock();
  const { ask, metric } = await startForwarder(context, upstream.url, {}, clock);
  const agent = new Agent({ maxSockets: 1_000 });
  const all = Array.from({ length: 1_000 }, () => ask('/GetSamplingRules', { agent }));
  for (const { body } of await Promise.all(all)) assert.equal(body.toString(), RULES);
  assert.equal(upstream.seen.length, 1);
  assert.equal(metric('amperage_xray_shared_answers_total'), 999);
});

test('without keepsSampling each request is a call of its own', async (context) => {
  const upstream = await startUpstream(context);
  const { ask } = await startForwarder(context, upstream.url, { keepsSampling: false });
  await ask('/GetSamplingRules');
  await ask('/GetSamplingRules');
  assert.equal(upstream.seen.length, 2);
});

test('a client that goes away ends its call; one about sampling goes on for others', async (context) => {
  let closed = 0;
  const upstream = await startUpstream(context, (_outgoing, incoming) => {
    incoming.socket.once('close', () => (closed += 1));
  });
  const clock = new VirtualClock();
  const { forwarder, ask } = await startForwarder(context, upstream.url, {}, clock);
  const leave = async (path: string): Promise<void> => {
    const outgoing = httpRequest({ host: '127.0.0.1', port: forwarder.port, path, method: 'POST' });
    outgoing.on('error', () => undefined);
    outgoing.end('{}');
    const before = upstream.seen.length;
    await until('it came', 5_000, () => upstream.seen.length > before, 5);
    outgoing.destroy();
  };
  await leave('/TraceSegments');
  await until('the call has ended', 5_000, () => closed === 1, 5);
  await leave('/GetSamplingRules');
  const other = ask('/GetSamplingRules');
  const moving = setInterval(() => void clock.advance(500), 20);
  onEnd(context, () => clearInterval(moving));
  assert.equal((await other).status, 504);
  assert.equal(closed, 1);
  assert.equal(upstream.seen.length, 2);
});
