import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { componentContract } from '../../test/contracts/component.ts';
import { systemClock, VirtualClock } from '../kernel/clock.ts';
import {
  type ClientRequest,
  createHttpClient,
  type HttpClient,
  HttpClientError,
} from '../kernel/http-client.ts';
import { silentLogger } from '../kernel/logger.ts';
import { Registry } from '../kernel/metrics.ts';
import { type World } from '../kernel/world.ts';
import { type TargetGroup } from '../model/target.ts';
import { compileRelabelRule } from '../relabel/relabel.ts';
import { type ScrapeConfig, scrapeConfigOf } from './config.ts';
import { ScrapeManager } from './manager.ts';
import { RecordingAppender } from '../../test/kit/recording-appender.ts';

type Answer = string | number | Error | { status: number; headers: Record<string, string> };

/** A world on virtual time in which every request is answered by `answer`. */
function setUp(answer: (request: ClientRequest) => Answer) {
  const clock = new VirtualClock(1_700_000_000_000);
  const requests: ClientRequest[] = [];
  const http: HttpClient = {
    async send(request) {
      requests.push(request);
      const given = answer(request);
      if (given instanceof Error) throw given;
      const headers = { 'content-type': 'text/plain; version=0.0.4' };
      if (typeof given === 'number') return { status: given, headers, body: Buffer.alloc(0) };
      if (typeof given === 'object') return { ...given, body: Buffer.alloc(0) };
      return { status: 200, headers, body: Buffer.from(given) };
    },
    close: async () => undefined,
  };
  const metrics = new Registry();
  const world: World = { clock, http, metrics, log: silentLogger };
  const appenders = new Map<string, RecordingAppender[]>();
  const manager = new ScrapeManager({
    world,
    userAgent: 'test/1',
    // Short lists are taken over when an update returns, also on a busy machine.
    turnShareMs: 10_000,
    openAppender: (_source, key) => {
      const appender = new RecordingAppender();
      appenders.set(key, [...(appenders.get(key) ?? []), appender]);
      return appender;
    },
  });
  const take = (): string[] => [...appenders.values()].flat().flatMap((one) => one.take());
  return { clock, requests, metrics, manager, take, appenders };
}

const job = (set: Partial<ScrapeConfig> = {}): ScrapeConfig =>
  scrapeConfigOf({ jobName: 'j', scrapeIntervalMs: 10_000, scrapeTimeoutMs: 5_000, ...set });

const group = (...addresses: string[]): TargetGroup[] => [
  { source: 's', labels: {}, targets: addresses.map((address) => ({ __address__: address })) },
];

componentContract('scrape manager', () => {
  const { manager } = setUp(() => 'a 1\n');
  manager.update('j', group('h:1'));
  void manager.apply([job()]);
  return manager;
});

test('a target is scraped soon and then once an interval, with its labels and its report', async () => {
  const { clock, manager, take, requests } = setUp(() => 'a{b="c"} 1\n');
  await manager.start();
  await manager.apply([job()]);
  manager.update('j', group('h:1'));
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
  assert.equal(headers?.['accept-encoding'], 'gzip');
  const [status] = manager.targets();
  assert.equal(status?.health, 'up');
  assert.equal(status?.lastSamples, 1);
  assert.equal(status?.seriesCount, 1);
  await manager.stop(100);
});

test('a failing target is down, its series end, and the reason is told', async () => {
  let answer: Answer = 'a 1\n';
  const { clock, manager, take, metrics } = setUp(() => answer);
  await manager.start();
  await manager.apply([job()]);
  manager.update('j', group('h:1'));
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

test('a target that is gone gets stale markers after a while; one that comes back does not', async () => {
  const { clock, manager, take } = setUp(() => 'a 1\n');
  await manager.start();
  await manager.apply([job()]);
  manager.update('j', group('h:1', 'h:2'));
  await clock.advance(15_000);
  take();
  manager.update('j', group('h:1'));
  assert.equal(manager.targets().length, 1);
  await clock.advance(5_000);
  manager.update('j', group('h:1', 'h:2'));
  await clock.advance(60_000);
  assert.ok(take().every((line) => !line.includes('stale')));
  manager.update('j', group('h:1'));
  await clock.advance(40_000);
  const stale = take().filter((line) => line.includes('stale'));
  assert.equal(stale.length, 6);
  assert.ok(stale.every((line) => line.includes('instance="h:2"')));
  await manager.stop(100);
  assert.deepEqual(take(), []);
});

test('stopping leaves no stale markers', async () => {
  const { clock, manager, take, appenders } = setUp(() => 'a 1\n');
  await manager.start();
  await manager.apply([job()]);
  manager.update('j', group('h:1'));
  await clock.advance(15_000);
  await manager.stop(100);
  assert.ok(take().every((line) => !line.includes('stale')));
  assert.ok([...appenders.values()].flat().every((appender) => appender.closed));
  assert.deepEqual(manager.targets(), []);
});

test('finishing scrapes every target once more, at once, and none hangs it', async () => {
  const { clock, manager, take, requests } = setUp(() => 'a 1\n');
  manager.update('j', group('h:1', 'h:2'));
  await manager.apply([job()]);
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
  const { clock, manager, take, appenders } = setUp(() => 'a 1\n');
  await manager.start();
  await manager.apply([job()]);
  manager.update('j', group('h:1'));
  await clock.advance(15_000);
  await manager.apply([job()]);
  assert.equal([...appenders.values()].flat().length, 1);
  await manager.apply([job({ honorLabels: true })]);
  assert.equal([...appenders.values()].flat().length, 1);
  await clock.advance(30_000);
  assert.ok(take().every((line) => !line.includes('stale')));
  await manager.apply([]);
  await clock.advance(40_000);
  assert.equal(take().filter((line) => line.includes('stale')).length, 6);
  await manager.stop(100);
});

test('a slow scrape leaves ticks out and never overlaps itself', async () => {
  const { clock, metrics } = setUp(() => 'a 1\n');
  let running = 0;
  let most = 0;
  const slow = new ScrapeManager({
    world: {
      clock,
      metrics,
      log: silentLogger,
      http: {
        async send() {
          running += 1;
          most = Math.max(most, running);
          await clock.sleep(25_000);
          running -= 1;
          return { status: 200, headers: {}, body: Buffer.from('a 1\n') };
        },
        close: async () => undefined,
      },
    },
    userAgent: 't',
    openAppender: () => new RecordingAppender(),
  });
  await slow.start();
  await slow.apply([job()]);
  slow.update('j', group('h:1'));
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
  const { manager, metrics } = setUp(() => 'a 1\n');
  await manager.start();
  await manager.apply([
    job({ relabelRules: rules, params: { 'match[]': ['x', 'y'] }, scheme: 'https' }),
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
    ],
  );
  assert.match(metrics.expose(), /prometheus_target_sync_failed_total\{scrape_job="j"\} 6\n/);
  assert.equal(manager.droppedTargets().get('j')?.count, 1);
  await manager.stop(100);
});

test('above target_limit every target fails', async () => {
  const { clock, manager, requests } = setUp(() => 'a 1\n');
  await manager.start();
  await manager.apply([job({ limits: { ...job().limits, targets: 1 } })]);
  manager.update('j', group('h:1', 'h:2'));
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
  const { clock, manager, requests } = setUp(() => 'a 1\n');
  await manager.start();
  await manager.apply([job(), job({ jobName: 'k', allowMetadataAddresses: true })]);
  manager.update('j', group(...addresses));
  await clock.advance(2_000);
  assert.equal(requests.length, 0);
  assert.ok(manager.targets().every(({ lastError }) => lastError.includes('metadata address')));
  manager.update('k', group(...addresses));
  await clock.advance(2_000);
  assert.equal(requests.length, 4);
  await manager.stop(100);
});

test('credentials are sent, but not to another origin', async () => {
  const { clock, manager, requests } = setUp((request) =>
    request.url.includes('other')
      ? 'a 1\n'
      : { status: 302, headers: { location: 'http://other/' } },
  );
  await manager.start();
  await manager.apply([
    job({ basicAuth: { username: 'u', password: () => 'p' }, headers: { 'x-own': '1' } }),
  ]);
  manager.update('j', group('h:1'));
  await clock.advance(2_000);
  assert.equal(requests[0]?.headers?.['authorization'], 'Basic dTpw');
  assert.equal(requests[0]?.headers?.['x-own'], '1');
  assert.equal(requests[1]?.url, 'http://other/');
  assert.equal(requests[1]?.headers?.['authorization'], undefined);
  assert.equal(requests[1]?.headers?.['x-own'], undefined);
  assert.equal(manager.targets()[0]?.health, 'up');
  await manager.stop(100);
});

test('a real server is scraped over a socket, compressed, within the body limit', async () => {
  const server = createServer((request, response) => {
    const isLarge = request.url === '/large';
    const body = gzipSync(isLarge ? `# ${'x'.repeat(100_000)}\n` : 'a 1\n');
    response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = createHttpClient();
  const commits: string[][] = [];
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const manager = new ScrapeManager({
    world: { clock: systemClock, http, metrics: new Registry(), log: silentLogger },
    userAgent: 't',
    openAppender: () => {
      const appender = new RecordingAppender();
      const commit = appender.commit.bind(appender);
      let isFirst = true;
      appender.commit = () => {
        commit();
        const lines = appender.take();
        if (isFirst) commits.push(lines);
        isFirst = false;
        if (commits.length === 2) finish();
      };
      return appender;
    },
  });
  await manager.start();
  const limits = { ...job().limits, bodySizeBytes: 50_000 };
  await manager.apply([job({ scrapeIntervalMs: 200, scrapeTimeoutMs: 200, limits })]);
  manager.update('j', [
    {
      source: 's',
      labels: {},
      targets: [{ __address__: address }, { __address__: address, __metrics_path__: '/large' }],
    },
  ]);
  await done;
  await manager.stop(1_000);
  await http.close();
  server.close();
  server.closeAllConnections();
  const ups = commits.map((lines) => lines.find((line) => line.startsWith('up{')) ?? '');
  assert.equal(ups.filter((line) => line.includes('} 1 @')).length, 1);
  assert.equal(commits.flat().filter((line) => line.startsWith('a{')).length, 1);
});
