/** A collector whose output nobody reads goes on scraping, and ends when it is told to. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { onEnd } from '../kit/ending.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { MAIN } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

/** Lines of one scrape are more than a socket takes. */
const BODY = Array.from({ length: 9_000 }, (_, i) => `m${i}{path="/some/long/path"} 1\n`).join('');

test('a debug exporter that nobody reads neither stops scrapes nor the end', async (t) => {
  let scrapes = 0;
  const { host } = await serve(t, (_request, response) => {
    scrapes += 1;
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(BODY);
  });
  const folder = temporaryFolder(t);
  const config = path.join(folder, 'adot.yaml');
  writeFileSync(
    config,
    `
receivers:
  prometheus:
    config:
      scrape_configs:
        - { job_name: web, scrape_interval: 250ms, scrape_timeout: 250ms, static_configs: [{ targets: ['${host}'] }] }
exporters:
  debug: { verbosity: normal, use_internal_logger: false, output_paths: [stdout] }
service:
  pipelines:
    metrics: { receivers: [prometheus], exporters: [debug] }
`,
  );
  const storage = path.join(folder, 'storage');
  const flags = ['--config', config, '--storage.path', storage];
  const own = [MAIN, 'collect', ...flags, '--web.listen-address', '127.0.0.1:0'];
  const child = spawn(process.execPath, own, { stdio: ['ignore', 'pipe', 'ignore'] });
  onEnd(t, () => void child.kill('SIGKILL'));
  const exited = once(child, 'exit', { signal: AbortSignal.timeout(60_000) });
  await until('many scrapes', 40_000, () => scrapes > 8);
  child.kill('SIGTERM');
  const late = AbortSignal.timeout(15_000);
  const [status] = (await Promise.race([exited, once(child, 'x', { signal: late })])) as [number];
  assert.equal(status, 0);
});
