import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ec2State } from './state.ts';
import { listZones } from './zones.ts';

const accountId = '000000000000';

test('the ids of zones begin with the short name of their region', () => {
  for (const [region, id] of [
    ['us-east-1', 'use1-az1'],
    ['us-west-2', 'usw2-az1'],
    ['eu-central-1', 'euc1-az1'],
    ['ap-southeast-2', 'apse2-az1'],
    ['ap-northeast-3', 'apne3-az1'],
    ['us-gov-east-1', 'usge1-az1'],
    ['me-south-1', 'mes1-az1'],
  ] as const)
    assert.equal(listZones(region)[0]?.id, id, region);
});

test('instances are bounded, and one that is replaced is none more', () => {
  const state = new Ec2State({ region: 'us-east-1', accountId }, () => 0);
  for (let at = 0; at < 20_000; at++)
    state.put({ instanceId: `i-${at.toString(16).padStart(8, '0')}` });
  state.put({ instanceId: 'i-00000000', privateIpAddress: '10.0.0.1' });
  assert.throws(() => state.put({ instanceId: 'i-ffffffff' }), { code: 'InstanceLimitExceeded' });
});
