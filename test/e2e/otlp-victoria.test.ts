/**
 * Received metrics against VictoriaMetrics: one request goes to it by OTLP, and to a collector that
 * writes to the same VictoriaMetrics under a label more. Gauges, sums, histograms and summaries are
 * the same series with the same values, as far as both follow the names of Prometheus.
 * VictoriaMetrics gives the resource's attributes under their own names where Prometheus and we
 * give `job`, `instance` and target_info; those are left out here and have tests of their own.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import {
  encodeRequest,
  gauge,
  histogram,
  histogramPoint,
  metric,
  numberPoint,
  resourceMetrics,
  sum,
  summary,
  summaryPoint,
} from '../kit/otlp-metrics.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { freePort, startAmperage, startProgram } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

function makeRequest(timeMs: number): Buffer {
  const at = { timeMs, startMs: timeMs - 60_000 };
  const attributes = {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'a.b-c': 'x',
    ok: true,
    ratio: 0.25,
    text: 'größe',
  };
  const whole = (value: number) => ({ value: { is: 'int' as const, value } });
  const buckets = { bucketCounts: [1, 2, 3, 4], explicitBounds: [0.005, 2.5, 100] };
  return encodeRequest(
    resourceMetrics({ 'service.name': 'shop' }, [
      metric('system.memory.usage', gauge(numberPoint(1.5e9, { ...at, attributes })), {
        unit: 'By',
      }),
      metric('system.cpu.utilization', gauge(numberPoint(-0.5, at)), { unit: '1' }),
      metric('http.server.requests', sum([numberPoint(0, { ...at, ...whole(2 ** 53) })]), {
        unit: '{request}',
      }),
      metric('process.cpu.time', sum([numberPoint(12.75, { ...at, attributes })]), { unit: 's' }),
      metric('queue.length', sum([numberPoint(0, { ...at, ...whole(-3) })], 'cumulative', false)),
      metric(
        'http.server.duration',
        histogram([
          histogramPoint({ ...at, attributes, count: 10, sum: 12.5, ...buckets }),
          histogramPoint({ ...at, attributes: { other: 'b' }, count: 10, sum: 0, ...buckets }),
        ]),
        { unit: 'ms' },
      ),
      metric(
        'gc.pause',
        summary(
          summaryPoint({
            ...at,
            count: 4,
            sum: 0.5,
            quantileValues: [
              { quantile: 0.5, value: 0.01 },
              { quantile: 0.99, value: 0.3 },
            ],
          }),
        ),
        { unit: 's' },
      ),
    ]),
  );
}

interface Exported {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (number | string)[];
  readonly timestamps: readonly number[];
}

/** Series as text, of those that came by the collector or of the others. */
async function readSeries(url: string, via: 'amperage' | ''): Promise<string[]> {
  await fetch(`${url}/internal/force_flush`);
  const match = encodeURIComponent(`{__name__!="",via="${via}"}`);
  const text = await (await fetch(`${url}/api/v1/export?match[]=${match}`)).text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Exported)
    .filter(({ metric: { __name__: name } }) => name !== 'target_info')
    .map(({ metric: labels, values, timestamps }) => {
      const left = Object.entries(labels).filter(([name]) => !OWN_LABELS.has(name));
      return JSON.stringify([left.sort(([a], [b]) => (a < b ? -1 : 1)), values, timestamps]);
    })
    .sort();
}

const OWN_LABELS = new Set(['via', 'job', 'instance']);

async function post(url: string, body: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
  assert.equal(answer.status, 200, await answer.text());
}

test('gauges, sums, histograms and summaries are the same in VictoriaMetrics', async (context) => {
  const peers = skipUnlessPeer(context, 'victoria-metrics');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const [port, otlpPort] = [await freePort(), await freePort()];
  const victoria = await startProgram(
    context,
    peers['victoria-metrics'],
    [
      `-storageDataPath=${path.join(folder, 'victoria')}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-opentelemetry.usePrometheusNaming',
      '-opentelemetry.promoteAllResourceAttributes=false',
      '-opentelemetry.promoteScopeMetadata=false',
      '-search.latencyOffset=0s',
      '-loggerLevel=WARN',
    ],
    port,
    '/health',
  );
  const file = path.join(folder, 'collector.yml');
  writeFileSync(
    file,
    `otlp_receivers: [{ http: { listen: '127.0.0.1:${otlpPort}' } }]
remote_write:
  - url: ${victoria.url}/api/v1/write
    write_relabel_configs: [{ target_label: via, replacement: amperage }]
    queue_config: { batch_send_deadline: 100ms }
`,
  );
  const storage = ['--storage.path', path.join(folder, 'queue')];
  await startAmperage(context, 'collect', ['--config.file', file, ...storage]);
  const body = makeRequest(Date.now());
  await post(`${victoria.url}/opentelemetry/v1/metrics`, body);
  await post(`http://127.0.0.1:${otlpPort}/v1/metrics`, body);
  let theirs: string[] = [];
  let ours: string[] = [];
  await until('all series', 20_000, async () => {
    theirs = await readSeries(victoria.url, '');
    ours = await readSeries(victoria.url, 'amperage');
    return theirs.length > 0 && ours.length >= theirs.length;
  }).catch(() => undefined);
  assert.ok(theirs.length >= 21, `${theirs.length} series`);
  assert.deepEqual(ours, theirs);
});
