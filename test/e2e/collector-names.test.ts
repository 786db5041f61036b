/**
 * A remote write exporter of a collector configuration, judged by Prometheus as the receiver: which
 * names and values arrive, and that target_info joins with every series of its target. Types are
 * not judged: Prometheus tells those of its own targets alone.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { startReceivingPrometheus } from '../kit/receiving-prometheus.ts';
import { startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const PAGE = `# TYPE jobs counter
# HELP jobs Jobs done.
jobs_total{kind="a"} 7
# TYPE request_seconds histogram
# UNIT request_seconds seconds
request_seconds_bucket{le="0.5"} 2
request_seconds_bucket{le="+Inf"} 3
request_seconds_sum 4
request_seconds_count 3
# TYPE cpu_ratio gauge
# UNIT cpu_ratio ratio
cpu_ratio 0.5
# TYPE rpc summary
rpc{quantile="0.5"} 1
rpc_sum 10
rpc_count 5
# TYPE target info
target_info{version="9"} 1
# EOF
`;
/** A counter of the text format that lacks its suffix. */
const OLD_PAGE = '# TYPE errors counter\nerrors 3\n';

test('Prometheus receives names and values as a Collector sends them', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const target = await serve(context, (request, response) => {
    const isOld = request.url === '/old';
    const type = isOld
      ? 'text/plain; version=0.0.4'
      : 'application/openmetrics-text; version=1.0.0';
    response.setHeader('content-type', type).end(isOld ? OLD_PAGE : PAGE);
  });
  const prometheus = await startReceivingPrometheus(context, peers.prometheus, folder);
  const file = path.join(folder, 'collector.yaml');
  writeFileSync(file, `
receivers:
  prometheus:
    config:
      global: { scrape_interval: 1s, scrape_timeout: 900ms }
      scrape_configs:
        - { job_name: new, static_configs: [{ targets: ['${target.host}'] }] }
        - { job_name: old, metrics_path: /old, static_configs: [{ targets: ['${target.host}'] }] }
exporters:
  prometheusremotewrite/one:
    endpoint: ${prometheus.url}/api/v1/write
    external_labels: { via: one }
    target_info: { enabled: true }
  prometheusremotewrite/two:
    endpoint: ${prometheus.url}/api/v1/write
    namespace: app
    external_labels: { via: two }
    protobuf_message: io.prometheus.write.v2.Request
    resource_to_telemetry_conversion: { enabled: true, exclude_service_attributes: true }
service:
  pipelines: { metrics: { receivers: [prometheus], exporters: [prometheusremotewrite/one, prometheusremotewrite/two] } }
`); // prettier-ignore
  const storage = ['--storage.path', path.join(folder, 'queue')];
  const collector = await startAmperage(context, 'collect', ['--config.file', file, ...storage]);
  const ask = (expression: string): Promise<string | undefined> =>
    queryValue(prometheus.url, expression);
  for (const via of ['one', 'two'])
    await until(`samples by ${via}\n${collector.output()}`, 40_000, async () => {
      const [made, old] = [`{__name__=~"(app_)?target_info",via="${via}",job="new"}`, `{__name__=~"(app_)?errors_total",via="${via}"}`];
      return (await ask(made)) === '1' && (await ask(old)) === '3';
    }); // prettier-ignore
  const [host, hostPort] = target.host.split(':');
  const resource = `server_address="",server_port="${hostPort}",url_scheme="http"`;
  assert.equal(host, '127.0.0.1');
  for (const [expression, value] of [
    ['jobs_total{kind="a",via="one",url_scheme=""}', '7'],
    ['request_seconds_bucket{le="0.5",via="one"}', '2'],
    ['request_seconds_count{via="one"}', '3'],
    ['cpu_ratio{via="one"}', '0.5'],
    ['rpc{quantile="0.5",via="one"}', '1'],
    ['rpc_sum{via="one"}', '10'],
    [`target_info{via="one",job="new",version="9",${resource}}`, '1'],
    ['count(target_info{via="one"})', '2'],
    ['jobs_total * on (job, instance, via) group_left (version) target_info', '7'],
    ['count({__name__=~"scrape_.+|up",via="one",job="old"})', '5'],
    [`app_jobs_total{via="two",${resource}}`, '7'],
    [`app_request_seconds_sum{via="two",${resource}}`, '4'],
    [`app_errors_total{via="two",job="old",instance="${target.host}"}`, '3'],
    ['count({via="two",__name__!~"app_.+"}) or vector(0)', '0'],
  ] as const)
    assert.equal(await ask(expression), value, expression);
});

async function queryValue(url: string, expression: string): Promise<string | undefined> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const answer = (await response.json()) as { data?: { result: { value: [number, string] }[] } };
  return answer.data?.result[0]?.value[1];
}
