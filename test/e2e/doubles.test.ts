/**
 * Two collectors scrape the same target. A real Prometheus refuses a whole request that contains an
 * out-of-order sample; the refusal must cost the other targets nothing.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { skipUnlessPeer } from '../kit/peers.ts';
import { startReceivingPrometheus } from '../kit/receiving-prometheus.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { query, startAmperage } from '../kit/processes.ts';
import { serve } from '../kit/listen.ts';

const OWN = 20;
const SHARED = 5;
const RUN_MS = 12_000;

test('a target that two collectors scrape costs other targets no sample', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const prometheus = await startReceivingPrometheus(context, peers.prometheus, folder);
  /** Scrapes by target, as counted by the counter that the target serves. */
  const visits = new Map<string, number>();
  const { host } = await serve(context, (request, response) => {
    const target = request.url ?? '';
    const visit = (visits.get(target) ?? 0) + 1;
    visits.set(target, visit);
    response.end(`visits ${visit}\nother 1\n`);
  });
  const begin = async (name: string) => {
    const paths = [
      ...Array.from({ length: OWN }, (_, i) => `/${name}-${i}`),
      ...Array.from({ length: SHARED }, (_, i) => `/shared-${i}`),
    ];
    const configs = paths.map(
      (one) => `{ targets: ['${host}'], labels: { __metrics_path__: ${one}, target: '${one}' } }`,
    );
    const file = path.join(folder, `${name}.yml`);
    writeFileSync(
      file,
      `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [{ job_name: j, static_configs: [${configs.join(', ')}] }]
remote_write: [{ url: '${prometheus.url}/api/v1/write', queue_config: { batch_send_deadline: 2s } }]
`,
    );
    const storage = ['--storage.path', path.join(folder, name)];
    return startAmperage(context, 'collect', ['--config.file', file, ...storage]);
  };
  const collectors = [await begin('a'), await begin('b')];
  await sleep(RUN_MS);
  for (const { child, exited } of collectors) {
    child.kill('SIGTERM');
    await exited;
  }
  const stored = await query(prometheus.url, 'count_over_time(visits[5m])');
  const counts = new Map(stored.map(({ metric, value }) => [metric['target'], Number(value?.[1])]));
  let own = 0;
  for (const [target, count] of visits) {
    if (target.startsWith('/shared')) continue;
    own += 1;
    // The last scrape may have been interrupted by the end.
    assert.ok(
      (counts.get(target) ?? 0) >= count - 1,
      `${target}: ${counts.get(target)} of ${count}`,
    );
  }
  assert.equal(own, 2 * OWN);
  const text = await (await fetch(`${prometheus.url}/metrics`)).text();
  const refused = /http_requests_total\{code="400",handler="\/api\/v1\/write"\} (\d+)/.exec(text);
  assert.ok(Number(refused?.[1] ?? 0) > 5, 'Prometheus has refused requests');
});
