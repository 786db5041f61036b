/** Calls of the emulated CloudFormation that are wrong, late, or asked once more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Cfn from '@aws-sdk/client-cloudformation';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import {
  cfn,
  cloud,
  create,
  credentials,
  describe,
  emulator,
  listEvents,
  region,
  settle,
  ssm,
  TWO,
  update,
} from '../kit/emulated-stacks.ts';
import { openRoleSession, putRole } from '../kit/emulated-roles.ts';

const THREE = TWO.replaceAll('two', 'three');
const OTHER = TWO.replace('Default: 7', 'Default: 14');

function propose(StackName: string, ChangeSetName: string, more: object = {}) {
  const input = { StackName, ChangeSetName, TemplateBody: OTHER, ...more };
  return cfn.send(new Cfn.CreateChangeSetCommand(input));
}

async function listNames(): Promise<string[]> {
  const { Stacks = [] } = await cfn.send(new Cfn.DescribeStacksCommand({}));
  return Stacks.flatMap(({ StackName = [] }) => StackName);
}

test('what a call may not have is refused, and nothing is begun', async () => {
  await create('two', TWO);
  const { Id } = await propose('two', 'own');
  const refusals: readonly (readonly [Promise<unknown>, RegExp])[] = [
    [
      create('bad', TWO, { Capabilities: ['CAPABILITY_ALL' as never] }),
      /'CAPABILITY_ALL' at 'capa/,
    ],
    [create('bad', TWO, { TimeoutInMinutes: 0 }), /'0' at 'timeoutInMinutes' .* equal to 1$/],
    [create('bad', TWO, { ClientRequestToken: 'a b' }), /'a b' at 'clientRequestToken'/],
    [create('bad', TWO.replace('!Ref Name,', '!If [Gone, a, b],')), /dependency Gone in the Res/],
    [create('bad', `{"Resources": ${'['.repeat(3_000)}`), /nested deeper than 200 levels/],
    [propose('two', 'bad_name'), /'bad_name' at 'changeSetName'/],
    [propose('two', 'other', { OnStackFailure: 'MAYBE' }), /'MAYBE' at 'onStackFailure'/],
    [propose('bad', 'b', { OnStackFailure: 'MAYBE', ChangeSetType: 'CREATE' }), /OnFailure MAYBE/],
    [
      cfn.send(new Cfn.ListStacksCommand({ StackStatusFilter: ['CREATED' as never] })),
      /'CREATED' at 'stackStatusFilter' .* enum value set: \[CREATE_IN_PROGRESS/,
    ],
    [
      cfn.send(new Cfn.DescribeStackResourceDriftsCommand({ StackName: 'two', MaxResults: -5 })),
      /'-5' at 'maxResults'/,
    ],
    [
      cfn.send(new Cfn.ValidateTemplateCommand({ TemplateURL: `${emulator.url}/b/%E0%A4%A` })),
      /TemplateURL must be a supported URL: its path \/b\/%E0%A4%A is not in UTF-8/,
    ],
    [
      cfn.send(new Cfn.GetTemplateCommand({ StackName: 'two', ChangeSetName: 'none' })),
      /^ChangeSet \[none\] does not exist$/,
    ],
    [
      cfn.send(
        new Cfn.DescribeStackResourcesCommand({ StackName: 'two', PhysicalResourceId: '/two' }),
      ),
      /Only one of StackName or PhysicalResourceId/,
    ],
    [
      cfn.send(new Cfn.ExecuteChangeSetCommand({ StackName: 'three', ChangeSetName: Id })),
      /ChangeSet \[arn:.*\] does not exist$/,
    ],
  ];
  for (const [refusal, message] of refusals)
    await assert.rejects(refusal, (error: Cfn.CloudFormationServiceException) => {
      assert.match(error.message, message);
      assert.ok((error.$metadata.httpStatusCode ?? 500) < 500);
      return true;
    });
  assert.deepEqual(await listNames(), ['two']);
});

test('a change set of another stack, or a resource of one, is allowed as that stack is', async () => {
  await create('two', TWO);
  await create('three', THREE);
  const { Id = '' } = await propose('three', 'own', { TemplateBody: THREE.replace(': 7', ': 14') });
  const Resource = 'arn:aws:cloudformation:*:*:stack/two/*';
  const statements = [{ Effect: 'Allow', Action: 'cloudformation:*', Resource }];
  const RoleArn = await putRole(cloud, 'two-alone', { statements });
  const at = { endpoint: emulator.url, region, credentials };
  const limited = new Cfn.CloudFormationClient({
    ...at,
    credentials: await openRoleSession(at, RoleArn),
  });
  const named = { StackName: 'two', ChangeSetName: Id };
  for (const command of [
    new Cfn.DescribeChangeSetCommand(named),
    new Cfn.GetTemplateCommand(named),
    new Cfn.ExecuteChangeSetCommand(named),
  ])
    await assert.rejects(limited.send(command as never), { name: /^ChangeSetNotFound/ });
  await limited.send(new Cfn.DeleteChangeSetCommand(named));
  await cfn.send(new Cfn.DescribeChangeSetCommand({ ChangeSetName: Id }));
  const alone = new Cfn.DescribeChangeSetCommand({ ChangeSetName: Id });
  await assert.rejects(limited.send(alone), { name: 'AccessDenied' });
  const find = (PhysicalResourceId: string) =>
    limited.send(new Cfn.DescribeStackResourcesCommand({ PhysicalResourceId }));
  await assert.rejects(find('/three'), { name: 'AccessDenied' });
  assert.equal((await find('/two')).StackResources?.length, 2);
  limited.destroy();
});

test('a stack that is only looked at has its name already', async () => {
  await propose('seen', 'first', { ChangeSetType: 'CREATE' });
  await assert.rejects(create('seen', TWO), { name: 'AlreadyExistsException' });
  await propose('seen', 'second', { ChangeSetType: 'CREATE' });
  assert.deepEqual(await listNames(), ['seen']);
});

test('a change set is of the stack as it was', async () => {
  await create('two', TWO);
  const { Id } = await propose('two', 'stale');
  await update('two', TWO.replace('Default: 7', 'Default: 30'));
  const named = { StackName: 'two', ChangeSetName: 'stale' };
  const { ExecutionStatus } = await cfn.send(new Cfn.DescribeChangeSetCommand(named));
  assert.equal(ExecutionStatus, 'OBSOLETE');
  await assert.rejects(cfn.send(new Cfn.ExecuteChangeSetCommand(named)), {
    name: /^InvalidChangeSetStatus/,
    message: `ChangeSet [${Id}] cannot be executed in its current execution status of [OBSOLETE]`,
  });
});

test('a call that is asked once more with its token does nothing again', async () => {
  const ask = { StackName: 'two', TemplateBody: TWO, ClientRequestToken: 'make' };
  const made = await Promise.all([
    cfn.send(new Cfn.CreateStackCommand(ask)),
    cfn.send(new Cfn.CreateStackCommand(ask)),
  ]);
  assert.equal(made[0].StackId, made[1].StackId);
  assert.equal(await settle('two'), 'CREATE_COMPLETE');
  assert.equal((await cfn.send(new Cfn.CreateStackCommand(ask))).StackId, made[0].StackId);
  await assert.rejects(cfn.send(new Cfn.UpdateStackCommand({ ...ask, TemplateBody: OTHER })), {
    name: /^TokenAlreadyExists/,
  });
  const first = await propose('two', 'more', { ClientToken: 'propose' });
  const second = await propose('two', 'more', { ClientToken: 'propose' });
  assert.equal(first.Id, second.Id);
  await assert.rejects(propose('two', 'more', { ClientToken: 'other' }), /already exists/);
  const execute = { StackName: 'two', ChangeSetName: 'more', ClientRequestToken: 'execute' };
  for (const _ of [1, 2]) {
    await cfn.send(new Cfn.ExecuteChangeSetCommand(execute));
    assert.equal(await settle('two'), 'UPDATE_COMPLETE');
  }
  const change = { StackName: 'two', TemplateBody: TWO, ClientRequestToken: 'change' };
  for (const _ of [1, 2]) {
    await cfn.send(new Cfn.UpdateStackCommand(change));
    assert.equal(await settle('two'), 'UPDATE_COMPLETE');
  }
  const states = (await listEvents('two')).filter((event) => event.startsWith('two '));
  assert.equal(states.filter((event) => event.includes('UPDATE_IN_PROGRESS')).length, 2);
  const { StackId = '' } = await describe('two');
  for (const _ of [1, 2])
    await cfn.send(new Cfn.DeleteStackCommand({ StackName: 'two', ClientRequestToken: 'delete' }));
  assert.equal(await settle(StackId), 'DELETE_COMPLETE');
});

test('a stack of one name is made once, however many ask at the same time', async () => {
  const TemplateBody = `
Parameters: { Name: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /name } }
Resources: { Group: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: !Ref Name } } }
`;
  await ssm.send(new PutParameterCommand({ Name: '/name', Value: '/named', Type: 'String' }));
  const faults = [{ action: 'GetParameter', code: 'ThrottlingException', count: 2 }];
  cloud.trouble.set({ faults });
  const input = { StackName: 'two', TemplateBody };
  const asked = await Promise.allSettled(
    [1, 2, 3].map(() => cfn.send(new Cfn.CreateStackCommand(input))),
  );
  assert.equal(asked.filter(({ status }) => status === 'fulfilled').length, 1);
  await settle('two');
  assert.deepEqual(await listNames(), ['two']);
});

test('signals of a resource are counted as the template says it, in functions too', async () => {
  const template = `
Parameters: { Count: { Type: Number, Default: 0 } }
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    CreationPolicy: { ResourceSignal: { Count: !Ref Count, Timeout: PT1M } }
    Properties: { LogGroupName: /signalled }
`;
  assert.equal(await create('signalled', template), 'CREATE_COMPLETE');
});
