/**
 * Our sender before receivers of others: Prometheus' own and VictoriaMetrics take what it sends, with exemplars, native
 * histograms and metadata on, refuse nothing, and answer queries with it.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { skipUnlessPeer } from '../peers.ts';
import {
  freePort,
  query,
  startAmperage,
  startProgram,
  temporaryFolder,
  until,
} from './processes.ts';

test('Prometheus and VictoriaMetrics take all that the collector sends', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus', 'victoria-metrics');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const [promPort, victoriaPort] = [await freePort(), await freePort()];
  writeFileSync(path.join(folder, 'empty.yml'), 'global: {}\n');
  const [prometheus, victoria, app] = await Promise.all([
    startProgram(
      context,
      peers.prometheus,
      [
        '--web.enable-remote-write-receiver',
        '--enable-feature=native-histograms,exemplar-storage',
        `--config.file=${path.join(folder, 'empty.yml')}`,
        `--storage.tsdb.path=${path.join(folder, 'prometheus')}`,
        `--web.listen-address=127.0.0.1:${promPort}`,
      ],
      promPort,
      '/-/ready',
    ),
    startProgram(
      context,
      peers['victoria-metrics'],
      [
        `-storageDataPath=${path.join(folder, 'victoria')}`,
        `-httpListenAddr=127.0.0.1:${victoriaPort}`,
        '-search.latencyOffset=0s',
      ],
      victoriaPort,
      '/health',
    ),
    startAmperage(context, 'sample-app', ['--rate', '20']),
  ]);
  const sink = (url: string): string =>
    `  - url: ${url}\n    send_exemplars: true\n    send_native_histograms: true\n    queue_config: { batch_send_deadline: 300ms }\n    metadata_config: { send_interval: 1s }\n`;
  const file = path.join(folder, 'prometheus.yml');
  writeFileSync(
    file,
    `global: { scrape_interval: 1s, scrape_timeout: 900ms }
scrape_configs:
  - job_name: app
    static_configs: [{ targets: ['${new URL(app.url).host}'] }]
  - job_name: itself
    scrape_native_histograms: true
    static_configs: [{ targets: ['127.0.0.1:${promPort}'] }]
remote_write:
${sink(`${prometheus.url}/api/v1/write`)}${sink(`${victoria.url}/api/v1/write`)}`,
  );
  const storage = ['--storage.path', path.join(folder, 'queue')];
  const collector = await startAmperage(context, 'collect', ['--config.file', file, ...storage]);
  for (const { url } of [prometheus, victoria])
    await until(`samples at ${url}`, 20_000, async () => {
      const [total] = await query(url, 'sum(http_requests_total{job="app"})').catch(() => []);
      return Number(total?.value?.[1] ?? 0) > 20;
    });
  const counted = (await (
    await fetch(`${prometheus.url}/api/v1/query?query=count({job="itself"})`)
  ).json()) as { data: { result: { value: [number, string] }[] } };
  assert.ok(Number(counted.data.result[0]?.value[1]) > 300);
  const own = await (await fetch(`${collector.url}/metrics`)).text();
  const sum = (name: string): number =>
    own
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`))
      .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
  assert.equal(sum('prometheus_remote_storage_samples_failed_total'), 0);
  assert.equal(sum('prometheus_remote_storage_samples_dropped_total'), 0);
  assert.equal(sum('prometheus_remote_storage_metadata_failed_total'), 0);
  assert.ok(sum('prometheus_remote_storage_metadata_total') > 100);
  assert.doesNotMatch(collector.output(), /level=(?:warn|error)/);
});
