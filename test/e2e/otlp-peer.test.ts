/**
 * Received metrics against Prometheus' own receiver of OTLP: one request goes to a Prometheus, and
 * to a collector that writes to the same Prometheus under a label more. Both must be the same
 * series with the same values, for each strategy of names and each key of the section `otlp` that
 * the peer's version knows.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import {
  encodeRequest,
  exponential,
  exponentialPoint,
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
import { hasOtlpReceiver, skipUnlessPeer } from '../kit/peers.ts';
import { freePort, query, startAmperage, startProgram } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

/** Metrics of all kinds, with names, units and attributes that the strategies treat differently. */
function makeRequest(timeMs: number): Buffer {
  const at = { timeMs, startMs: timeMs - 60_000 };
  const list = { values: ['x', 'ü'].map((value) => ({ value: { is: 'text' as const, value } })) };
  const attributes = {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'odd..name': 'dots',
    _private: 'one underscore',
    '1st': 'digit',
    größe: 'ü',
    'a.b': 'first',
    'a-b': 'second',
    ratio: 0.25,
    ok: true,
    list: { value: { is: 'list' as const, value: list } },
    raw: { value: { is: 'bytes' as const, value: Buffer.from('abc') } },
    empty: '',
  };
  const whole = (value: number) => ({ value: { is: 'int' as const, value } });
  const metrics = [
    metric('system.cpu.utilization', gauge(numberPoint(0.5, { ...at, attributes })), {
      unit: '1',
      description: 'How busy it is.',
    }),
    metric(
      'http.server.requests',
      sum([numberPoint(0, { ...at, ...whole(2 ** 53), attributes })]),
      {
        unit: '{request}',
      },
    ),
    metric('queue.length', sum([numberPoint(-3, { ...at, ...whole(-3) })], 'cumulative', false), {
      unit: '1',
    }),
    metric('network.io', sum([numberPoint(1e300, at)]), { unit: 'By/s' }),
    metric(
      'http.server.duration',
      histogram([
        histogramPoint({
          ...at,
          attributes: { 'http.route': '/a' },
          count: 10,
          sum: 12.5,
          bucketCounts: [1, 2, 3, 4],
          explicitBounds: [0.005, 2.5, 1e21],
        }),
        histogramPoint({ ...at, attributes: { 'http.route': '/b' }, count: 3 }),
      ]),
      { unit: 's' },
    ),
    metric(
      'rpc.duration',
      exponential([
        exponentialPoint({
          ...at,
          count: 25,
          sum: 7.25,
          scale: 10,
          zeroCount: 2,
          positive: { offset: -3, bucketCounts: [1, 0, 0, 0, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 9] },
          negative: { offset: 2, bucketCounts: [8] },
        }),
        exponentialPoint({
          ...at,
          attributes: { wide: 'yes' },
          count: 6,
          sum: 1,
          scale: -4,
          positive: { offset: 0, bucketCounts: [1, 0, 0, 0, 0, 5] },
        }),
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
            { quantile: 0, value: 0.01 },
            { quantile: 0.99, value: 0.3 },
          ],
        }),
      ),
      { unit: 's' },
    ),
  ];
  const service = {
    'service.name': 'shop',
    'service.namespace': 'eu',
    'service.instance.id': 'i-1',
    'service.version': '1.2',
    'host.name': 'h1',
    'host.name.': 'h2',
    __reserved__: 'r',
  };
  const scope = { name: 'lib', version: '1', attributes: { kind: 'k' } };
  return encodeRequest(
    resourceMetrics(service, metrics, scope),
    resourceMetrics({ 'service.name': 'alone' }, [metric('up.time', gauge(numberPoint(1, at)))]),
    resourceMetrics({ 'host.name': 'nobody' }, [metric('temp', gauge(numberPoint(2, at)))]),
  );
}

interface Pair {
  readonly prometheus: string;
  /** Where the collector takes metrics. */
  readonly receiver: string;
}

async function startPair(context: TestContext, program: string, section: string): Promise<Pair> {
  const folder = temporaryFolder(context);
  const [port, otlpPort] = [await freePort(), await freePort()];
  const config = path.join(folder, 'prometheus.yml');
  writeFileSync(config, `otlp: ${section}\n`);
  const prometheus = await startProgram(
    context,
    program,
    [
      '--web.enable-otlp-receiver',
      '--web.enable-remote-write-receiver',
      '--enable-feature=native-histograms',
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    port,
    '/-/ready',
  );
  const file = path.join(folder, 'collector.yml');
  writeFileSync(
    file,
    `otlp_receivers: [{ http: { listen: '127.0.0.1:${otlpPort}' } }]
otlp: ${section}
remote_write:
  - url: ${prometheus.url}/api/v1/write
    send_native_histograms: true
    write_relabel_configs: [{ target_label: via, replacement: amperage }]
    queue_config: { batch_send_deadline: 100ms }
`,
  );
  const storage = ['--storage.path', path.join(folder, 'queue')];
  await startAmperage(context, 'collect', ['--config.file', file, ...storage]);
  return { prometheus: prometheus.url, receiver: `http://127.0.0.1:${otlpPort}/v1/metrics` };
}

async function post(url: string, body: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
  assert.equal(answer.status, 200, await answer.text());
}

/** Series with their values as text, without the label that says who sent them. */
async function readSeries(url: string, matcher: string, timeMs: number): Promise<string[]> {
  const found = await query(url, `{__name__=~".+",${matcher}}`, timeMs / 1_000);
  return found
    .map(({ metric: { via: _via, ...labels }, ...sample }) => {
      const { value, histogram: native } = sample as { value?: unknown[]; histogram?: unknown[] };
      const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
      return JSON.stringify([sorted, value?.[1] ?? native?.[1]]);
    })
    .sort();
}

const SECTIONS: Readonly<Record<string, string>> = {
  'the defaults': '{}',
  'no suffixes, a list of attributes': `{ translation_strategy: UnderscoreEscapingWithoutSuffixes,
  promote_resource_attributes: [service.version, host.name, nothing],
  keep_identifying_resource_attributes: true }`,
  'UTF-8 with suffixes, custom buckets': `{ translation_strategy: NoUTF8EscapingWithSuffixes,
  convert_histograms_to_nhcb: true }`,
  'UTF-8 as it is, all attributes but some': `{ translation_strategy: NoTranslation,
  promote_all_resource_attributes: true, ignore_resource_attributes: [host.name] }`,
};

for (const [what, section] of Object.entries(SECTIONS))
  test(`the same series and values as in Prometheus: ${what}`, async (context) => {
    const peers = skipUnlessPeer(context, 'prometheus');
    if (peers === undefined) return;
    if (!hasOtlpReceiver(peers.prometheus)) {
      context.skip('this Prometheus is built without its receiver of OTLP');
      return;
    }
    const { prometheus, receiver } = await startPair(context, peers.prometheus, section);
    const timeMs = Date.now();
    const body = makeRequest(timeMs);
    await post(`${prometheus}/api/v1/otlp/v1/metrics`, body);
    await post(receiver, body);
    const theirs = await readSeries(prometheus, 'via=""', timeMs);
    assert.ok(theirs.length > 10, `${theirs.length} series`);
    let ours: string[] = [];
    await until('all series of ours', 20_000, async () => {
      ours = await readSeries(prometheus, 'via="amperage"', timeMs);
      return ours.length >= theirs.length;
    }).catch(() => undefined);
    assert.deepEqual(ours, theirs);
  });
