import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../kernel/clock.ts';
import type { HttpClient } from '../kernel/http-client.ts';
import { silentLogger } from '../kernel/logger.ts';
import { Registry } from '../kernel/metrics.ts';
import { openAwsSession } from './aws-client.ts';
import { CallLimits } from './call-limits.ts';
import type { DiscoveryWorld } from './mechanism.ts';

function open(endpoint: string | undefined) {
  const clock = new VirtualClock();
  const metrics = new Registry();
  const world: DiscoveryWorld = {
    clock,
    metrics,
    log: silentLogger,
    http: undefined as unknown as HttpClient,
    mechanism: 'ecs',
    signal: new AbortController().signal,
    baseDirectory: '/',
    callLimits: new CallLimits(clock, metrics),
  };
  return openAwsSession({ region: 'us-east-1', endpoint, call_budget: 1 }, world);
}

test("an endpoint of AWS's own is for its service alone, an emulator's for all", () => {
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
