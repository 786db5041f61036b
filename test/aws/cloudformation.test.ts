/** Stacks of the emulated CloudFormation, by the official SDK: made, changed, deleted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Cfn from '@aws-sdk/client-cloudformation';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import {
  cfn,
  ssm,
  cloud,
  describe,
  settle,
  create,
  update,
  listEvents,
  listGroups,
  TWO,
} from '../kit/emulated-stacks.ts';

test('a stack is made in the order of its graph, and events tell so', async () => {
  assert.equal(
    await create('two', TWO, { Tags: [{ Key: 'team', Value: 'x' }] }),
    'CREATE_COMPLETE',
  );
  assert.deepEqual(await listEvents('two'), [
    'two CREATE_IN_PROGRESS User Initiated',
    'Group CREATE_IN_PROGRESS',
    'Group CREATE_IN_PROGRESS Resource creation Initiated',
    'Group CREATE_COMPLETE',
    'Settings CREATE_IN_PROGRESS',
    'Settings CREATE_IN_PROGRESS Resource creation Initiated',
    'Settings CREATE_COMPLETE',
    'two CREATE_COMPLETE',
  ]);
  const { Outputs } = await describe('two');
  assert.deepEqual(Outputs, [{ OutputKey: 'Name', OutputValue: '/two', ExportName: 'two-name' }]);
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/two/settings' }));
  assert.equal(Parameter?.Value, 'arn:aws:logs:us-east-1:000000000000:log-group:/two:*');
  await assert.rejects(create('two', TWO), { name: 'AlreadyExistsException' });
  const { StackResources } = await cfn.send(
    new Cfn.DescribeStackResourcesCommand({ StackName: 'two' }),
  );
  assert.deepEqual(
    StackResources?.map((one) => [one.LogicalResourceId, one.PhysicalResourceId]),
    [
      ['Group', '/two'],
      ['Settings', '/two/settings'],
    ],
  );
  await cfn.send(new Cfn.DeleteStackCommand({ StackName: 'two' }));
  await Cfn.waitUntilStackDeleteComplete(
    { client: cfn, maxWaitTime: 10, minDelay: 1, maxDelay: 1 },
    { StackName: 'two' },
  );
  assert.deepEqual(await listGroups(), []);
  await assert.rejects(ssm.send(new GetParameterCommand({ Name: '/two/settings' })));
});

test('a resource that fails takes the others back', async () => {
  cloud.trouble.set({ faults: [{ action: 'PutParameter', code: 'InternalServerError' }] });
  assert.equal(await create('two', TWO), 'ROLLBACK_COMPLETE');
  const events = await listEvents('two');
  const failed = events.find((event) => event.startsWith('Settings CREATE_FAILED'));
  assert.match(
    failed ?? '',
    /^Settings CREATE_FAILED Resource handler returned message: ".*\(Service: ssm, Status Code: 400, Request ID: .*HandlerErrorCode: InvalidRequest\)$/,
  );
  assert.deepEqual(events.slice(-4), [
    'two ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Settings]. ' +
      'Rollback requested by user.',
    'Group DELETE_IN_PROGRESS',
    'Group DELETE_COMPLETE',
    'two ROLLBACK_COMPLETE',
  ]);
  assert.deepEqual(await listGroups(), []);
});

test('on failure a stack goes, or stays as it is, if asked', async () => {
  cloud.trouble.set({ faults: [{ action: 'PutParameter', code: 'InternalServerError' }] });
  assert.equal(await create('gone', TWO, { OnFailure: 'DELETE' }), 'gone');
  assert.deepEqual(await listGroups(), []);
  assert.equal(await create('stays', TWO, { DisableRollback: true }), 'CREATE_FAILED');
  assert.deepEqual(await listGroups(), ['/two 7']);
});

test('a change is made in place, by another resource, or by none', async () => {
  await create('two', TWO);
  assert.equal(await update('two', TWO.replace('Default: 7', 'Default: 14')), 'UPDATE_COMPLETE');
  assert.deepEqual(await listGroups(), ['/two 14']);
  const before = (await listEvents('two')).length;
  const replaced = TWO.replace('Default: /two', 'Default: /other');
  assert.equal(await update('two', replaced), 'UPDATE_COMPLETE');
  assert.deepEqual(await listGroups(), ['/other 7']);
  assert.deepEqual((await listEvents('two')).slice(before), [
    'two UPDATE_IN_PROGRESS User Initiated',
    'Group UPDATE_IN_PROGRESS Requested update requires the creation of a new physical ' +
      'resource; hence creating one.',
    'Group CREATE_IN_PROGRESS',
    'Group CREATE_IN_PROGRESS Resource creation Initiated',
    'Group CREATE_COMPLETE',
    'Group UPDATE_COMPLETE',
    'Settings UPDATE_IN_PROGRESS',
    'Settings UPDATE_COMPLETE',
    'two UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
    'Group DELETE_IN_PROGRESS',
    'Group DELETE_COMPLETE',
    'two UPDATE_COMPLETE',
  ]);
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/two/settings' }));
  assert.match(Parameter?.Value ?? '', /log-group:\/other:/);
  await assert.rejects(update('two', replaced), { message: 'No updates are to be performed.' });
  const less = replaced.replace(/ {2}Settings:[^]*?Outputs/, 'Outputs');
  assert.equal(await update('two', less), 'UPDATE_COMPLETE');
  await assert.rejects(ssm.send(new GetParameterCommand({ Name: '/two/settings' })));
});

test('a change that fails is taken back, in place and replaced', async () => {
  await create('two', TWO);
  for (const changed of [
    TWO.replace('Default: 7', 'Default: 14').replace('!GetAtt Group.Arn', 'other'),
    TWO.replace('Default: /two', 'Default: /other'),
  ]) {
    cloud.trouble.set({
      faults: [{ action: 'PutParameter', code: 'InternalServerError', count: 1 }],
    });
    assert.equal(await update('two', changed), 'UPDATE_ROLLBACK_COMPLETE');
    assert.deepEqual(await listGroups(), ['/two 7']);
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/two/settings' }));
    assert.match(Parameter?.Value ?? '', /log-group:\/two:/);
    const events = await listEvents('two');
    assert.ok(
      events.includes(
        'two UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Settings]. ',
      ) ||
        events.includes(
          'two UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Settings].',
        ),
      events.join('\n'),
    );
  }
  assert.equal((await describe('two')).StackStatus, 'UPDATE_ROLLBACK_COMPLETE');
});

test('a roll-back that fails can be gone on with, or a resource skipped', async () => {
  await create('two', TWO);
  const changed = TWO.replace('Default: 7', 'Default: 14').replace('!GetAtt Group.Arn', 'other');
  cloud.trouble.set({ faults: [{ action: 'PutParameter', code: 'InternalServerError' }] });
  assert.equal(await update('two', changed), 'UPDATE_ROLLBACK_FAILED');
  await assert.rejects(
    update('two', changed),
    /UPDATE_ROLLBACK_FAILED state and can not be updated/,
  );
  const resume = (ResourcesToSkip: string[]) =>
    cfn.send(new Cfn.ContinueUpdateRollbackCommand({ StackName: 'two', ResourcesToSkip }));
  await resume([]);
  assert.equal(await settle('two'), 'UPDATE_ROLLBACK_FAILED');
  await resume(['Settings']);
  assert.equal(await settle('two'), 'UPDATE_ROLLBACK_COMPLETE');
  assert.deepEqual(await listGroups(), ['/two 7']);
});

test('what cannot be deleted is said, and may be left', async () => {
  await create('two', TWO);
  const remove = (RetainResources?: string[]) =>
    cfn.send(
      new Cfn.DeleteStackCommand({
        StackName: 'two',
        ...(RetainResources === undefined ? {} : { RetainResources }),
      }),
    );
  await assert.rejects(remove(['Group']), /DELETE_FAILED state only/);
  cloud.trouble.set({ faults: [{ action: 'DeleteLogGroup', code: 'OperationAbortedException' }] });
  await remove();
  assert.equal(await settle('two'), 'DELETE_FAILED');
  assert.match(
    (await describe('two')).StackStatusReason ?? '',
    /^The following resource\(s\) failed to delete: \[Group\]\./,
  );
  await remove(['Group']);
  assert.equal(await settle('two'), 'gone');
  assert.deepEqual(await listGroups(), ['/two 7']);
});

/** Calls that put a parameter are made again for a while, and the stack with them. */
function hold(): void {
  cloud.trouble.set({
    faults: [{ action: 'PutParameter', code: 'ThrottlingException', count: 3 }],
  });
}

test('a stack that is deleted while it is made ends what is under way, and goes', async () => {
  hold();
  await cfn.send(new Cfn.CreateStackCommand({ StackName: 'two', TemplateBody: TWO }));
  const { StackId = '' } = await describe('two');
  await cfn.send(new Cfn.DeleteStackCommand({ StackName: 'two' }));
  assert.equal((await describe(StackId)).StackStatus, 'DELETE_IN_PROGRESS');
  assert.equal(await settle(StackId), 'DELETE_COMPLETE');
  const events = await listEvents(StackId);
  assert.deepEqual(
    events.filter((event) => event.startsWith('two ')),
    [
      'two CREATE_IN_PROGRESS User Initiated',
      'two DELETE_IN_PROGRESS User Initiated',
      'two DELETE_COMPLETE',
    ],
  );
  assert.ok(
    events.indexOf('Settings DELETE_COMPLETE') < events.indexOf('Group DELETE_IN_PROGRESS'),
  );
  assert.deepEqual(await listGroups(), []);
  await assert.rejects(ssm.send(new GetParameterCommand({ Name: '/two/settings' })));
});

test('a stack that is changed is not deleted until it rests', async () => {
  await create('two', TWO);
  hold();
  await cfn.send(
    new Cfn.UpdateStackCommand({
      StackName: 'two',
      TemplateBody: TWO.replace('!GetAtt Group.Arn', 'other'),
    }),
  );
  await assert.rejects(cfn.send(new Cfn.DeleteStackCommand({ StackName: 'two' })), {
    name: 'ValidationError',
    message:
      /^Stack \[arn:aws:\S+:stack\/two\/\S+\] cannot be deleted while in status UPDATE_IN_PROGRESS$/,
  });
  assert.equal(await settle('two'), 'UPDATE_COMPLETE');
});

test('what is to be kept is kept, and said', async () => {
  const kept = TWO.replace('Type: AWS::Logs', 'DeletionPolicy: Retain\n    Type: AWS::Logs');
  await create('two', kept);
  const { StackId } = await describe('two');
  await cfn.send(new Cfn.DeleteStackCommand({ StackName: 'two' }));
  assert.equal(await settle('two'), 'gone');
  assert.ok((await listEvents(StackId ?? '')).includes('Group DELETE_SKIPPED'));
  assert.deepEqual(await listGroups(), ['/two 7']);
});

async function changeSet(name: string, type: 'CREATE' | 'UPDATE', TemplateBody: string) {
  const names = { StackName: 'two', ChangeSetName: name };
  await cfn.send(new Cfn.CreateChangeSetCommand({ ...names, ChangeSetType: type, TemplateBody }));
  return cfn.send(new Cfn.DescribeChangeSetCommand(names));
}

test('a change set says what would be done, and does it', async () => {
  const added = await changeSet('first', 'CREATE', TWO);
  assert.deepEqual(
    added.Changes?.map(({ ResourceChange: one }) => [one?.Action, one?.LogicalResourceId]),
    [
      ['Add', 'Group'],
      ['Add', 'Settings'],
    ],
  );
  assert.equal(await settle('two'), 'REVIEW_IN_PROGRESS');
  const names = { StackName: 'two', ChangeSetName: 'first' };
  await cfn.send(new Cfn.ExecuteChangeSetCommand(names));
  assert.equal(await settle('two'), 'CREATE_COMPLETE');
  const same = await changeSet('same', 'UPDATE', TWO);
  assert.equal(same.Status, 'FAILED');
  assert.match(same.StatusReason ?? '', /^The submitted information didn't contain changes\./);
  await assert.rejects(
    cfn.send(new Cfn.ExecuteChangeSetCommand({ ...names, ChangeSetName: 'same' })),
    { name: 'InvalidChangeSetStatusException' },
  );
  const other = await changeSet('other', 'UPDATE', TWO.replace('Default: /two', 'Default: /b'));
  assert.deepEqual(
    other.Changes?.map(({ ResourceChange: one }) => [
      one?.LogicalResourceId,
      one?.Action,
      one?.Replacement,
      one?.Details?.map(({ Target }) => Target?.Name),
    ]),
    [
      ['Group', 'Modify', 'True', ['LogGroupName']],
      ['Settings', 'Modify', 'False', ['Value']],
    ],
  );
  await assert.rejects(
    cfn.send(new Cfn.DescribeChangeSetCommand({ ...names, ChangeSetName: 'none' })),
    { name: 'ChangeSetNotFoundException' },
  );
});
