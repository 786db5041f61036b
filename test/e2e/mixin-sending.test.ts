/** The mixin's alerts on remote storage fire and resolve on the collector as on Prometheus. */
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { serveTarget, startTrial } from './mixin-alerts.ts';

const SERIES = Array.from({ length: 40 }, (_, i) => `shop_orders{shop="${i}"} ${i}\n`).join('');

test('a receiver that is away, refuses, is slow and is well again', async (context) => {
  const target = await serveTarget(context, () => SERIES);
  const trial = await startTrial(context, {
    global: { scrape_interval: '1s' },
    scrape_configs: [{ job_name: 'shop', static_configs: [{ targets: [target.host] }] }],
  });
  if (trial === undefined) return;
  const { receiver, fire } = trial;
  const answerWith = (status: number, afterMs = 0): void => {
    receiver.answer = async () => {
      await sleep(afterMs);
      return { status };
    };
  };
  await fire('well', []);
  answerWith(500);
  await fire('away: 500 to all', ['PrometheusRemoteWriteBehind']);
  answerWith(400);
  await fire('refuses: 400 to all', ['PrometheusRemoteStorageFailures']);
  answerWith(204);
  await fire('well again', []);
  answerWith(204, 3_000);
  await fire('slow: 3 s for 50 samples', [
    'PrometheusRemoteWriteBehind',
    'PrometheusRemoteWriteDesiredShards',
  ]);
  answerWith(204);
  await fire('well again', []);
});
