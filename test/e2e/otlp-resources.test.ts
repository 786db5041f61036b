/**
 * The table "What becomes of metrics" of docs/otlp.md, row by row, in both forms of configuration:
 * one request goes to a real collector, and what arrives by remote write is compared.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { freePort, startAmperage } from '../kit/processes.ts';
import { startReceiver } from '../kit/receiver.ts';
import { until } from '../kit/waiting.ts';

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });

/** A cumulative counter of seconds, and a delta, of a resource with a service and a host. */
function makeRequest(nowMs: number): string {
  const attributes = [
    text('service.namespace', 'shop'),
    text('service.name', 'cart'),
    text('service.instance.id', 'i-1'),
    text('host.name', 'h'),
  ];
  const times = {
    startTimeUnixNano: `${nowMs - 1_000}000000`,
    timeUnixNano: `${nowMs}000000`,
    attributes: [text('http.route', '/a')],
  };
  const sum = (aggregationTemporality: number, asInt: string) => ({
    aggregationTemporality,
    isMonotonic: true,
    dataPoints: [{ ...times, asInt }],
  });
  const metrics = [
    { name: 'busy.time', unit: 's', sum: sum(2, '5') },
    { name: 'hits', sum: sum(1, '3') },
  ];
  return JSON.stringify({
    resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics }] }],
  });
}

const JOB = 'instance=i-1,job=shop/cart';
const INFO = `__name__=target_info,host_name=h,${JOB} 1`;
const SERVICE = 'service_instance_id=i-1,service_name=cart,service_namespace=shop';

interface Row {
  readonly what: string;
  /** Of the section `otlp`, or the exporter; processors of the pipeline. */
  readonly otlp?: object;
  readonly exporter?: object;
  readonly processors?: readonly string[];
  readonly expected: readonly string[];
}

const ROWS: readonly Row[] = [
  {
    what: 'Prometheus dialect: names with suffixes, job, instance, target_info, deltas summed up',
    otlp: {},
    expected: [
      `__name__=busy_time_seconds_total,http_route=/a,${JOB} 5`,
      `__name__=hits_total,http_route=/a,${JOB} 3`,
      INFO,
    ],
  },
  {
    what: 'Prometheus dialect: promoted attributes are labels',
    otlp: { promote_resource_attributes: ['host.name'] },
    expected: [
      `__name__=busy_time_seconds_total,host_name=h,http_route=/a,${JOB} 5`,
      `__name__=hits_total,host_name=h,http_route=/a,${JOB} 3`,
      INFO,
    ],
  },
  {
    what: 'collector dialect: the same names, and the delta is left out',
    exporter: {},
    expected: [`__name__=busy_time_seconds_total,http_route=/a,${JOB} 5`, INFO],
  },
  {
    what: 'collector dialect: without suffixes, without target_info',
    exporter: { add_metric_suffixes: false, target_info: { enabled: false } },
    expected: [`__name__=busy_time,http_route=/a,${JOB} 5`],
  },
  {
    what: 'collector dialect: attributes of the resource as labels, deltas summed up',
    exporter: { resource_to_telemetry_conversion: { enabled: true } },
    processors: ['deltatocumulative'],
    expected: [
      `__name__=busy_time_seconds_total,host_name=h,http_route=/a,${JOB},${SERVICE} 5`,
      `__name__=hits_total,host_name=h,http_route=/a,${JOB},${SERVICE} 3`,
      INFO,
    ],
  },
];

for (const { what, otlp, exporter, processors = [], expected } of ROWS)
  test(what, async (context) => {
    const receiver = await startReceiver(context);
    const [folder, port] = [temporaryFolder(context), await freePort()];
    const listen = `127.0.0.1:${port}`;
    const config =
      exporter === undefined
        ? {
            otlp,
            otlp_receivers: [{ http: { listen } }],
            remote_write: [{ url: receiver.url, queue_config: { batch_send_deadline: '100ms' } }],
          }
        : {
            receivers: { otlp: { protocols: { http: { endpoint: listen } } } },
            processors: Object.fromEntries(processors.map((name) => [name, {}])),
            exporters: { prometheusremotewrite: { endpoint: receiver.url, ...exporter } },
            service: {
              pipelines: {
                metrics: { receivers: ['otlp'], processors, exporters: ['prometheusremotewrite'] },
              },
            },
          };
    const file = path.join(folder, 'c.yml');
    writeFileSync(file, JSON.stringify(config));
    const flags = ['--config.file', file, '--storage.path', path.join(folder, 'queue')];
    const { url } = await startAmperage(context, 'collect', flags);
    const answer = await fetch(`http://${listen}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: makeRequest(Date.now()),
    });
    assert.equal(answer.status, 200);
    const arrived = () => receiver.kept.map(({ series, value }) => `${series} ${value}`).toSorted();
    await until('all samples', 20_000, () => arrived().length >= Math.max(1, expected.length));
    assert.deepEqual(arrived(), expected.toSorted());
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const isDropped = /amperage_transform_samples_dropped_total\{.*reason="delta".*\} 1$/m.test(
      metrics,
    );
    assert.equal(isDropped, exporter !== undefined && processors.length === 0);
  });
