/**
 * The keys that say as whom AWS is called, under sigv4 and in discovery: the same words, and where
 * the two differ.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../settings/finding.ts';
import { checkConfigText } from './load.ts';

const ENV = { AWS_REGION: 'eu-west-1' };

async function checkSigv4(sigv4: string, url = 'http://x/w', env: Record<string, string> = ENV) {
  const text = `remote_write:\n  - url: "${url}"\n    sigv4: ${sigv4}\n`;
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env });
  return { remark: plan?.sinks[0]?.remark, lines: findings.map(formatFinding) };
}

async function checkCloudMap(keys: string) {
  const entry = `[{namespaces: [n], ${keys}}]`;
  const text = `scrape_configs:\n  - job_name: a\n    cloudmap_sd_configs: ${entry}\n`;
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env: ENV });
  return { plan, lines: findings.map(formatFinding) };
}

const HALF = '"access_key" and "secret_key" must be set both or neither [CONFIG_VALUE]';

test('half of the static keys is refused alike, at its key', async () => {
  assert.deepEqual((await checkSigv4('{access_key: a}')).lines, [`c.yml:3:25: ${HALF}`]);
  assert.deepEqual((await checkCloudMap('secret_key: a')).lines, [`c.yml:3:57: ${HALF}`]);
});

test('an external id without a role is refused by sigv4, and idle in discovery', async () => {
  assert.deepEqual((await checkSigv4('{external_id: e}')).lines, [
    'c.yml:3:26: "external_id" needs "role_arn" [CONFIG_VALUE]',
  ]);
  const { plan, lines } = await checkCloudMap('external_id: e');
  assert.ok(plan !== undefined);
  assert.deepEqual(lines, ['c.yml:3:58: external_id has no effect without role_arn [CONFIG_NOTE]']);
});

test('a profile beside static keys is told to be idle, wherever it stands', async () => {
  const keys = 'access_key: a, secret_key: b, profile: p';
  for (const { lines } of [await checkSigv4(`{${keys}}`), await checkCloudMap(keys)])
    assert.match(lines.join(), /profile has no effect beside access_key and secret_key/);
});

test('an empty key is an absent one, so that a region is looked for further on', async () => {
  const empty = '{region: "", access_key: "", profile: "", role_arn: "", external_id: ""}';
  const { remark, lines } = await checkSigv4(empty);
  assert.deepEqual([remark, lines], ['signed for eu-west-1', []]);
});

test('the region is told by sigv4, the host of any partition, or the environment', async () => {
  const cases: [sigv4: string, url: string, region: string][] = [
    ['{region: r}', 'https://aps-workspaces.us-east-1.amazonaws.com/w', 'r'],
    ['{}', 'https://aps-workspaces.us-east-1.amazonaws.com/w', 'us-east-1'],
    ['{}', 'https://aps-workspaces.cn-north-1.amazonaws.com.cn/w', 'cn-north-1'],
    ['{}', 'https://vpce-1.aps-workspaces.eu-central-1.vpce.amazonaws.com/w', 'eu-central-1'],
    ['{}', 'https://receiver.example/us-east-1.amazonaws.com/w', 'eu-west-1'],
  ];
  for (const [sigv4, url, region] of cases)
    assert.equal((await checkSigv4(sigv4, url)).remark, `signed for ${region}`, url);
  const { lines } = await checkSigv4('{}', 'http://x/w', {});
  assert.match(lines.join(), /sigv4 needs a "region"/);
});
