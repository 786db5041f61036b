/** What the page and the API tell of receivers: all kinds at once, over real sockets. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { until } from '../../../test/kit/waiting.ts';
import { createWorld } from '../../../test/kit/world.ts';
import { checkConfigText } from '../../config/load.ts';
import { CallLimits } from '../../discovery/call-limits.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { HttpRequest, Route } from '../../kernel/http-server.ts';
import { createApiRoutes } from './api.ts';
import { Collector } from './collector.ts';
import { createStatusRoute } from './status-page.ts';

const CONFIG = `
otlp_receivers:
  - name: <b>otlp</b>
    http: { listen: "127.0.0.1:0" }
    grpc: { listen: "127.0.0.1:0" }
statsd_receivers: [{ listen: "127.0.0.1:0" }]
xray_receivers: [{ listen: "127.0.0.1:0", proxy: { enabled: false } }]
debug_write: [{ name: out }]
`;

async function ask(routes: readonly Route[], path: string): Promise<string> {
  const route = routes.find((one) => one.path === path && one.method === 'GET');
  const answer = await route?.handle({ method: 'GET', path, query: '' } as HttpRequest);
  return String(answer?.body);
}

function sendDatagram(address: string, text: string): Promise<void> {
  const socket = createSocket('udp4');
  const [host, port] = address.split(':');
  return new Promise((resolve) =>
    socket.send(text, Number(port), host, () => socket.close(() => resolve())),
  );
}

test('receivers are shown with address, protocol, what they took and refused, and when', async (t) => {
  const { plan, findings } = await checkConfigText(CONFIG, 'c.yml', { env: {} });
  assert.ok(plan, JSON.stringify(findings));
  const world = createWorld({ clock: systemClock });
  const collector = new Collector({
    plan, world, env: {}, configFile: 'c.yml', storagePath: temporaryFolder(t),
    callLimits: new CallLimits(systemClock, world.metrics),
  }); // prettier-ignore
  t.after(() => collector.stop(0));
  await collector.start();
  const page = () => ask([createStatusRoute(collector, () => systemClock.elapsedMs())], '/');
  const api = createApiRoutes({
    world, scrape: collector.scrape, tasks: collector.tasks, configs: () => [], flags: {},
    receivers: () => collector.receivers,
    configText: () => Promise.resolve(''), reloadedAtMs: () => 0, isReloadGood: () => true,
  }); // prettier-ignore
  const read = async () => JSON.parse(await ask(api, '/api/v1/status/receivers')).data.receivers;

  const before = await read();
  assert.deepEqual(before.map((one: { protocol: string }) => one.protocol).toSorted(), [
    'OTLP over HTTP',
    'OTLP over gRPC',
    'StatsD by UDP',
    'trace segments by UDP',
  ]);
  for (const { lastReceived, address } of before) {
    assert.equal(lastReceived, '0001-01-01T00:00:00Z');
    assert.match(address, /^127\.0\.0\.1:[1-9]\d+$/);
  }
  assert.match(await page(), /<td>0<td>0<td>never/);

  const addressOf = (protocol: string): string =>
    before.find((one: { protocol: string }) => one.protocol === protocol).address;
  const post = (body: string) =>
    fetch(`http://${addressOf('OTLP over HTTP')}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  const gauge = { dataPoints: [{ asDouble: 1, timeUnixNano: `${systemClock.nowMs()}000000` }] };
  const scope = { metrics: [{ name: 'a', gauge }] };
  assert.equal(
    (await post(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [scope] }] }))).status,
    200,
  );
  assert.equal((await post('{')).status, 400);
  await sendDatagram(addressOf('StatsD by UDP'), 'a:1|c\nb:x|c');
  const segments = addressOf('trace segments by UDP');
  await sendDatagram(segments, '{"format":"json","version":1}\n{"id":"1"}');
  await sendDatagram(segments, 'nothing');
  await until('all has been counted', 5_000, () => {
    const counts = collector.receivers.map(({ taken, refused }) => ({ taken, refused }));
    const all = JSON.stringify(counts);
    return /"lines":1.*"lines":1/.test(all) && /"segments":1.*"datagrams":1/.test(all);
  });

  const after = new Map((await read()).map((one: { protocol: string }) => [one.protocol, one]));
  const counts = (protocol: string) => {
    const { taken, refused, lastReceived } = after.get(protocol) as {
      taken: unknown; refused: unknown; lastReceived: string;
    }; // prettier-ignore
    return { taken, refused, isRecent: Date.now() - Date.parse(lastReceived) < 60_000 };
  };
  assert.deepEqual(counts('OTLP over HTTP'), {
    taken: { points: 1, spans: 0 }, refused: { points: 0, spans: 0, requests: 1 }, isRecent: true,
  }); // prettier-ignore
  assert.equal(counts('OTLP over gRPC').isRecent, false);
  assert.deepEqual(counts('StatsD by UDP'), {
    taken: { lines: 1 }, refused: { lines: 1, datagrams: 0 }, isRecent: true,
  }); // prettier-ignore
  assert.deepEqual(counts('trace segments by UDP'), {
    taken: { segments: 1 }, refused: { segments: 0, datagrams: 1 }, isRecent: true,
  }); // prettier-ignore
  const shown = await page();
  assert.match(
    shown,
    /<td>&#60;b&#62;otlp&#60;\/b&#62;<td>OTLP over HTTP<td>127[^<]*<td>points: 1<td>requests: 1<td>\S+ ago/,
  );
  assert.doesNotMatch(shown, /<b>otlp/);
});
