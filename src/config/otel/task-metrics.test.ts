import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../../settings/finding.ts';
import { checkConfigText } from '../load.ts';

async function check(keys: string) {
  const text = `
receivers:
  awsecscontainermetrics: ${keys}
exporters:
  prometheusremotewrite: { endpoint: 'http://one/w' }
service:
  pipelines:
    metrics/a: { receivers: [awsecscontainermetrics], exporters: [prometheusremotewrite] }
    metrics/b: { receivers: [awsecscontainermetrics], exporters: [prometheusremotewrite] }
`;
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env: {} });
  return { plan, lines: findings.map(formatFinding) };
}

test('the receiver is one source of two routes, without a resource made of job and instance', async () => {
  const { plan, lines } = await check('');
  assert.deepEqual(lines, []);
  assert.deepEqual(plan?.taskSources, [
    { id: 'awsecscontainermetrics', intervalMs: 20_000, position: 'c.yml:3:3' },
  ]);
  assert.deepEqual(plan?.sources, []);
  assert.deepEqual(
    plan?.routes.map(({ sources, transforms }) => [...sources, ...transforms]),
    [['awsecscontainermetrics'], ['awsecscontainermetrics']],
  );
});

test('its interval is taken over; what is too short or unknown is refused at its line', async () => {
  const { plan } = await check('{ collection_interval: 1m30s }');
  assert.equal(plan?.taskSources[0]?.intervalMs, 90_000);
  for (const [keys, expected] of [
    ['{ collection_interval: 0s }', /^c\.yml:3:50: collection_interval must be at least 1s: /],
    ['{ collection_interval: 20 }', /^c\.yml:3:50: .*duration "20" has no unit/],
    ['{ interval: 20s }', /^c\.yml:3:29: unknown key "interval"/],
  ] as const)
    assert.match((await check(keys)).lines[0] ?? '', expected);
});
