import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAwsSession } from './aws-client.ts';
import { createDiscoveryWorld } from '../../test/kit/discovery.ts';

function open(endpoint: string | undefined) {
  return openAwsSession(
    { region: 'us-east-1', endpoint, call_budget: 1 },
    createDiscoveryWorld('ecs'),
  );
}

test("an endpoint of AWS serves its own service only, an emulator's serves all", () => {
  const cases: [string | undefined, string | undefined][] = [
    ['https://ecs.us-east-1.amazonaws.com', undefined],
    ['https://vpce-0a1b-2c3d.ecs.us-east-1.vpce.amazonaws.com', undefined],
    ['https://ec2.us-east-1.amazonaws.com', 'https://ec2.us-east-1.amazonaws.com'],
    ['http://localhost:4566', 'http://localhost:4566'],
    [undefined, undefined],
  ];
  for (const [endpoint, forEc2] of cases) {
    const session = open(endpoint);
    assert.equal(session.clientOptions().endpoint, endpoint);
    assert.equal(session.clientOptions({ service: 'ec2' }).endpoint, forEc2);
    session.close();
  }
});
