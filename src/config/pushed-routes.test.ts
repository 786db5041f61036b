/** Where what is pushed goes, in both dialects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfigText } from './load.ts';

const SINK = 'remote_write: [{ url: http://r/write, name: amp }]\n';

async function routesOf(text: string, options: { pushes?: string } = { pushes: 'pushes' }) {
  const { plan } = await loadConfigText(text, 'c.yml', { ...options, env: {} });
  return plan.routes
    .filter(({ sources }) => sources.includes('pushes'))
    .map(({ id, sources, transforms, sinks }) => ({ id, sources, transforms, sinks }));
}

test('pushes go the way of jobs, with external labels, also where there is no job', async () => {
  const global = 'global: { external_labels: { cluster: c } }\n';
  const jobs = 'scrape_configs: [{ job_name: j }]\n';
  const otlp = 'otlp_receivers: [{ http: { listen: 127.0.0.1:4318 } }]\n';
  for (const [text, sources] of [
    [global + jobs + SINK, ['j', 'pushes']],
    [global + SINK, ['pushes']],
    [global + otlp + SINK, ['pushes']],
  ] as const)
    assert.deepEqual(await routesOf(text), [
      { id: 'metrics', sources, transforms: ['external_labels'], sinks: ['remote_write/amp'] },
    ]);
  assert.deepEqual(await routesOf(global + SINK, {}), []);
});

test('in a collector configuration they take the pipelines that scrape, or go as they came', async () => {
  const config = (receiver: string): string => `
receivers:
  prometheus: { config: { scrape_configs: [{ job_name: j }] } }
  otlp: { protocols: { http: { endpoint: 127.0.0.1:4318 } } }
processors: { batch: {} }
exporters: { prometheusremotewrite: { endpoint: http://r/write } }
service:
  pipelines:
    metrics: { receivers: [${receiver}], processors: [batch], exporters: [prometheusremotewrite] }
`;
  const [scraped, ...more] = await routesOf(config('prometheus'));
  assert.equal(scraped?.sources.at(-1), 'pushes');
  assert.equal(scraped.sources.length, 2);
  assert.deepEqual(more, []);
  const [own] = await routesOf(config('otlp'));
  assert.deepEqual([own?.id, own?.sources, own?.transforms], ['pushes', ['pushes'], []]);
  assert.equal(own?.sinks.length, 1);
});
