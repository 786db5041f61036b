/**
 * A real collector whose remote_write has a password_file that does not exist at the start: it
 * starts, keeps what it scrapes, and sends it when the file has come.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { BARE_AWS, startAmperage } from '../kit/processes.ts';
import { startReceiver } from '../kit/receiver.ts';
import { until } from '../kit/waiting.ts';

test('a password that comes after the start is used, and nothing is lost until then', async (context) => {
  const target = await serve(context, (_, response) => void response.end('late 1\n'));
  const receiver = await startReceiver(context);
  const folder = temporaryFolder(context);
  const config = path.join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [{ job_name: a, static_configs: [{ targets: ['127.0.0.1:${target.port}'] }] }]
remote_write:
  - url: '${receiver.url}'
    basic_auth: { username: u, password_file: password }
    queue_config: { batch_send_deadline: 200ms, max_backoff: 500ms }
`,
  );
  const flags = ['--config', config, '--storage.path', path.join(folder, 'storage')];
  const collector = await startAmperage(context, 'collect', flags, BARE_AWS);
  await until('the failure is said', 20_000, () =>
    /no credentials for remote_write.*password/.test(collector.output()),
  );
  assert.equal(receiver.requests.length, 0);
  const startedMs = Date.now();
  writeFileSync(path.join(folder, 'password'), 'secret\n');
  await until('it is sent', 30_000, () =>
    receiver.kept.some(({ series }) => series.includes('__name__=late')),
  );
  const basic = `Basic ${Buffer.from('u:secret').toString('base64')}`;
  assert.equal(receiver.requests[0]?.headers['authorization'], basic);
  assert.ok(receiver.kept.some(({ tMs }) => tMs < startedMs));
});
