/**
 * Our sender against receivers of other projects: Prometheus and VictoriaMetrics accept what it
 * sends in remote write 1.0 and 2.0 (VictoriaMetrics by falling back), with exemplars, native
 * histograms and metadata on; they refuse nothing and answer queries with it. And Prometheus as a
 * sender of both versions to our workspace.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { skipUnlessPeer } from '../kit/peers.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { freePort, startAmperage, startProgram } from '../kit/processes.ts';

const MESSAGE_2 = 'io.prometheus.write.v2.Request';

test('Prometheus and VictoriaMetrics accept everything that the collector sends', async (context) => {
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
  const sink = (name: string, url: string, message = 'prometheus.WriteRequest'): string =>
    `  - name: ${name}\n    url: ${url}\n    protobuf_message: ${message}\n    ` +
    `write_relabel_configs: [{ target_label: via, replacement: ${name} }]\n    ` +
    `send_exemplars: true\n    send_native_histograms: true\n    queue_config: { ` +
    `batch_send_deadline: 300ms }\n    metadata_config: { send_interval: 1s }\n`;
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
${sink('one', `${prometheus.url}/api/v1/write`)}${sink('two', `${prometheus.url}/api/v1/write`, MESSAGE_2)}${sink('victoria', `${victoria.url}/api/v1/write`)}${sink('fallback', `${victoria.url}/api/v1/write`, MESSAGE_2)}`,
  );
  const storage = ['--storage.path', path.join(folder, 'queue')];
  const collector = await startAmperage(context, 'collect', ['--config.file', file, ...storage]);
  for (const [{ url }, via] of [
    [prometheus, 'one'],
    [prometheus, 'two'],
    [victoria, 'victoria'],
    [victoria, 'fallback'],
  ] as const)
    await until(`samples at ${url} via ${via}`, 20_000, async () => {
      const total = await queryValue(url, `sum(http_requests_total{job="app",via="${via}"})`);
      return total > 20;
    });
  const series = await queryValue(prometheus.url, 'count({job="itself",via="one"})');
  assert.ok(series > 300);
  assert.equal(await queryValue(prometheus.url, 'count({job="itself",via="two"})'), series);
  const native = 'count(histogram_count(prometheus_http_request_duration_seconds{via="two"}))';
  assert.ok((await queryValue(prometheus.url, native)) > 0, 'native histograms came by 2.0');
  const own = await (await fetch(`${collector.url}/metrics`)).text();
  const sum = (name: string): number =>
    own
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`))
      .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
  assert.equal(sum('prometheus_remote_storage_samples_failed_total'), 0);
  assert.equal(sum('prometheus_remote_storage_samples_dropped_total'), 0);
  assert.equal(sum('prometheus_remote_storage_samples_unconfirmed_total'), 0);
  assert.equal(sum('prometheus_remote_storage_metadata_failed_total'), 0);
  assert.ok(sum('prometheus_remote_storage_metadata_total') > 100);
  const complaints = collector
    .output()
    .split('\n')
    .filter((line) => /level=(?:warn|error)/.test(line));
  assert.equal(complaints.length, 1, complaints.join('\n'));
  assert.match(complaints[0]!, /does not take remote write 2\.0.*remote_name=fallback/);
});

test('Prometheus sends remote write 1.0 and 2.0 to the workspace, and it keeps the same', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const port = await freePort();
  const workspace = await startAmperage(
    context,
    'workspace',
    ['--storage.path', path.join(folder, 'workspace')],
    { WORKSPACE_ACCESS_KEY: 'AKIDEXAMPLE', WORKSPACE_SECRET_KEY: 'secret' },
  );
  const app = await startAmperage(context, 'sample-app', ['--rate', '20']);
  const store = `${workspace.url}/workspaces/ws-local`;
  const entry = (name: string, message: string): object => ({
    name,
    url: `${store}/api/v1/remote_write`,
    protobuf_message: message,
    send_exemplars: true,
    metadata_config: { send_interval: '1s' },
    queue_config: { batch_send_deadline: '300ms' },
    write_relabel_configs: [{ target_label: 'via', replacement: name }],
    sigv4: { region: 'us-east-1', access_key: 'AKIDEXAMPLE', secret_key: 'secret' },
  });
  const config = {
    global: { scrape_interval: '1s' },
    scrape_configs: [
      { job_name: 'app', static_configs: [{ targets: [new URL(app.url).host] }] },
      { job_name: 'itself', static_configs: [{ targets: [`127.0.0.1:${port}`] }] },
    ],
    remote_write: [entry('one', 'prometheus.WriteRequest'), entry('two', MESSAGE_2)],
  };
  const file = path.join(folder, 'prometheus.yml');
  // JSON is valid YAML.
  writeFileSync(file, JSON.stringify(config));
  const prometheus = await startProgram(
    context,
    peers.prometheus,
    [
      `--config.file=${file}`,
      '--enable-feature=exemplar-storage,metadata-wal-records',
      `--storage.tsdb.path=${path.join(folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    port,
    '/-/ready',
  );
  const count = (via: string): Promise<number> =>
    queryValue(store, `count({job=~"app|itself",via="${via}"})`);
  await until('as many series by both', 30_000, async () => {
    const [one, two] = [await count('one'), await count('two')];
    return one > 300 && one === two;
  });
  const metadata = (await (await fetch(`${store}/api/v1/metadata`)).json()) as {
    data: Record<string, unknown>;
  };
  assert.ok(Object.keys(metadata.data).length > 50);
  const own = await (await fetch(`${prometheus.url}/metrics`)).text();
  for (const what of ['samples', 'exemplars', 'histograms', 'metadata'])
    for (const via of ['one', 'two']) {
      const line = new RegExp(
        `^prometheus_remote_storage_${what}_failed_total\\{.*remote_name="${via}".*\\} (\\d+)`,
        'm',
      ).exec(own);
      assert.equal(line?.[1] ?? '0', '0', `${what} by ${via}`);
    }
});

/** The first value of an answer; 0 if it is empty. */
async function queryValue(url: string, expression: string): Promise<number> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const answer = (await response.json()) as {
    data?: { result: { value: [number, string] }[] };
  };
  return Number(answer.data?.result[0]?.value[1] ?? 0);
}
