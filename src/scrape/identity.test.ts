import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpClient } from '../kernel/http-client.ts';
import { compileRelabelRule } from '../relabel/relabel.ts';
import { DEFAULT_LIMITS, type ScrapeConfig } from './config.ts';
import { type Effect, bodyKey, seriesKey } from './identity.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';
import { type FakeHttp, fakeHttp } from '../../test/kit/fake-http.ts';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';

const INTERVAL_MS = 10_000;

const job = (set: Partial<ScrapeConfig> = {}): ScrapeConfig =>
  jobWith({ scrapeTimeoutMs: INTERVAL_MS, ...set });

const rule = (regex: string) => compileRelabelRule({ source_labels: ['a'], regex, action: 'drop' });

/** For every field a value other than the default, and the effect of changing to it. */
const CHANGES: {
  readonly [Key in keyof ScrapeConfig]-?: readonly [ScrapeConfig[Key], Effect];
} = {
  id: ['other', 'series'],
  jobName: ['other', 'series'],
  replica: ['other', 'scrape'],
  scrapeIntervalMs: [20_000, 'series'],
  scrapeTimeoutMs: [5_000, 'series'],
  metricsPath: ['/other', 'series'],
  scheme: ['https', 'series'],
  params: [{ a: ['b'] }, 'series'],
  honorLabels: [true, 'series'],
  honorTimestamps: [false, 'body'],
  trackTimestampsStaleness: [true, 'body'],
  enableCompression: [false, 'scrape'],
  protocols: [['PrometheusText0.0.4'], 'scrape'],
  escaping: ['dots', 'scrape'],
  fallback: ['openmetrics', 'scrape'],
  hasLegacyNames: [true, 'series'],
  histograms: [
    { isNative: true, alwaysClassic: false, convertsClassic: false, minBucketFactor: 0 },
    'body',
  ],
  hasExtraMetrics: [true, 'series'],
  followRedirects: [false, 'scrape'],
  failureLogFile: ['/tmp/x', 'scrape'],
  relabelRules: [[rule('x')], 'series'],
  metricRelabelRules: [[rule('x')], 'series'],
  limits: [{ ...DEFAULT_LIMITS, samples: 100 }, 'body'],
  basicAuth: [{ username: () => 'u', password: () => 'p' }, 'scrape'],
  authorization: [{ type: 'Bearer', credentials: () => 't' }, 'scrape'],
  headers: [{ 'x-a': 'b' }, 'scrape'],
  connection: [{ key: 'k', stamp: () => '' }, 'connection'],
  allowMetadataAddresses: [true, 'connection'],
};

async function setUp() {
  const clients: FakeHttp[] = [];
  const openHttp = (): HttpClient => {
    const client = fakeHttp(() => 'm 1\n');
    clients.push(client);
    return client;
  };
  const { clock, manager, appenders, take, metric } = await startRecordedManager({ openHttp });
  await manager.apply([job()]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(2 * INTERVAL_MS);
  take();
  const pools = (): number => metric('prometheus_target_scrape_pools_total ');
  return { clock, manager, clients, appenders, take, pools };
}

for (const [name, [value, effect]] of Object.entries(CHANGES)) {
  test(`another ${name} has the effect "${effect}" on a job that runs, and no other`, async () => {
    const { clock, manager, clients, appenders, take, pools } = await setUp();
    await manager.apply([job({ [name]: value })]);
    assert.equal(pools(), effect === 'series' ? 2 : 1);
    assert.equal(clients.length, effect === 'series' || effect === 'connection' ? 2 : 1);
    if (effect !== 'series') {
      await clock.advance(2 * INTERVAL_MS);
      assert.equal(clients.at(-1)?.requests.length, clients.length === 1 ? 4 : 2, 'on its grid');
      assert.equal(clients.length === 2 && clients[0]?.isClosed, clients.length === 2);
      assert.equal(appenders.length, 1);
      assert.ok(take().every((line) => !line.includes(' stale ')));
    }
    await manager.stop(100);
    await clock.advance(0);
    assert.ok(effect === 'series' || clients.every(({ isClosed }) => isClosed));
  });
}

test('the same configuration read again has the same keys, and a pattern counts by its source', () => {
  const make = (regex: string) =>
    job({ relabelRules: [rule(regex)], params: { b: ['1'], a: ['2', '3'] } });
  assert.equal(seriesKey(make('x')), seriesKey(make('x')));
  assert.notEqual(seriesKey(make('x')), seriesKey(make('y')));
  assert.equal(seriesKey(job({ params: { a: ['2', '3'], b: ['1'] } })), seriesKey({ ...make('x'), relabelRules: [] })); // prettier-ignore
  assert.notEqual(seriesKey(job({ params: { a: ['b', 'c'] } })), seriesKey(job({ params: { a: ['b,c'] } }))); // prettier-ignore
  assert.notEqual(bodyKey(job()), bodyKey(job({ limits: { ...DEFAULT_LIMITS, labels: 3 } })));
});

test('limits hold from the next scrape on, for series and targets that are known too', async () => {
  const { clock, manager } = await setUp();
  const limited = (samples: number) => job({ limits: { ...DEFAULT_LIMITS, samples } });
  const health = async (): Promise<string | undefined> => {
    await clock.advance(INTERVAL_MS);
    return manager.targets()[0]?.health;
  };
  await manager.apply([job({ limits: { ...DEFAULT_LIMITS, labels: 1 } })]);
  assert.equal(await health(), 'down', 'also for series that are known');
  await manager.apply([limited(1)]);
  assert.equal(await health(), 'up');
  await manager.apply([job({ limits: { ...DEFAULT_LIMITS, targets: 1 } })]);
  assert.equal(await health(), 'up');
  manager.update('j', [
    { source: 's', labels: {}, targets: [{ __address__: 'h:1' }, { __address__: 'h:2' }] },
  ]);
  assert.equal(await health(), 'down', 'two targets where one is allowed');
  await manager.apply([limited(0)]);
  assert.equal(await health(), 'up', 'without a new list');
  await manager.stop(100);
});
