/**
 * The mixin's alerts on scraping, service discovery and reloads: they fire and resolve on the
 * collector as on Prometheus.
 */
import { test } from 'node:test';
import { serve } from '../kit/listen.ts';
import { serveTarget, startTrial } from './mixin-alerts.ts';

const series = (count: number): string =>
  Array.from({ length: count }, (_, i) => `shop_orders{shop="${i}"} ${i}\n`).join('');

const ALERTS = [
  'PrometheusBadConfig',
  'PrometheusDuplicateTimestamps',
  'PrometheusLabelLimitHit',
  'PrometheusOutOfOrderTimestamps',
  'PrometheusSDRefreshFailure',
  'PrometheusScrapeBodySizeLimitHit',
  'PrometheusScrapeSampleLimitHit',
  'PrometheusTargetLimitHit',
  'PrometheusTargetSyncFailure',
];

test('limits, failing discovery, targets that can not be made, a configuration that is not valid', async (context) => {
  let isIll = false;
  let scrapes = 0;
  const many = await serveTarget(context, () => series(isIll ? 40 : 4));
  const labels = await serveTarget(context, () => (isIll ? 'a{b="1",c="2",d="3"} 1\n' : 'a 1\n'));
  const twice = await serveTarget(context, () => (isIll ? 'a 1\na 2\n' : 'a 1\n'));
  const beganMs = Date.now();
  const backwards = await serveTarget(context, () => {
    scrapes += 1;
    return isIll ? `a 1 ${beganMs - scrapes * 10}\n` : 'a 1\n';
  });
  const lists = await serve(context, ({ url }, response) => {
    response.setHeader('Content-Type', 'application/json');
    if (url === '/broken' && isIll) response.statusCode = 500;
    const targets = url === '/two' && isIll ? [many.host, labels.host] : [many.host];
    const own = url === '/bad' && isIll ? { __scrape_interval__: 'never' } : {};
    response.end(JSON.stringify([{ targets, labels: own }]));
  });
  const fixed = (job: string, host: string, limits: object = {}): object => ({
    job_name: job,
    static_configs: [{ targets: [host] }],
    ...limits,
  });
  const found = (job: string, limits: object = {}): object => ({
    job_name: job,
    http_sd_configs: [{ url: `${lists.url}/${job}`, refresh_interval: '1s' }],
    ...limits,
  });
  const config = {
    global: { scrape_interval: '1s' },
    scrape_configs: [
      fixed('samples', many.host, { sample_limit: 10 }),
      fixed('bytes', many.host, { body_size_limit: '500B' }),
      fixed('labels', labels.host, { label_limit: 4 }),
      fixed('twice', twice.host),
      fixed('backwards', backwards.host),
      found('broken'),
      found('two', { target_limit: 1 }),
      found('bad'),
    ],
  };
  const trial = await startTrial(context, config);
  if (trial === undefined) return;
  const { reload, fire } = trial;
  await fire('well', []);
  isIll = true;
  reload({ global: { scrape_interval: 'never' } });
  await fire('ill', ALERTS);
  isIll = false;
  reload(config);
  await fire('well again', []);
});
