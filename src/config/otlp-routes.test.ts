import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries, openRoute } from '../../test/kit/transforming.ts';
import { checkConfigText } from './load.ts';
import { transformsBetween } from './plan.ts';

const CONFIG = `
global: {external_labels: {cluster: prod}}
otlp_receivers: [{http: {listen: "127.0.0.1:4318"}}]
remote_write: [{url: "http://a/write"}]
file_write: [{path: /tmp/samples}]
otlp_write: [{endpoint: "http://b"}]
otlp_file_write: [{path: /tmp/metrics}]
debug_write: [{}]
emf_write: [{region: us-east-1}]
`;

/** What a sink gets of a delta that is received, by the kind of the sink. */
async function receive(text: string): Promise<Record<string, string[]>> {
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env: {} });
  assert.deepEqual(findings, []);
  assert.ok(plan);
  const sent: Record<string, string[]> = {};
  for (const route of plan.routes.filter(({ signal }) => signal === 'metrics'))
    for (const id of route.sources.includes('otlp') ? route.sinks : []) {
      const sink = plan.sinks.find((one) => one.id === id)!;
      const path = openRoute(...transformsBetween(plan, route, sink));
      const family = { name: 'http.requests', type: 'counter', unit: 's', isDelta: true } as const;
      const resource = { 'service.name': 'shop' };
      const series = makeSeries(
        { __name__: 'http.requests', 'http.route': '/' },
        { family, resource },
      );
      const [ref = -1] = path.refs(series);
      for (const [index, value] of [3, 4].entries()) {
        path.appender.append(ref, 1_000 * (index + 1), value);
        path.appender.commit();
      }
      (sent[sink.kind] ??= []).push(...path.sent());
    }
  return sent;
}

test('names of OpenTelemetry are kept for the sinks that know them, and deltas with them', async () => {
  const translated = '{cluster="prod", http_route="/", job="shop"}';
  const plain = '{cluster="prod", http.route="/"}';
  const series = [
    `http_requests_seconds_total${translated} 3 @1000`,
    `http_requests_seconds_total${translated} 7 @2000`,
  ];
  const metrics = [`http.requests${plain} 3 @1000`, `http.requests${plain} 4 @2000`];
  assert.deepEqual(await receive(CONFIG), {
    remote_write: series,
    file: series,
    otlp_file: metrics,
    debug: metrics,
    otlp: metrics,
    emf: metrics,
  });
});

test('a kind of names that no sink wants has no route', async () => {
  const only = CONFIG.replace(/^(?:remote_write|file_write).*\n/gm, '');
  const { plan } = await checkConfigText(only, 'c.yml', { env: {} });
  const routes = plan?.routes.filter(({ sources }) => sources.includes('otlp'));
  assert.deepEqual(
    routes?.map(({ id, signal }) => `${id} ${signal}`),
    ['otlp_as_received metrics', 'traces traces'],
  );
});
