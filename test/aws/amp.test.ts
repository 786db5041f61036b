/**
 * The emulated AMP as its official client sees it: what is made, changed, listed and deleted, and
 * how it is refused.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as amp from '@aws-sdk/client-amp';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';
import { until } from '../kit/waiting.ts';

let aws: EmulatedAws;
let client: amp.AmpClient;
before(async () => {
  aws = await startEmulatedAws();
  const { url: endpoint, credentials } = aws;
  client = new amp.AmpClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
});
after(() => aws.close());

/** Makes a workspace and waits until it is ACTIVE. */
async function makeWorkspace(alias?: string): Promise<string> {
  const made = await client.send(new amp.CreateWorkspaceCommand({ alias, tags: { team: 'a' } }));
  assert.equal(made.status?.statusCode, 'CREATING');
  const { workspaceId = '' } = made;
  await until(
    'the workspace is ACTIVE',
    10_000,
    async () => (await statusOf(workspaceId)) === 'ACTIVE',
  );
  return workspaceId;
}

async function statusOf(workspaceId: string): Promise<string | undefined> {
  const { workspace } = await client.send(new amp.DescribeWorkspaceCommand({ workspaceId }));
  return workspace?.status?.statusCode;
}

test('a workspace is made, found by its alias, changed and deleted', async () => {
  const workspaceId = await makeWorkspace('orders-1');
  await makeWorkspace('stock');
  const { workspaces = [] } = await client.send(new amp.ListWorkspacesCommand({ alias: 'orders' }));
  assert.deepEqual(
    workspaces.map((one) => [one.workspaceId, one.alias, one.tags]),
    [[workspaceId, 'orders-1', { team: 'a' }]],
  );
  const { workspace } = await client.send(new amp.DescribeWorkspaceCommand({ workspaceId }));
  assert.equal(workspace?.prometheusEndpoint, `${aws.url}/workspaces/${workspaceId}/`);
  assert.equal(workspace?.arn, `arn:aws:aps:us-east-1:000000000000:workspace/${workspaceId}`);
  await client.send(new amp.UpdateWorkspaceAliasCommand({ workspaceId, alias: 'renamed' }));
  const { workspaces: renamed = [] } = await client.send(
    new amp.ListWorkspacesCommand({ alias: 'renamed' }),
  );
  assert.equal(renamed.length, 1);
  await client.send(new amp.DeleteWorkspaceCommand({ workspaceId }));
  assert.equal(await statusOf(workspaceId), 'DELETING');
  await until('the workspace is gone', 10_000, () =>
    statusOf(workspaceId).then(
      () => false,
      (error: Error) => error.name === 'ResourceNotFoundException',
    ),
  );
});

test('a call that is made again with its token makes nothing again', async () => {
  const clientToken = 'token-1';
  const make = (alias: string) =>
    client.send(new amp.CreateWorkspaceCommand({ alias, clientToken }));
  const [first, second] = [await make('once'), await make('once')];
  assert.equal(first.workspaceId, second.workspaceId);
  await assert.rejects(make('twice'), { name: 'ConflictException' });
});

test('the configuration of a workspace has AMP its defaults, and is changed by PATCH', async () => {
  const workspaceId = await makeWorkspace();
  const read = async () => {
    const answer = await client.send(
      new amp.DescribeWorkspaceConfigurationCommand({ workspaceId }),
    );
    return answer.workspaceConfiguration;
  };
  assert.deepEqual(await read(), {
    status: { statusCode: 'ACTIVE' },
    retentionPeriodInDays: 150,
    limitsPerLabelSet: [],
  });
  const limitsPerLabelSet = [{ labelSet: { job: 'a' }, limits: { maxSeries: 10 } }];
  const change = { workspaceId, retentionPeriodInDays: 30, limitsPerLabelSet };
  await client.send(new amp.UpdateWorkspaceConfigurationCommand(change));
  const changed = await read();
  assert.deepEqual(
    [changed?.status?.statusCode, changed?.retentionPeriodInDays, changed?.limitsPerLabelSet],
    ['UPDATING', 30, limitsPerLabelSet],
  );
});

test('namespaces of rules are kept as they were given, with tags, and listed by pages', async () => {
  const workspaceId = await makeWorkspace();
  const data = Buffer.from('groups:\n  - name: a\n    rules: [{ record: b, expr: up }]\n');
  for (const name of ['a', 'b', 'c'])
    await client.send(
      new amp.CreateRuleGroupsNamespaceCommand({ workspaceId, name, data, tags: { k: name } }),
    );
  await assert.rejects(
    client.send(new amp.CreateRuleGroupsNamespaceCommand({ workspaceId, name: 'a', data })),
    { name: 'ConflictException' },
  );
  const names: (string | undefined)[] = [];
  let nextToken: string | undefined;
  do {
    const page: amp.ListRuleGroupsNamespacesCommandOutput = await client.send(
      new amp.ListRuleGroupsNamespacesCommand({ workspaceId, maxResults: 2, nextToken }),
    );
    names.push(...(page.ruleGroupsNamespaces ?? []).map(({ name }) => name));
    ({ nextToken } = page);
  } while (nextToken !== undefined);
  assert.deepEqual(names, ['a', 'b', 'c']);
  const { ruleGroupsNamespace: found } = await client.send(
    new amp.DescribeRuleGroupsNamespaceCommand({ workspaceId, name: 'b' }),
  );
  assert.equal(Buffer.from(found?.data ?? []).toString(), data.toString());
  const resourceArn = found?.arn ?? '';
  await client.send(new amp.TagResourceCommand({ resourceArn, tags: { more: '1' } }));
  await client.send(new amp.UntagResourceCommand({ resourceArn, tagKeys: ['k', 'none'] }));
  const { tags } = await client.send(new amp.ListTagsForResourceCommand({ resourceArn }));
  assert.deepEqual(tags, { more: '1' });
});

test('definition, logging, policy, detectors and scrapers are kept as state', async () => {
  const workspaceId = await makeWorkspace();
  const data = Buffer.from(
    'alertmanager_config: |\n  route: { receiver: a }\n  receivers: [{ name: a }]\n',
  );
  await client.send(new amp.CreateAlertManagerDefinitionCommand({ workspaceId, data }));
  const wrong = Buffer.from(
    'alertmanager_config: |\n  route: { receiver: b }\n  receivers: [{ name: a }]\n',
  );
  await client.send(new amp.PutAlertManagerDefinitionCommand({ workspaceId, data: wrong }));
  await until('the definition fails for its receiver', 10_000, async () => {
    const { alertManagerDefinition } = await client.send(
      new amp.DescribeAlertManagerDefinitionCommand({ workspaceId }),
    );
    const { statusCode, statusReason } = alertManagerDefinition?.status ?? {};
    return statusCode === 'UPDATE_FAILED' && /undefined receiver "b"/.test(statusReason ?? '');
  });
  await assert.rejects(
    client.send(
      new amp.PutAlertManagerDefinitionCommand({ workspaceId, data: Buffer.from('a: [') }),
    ),
    { name: 'ValidationException', reason: 'CANNOT_PARSE' },
  );
  const logGroupArn = 'arn:aws:logs:us-east-1:000000000000:log-group:/amp:*';
  await client.send(new amp.CreateLoggingConfigurationCommand({ workspaceId, logGroupArn }));
  const logging = await client.send(new amp.DescribeLoggingConfigurationCommand({ workspaceId }));
  assert.equal(logging.loggingConfiguration?.logGroupArn, logGroupArn);
  const destinations = [{ cloudWatchLogs: { logGroupArn }, filters: { qspThreshold: 1_000 } }];
  await client.send(new amp.CreateQueryLoggingConfigurationCommand({ workspaceId, destinations }));
  const queries = await client.send(
    new amp.DescribeQueryLoggingConfigurationCommand({ workspaceId }),
  );
  assert.deepEqual(queries.queryLoggingConfiguration?.destinations, destinations);

  const policyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { AWS: '111111111111' },
      Action: 'aps:RemoteWrite',
      Resource: `arn:aws:aps:us-east-1:000000000000:workspace/${workspaceId}`,
    },
  });
  const { revisionId } = await client.send(
    new amp.PutResourcePolicyCommand({ workspaceId, policyDocument }),
  );
  await assert.rejects(
    client.send(new amp.DeleteResourcePolicyCommand({ workspaceId, revisionId: 'other' })),
    { name: 'ConflictException' },
  );
  const policy = await client.send(new amp.DescribeResourcePolicyCommand({ workspaceId }));
  assert.deepEqual([policy.policyDocument, policy.revisionId], [policyDocument, revisionId]);

  const configuration = { randomCutForest: { query: 'up' } };
  const detector = await client.send(
    new amp.CreateAnomalyDetectorCommand({ workspaceId, alias: 'd', configuration }),
  );
  const { anomalyDetectors = [] } = await client.send(
    new amp.ListAnomalyDetectorsCommand({ workspaceId }),
  );
  assert.deepEqual(
    anomalyDetectors.map(({ arn }) => arn),
    [detector.arn],
  );

  const { configuration: given } = await client.send(
    new amp.GetDefaultScraperConfigurationCommand({}),
  );
  const workspaceArn = `arn:aws:aps:us-east-1:000000000000:workspace/${workspaceId}`;
  const { scraperId = '' } = await client.send(
    new amp.CreateScraperCommand({
      alias: 's',
      scrapeConfiguration: { configurationBlob: given ?? new Uint8Array() },
      source: { vpcConfiguration: { subnetIds: ['subnet-1'], securityGroupIds: ['sg-1'] } },
      destination: { ampConfiguration: { workspaceArn } },
    }),
  );
  const list = async (filters: Record<string, string[]>) =>
    (await client.send(new amp.ListScrapersCommand({ filters, maxResults: 5 }))).scrapers?.length;
  assert.deepEqual([await list({ alias: ['s'] }), await list({ alias: ['t'] })], [1, 0]);
  const { scraper } = await client.send(new amp.DescribeScraperCommand({ scraperId }));
  assert.match(scraper?.statusReason ?? '', /scrapes nothing/);
  await client.send(new amp.DeleteScraperCommand({ scraperId }));
});

test('what AMP refuses is refused with its code, status and members', async () => {
  const workspaceId = await makeWorkspace();
  const kmsKeyArn = 'arn:aws:kms:us-east-1:1:key/a';
  const change = { workspaceId, retentionPeriodInDays: 2_000 };
  const missing = { name: 'ResourceNotFoundException', resourceType: 'workspace' };
  const invalid = { name: 'ValidationException', reason: 'FIELD_VALIDATION_FAILED' };
  const cases: [() => Promise<unknown>, Record<string, string>, number][] = [
    [
      () => client.send(new amp.DescribeWorkspaceCommand({ workspaceId: 'ws-none' })),
      { ...missing, resourceId: 'ws-none' },
      404,
    ],
    [() => client.send(new amp.CreateWorkspaceCommand({ alias: 'x'.repeat(101) })), invalid, 400],
    [() => client.send(new amp.CreateWorkspaceCommand({ kmsKeyArn })), invalid, 400],
    [() => client.send(new amp.UpdateWorkspaceConfigurationCommand(change)), invalid, 400],
    [
      () => client.send(new amp.DeleteAlertManagerDefinitionCommand({ workspaceId })),
      { name: 'ResourceNotFoundException', resourceType: 'alertmanagerdefinition' },
      404,
    ],
    [() => client.send(new amp.ListWorkspacesCommand({ maxResults: 0 })), invalid, 400],
    [
      () => client.send(new amp.ListWorkspacesCommand({ nextToken: 'x' })),
      { name: 'ValidationException', reason: 'OTHER' },
      400,
    ],
  ];
  for (const [call, wanted, status] of cases)
    await assert.rejects(call, (error: amp.AmpServiceException) => {
      for (const [name, value] of Object.entries(wanted))
        assert.equal(Reflect.get(error, name), value);
      assert.equal(error.$metadata.httpStatusCode, status);
      return true;
    });
});

test('the workspaces of an account in a region have a quota', async () => {
  const { amp: state } = aws.account;
  while (state.listWorkspaces().length < 25) await state.createWorkspace({ tags: {} });
  await assert.rejects(
    client.send(new amp.CreateWorkspaceCommand({})),
    (error: amp.AmpServiceException) => {
      assert.equal(error.name, 'ServiceQuotaExceededException');
      assert.equal(error.$metadata.httpStatusCode, 402);
      return true;
    },
  );
});

/** The SDK's schema of an operation: its kind, …, name, traits and input. */
type Operation = readonly [9, string, string, { http: [string, string, number] }, unknown];

test('each operation of the model has its line and its members', async () => {
  const { MEMBERS } = await import('../../src/emulator/members.ts');
  const { REST_PATHS } = await import('../../src/emulator/rest-paths.ts');
  const official = Object.values(amp).filter(
    (value): value is Operation & typeof value => Array.isArray(value) && value[0] === 9,
  );
  assert.ok(official.length > 40);
  const ours = Object.entries(REST_PATHS['aps'] ?? {}).map(([name, line]) => {
    const [method, path = '', status = '200'] = line.split(' ');
    return `${name} ${method} ${path.split('?')[0]} ${status}`;
  });
  assert.deepEqual(
    official.map(([, , name, { http }]) => `${name} ${http[0]} ${http[1]} ${http[2]}`).sort(),
    ours.sort(),
  );
  for (const [, , name, , schema] of official) {
    const { acts = '', idle = '' } = MEMBERS['aps']?.[name] ?? {};
    const input = (typeof schema === 'function' ? schema() : schema) as unknown[];
    const members = ((input[4] ?? []) as string[]).toSorted();
    assert.deepEqual(`${acts} ${idle}`.split(' ').filter(Boolean).sort(), members, name);
  }
});
