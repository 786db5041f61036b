import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { componentContract } from '../../test/contracts/component.ts';
import { systemClock, VirtualClock } from '../kernel/clock.ts';
import { HttpClientError } from '../kernel/http-client.ts';
import { compileRelabelRule } from '../relabel/relabel.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';
import { createRecordedManager, startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { serve } from '../../test/kit/listen.ts';
import { until } from '../../test/kit/waiting.ts';
import { openHttp } from '../../test/kit/world.ts';

type Answer = string | number | Error | { status: number; headers: Record<string, string> };

componentContract('scrape manager', () => {
  const { manager } = createRecordedManager();
  manager.update('j', groupOf('h:1'));
  void manager.apply([jobWith()]);
  return manager;
});

test('a target is scraped soon and then once an interval, with its labels and its report', async () => {
  const { clock, manager, take, requests } = createRecordedManager({
    answer: () => 'a{b="c"} 1\n',
  });
  await manager.start();
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(2_000);
  const first = take();
  assert.match(first[0] ?? '', /^a\{b="c", instance="h:1", job="j"\} 1 @/);
  assert.deepEqual(
    first.slice(1).map((line) => line.replace(/@.*/, '')),
    [
      'up{instance="h:1", job="j"} 1 ',
      first[2]?.replace(/@.*/, ''),
      'scrape_samples_scraped{instance="h:1", job="j"} 1 ',
      'scrape_samples_post_metric_relabeling{instance="h:1", job="j"} 1 ',
      'scrape_series_added{instance="h:1", job="j"} 1 ',
    ],
  );
  assert.match(first[2] ?? '', /^scrape_duration_seconds\{/);
  await clock.advance(60_000);
  const times = take()
    .filter((line) => line.startsWith('a{'))
    .map((line) => Number(line.split('@')[1]));
  assert.ok(times.length >= 5 && times.length <= 7, String(times.length));
  times.slice(1).forEach((tMs, i) => assert.equal(tMs - (times[i] ?? 0), 10_000));

  const { headers, url, timeoutMs } = requests[0]!;
  assert.equal(url, 'http://h:1/metrics');
  assert.equal(timeoutMs, 5_000);
  assert.equal(headers?.['x-prometheus-scrape-timeout-seconds'], '5');
  assert.equal(headers?.['user-agent'], 'test/1');
  assert.equal(headers?.['accept-encoding'], 'gzip,zstd;q=0.9');
  const [status] = manager.targets();
  assert.equal(status?.health, 'up');
  assert.equal(status?.lastSamples, 1);
  assert.equal(status?.seriesCount, 1);
  await manager.stop(100);
});

test('what is down when all ends stays told, for the last line of totals', async () => {
  const { clock, manager, metrics } = createRecordedManager({ answer: () => 503 });
  await manager.start();
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1', 'h:2'));
  await clock.advance(20_000);
  await manager.stop(100);
  const down = metrics.families().find(({ name }) => name === 'amperage_scrape_targets_down');
  assert.deepEqual(
    down?.samples.map(({ value }) => value),
    [2],
  );
});

test('a failing target is down, its series end, and its status has the reason', async () => {
  let answer: Answer = 'a 1\n';
  const { clock, manager, take, metrics } = createRecordedManager({ answer: () => answer });
  await manager.start();
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(20_000);
  take();
  const cases: [Answer, RegExp, string][] = [
    [503, /status 503/, 'status'],
    ['a \n', /expected a value/, 'malformed'],
    [new HttpClientError('timeout', 'too slow'), /too slow/, 'timeout'],
    [new HttpClientError('body_too_large', 'large'), /large/, 'body_too_large'],
    [
      { status: 302, headers: { location: 'http://169.254.170.2/' } },
      /metadata/,
      'metadata_address',
    ],
    [{ status: 302, headers: { location: '/again' } }, /redirects/, 'redirects'],
  ];
  let isFirst = true;
  for (const [given, message, reason] of cases) {
    answer = given;
    await clock.advance(10_000);
    const lines = take();
    assert.equal(lines.filter((line) => / stale /.test(line)).length, isFirst ? 1 : 0);
    assert.ok(lines.some((line) => line.startsWith('up{instance="h:1", job="j"} 0')));
    assert.match(manager.targets()[0]?.lastError ?? '', message);
    assert.match(metrics.expose(), new RegExp(`scrape_failures_total\\{reason="${reason}"\\} 1`));
    isFirst = false;
  }
  answer = 'a 1\n';
  await clock.advance(10_000);
  assert.equal(manager.targets()[0]?.health, 'up');
  await manager.stop(100);
});

test('a target that is gone gets stale markers within an interval; one that comes back does not', async () => {
  const { clock, manager, take } = createRecordedManager();
  await manager.start();
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1', 'h:2'));
  await clock.advance(15_000);
  take();
  manager.update('j', groupOf('h:1'));
  assert.equal(manager.targets().length, 1);
  await clock.advance(5_000);
  manager.update('j', groupOf('h:1', 'h:2'));
  await clock.advance(60_000);
  assert.ok(take().every((line) => !line.includes('stale')));
  manager.update('j', groupOf('h:1'));
  await clock.advance(10_000);
  const stale = take().filter((line) => line.includes('stale'));
  assert.equal(stale.length, 6);
  assert.ok(stale.every((line) => line.includes('instance="h:2"')));
  await manager.stop(100);
  assert.deepEqual(take(), []);
});

test('stopping leaves no stale markers', async () => {
  const { clock, manager, take, appenders } = createRecordedManager();
  await manager.start();
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(15_000);
  await manager.stop(100);
  assert.ok(take().every((line) => !line.includes('stale')));
  assert.ok(appenders.every((appender) => appender.closed));
  assert.deepEqual(manager.targets(), []);
});

test('finish scrapes every target once more, at once, and no target makes it hang', async () => {
  const { clock, manager, take, requests } = createRecordedManager();
  manager.update('j', groupOf('h:1', 'h:2'));
  await manager.apply([jobWith()]);
  await manager.start();
  await clock.advance(25_000);
  const before = requests.length;
  take();
  const finished = manager.finish(2_000);
  await clock.advance(0);
  await finished;
  assert.equal(requests.length, before + 2);
  const last = take().filter((line) => line.includes('__name__="a"') || line.startsWith('a'));
  assert.equal(last.length, 2, last.join('\n'));
  await clock.advance(60_000);
  assert.equal(requests.length, before + 2);
  await manager.stop(0);
});

test('an unchanged job runs on; a changed one goes on without markers; a removed one ends', async () => {
  const { clock, manager, take, appenders } = createRecordedManager();
  await manager.start();
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(15_000);
  await manager.apply([jobWith()]);
  assert.equal(appenders.length, 1);
  await manager.apply([jobWith({ honorLabels: true })]);
  assert.equal(appenders.length, 1);
  await clock.advance(30_000);
  assert.ok(take().every((line) => !line.includes('stale')));
  await manager.apply([]);
  await clock.advance(40_000);
  assert.equal(take().filter((line) => line.includes('stale')).length, 6);
  await manager.stop(100);
});

test('a slow scrape leaves ticks out and never overlaps itself', async () => {
  const clock = new VirtualClock();
  let running = 0;
  let most = 0;
  const { manager: slow, metrics } = createRecordedManager({
    clock,
    answer: async () => {
      running += 1;
      most = Math.max(most, running);
      await clock.sleep(25_000);
      running -= 1;
      return 'a 1\n';
    },
  });
  await slow.start();
  await slow.apply([jobWith()]);
  slow.update('j', groupOf('h:1'));
  await clock.advance(100_000);
  assert.equal(most, 1);
  assert.match(metrics.expose(), /amperage_scrapes_missed_total [4-8]\n/);
  const stopped = slow.stop(100);
  await clock.advance(30_000);
  await stopped;
});

test('relabelling makes, drops and merges targets; bad ones are counted', async () => {
  const rules = [
    compileRelabelRule({ source_labels: ['drop'], regex: 'yes', action: 'drop' }),
    compileRelabelRule({
      source_labels: ['path'],
      regex: '(.+)',
      target_label: '__metrics_path__',
    }),
    compileRelabelRule({
      source_labels: ['every'],
      regex: '(.+)',
      target_label: '__scrape_interval__',
    }),
    compileRelabelRule({ regex: 'path|every', action: 'labeldrop' }),
  ];
  const { manager, metrics } = createRecordedManager();
  await manager.start();
  await manager.apply([
    jobWith({ relabelRules: rules, params: { 'match[]': ['x', 'y'] }, scheme: 'https' }),
  ]);
  const targets = [
    { __address__: 'h:1', path: '/p?q', __param_z: '1', team: 'a', __meta_x: 'm' },
    { __address__: 'h:1', path: '/p?q', __param_z: '1', team: 'a', __meta_x: 'n' },
    { __address__: 'h:2', drop: 'yes' },
    { __address__: 'h:3', every: '30s', instance: 'named' },
    { __address__: 'h:4', every: '0' },
    { __address__: 'h:4', every: '1s' },
    { __address__: 'h:4/etc/passwd' },
    { __address__: 'user:secret@h' },
    { __address__: 'h:4', __scheme__: 'file' },
    { instance: 'no address' },
  ];
  manager.update('j', [{ source: 's', labels: { group: 'g' }, targets }]);
  assert.deepEqual(
    manager.targets().map(({ target }) => ({
      url: target.url,
      intervalMs: target.intervalMs,
      ...Object.fromEntries(target.labels.map((label) => [label.name, label.value])),
    })),
    [
      {
        url: 'https://h:1/p%3Fq?match%5B%5D=x&match%5B%5D=y&z=1',
        intervalMs: 10_000,
        group: 'g',
        instance: 'h:1',
        job: 'j',
        team: 'a',
      },
      {
        url: 'https://h:3/metrics?match%5B%5D=x&match%5B%5D=y',
        intervalMs: 30_000,
        group: 'g',
        instance: 'named',
        job: 'j',
      },
      {
        url: 'https://address.invalid/metrics?match%5B%5D=x&match%5B%5D=y',
        intervalMs: 10_000,
        group: 'g',
        instance: 'h:4/etc/passwd',
        job: 'j',
      },
    ],
  );
  assert.match(metrics.expose(), /prometheus_target_sync_failed_total\{scrape_job="j"\} 5\n/);
  assert.equal(manager.droppedTargets().get('j')?.count, 6);
  await manager.stop(100);
});

test('above target_limit every target fails', async () => {
  const { clock, manager, requests } = createRecordedManager();
  await manager.start();
  await manager.apply([jobWith({ limits: { ...jobWith().limits, targets: 1 } })]);
  manager.update('j', groupOf('h:1', 'h:2'));
  await clock.advance(2_000);
  assert.deepEqual(
    manager.targets().map(({ health }) => health),
    ['down', 'down'],
  );
  assert.equal(requests.length, 0);
  await manager.stop(100);
});

test('metadata addresses are refused in any spelling unless the job allows them', async () => {
  const addresses = [
    '169.254.170.2',
    '0xA9FEAA02:80',
    '[::ffff:169.254.169.254]',
    '[fd00:ec2::254]:80',
  ];
  const { clock, manager, requests } = createRecordedManager();
  await manager.start();
  await manager.apply([jobWith(), jobWith({ jobName: 'k', allowMetadataAddresses: true })]);
  manager.update('j', groupOf(...addresses));
  await clock.advance(2_000);
  assert.equal(requests.length, 0);
  assert.ok(manager.targets().every(({ lastError }) => lastError.includes('metadata address')));
  manager.update('k', groupOf(...addresses));
  await clock.advance(2_000);
  assert.equal(requests.length, 4);
  await manager.stop(100);
});

test('credentials are sent, but not to another host', async () => {
  const { clock, manager, requests } = createRecordedManager({
    answer: (request) =>
      request.url.includes('other')
        ? 'a 1\n'
        : { status: 302, headers: { location: 'http://other/' } },
  });
  await manager.start();
  await manager.apply([
    jobWith({ basicAuth: { username: () => 'u', password: () => 'p' }, headers: { 'x-own': '1' } }),
  ]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(2_000);
  assert.equal(requests[0]?.headers?.['authorization'], 'Basic dTpw');
  assert.equal(requests[0]?.headers?.['x-own'], '1');
  assert.equal(requests[1]?.url, 'http://other/');
  assert.equal(requests[1]?.headers?.['authorization'], undefined);
  assert.equal(requests[1]?.headers?.['x-own'], undefined);
  assert.equal(manager.targets()[0]?.health, 'up');
  await manager.stop(100);
});

test('credentials that a foreign hop took away do not come back, and the error says so', async () => {
  const next: Record<string, string> = {
    'http://h:1/metrics': 'https://b.h/',
    'https://b.h/': 'http://evil.test/',
    'http://evil.test/': 'http://h:1/last',
  };
  const { clock, manager, requests } = await startRecordedManager({
    answer: ({ url }) => {
      const location = next[url];
      return location === undefined ? 401 : { status: 302, headers: { location } };
    },
  });
  await manager.apply([jobWith({ basicAuth: { username: () => 'u', password: () => 'p' } })]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(2_000);
  const sent = requests.map(({ headers }) => headers?.['authorization'] !== undefined);
  assert.deepEqual(sent, [true, true, false, false]);
  const error = manager.targets()[0]?.lastError ?? '';
  assert.match(
    error,
    /status 401; .* withheld, since a redirect led to evil\.test, which is neither h nor/,
  );
  await manager.stop(100);
});

test('a real server is scraped over a socket, compressed, within the body limit', async (context) => {
  const { host } = await serve(context, (request, response) => {
    const isLarge = request.url === '/large';
    const body = gzipSync(isLarge ? `# ${'x'.repeat(100_000)}\n` : 'a 1\n');
    response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(body);
  });
  const { manager, take } = createRecordedManager({ clock: systemClock, http: openHttp(context) });
  await manager.start();
  context.after(() => manager.stop(1_000));
  const limits = { ...jobWith().limits, bodySizeBytes: 50_000 };
  await manager.apply([jobWith({ scrapeIntervalMs: 200, scrapeTimeoutMs: 200, limits })]);
  const large = { __address__: host, __metrics_path__: '/large' };
  const targets = [{ __address__: host }, large];
  manager.update('j', [{ source: 's', labels: {}, targets }]);
  const lines: string[] = [];
  const upsSeen = (): Set<string> =>
    new Set(lines.flatMap((line) => (line.startsWith('up{') ? [line.replace(/ @.*/, '')] : [])));
  await until(
    'both were scraped',
    10_000,
    () => lines.push(...take()) > 0 && upsSeen().size > 1,
    20,
  );
  assert.deepEqual(new Set([...upsSeen()].map((line) => line.at(-1))), new Set(['0', '1']));
  assert.ok(lines.some((line) => line.startsWith('a{')));
});
