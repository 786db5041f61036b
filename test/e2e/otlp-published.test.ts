/**
 * What becomes of OpenTelemetry's published example of metrics, point by point, and of points that
 * Prometheus and the peers do not treat alike: JSON goes to a real collector in both forms of
 * configuration, and what arrives by remote write is compared with a table, which is written by the
 * specification's data model and its rules for Prometheus.
 * Source: https://opentelemetry.io/docs/specs/otel/metrics/data-model/ ;
 * https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/ ;
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/examples/metrics.json
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { formatLabelSet } from '../../src/model/labels.ts';
import { decodeWriteRequest } from '../../src/wire/remote-write/decoder.ts';
import { uncompress } from '../../src/wire/snappy.ts';
import { conformancePath, skipWithoutConformance } from '../kit/conformance.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { freePort, type Running, startAmperage } from '../kit/processes.ts';
import { type Receiver, startReceiver } from '../kit/receiver.ts';
import { until } from '../kit/waiting.ts';

type Dialect = 'prometheus' | 'collector';

interface Collector {
  readonly running: Running;
  readonly url: string;
  readonly receiver: Receiver;
}

async function collect(context: TestContext, dialect: Dialect): Promise<Collector> {
  const receiver = await startReceiver(context);
  const [folder, port] = [temporaryFolder(context), await freePort()];
  const listen = `127.0.0.1:${port}`;
  const file = path.join(folder, 'collector.yml');
  const written = {
    prometheus: {
      otlp_receivers: [{ http: { listen } }],
      remote_write: [
        {
          url: receiver.url,
          send_native_histograms: true,
          send_exemplars: true,
          queue_config: { batch_send_deadline: '100ms' },
        },
      ],
    },
    collector: {
      receivers: { otlp: { protocols: { http: { endpoint: listen } } } },
      exporters: { prometheusremotewrite: { endpoint: receiver.url } },
      service: {
        pipelines: { metrics: { receivers: ['otlp'], exporters: ['prometheusremotewrite'] } },
      },
    },
  };
  writeFileSync(file, JSON.stringify(written[dialect]));
  const storage = ['--storage.path', path.join(folder, 'queue')];
  const running = await startAmperage(context, 'collect', ['--config.file', file, ...storage]);
  return { running, url: `http://${listen}/v1/metrics`, receiver };
}

/** Sends JSON, and gives the answer's body. */
async function post(url: string, body: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body });
  assert.equal(answer.status, 200);
  return await answer.json();
}

/** All that has arrived: `series value @ms`, histograms as JSON, exemplars behind `#`. */
function listArrived({ requests }: Receiver): string[] {
  const lines: string[] = [];
  for (const { body } of requests)
    decodeWriteRequest(uncompress(body, 1e7), {
      series(labels, timesMs, values, count) {
        for (let i = 0; i < count; i++)
          lines.push(`${formatLabelSet(labels)} ${values[i]} @${timesMs[i]}`);
      },
      histograms(labels, list) {
        for (const { tMs, histogram } of list)
          lines.push(`${formatLabelSet(labels)} ${JSON.stringify(histogram)} @${tMs}`);
      },
      exemplars(labels, list) {
        for (const { labels: own, value, tMs } of list)
          lines.push(`${formatLabelSet(labels)} # ${formatLabelSet(own)} ${value} @${tMs}`);
      },
    });
  return lines.sort();
}

async function expectArrived(receiver: Receiver, expected: readonly string[]): Promise<void> {
  const sorted = expected.toSorted();
  await until('all samples', 20_000, async () =>
    Promise.resolve(listArrived(receiver).length >= sorted.length),
  ).catch(() => undefined);
  assert.deepEqual(listArrived(receiver), sorted);
}

const EXAMPLE_MS = 1_544_712_660_300;

/**
 * Each point of the example. Its sums and histograms are deltas: our own form sums them up, from
 * nothing, since they are the first of their streams. In the Collector's form its exporter of
 * remote write takes no deltas, as the Collector's does not, and counts them as dropped.
 */
const OUTCOMES: Readonly<Record<Dialect, readonly string[]>> = {
  prometheus: [
    // Sum, delta, monotonic: a counter, so the unit 1 gives no suffix.
    'my_counter_total{job="my.service", my_counter_attr="some value"} 5',
    // Gauge: the unit 1 is a ratio.
    'my_gauge_ratio{job="my.service", my_gauge_attr="some value"} 10',
    // Histogram, delta: counts of buckets become counts up to a bound.
    'my_histogram_bucket{job="my.service", le="1", my_histogram_attr="some value"} 1',
    'my_histogram_bucket{job="my.service", le="+Inf", my_histogram_attr="some value"} 2',
    'my_histogram_count{job="my.service", my_histogram_attr="some value"} 2',
    'my_histogram_sum{job="my.service", my_histogram_attr="some value"} 2',
    // Offset 1, counts 0 and 2: two in (4, 8], which is bucket 2 here, and 3 where bounds are
    // upper.
    'my_exponential_histogram{job="my.service", my_exponential_histogram_attr="some value"} ' +
      native({ schema: 0, zeroCount: 1, count: 3, sum: 10, offset: 3, counts: [2] }),
  ],
  // The Collector's exporter gives each series its scope, and takes no deltas.
  collector: [
    'my_gauge_ratio{job="my.service", my_gauge_attr="some value", ' +
      'otel_scope_my_scope_attribute="some scope attribute", otel_scope_name="my.library", ' +
      'otel_scope_version="1.0.0"} 10',
  ],
};

interface Native {
  readonly schema: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly offset: number;
  readonly counts: readonly number[];
}

/** A native histogram of one positive span. The zero bucket's width is Prometheus' smallest. */
function native({ schema, zeroCount, count, sum, offset, counts }: Native): string {
  return JSON.stringify({
    schema,
    zeroThreshold: 1e-128,
    zeroCount,
    count,
    sum,
    isFloat: false,
    resetHint: 'unknown',
    positiveSpans: [{ offset, length: counts.length }],
    positiveCounts: counts,
    negativeSpans: [],
    negativeCounts: [],
    customValues: [],
  });
}

for (const dialect of ['prometheus', 'collector'] as const)
  test(
    `OpenTelemetry's example of metrics: ${dialect}`,
    { skip: skipWithoutConformance },
    async (context) => {
      const { url, receiver } = await collect(context, dialect);
      const body = readFileSync(conformancePath('otlp', 'metrics.json'), 'utf8');
      assert.deepEqual(await post(url, body), {});
      await expectArrived(
        receiver,
        OUTCOMES[dialect].map((line) => `${line} @${EXAMPLE_MS}`),
      );
    },
  );

test('exemplars, a scale above 8, deltas one after another', async (context) => {
  const { url, receiver } = await collect(context, 'prometheus');
  const nanos = (second: number): string => `${EXAMPLE_MS + second * 1_000}000000`;
  const request = (second: number): string => {
    const at = { startTimeUnixNano: nanos(second - 1), timeUnixNano: nanos(second) };
    const exemplar = {
      timeUnixNano: nanos(second),
      asDouble: 0.7,
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
    };
    const metrics = [
      {
        name: 'hits',
        sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ ...at, asInt: '2' }] },
      },
      {
        name: 'took',
        histogram: {
          aggregationTemporality: 2,
          dataPoints: [
            {
              ...at,
              startTimeUnixNano: nanos(0),
              count: 3 * second,
              sum: second,
              bucketCounts: [second, 2 * second],
              explicitBounds: [0.5],
              exemplars: [exemplar],
            },
          ],
        },
      },
      {
        name: 'size',
        exponentialHistogram: {
          aggregationTemporality: 2,
          dataPoints: [
            {
              ...at,
              startTimeUnixNano: nanos(0),
              count: 7 * second,
              sum: second,
              scale: 10,
              // Four buckets of scale 10 are one of scale 8: offsets 4 to 7, then 8.
              positive: { offset: 4, bucketCounts: [second, second, second, second, 3 * second] },
            },
          ],
        },
      },
    ];
    return JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
  };
  for (const second of [1, 2]) assert.deepEqual(await post(url, request(second)), {});
  const ids = 'span_id="b7ad6b7169203331", trace_id="0af7651916cd43dd8448eb211c80319c"';
  await expectArrived(
    receiver,
    [1, 2].flatMap((second) => {
      const size = { schema: 8, zeroCount: 0, count: 7 * second, sum: second };
      return [
        `hits_total ${2 * second}`,
        `took_bucket{le="0.5"} ${second}`,
        `took_bucket{le="+Inf"} ${3 * second}`,
        `took_bucket{le="+Inf"} # {${ids}} 0.7`,
        `took_count ${3 * second}`,
        `took_sum ${second}`,
        `size ${native({ ...size, offset: 2, counts: [4 * second, 3 * second] })}`,
      ].map((line) => `${line} @${EXAMPLE_MS + second * 1_000}`);
    }),
  );
});
