/**
 * A collector configuration as ADOT takes it, from a prometheus receiver to the exporters file and
 * debug, run as a process.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const BODY = `# TYPE hits_total counter
hits_total{path="/"} 7
# TYPE seconds histogram
seconds_bucket{le="0.5"} 2
seconds_bucket{le="+Inf"} 3
seconds_sum 1.5
seconds_count 3
`;

interface Request {
  readonly resourceMetrics: {
    readonly resource: { readonly attributes: { key: string; value: { stringValue: string } }[] };
    readonly scopeMetrics: { readonly metrics: { name: string; [kind: string]: unknown }[] }[];
  }[];
}

test('what a pipeline leads to file and debug is in the file and in the log', async (t) => {
  const folder = temporaryFolder(t);
  const { host } = await serve(t, (_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(BODY);
  });
  const file = path.join(folder, 'out', 'metrics.json');
  const config = path.join(folder, 'adot.yaml');
  writeFileSync(
    config,
    `
receivers:
  prometheus:
    config:
      scrape_configs:
        - { job_name: web, scrape_interval: 250ms, scrape_timeout: 250ms, static_configs: [{ targets: ['${host}'] }] }
processors: { batch: {} }
exporters:
  file: { path: '${file}', create_directory: true, flush_interval: 100ms }
  debug: { verbosity: normal }
service:
  pipelines:
    metrics: { receivers: [prometheus], processors: [batch], exporters: [file, debug] }
`,
  );
  const storage = path.join(folder, 'storage');
  const flags = ['--config', config, '--storage.path', storage];
  const collector = await startAmperage(t, 'collect', flags, {});
  const read = (): string[] => {
    try {
      return readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
    } catch {
      return [];
    }
  };
  await until('two requests are in the file', 20_000, () => read().length >= 2);
  const request = JSON.parse(read()[0] ?? '') as Request;
  const [{ resource, scopeMetrics } = { resource: undefined, scopeMetrics: [] }] =
    request.resourceMetrics;
  const attributes = resource?.attributes.map(({ key, value }) => [key, value.stringValue]);
  assert.ok(attributes?.some(([key, value]) => key === 'service.name' && value === 'web'));
  const metrics = new Map(scopeMetrics.flatMap((one) => one.metrics).map((one) => [one.name, one]));
  const pointOf = (name: string, kind: string): Record<string, unknown> => {
    const data = metrics.get(name)?.[kind] as { dataPoints: Record<string, unknown>[] } | undefined;
    return data?.dataPoints[0] ?? {};
  };
  const hits = pointOf('hits_total', 'sum');
  assert.match(String(hits['timeUnixNano']), /^\d{19}$/);
  assert.equal(hits['asDouble'], 7);
  assert.deepEqual(hits['attributes'], [{ key: 'path', value: { stringValue: '/' } }]);
  const { count, sum, bucketCounts, explicitBounds } = pointOf('seconds', 'histogram');
  assert.deepEqual([count, sum, bucketCounts, explicitBounds], ['3', 1.5, ['2', '1'], [0.5]]);
  assert.ok(metrics.has('up'));
  await until('the log has the points', 10_000, () =>
    collector.output().includes('seconds{} count=3 sum=1.5 le0.5=2 1'),
  );
  assert.match(collector.output(), /hits_total\{path=\/\} 7/);
  collector.child.kill('SIGTERM');
  await collector.exited;
});
