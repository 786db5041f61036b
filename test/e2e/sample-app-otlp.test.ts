/**
 * The real sample-app sends metrics and spans by OTLP to the real collector: its counter is in the
 * receiver of remote write and its traces are in X-Ray, those of its last moment too.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { BARE_AWS, freePort, startAmperage } from '../kit/processes.ts';
import { startReceiver } from '../kit/receiver.ts';
import { until } from '../kit/waiting.ts';

const KEYS = { id: 'AKIDEXAMPLE', secret: 'not-a-secret' };

test('what the application counts and traces arrives by OTLP, up to its end', async (context) => {
  const folder = temporaryFolder(context);
  const receiver = await startReceiver(context);
  const keys = { EMULATE_ACCESS_KEY: KEYS.id, EMULATE_SECRET_KEY: KEYS.secret };
  const emulator = await startAmperage(context, 'emulate', [], keys);
  const port = await freePort();
  const file = path.join(folder, 'c.yml');
  writeFileSync(
    file,
    `otlp_receivers: [{ http: { listen: '127.0.0.1:${port}' } }]
remote_write: [{ url: '${receiver.url}', send_exemplars: true }]
xray_write: [{ endpoint: '${emulator.url}' }]
`,
  );
  const flags = ['--config.file', file, '--storage.path', path.join(folder, 'data')];
  await startAmperage(context, 'collect', flags, {
    ...BARE_AWS,
    AWS_ACCESS_KEY_ID: KEYS.id,
    AWS_SECRET_ACCESS_KEY: KEYS.secret,
  });
  const target = ['--rate', '40', '--otlp-endpoint', `http://127.0.0.1:${port}`];
  const app = await startAmperage(context, 'sample-app', target);
  const read = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;
  await until('it has served', 20_000, async () => {
    const { requests } = await read<{ requests: number }>(`${app.url}/served`);
    return requests > 60;
  });
  app.child.kill('SIGTERM');
  await app.exited;
  const counted = (): number => {
    const own = receiver.kept.filter(({ series }) => /__name__=http_requests_total\b/.test(series));
    const last = new Map(own.map(({ series, value }) => [series, value]));
    return [...last.values()].reduce((sum, value) => sum + value, 0);
  };
  await until('its last export has arrived', 20_000, () => counted() > 60);
  const { traces } = await read<{ traces: Record<string, unknown> }>(
    `${emulator.url}/_emulator/xray`,
  );
  // The counter has /work alone; at its end the application exports what it served by then.
  assert.ok(Object.keys(traces).length > 30, `${Object.keys(traces).length} traces`);
});
