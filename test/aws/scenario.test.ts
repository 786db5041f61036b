/** A scenario of the emulator: calls, objects, tasks, and trouble after a while. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Scenario, parseScenario } from '../../src/emulator/scenario.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { createHttpClient } from '../../src/kernel/http-client.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
});
after(() => aws.close());

test('a scenario: calls, objects, tasks, and trouble after a while', async () => {
  const http = createHttpClient();
  const options = {
    world: { clock: systemClock, http, log: silentLogger },
    url: () => aws.url,
    region: 'us-east-1',
    credentials: aws.credentials,
  };
  const containerDefinitions = [{ name: 'app', image: 'app', memory: 128 }];
  const steps = parseScenario(
    {
      steps: [
        { call: 'ecs.CreateCluster', input: { clusterName: 'told' } },
        { call: 'ecs.RegisterTaskDefinition', input: { family: 'told', containerDefinitions } },
        { admin: 'ecs/tasks', input: { cluster: 'told', taskDefinition: 'told', count: 3 } },
        { object: 's3://told-bucket/key.yml', text: 'global: {}' },
        {
          call: 'xray.UpdateSamplingRule',
          input: { SamplingRuleUpdate: { RuleName: 'Default', FixedRate: 1 } },
        },
        { after: '50ms', admin: 'trouble', input: { skewMs: 1 } },
      ],
    },
    'file.yml',
  );
  const scenario = new Scenario(steps, options);
  await scenario.start();
  assert.equal(aws.account.ecs.cluster('told').tasks.size, 3);
  assert.equal(aws.account.xray.rules.find('Default')?.FixedRate, 1);
  assert.equal(aws.cloud.trouble.skewMs, 0);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(aws.cloud.trouble.skewMs, 1);
  aws.cloud.trouble.set({});
  await scenario.stop();
  const bad = [{ call: 'ecs.DescribeClusters', input: { clusters: [] } }];
  await assert.rejects(
    new Scenario(parseScenario({ steps: bad }, 'f'), options).start(),
    /step 1 of the scenario: 400 .*can not be empty/,
  );
  for (const [call, words] of [
    ['xray.GetGroups', /xray has no GetGroups here/],
    ['lambda.Invoke', /lambda is none of ecs, .*, xray/],
  ] as const)
    await assert.rejects(
      new Scenario(parseScenario({ steps: [{ call }] }, 'f'), options).start(),
      words,
    );
  assert.throws(() => parseScenario({ steps: [{ call: 'nothing' }] }, 'f.yml'), /f\.yml/);
  await http.close();
});
