import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../../../settings/finding.ts';
import { checkConfigText } from '../../load.ts';

async function check(keys: string) {
  const text = `
receivers:
  awsecscontainermetrics:
processors:
  resourcedetection: ${keys}
exporters:
  prometheusremotewrite: { endpoint: 'http://one/w' }
service:
  pipelines:
    metrics: { receivers: [awsecscontainermetrics], processors: [resourcedetection], exporters: [prometheusremotewrite] }
`;
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env: {} });
  const detections = (plan?.transforms ?? []).flatMap(({ detection }) => detection ?? []);
  return { detections, plan, lines: findings.map((one) => formatFinding(one).slice(8)) };
}

test('by default the environment is asked, and overrides; a check asks nothing', async () => {
  const { detections, plan } = await check('');
  assert.deepEqual(detections, [
    { detectors: [{ kind: 'env' }], override: true, timeoutMs: 5_000 },
  ]);
  assert.deepEqual(plan?.routes[0]?.transforms, ['processor:resourcedetection:0']);
});

test('detectors keep their order; what is not wanted by default or by a switch is left out', async () => {
  const { detections } = await check(`
    detectors: [system, ec2, ecs]
    timeout: 2s
    override: false
    system: { hostname_sources: [os], resource_attributes: { host.arch: { enabled: true } } }
    ec2: { tags: ['^a'], tags_from_imds: true, max_attempts: 1, max_backoff: 1m, fail_on_missing_metadata: true }
    ecs: { resource_attributes: { cloud.region: { enabled: false } } }`);
  const without = ['host.interface', 'host.ip', 'host.mac'];
  assert.deepEqual(detections, [
    {
      detectors: [
        { kind: 'system', without, hostNameSources: ['os'] },
        {
          kind: 'ec2', without: [], mustBeThere: true, attemptsMax: 1, maxBackoffMs: 60_000,
          tags: ['^a'],
        },
        { kind: 'ecs', without: ['cloud.region'] },
      ],
      override: false,
      timeoutMs: 2_000,
    },
  ]);
}); // prettier-ignore

test('attempts of ec2 are as many as they say, and a wait that is too short is told', async () => {
  const { detections, lines } = await check(
    '{ detectors: [ec2], ec2: { max_attempts: 30, max_backoff: 5ms } }',
  );
  assert.deepEqual(detections[0]?.detectors, [
    { kind: 'ec2', without: [], mustBeThere: false, attemptsMax: 30, maxBackoffMs: 100, tags: [] },
  ]);
  assert.match(lines.join('\n'), /max_backoff 5ms is taken as 100ms, the least/);
});

for (const [keys, expected] of [
  ['{ detectors: [env, eks] }', /detector "eks" is not built in; use env, .*CONFIG_UNSUPPORTED/],
  ['{ detectors: [lambda] }', /detector "lambda" is not built in/],
  ['{ detectors: [esc] }', /there is no detector "esc"; .*CONFIG_VALUE/],
  ['{ detectors: [] }', /detectors needs at least one detector/],
  ['{ refresh_interval: 1m }', /a detection that is repeated/],
  ['{ attributes: [a] }', /the Collector has no such key any more.*CONFIG_UNSUPPORTED/],
  ['{ proxy_url: x }', /detectors ask link-local addresses only/],
  ['{ detectors: [ec2], ec2: { tags: [a] } }', /tags by ec2:DescribeTags; set tags_from_imds/],
  [
    "{ detectors: [ec2], ec2: { tags: ['('], tags_from_imds: true } }",
    /not a regular expression: .*CONFIG_VALUE/,
  ],
  [
    '{ detectors: [system], system: { resource_attributes: { os.name: { enabled: true } } } }',
    /attribute "os.name" of the detector system is not found out/,
  ],
  ['{ detectors: [system], system: { hostname_sources: [nis] } }', /hostname_sources/],
  ['{ ecs: { resource_attributes: { nothing: { enabled: true } } } }', /unknown key "nothing"/],
  ['{ override: maybe }', /override/],
] as const)
  test(`refused at its line: ${keys}`, async () => {
    const { lines, plan } = await check(keys);
    assert.equal(plan, undefined);
    assert.match(lines[0] ?? '', expected);
  });
