/**
 * Deltas judged by Prometheus as the receiver: one target through three pipelines of a real
 * collector, as it is, as deltas, and as deltas added up again. Prometheus takes no deltas, so
 * these go into a file; what it has of a counter, a histogram and a summary otherwise is compared
 * with them sample by sample, and by rate, increase and histogram_quantile.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { startReceivingPrometheus } from '../kit/receiving-prometheus.ts';
import { startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const VIAS = ['plain', 'sums'] as const;
/** The scrape at which the target acts as if it had just restarted. */
const RESTART = 4;
const SCRAPES = 12;
const SERIES = [
  'hits_total',
  'took_seconds_bucket{le="0.1"}',
  'took_seconds_bucket{le="0.5"}',
  'took_seconds_bucket{le="+Inf"}',
  'took_seconds_sum',
  'took_seconds_count',
];

/** Observations so far, growing by another amount each time. */
function writeBody(visit: number): string {
  const n = visit < RESTART ? visit + 10 : visit - RESTART;
  const [fast, middle, slow] = [n * n, 3 * n, n];
  return `# TYPE hits_total counter
hits_total ${5 * n * n + n}
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} ${fast}
took_seconds_bucket{le="0.5"} ${fast + middle}
took_seconds_bucket{le="+Inf"} ${fast + middle + slow}
took_seconds_sum ${(fast + 4 * middle + 32 * slow) / 16}
took_seconds_count ${fast + middle + slow}
# TYPE size_bytes summary
size_bytes{quantile="0.5"} ${n + 0.5}
size_bytes_sum ${n * 7}
size_bytes_count ${n}
`;
}

async function startTarget(context: TestContext): Promise<{ host: string; visits: () => number }> {
  let visits = 0;
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(writeBody(visits++));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, visits: () => visits };
}

function writeConfig(target: string, receiver: string, deltas: string): string {
  const exporter = (via: string): string =>
    `  prometheusremotewrite/${via}: { endpoint: '${receiver}/api/v1/write', ` +
    `external_labels: { via: ${via} } }\n`;
  const pipeline = (via: string, processors: string, to = `prometheusremotewrite/${via}`): string =>
    `    metrics/${via}: { receivers: [prometheus], processors: [${processors}], ` +
    `exporters: [${to}] }\n`;
  return `receivers:
  prometheus:
    config:
      scrape_configs:
        - { job_name: app, scrape_interval: 1s, static_configs: [{ targets: ['${target}'] }] }
processors:
  cumulativetodelta: {}
  deltatocumulative: {}
exporters:
${VIAS.map(exporter).join('')}  file: { path: '${deltas}', flush_interval: 100ms }
service:
  pipelines:
${pipeline('plain', '')}${pipeline('deltas', 'cumulativetodelta', 'file')}${pipeline('sums', 'cumulativetodelta, deltatocumulative')}`;
}

test('deltas and their sums are in Prometheus what the target counted', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const prometheus = await startReceivingPrometheus(context, peers.prometheus, folder);
  const target = await startTarget(context);
  const file = path.join(folder, 'collector.yaml');
  const deltasFile = path.join(folder, 'deltas.jsonl');
  writeFileSync(file, writeConfig(target.host, prometheus.url, deltasFile));
  const storage = ['--storage.path', path.join(folder, 'queue')];
  const collector = await startAmperage(context, 'collect', ['--config.file', file, ...storage]);
  const read = (series: string, via: string): Promise<Sample[]> =>
    readSamples(prometheus.url, withVia(series, via));
  await until('enough samples of each pipeline', 60_000, async () => {
    const counts = await Promise.all(
      VIAS.map(async (via) => (await read('took_seconds_count', via)).length),
    );
    return [...counts, readDeltas(deltasFile, 'took_seconds_count').length].every(
      (count) => count >= SCRAPES,
    );
  });

  for (const series of SERIES) {
    const plain = await read(series, 'plain');
    const rises = new Map(
      plain.slice(1).map(([t, value], i) => [t, value - (plain[i]?.[1] ?? NaN)]),
    );
    const end = plain.at(-1)?.[0] ?? 0;
    const deltas = readDeltas(deltasFile, series).filter(([t]) => t <= end);
    const sums = (await read(series, 'sums')).filter(([t]) => t <= end);
    assert.ok(deltas.length >= SCRAPES - 2 && sums.length >= SCRAPES - 2, series);
    for (const [t, value] of deltas) assert.equal(value, rises.get(t), `${series} at ${t}`);
    // The first sample, and the one of the restart.
    const lacking = [...rises].filter(([t]) => t <= deltas.at(-1)![0]).length - deltas.length;
    assert.equal(lacking, 1, series);
    for (const [i, [t, value]] of sums.entries())
      if (i > 0) assert.equal(value - sums[i - 1]![1], rises.get(t), `${series} at ${t}`);
  }

  const last = Math.min(
    ...(await Promise.all(VIAS.map(async (via) => (await read('hits_total', via)).at(-1)![0]))),
  );
  const ask = (query: string): Promise<number> => queryNumber(prometheus.url, query, last);
  for (const query of [
    'rate(hits_total{via="VIA"}[4s])',
    'increase(took_seconds_count{via="VIA"}[4s])',
    'histogram_quantile(0.9, rate(took_seconds_bucket{via="VIA"}[4s]))',
    'size_bytes{via="VIA",quantile="0.5"}',
    'rate(size_bytes_count{via="VIA"}[4s])',
  ]) {
    const plain = await ask(query.replace('VIA', 'plain'));
    const sums = await ask(query.replace('VIA', 'sums'));
    assert.ok(plain > 0, query);
    assert.ok(Math.abs(plain - sums) < 1e-9 * plain, `${query}: ${plain}, as sums ${sums}`);
  }
  const own = await (await fetch(`${collector.url}/metrics`)).text();
  const dropped = (reason: string): number =>
    own
      .split('\n')
      .filter((line) => line.startsWith('amperage_transform_samples_dropped_total'))
      .filter((line) => line.includes(`reason="${reason}"`))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  // Two pipelines, six series each.
  assert.equal(dropped('initial'), 12);
  assert.equal(dropped('reset'), 12);
});

type Sample = readonly [seconds: number, value: number];

interface FilePoint {
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly asInt?: string;
  readonly count?: string;
  readonly sum?: number;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
}

interface FileMetric {
  readonly name: string;
  readonly sum?: FileData;
  readonly histogram?: FileData;
}

interface FileData {
  readonly aggregationTemporality: number;
  readonly dataPoints: readonly FilePoint[];
}

/** The samples of a series in the lines of the file; they must be deltas. */
function readDeltas(file: string, series: string): Sample[] {
  const [name = '', le] = series.replace('"}', '').split('{le="');
  const family = name.replace(/^(took_seconds)_.*/, '$1');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  return lines
    .flatMap((line): FileMetric[] =>
      (JSON.parse(line) as { resourceMetrics: readonly Resource[] }).resourceMetrics.flatMap(
        ({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics),
      ),
    )
    .filter((metric) => metric.name === family)
    .flatMap(({ sum, histogram }) => {
      const { aggregationTemporality, dataPoints = [] } = sum ?? histogram ?? {};
      assert.equal(aggregationTemporality, 1, `${family} is a delta`);
      return dataPoints.map((point): Sample => [
        Number(BigInt(point.timeUnixNano) / 1_000_000n) / 1_000,
        valueOf(point, name, le),
      ]);
    });
}

interface Resource {
  readonly scopeMetrics: readonly { readonly metrics: readonly FileMetric[] }[];
}

function valueOf(point: FilePoint, name: string, le: string | undefined): number {
  if (name.endsWith('_sum')) return point.sum ?? NaN;
  if (name.endsWith('_count')) return Number(point.count);
  if (le === undefined) return point.asDouble ?? Number(point.asInt);
  const { bucketCounts = [], explicitBounds = [] } = point;
  return bucketCounts
    .filter(
      (_, index) => (explicitBounds[index] ?? Infinity) <= (le === '+Inf' ? Infinity : Number(le)),
    )
    .reduce((total, count) => total + Number(count), 0);
}

function withVia(series: string, via: string): string {
  const [name, labels = '}'] = series.split('{');
  return `${name}{via="${via}"${labels === '}' ? '' : ','}${labels}`;
}

async function query(url: string, parameters: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams(parameters).toString()}`);
  const { data } = (await response.json()) as { data?: { result: readonly unknown[] } };
  return data?.result[0];
}

async function readSamples(url: string, series: string): Promise<Sample[]> {
  const found = await query(url, { query: `${series}[5m]` });
  const { values = [] } = (found ?? {}) as { values?: readonly [number, string][] };
  return values.map(([t, value]) => [t, Number(value)]);
}

async function queryNumber(url: string, expression: string, time: number): Promise<number> {
  const found = await query(url, { query: expression, time: String(time) });
  return Number((found as { value?: [number, string] } | undefined)?.value?.[1] ?? NaN);
}
