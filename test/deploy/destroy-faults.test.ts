/** What status and destroy do where something is lacking, on a stack that a test directs. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createDeployCommand } from '../../src/commands/deploy.ts';
import { createDestroyCommand } from '../../src/commands/destroy.ts';
import { createStatusCommand } from '../../src/commands/status.ts';
import { deployTemplate } from '../../src/deploy/deployer/statements.ts';
import { act, begin, done, writeModel } from './acting.ts';
import { ADD, type FakeStack, SERVICE, SERVICE_ARN, STACK_ARN, WORKSPACE } from './fake-stack.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { describeModel } from './models.ts';

const FILES = ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'] as const;

test('a status tells what it may ask, and names the action that is lacking', async (context) => {
  const fake = await begin(context);
  fake.status = 'CREATE_COMPLETE';
  fake.resources = [SERVICE, WORKSPACE];
  fake.refusals.set('ListTasks', [
    ['AccessDeniedException', 'no'],
    ['AccessDeniedException', 'no'],
  ]);
  fake.json.set('DescribeServices', () => ({
    services: [
      {
        serviceArn: SERVICE_ARN,
        serviceName: 'metrics-collector',
        desiredCount: 2,
        runningCount: 1,
        pendingCount: 1,
        deployments: [
          { status: 'PRIMARY', rolloutState: 'IN_PROGRESS', rolloutStateReason: 'under way' },
        ],
      },
    ],
  }));
  fake.json.set('GET /workspaces/ws-0a1b', () => ({
    workspace: { workspaceId: 'ws-0a1b', status: { statusCode: 'ACTIVE' } },
  }));
  const { out, error } = await act(createStatusCommand, [writeModel(context), '--drift']);
  assert.equal(error, undefined);
  assert.match(out, /^service metrics-collector {2}1 of 2 running {2}1 pending {2}in progress$/m);
  assert.match(out, /^ {2}metrics-collector: under way$/m);
  assert.match(out, /^workspace ws-0a1b, active/m);
  assert.match(
    out,
    /^ {2}CollectorService \(AWS::ECS::Service\): MODIFIED, \/DesiredCount: NOT_EQUAL$/m,
  );
  assert.match(out, /^not known: tasks of metrics-collector: .*needs ecs:ListTasks/m);
  const none = await act(createStatusCommand, ['other-stack', '--region', 'eu-west-1']);
  assert.equal(none.error, undefined);
});

test('a stack that is not there is told', async (context) => {
  await begin(context);
  const { error } = await act(createStatusCommand, ['metrics', '--region', 'eu-west-1']);
  assert.match(error ?? '', /there is no stack metrics in eu-west-1.* \[STACK_UNKNOWN\]/);
});

test('a profile that no file has is told, with those that are there', async (context) => {
  await begin(context);
  const folder = temporaryFolder(context);
  const before = { ...process.env };
  context.after(() => {
    for (const name of FILES)
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  });
  for (const name of FILES) process.env[name] = path.join(folder, name);
  const of = ['--region', 'eu-west-1', '--profile', 'nope'];
  const none = await act(createStatusCommand, ['metrics', ...of]);
  assert.match(
    none.error ?? '',
    /--profile nope: neither .* has it; they have none \[FLAG_VALUE\]/,
  );
  const config = '[profile work]\noutput = json\n[sso-session s]\nsso_region = eu-west-1\n';
  writeFileSync(path.join(folder, 'AWS_CONFIG_FILE'), config);
  writeFileSync(path.join(folder, 'AWS_SHARED_CREDENTIALS_FILE'), '[old]\naws_access_key_id = A\n');
  const some = await act(createStatusCommand, ['metrics', ...of]);
  assert.match(some.error ?? '', /; they have old, work \[FLAG_VALUE\]/);
  const known = await act(createStatusCommand, ['metrics', ...of.slice(0, 3), 'work']);
  assert.doesNotMatch(known.error ?? '', /FLAG_VALUE/);
});

test('a stack that Amperage did not make is told before anything ends', async (context) => {
  for (const isForeign of [true, false]) {
    const fake = await begin(context);
    fake.status = 'CREATE_COMPLETE';
    fake.resources = [WORKSPACE];
    fake.isForeign = isForeign;
    fake.course = { steps: [], end: 'DELETE_COMPLETE' };
    const { told } = await act(createDestroyCommand, ['metrics', '--region', 'eu-west-1', '--yes']);
    const warning = /! the stack metrics is not one that Amperage made/;
    if (isForeign) assert.match(told, warning);
    else assert.doesNotMatch(told, warning);
  }
});

/** A service whose tasks end one look after they are told to. */
function drainable(fake: FakeStack): void {
  let desired = 1;
  let running = 1;
  fake.json.set('UpdateService', (input) => {
    desired = Number(input['desiredCount']);
    return {};
  });
  fake.json.set('DescribeServices', () => {
    const answer = {
      serviceArn: SERVICE_ARN,
      serviceName: 'metrics-collector',
      desiredCount: desired,
    };
    const services = [{ ...answer, runningCount: running }];
    running = desired;
    return { services };
  });
}

test('destroy drains first, says what is kept, and keeps it', async (context) => {
  const fake = await begin(context);
  fake.status = 'CREATE_COMPLETE';
  fake.resources = [SERVICE, WORKSPACE];
  fake.template = { Resources: { Workspace: { DeletionPolicy: 'Retain' } } };
  fake.course = { steps: [[{ ...SERVICE, status: 'DELETE_COMPLETE' }]], end: undefined };
  drainable(fake);
  const { told, out, error } = await act(createDestroyCommand, [writeModel(context)], {
    answer: 'y',
  });
  assert.equal(error, undefined);
  assert.match(told, /^keep {4}Workspace \(AWS::APS::Workspace\) ws-0a1b$/m);
  assert.match(told, /^! what a collector of metrics does not send within 60 s is lost$/m);
  assert.match(told, /its tasks are told to end\nmetrics-collector: its tasks have ended\n/);
  assert.match(out, /^kept: Workspace .*ws-0a1b\nnext: "workspace: \{ id: ws-0a1b \}"/);
  const drained = fake.calls.indexOf('UpdateService');
  assert.ok(drained > 0 && drained < fake.calls.indexOf('cloudformation:DeleteStack'));
});

test('a protected stack is refused before anything ends', async (context) => {
  const fake = await begin(context);
  fake.status = 'CREATE_COMPLETE';
  fake.resources = [SERVICE];
  fake.isProtected = true;
  drainable(fake);
  const { error } = await act(createDestroyCommand, [writeModel(context), '--yes']);
  assert.match(error ?? '', /--no-enable-termination-protection .*\[STACK_STATE\]/);
  assert.ok(!fake.calls.includes('UpdateService'), fake.calls.join(', '));
});

/** A stack with a service, whose deletion is refused. */
async function beginUndeletable(context: TestContext): Promise<FakeStack> {
  const fake = await begin(context);
  fake.status = 'CREATE_COMPLETE';
  fake.resources = [SERVICE];
  fake.refusals.set('DeleteStack', [['AccessDenied', 'no', 403]]);
  drainable(fake);
  return fake;
}

test('services have their tasks again when the deletion is refused', async (context) => {
  const fake = await beginUndeletable(context);
  const { told, error } = await act(createDestroyCommand, [writeModel(context), '--yes']);
  assert.match(error ?? '', /DeleteStack/);
  assert.match(
    told,
    /^metrics-collector: its tasks have ended\nmetrics-collector: has its task again$/m,
  );
  const { services } = fake.json.get('DescribeServices')!({}) as { services: object[] };
  assert.equal((services[0] as { desiredCount: number }).desiredCount, 1);
});

test('of a deletion whose answer is lost the end is waited for', async (context) => {
  const fake = await begin(context);
  fake.status = 'CREATE_COMPLETE';
  fake.resources = [SERVICE];
  drainable(fake);
  const lost: [string, string, number] = ['InternalFailure', 'lost', 500];
  fake.refusals.set(
    'DeleteStack',
    Array.from({ length: 20 }, () => lost),
  );
  fake.onCall = (action) => {
    if (action === 'DeleteStack') fake.status = 'DELETE_IN_PROGRESS';
  };
  const { told, error } = await act(createDestroyCommand, [writeModel(context), '--yes']);
  assert.equal(error, undefined);
  assert.doesNotMatch(told, /again$/m);
  assert.equal(fake.calls.filter((call) => call === 'UpdateService').length, 1);
});

test('what stays without tasks is told, with the command that ends it', async (context) => {
  const fake = await beginUndeletable(context);
  const update = fake.json.get('UpdateService')!;
  fake.json.set('UpdateService', (input) => {
    fake.refusals.set('UpdateService', [['AccessDeniedException', 'no', 403]]);
    return update(input);
  });
  const { told } = await act(createDestroyCommand, [writeModel(context), '--yes']);
  assert.match(
    told,
    /^! metrics-collector stays without tasks: .*--cluster metrics --service metrics-collector --desired-count 1 /m,
  );
});

test('destroy --delete-data deletes what earlier stacks left too, and is nothing afterwards', async (context) => {
  const fake = await begin(context);
  const skipped = { ...WORKSPACE, status: 'DELETE_SKIPPED' };
  const queue = { id: 'QueueFileSystem', type: 'AWS::EFS::FileSystem', physicalId: 'fs-0a1b' };
  fake.deleted = [
    { arn: `${STACK_ARN}c`, resources: [skipped, { ...queue, status: 'DELETE_SKIPPED' }, SERVICE] },
  ];
  const there = new Set(['ws-0a1b', 'fs-0a1b']);
  const path = '/2015-02-01/file-systems';
  fake.json.set('GET /workspaces/ws-0a1b', () => ({
    workspace: { status: { statusCode: there.has('ws-0a1b') ? 'ACTIVE' : 'DELETING' } },
  }));
  fake.json.set('DELETE /workspaces/ws-0a1b', () => (there.delete('ws-0a1b'), {}));
  fake.json.set(`GET ${path}?FileSystemId=fs-0a1b`, () => ({
    FileSystems: [{ LifeCycleState: there.has('fs-0a1b') ? 'available' : 'deleting' }],
  }));
  fake.json.set(`DELETE ${path}/fs-0a1b`, () => (there.delete('fs-0a1b'), {}));
  const given = ['metrics', '--region', 'eu-west-1', '--delete-data', '--yes'];
  const first = await act(createDestroyCommand, given);
  assert.equal(first.error, undefined);
  assert.equal(first.out, 'nothing of metrics is left\n');
  assert.equal(there.size, 0);
  const again = await act(createDestroyCommand, given);
  assert.match(again.told, /nothing is to be done/);
});

test('what cannot be deleted is named, with status 1', async (context) => {
  const fake = await begin(context);
  fake.deleted = [
    { arn: `${STACK_ARN}c`, resources: [{ ...WORKSPACE, status: 'DELETE_SKIPPED' }] },
  ];
  fake.json.set('GET /workspaces/ws-0a1b', () => ({
    workspace: { status: { statusCode: 'ACTIVE' } },
  }));
  fake.refusals.set('DELETE /workspaces/ws-0a1b', [['AccessDeniedException', 'no', 403]]);
  const given = ['metrics', '--region', 'eu-west-1', '--delete-data', '--yes'];
  const { told, error } = await act(createDestroyCommand, given);
  assert.match(told, /not deleted: .*needs aps:DeleteWorkspace/);
  assert.match(error ?? '', /left of metrics: Workspace .* \[STACK_LEFT\]/);
});

test('a deletion that fails is told with its cause', async (context) => {
  const fake = await begin(context);
  fake.status = 'CREATE_COMPLETE';
  const group = { id: 'CollectorSecurityGroup', type: 'AWS::EC2::SecurityGroup' };
  const reason = 'resource sg-0a1b has a dependent object';
  fake.course = { steps: [[{ ...group, status: 'DELETE_FAILED', reason }]], end: 'DELETE_FAILED' };
  const { error } = await act(createDestroyCommand, [writeModel(context), '--yes']);
  assert.match(
    error ?? '',
    /CollectorSecurityGroup .*dependent object; something that this stack did not make uses it/,
  );
});

test('the policy of whoever deploys has each call that was made of CloudFormation', async (context) => {
  const fake = await begin(context);
  fake.changes = [ADD];
  fake.course = { steps: [[done('Cluster')]], end: 'CREATE_COMPLETE' };
  const file = writeModel(context);
  await act(createDeployCommand, [file]);
  await act(createStatusCommand, [file, '--drift']);
  fake.course = { steps: [], end: undefined };
  await act(createDestroyCommand, [file, '--yes', '--delete-data']);
  const place = { partition: 'aws', region: 'eu-west-1', account: '123456789012' };
  const allowed = new Set(
    deployTemplate(describeModel({}), place).flatMap(({ actions }) => actions),
  );
  const made = new Set(fake.calls.filter((call) => call.startsWith('cloudformation:')));
  assert.ok(made.size >= 12, `only ${[...made].join(', ')}`);
  assert.deepEqual(
    [...made].filter((action) => !allowed.has(action)),
    [],
  );
});
