import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRelabelRule } from '../relabel/relabel.ts';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
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
