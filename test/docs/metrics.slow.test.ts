/**
 * docs/metrics.md, held against a collector that runs: each metric that it shows is on the page
 * with its type and help.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { type Running, startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const docs = path.resolve(import.meta.dirname, '../../docs');

/** A collector with as many of its parts as need nothing else. */
async function startCollector(context: TestContext): Promise<Running> {
  const folder = temporaryFolder(context);
  const file = path.join(folder, 'prometheus.yml');
  writeFileSync(
    file,
    `scrape_configs:
  - job_name: none
    static_configs: [{ targets: ['127.0.0.1:1'] }]
statsd_receivers: [{ listen: '127.0.0.1:0' }]
otlp_receivers: [{ http: { listen: '127.0.0.1:0' } }]
file_write: [{ path: ${path.join(folder, 'out')} }]
remote_write: [{ url: 'http://127.0.0.1:1/write' }]
`,
  );
  return startAmperage(context, 'collect', [
    '--config.file', file, '--storage.path', path.join(folder, 'queue'), '--web.enable-lifecycle',
    '--web.enable-remote-write-receiver',
  ]); // prettier-ignore
}

test('what a collector shows is in the reference', async (context) => {
  const running = await startCollector(context);
  const ask = async (): Promise<string> => (await fetch(`${running.url}/metrics`)).text();
  const isDown = async (): Promise<boolean> =>
    /amperage_scrape_targets_down\S* 1/.test(await ask());
  await until('the target is down', 30_000, isDown);
  const page = await ask();
  const shown = [...page.matchAll(/^# HELP (\w+) (.*)\n# TYPE \S+ (\w+)$/gm)];
  assert.ok(shown.length > 80, `only ${shown.length} metrics`);
  const reference = readFileSync(path.join(docs, 'metrics.md'), 'utf8').split('\n');
  const missing = shown
    .map(([, name, help, kind]) => `| \`${name}\` | ${kind} | ${help} |`)
    .filter((row) => !reference.includes(row));
  assert.deepEqual(missing, []);
});
