import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileRelabelRule } from '../relabel/relabel.ts';
import { createRecordedManager, startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { systemClock } from '../kernel/clock.ts';
import { createHttpClient } from '../kernel/http-client.ts';
import { onEnd } from '../../test/kit/ending.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { until } from '../../test/kit/waiting.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';

test('a target with a bad address is down with the reason, and asked for nothing', async () => {
  const { clock, manager, take, requests } = await startRecordedManager();
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('host name:9', 'x:99999', 'https://x/y', 'good:1'));
  await clock.advance(2_000);
  assert.deepEqual(
    requests.map(({ url }) => url),
    ['http://good:1/metrics'],
  );
  const shown = manager.targets().map(({ health, lastError }) => [health, lastError]);
  assert.deepEqual(shown, [
    ['down', 'target "host name:9" is not a host and port; write it as host:port [SCRAPE_ADDRESS]'],
    ['down', 'target "x:99999" has port 99999; the highest is 65535 [SCRAPE_ADDRESS]'],
    [
      'down',
      'target "https://x/y" is not a host and port; leave out the scheme and the path (they are ' +
        '"scheme" and "metrics_path"), or move it to another label by relabel_configs ' +
        '[SCRAPE_ADDRESS]',
    ],
    ['up', ''],
  ]);
  assert.ok(take().some((line) => line.startsWith('up{instance="host name:9", job="j"} 0 ')));
});

test('a target that can not be made is among the dropped ones', async () => {
  const { clock, manager, metrics } = await startRecordedManager();
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('', 'u:hush@h:1'));
  await clock.advance(2_000);
  const { count, labels = [] } = manager.droppedTargets().get('j') ?? { count: 0 };
  assert.equal(count, 2);
  const address = labels[1]?.find(({ name }) => name === '__address__');
  assert.equal(address?.value, 'h:1');
  assert.deepEqual(manager.targets(), []);
  assert.match(metrics.expose(), /prometheus_target_sync_failed_total\{scrape_job="j"\} 2\n/);
});

test('a URL that relabelling moves to a parameter is a good target', async () => {
  const relabelRules = [
    compileRelabelRule({ source_labels: ['__address__'], target_label: '__param_target' }),
    compileRelabelRule({ source_labels: ['__param_target'], target_label: 'instance' }),
    compileRelabelRule({ target_label: '__address__', replacement: '127.0.0.1:9115' }),
  ];
  const { clock, manager, requests } = await startRecordedManager();
  await manager.apply([jobWith({ metricsPath: '/probe', relabelRules })]);
  manager.update('j', groupOf('https://prometheus.io'));
  await clock.advance(2_000);
  assert.equal(requests[0]?.url, 'http://127.0.0.1:9115/probe?target=https%3A%2F%2Fprometheus.io');
  assert.equal(manager.targets()[0]?.health, 'up');
});

test('bug: a port alone is one of this machine, and stays the instance', async () => {
  const { clock, manager, requests } = await startRecordedManager();
  await manager.apply([jobWith()]);
  manager.update('j', groupOf(':9100'));
  await clock.advance(2_000);
  assert.equal(requests[0]?.url, 'http://localhost:9100/metrics');
  const [target] = manager.targets();
  assert.equal(target?.health, 'up');
  const instance = target?.target.labels.find(({ name }) => name === 'instance');
  assert.equal(instance?.value, ':9100');
});

test('labels of a target override how its histograms are read; others drop it', async () => {
  const page = '# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n';
  const { clock, manager, take } = await startRecordedManager({ answer: () => page });
  await manager.apply([jobWith()]);
  const label = '__convert_classic_histograms_to_nhcb__';
  manager.update('j', [
    {
      source: 's',
      labels: {},
      targets: [
        { __address__: 'a:1', [label]: 'T' },
        { __address__: 'b:1' },
        { __address__: 'c:1', __scrape_native_histograms__: 'yes' },
      ],
    },
  ]);
  await clock.advance(2_000);
  const lines = take();
  assert.ok(lines.some((line) => line.startsWith('h{instance="a:1", job="j"} {"schema":-53')));
  assert.ok(lines.some((line) => line.startsWith('h_count{instance="b:1", job="j"} 2')));
  assert.ok(!lines.some((line) => line.startsWith('h_count{instance="a:1"')));
  assert.equal(manager.droppedTargets().get('j')?.count, 1);
});

test('a target is scraped by its socket, and two sockets of one address are two targets', async (context) => {
  const folder = temporaryFolder(context);
  const paths = ['one', 'two'].map((name) => join(folder, name));
  for (const path of paths) {
    const server = createServer((_, response) => void response.end(`at{path="${path}"} 1\n`));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onEnd(context, () => {
      server.closeAllConnections();
      server.close();
    });
  }
  const { manager, take } = createRecordedManager({
    clock: systemClock,
    openHttp: () => createHttpClient({ reusesBodies: true }),
  });
  onEnd(context, () => manager.stop(100));
  await manager.start();
  await manager.apply([jobWith({ scrapeIntervalMs: 100, scrapeTimeoutMs: 100 })]);
  const targets = paths.map((path) => ({ __unix_socket__: path, socket: path }));
  manager.update('j', [{ source: 's', labels: {}, targets }]);
  const lines: string[] = [];
  await until('both are scraped', 10_000, () => {
    lines.push(...take().filter((line) => line.startsWith('at{')));
    return paths.every((path) => lines.some((line) => line.includes(`socket="${path}"`)));
  });
  for (const line of lines) {
    const [, served, named] = /path="([^"]*)", socket="([^"]*)"/.exec(line) ?? [];
    assert.equal(served, named, line);
  }
  assert.deepEqual(
    manager.targets().map(({ target }) => target.url),
    ['http://localhost/metrics', 'http://localhost/metrics'],
  );
});
