/**
 * A real collector with the blackbox exporter's documented pattern: static targets that are URLs,
 * which relabelling moves to a parameter, and an exporter that answers for each of them.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { listen } from '../kit/listen.ts';
import { BARE_AWS, startAmperage } from '../kit/processes.ts';
import { startReceiver } from '../kit/receiver.ts';
import { until } from '../kit/waiting.ts';

const TARGETS = ['https://prometheus.io', 'http://down.example:8080/x?y=z', '10.0.0.1'];

interface ShownTargets {
  readonly data: {
    readonly activeTargets: readonly {
      readonly labels: Readonly<Record<string, string>>;
      readonly health: string;
      readonly lastError: string;
    }[];
    readonly droppedTargets: readonly unknown[];
  };
}

test('URLs that relabelling moves to a parameter are probed, each as an instance of its own', async (context) => {
  const exporter = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    const module = url.searchParams.get('module') ?? '';
    const target = url.searchParams.get('target') ?? '';
    if (url.pathname !== '/probe' || module === '') response.writeHead(400).end('no module');
    else response.end(`probe_success{module="${module}"} ${target.includes('down') ? 0 : 1}\n`);
  });
  const { host } = await listen(context, exporter);
  const receiver = await startReceiver(context);
  const folder = temporaryFolder(context);
  const config = path.join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: blackbox
    metrics_path: /probe
    params: { module: [http_2xx] }
    static_configs:
      - targets: ${JSON.stringify(TARGETS)}
    relabel_configs:
      - source_labels: [__address__]
        target_label: __param_target
      - source_labels: [__param_target]
        target_label: instance
      - target_label: __address__
        replacement: ${host}
  - job_name: bad
    static_configs: [{ targets: ['host name:9', ''] }]
remote_write: [{ url: '${receiver.url}', queue_config: { batch_send_deadline: 200ms } }]
`,
  );
  const flags = ['--config', config, '--storage.path', path.join(folder, 'storage')];
  const { url } = await startAmperage(context, 'collect', flags, BARE_AWS);
  const last = (name: string): Record<string, string> =>
    Object.fromEntries(
      [...receiver.of('write')]
        .filter(([key]) => key.startsWith(`${name}{`))
        .map(([key, list]) => [
          /instance="([^"]*)"/.exec(key)?.[1] ?? '',
          String(list.at(-1)?.value),
        ]),
    );
  await until('all are probed', 20_000, () => Object.keys(last('probe_success')).length === 3);
  assert.deepEqual(last('probe_success'), {
    'https://prometheus.io': '1',
    'http://down.example:8080/x?y=z': '0',
    '10.0.0.1': '1',
  });
  await until('the bad one is down', 20_000, () => last('up')['host name:9'] === '0');
  const { data } = (await (await fetch(`${url}/api/v1/targets`)).json()) as ShownTargets;
  assert.equal(data.activeTargets.filter(({ health }) => health === 'up').length, 3);
  assert.match(
    data.activeTargets.find(({ labels }) => labels['job'] === 'bad')?.lastError ?? '',
    /target "host name:9" is not a host and port/,
  );
  assert.equal(data.droppedTargets.length, 1);
});
