import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfigText } from './load.ts';

test('metrics are not led to a sink of traces', async () => {
  const text = 'xray_write: [{region: us-east-1}]\nremote_write: [{url: "http://a/write"}]\n';
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env: {} });
  assert.deepEqual(findings, []);
  const kinds = plan?.routes.flatMap(({ sinks }) => sinks.map((id) => id.split('/')[0]));
  assert.deepEqual(kinds, ['remote_write']);
  assert.deepEqual(plan?.sinks.map(({ kind }) => kind).toSorted(), ['remote_write', 'xray']);
});

test('what is written for telemetry records that are not sent is told', async () => {
  const text =
    'xray_write: [{region: us-east-1, resource_arn: arn:r,\n' +
    '  telemetry: {enabled: false, hostname: h, include_metadata: true}}]\n';
  const { findings } = await checkConfigText(text, 'c.yml', { env: {} });
  const told = findings.filter(({ message }) => message.includes('while telemetry is not enabled'));
  assert.deepEqual(
    told
      .map(({ severity, line, message }) => `${severity} ${line} ${message.split(' ')[0]}`)
      .toSorted(),
    ['warning 1 resource_arn', 'warning 2 hostname', 'warning 2 include_metadata'],
  );
});
