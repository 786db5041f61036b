/** What plan, deploy, status and destroy do where something goes wrong, on a stack that a test directs. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createDeployCommand } from '../../src/commands/deploy.ts';
import { createDestroyCommand } from '../../src/commands/destroy.ts';
import { createPlanCommand } from '../../src/commands/plan.ts';
import { createStatusCommand } from '../../src/commands/status.ts';
import { deployTemplate } from '../../src/deploy/deployer/statements.ts';
import { act, useEndpoint, writeModel } from './acting.ts';
import { type FakeStack, SERVICE_ARN, STACK_ARN, startFakeStack } from './fake-stack.ts';
import { describeModel } from './models.ts';

const SERVICE = { id: 'CollectorService', type: 'AWS::ECS::Service', physicalId: SERVICE_ARN };
const WORKSPACE = {
  id: 'Workspace',
  type: 'AWS::APS::Workspace',
  physicalId: 'arn:aws:aps:eu-west-1:123456789012:workspace/ws-0a1b',
};
const ADD = { Action: 'Add', LogicalResourceId: 'Cluster', ResourceType: 'AWS::ECS::Cluster' };
const MODIFY = {
  Action: 'Modify',
  LogicalResourceId: 'CollectorService',
  ResourceType: 'AWS::ECS::Service',
  Replacement: 'False',
  Scope: ['Properties'],
  Details: [
    { Target: { Attribute: 'Properties', Name: 'TaskDefinition' }, CausingEntity: 'CollectorTask' },
    { Target: { Attribute: 'Properties', Name: 'TaskDefinition' } },
  ],
};
const REPLACE = {
  Action: 'Modify',
  LogicalResourceId: 'QueueFileSystem',
  ResourceType: 'AWS::EFS::FileSystem',
  Replacement: 'True',
  Details: [{ Target: { Attribute: 'Properties', Name: 'Encrypted' } }],
};

async function begin(context: TestContext): Promise<FakeStack> {
  const fake = await startFakeStack(context);
  useEndpoint(context, fake.url);
  return fake;
}

const done = (id: string) => ({ id, type: 'AWS::ECS::Cluster', status: 'CREATE_COMPLETE' });

test('a plan tells what is replaced and what that interrupts, and leaves nothing', async (context) => {
  const fake = await begin(context);
  const file = writeModel(context, { collector: { queue: 'efs' } });
  fake.changes = [ADD, MODIFY, REPLACE];
  const { out, error } = await act(createPlanCommand, [file, '--detailed-exitcode']);
  assert.equal(process.exitCode, 2);
  process.exitCode = 0;
  assert.equal(error, undefined);
  assert.equal(
    out,
    `replace  QueueFileSystem   AWS::EFS::FileSystem  Encrypted
change   CollectorService  AWS::ECS::Service     TaskDefinition (CollectorTask)
add      Cluster           AWS::ECS::Cluster
! QueueFileSystem: the queue begins anew: what waits in the old file system is kept there, and not sent
! CollectorService: its task ends before the next one starts: a minute or so is not scraped; the queue stays, and the next task goes on with it
1 to add, 1 to change, 1 to replace, 0 to delete
`,
  );
  assert.equal(fake.status, undefined);
  assert.deepEqual(fake.calls.slice(-3), [
    'cloudformation:DeleteChangeSet',
    'cloudformation:DescribeStacks',
    'cloudformation:DeleteStack',
  ]);
});

test('a plan of what is so already changes nothing, and leaves the stack', async (context) => {
  const fake = await begin(context);
  fake.status = 'CREATE_COMPLETE';
  const { out } = await act(createPlanCommand, [writeModel(context), '--detailed-exitcode']);
  assert.equal(out, 'no changes\n');
  assert.ok(process.exitCode === 0 || process.exitCode === undefined);
  assert.equal(fake.status, 'CREATE_COMPLETE');
});

test('a deployment is followed, and what is there is told', async (context) => {
  const fake = await begin(context);
  fake.changes = [ADD];
  fake.course = { steps: [[done('Cluster')], []], end: 'CREATE_COMPLETE' };
  const { out, told, error } = await act(createDeployCommand, [writeModel(context)]);
  assert.equal(error, undefined);
  assert.match(told, /CREATE_COMPLETE +Cluster \(AWS::ECS::Cluster\)\n/);
  assert.match(told, /the stack metrics is CREATE_COMPLETE after \d+s\n/);
  assert.match(out, /^WorkspaceId {2}ws-0a1b\nnext: /);
});

const ROLLED_BACK = [
  [
    {
      ...SERVICE,
      status: 'CREATE_FAILED',
      reason: 'Error occurred during operation ECS Deployment Circuit Breaker was triggered',
    },
    {
      id: 'Logs',
      type: 'AWS::Logs::LogGroup',
      status: 'CREATE_FAILED',
      reason: 'Resource creation cancelled',
    },
  ],
  [{ id: 'metrics', status: 'ROLLBACK_IN_PROGRESS' }],
  [],
];

test('of a roll-back, what failed first is told, and why the tasks stopped', async (context) => {
  const fake = await begin(context);
  fake.changes = [ADD];
  fake.course = { steps: [...ROLLED_BACK], end: 'ROLLBACK_COMPLETE' };
  fake.json.set('ListTasks', () => ({ taskArns: ['arn:task'] }));
  fake.json.set('DescribeTasks', () => ({
    tasks: [
      {
        stoppedReason: 'CannotPullContainerError: manifest unknown',
        stoppedAt: 1_700_000_000,
        containers: [{ name: 'amperage' }],
      },
    ],
  }));
  const { told, error = '' } = await act(createDeployCommand, [writeModel(context)]);
  assert.match(
    told,
    /CollectorService: a task stopped: CannotPullContainerError: manifest unknown \(the image can't be pulled/,
  );
  assert.match(
    error,
    /^the stack metrics is ROLLBACK_COMPLETE; first failed CollectorService \(AWS::ECS::Service\): .*Circuit Breaker.*; its tasks do not stay up.*; then "amperage deploy .* --replace" \[STACK_FAILED\]$/,
  );
});

test('a stack that takes no change is told, and taken away with --replace', async (context) => {
  const fake = await begin(context);
  const file = writeModel(context);
  fake.status = 'ROLLBACK_COMPLETE';
  fake.changes = [ADD];
  const refused = await act(createDeployCommand, [file]);
  assert.match(refused.error ?? '', /is ROLLBACK_COMPLETE.*--replace.* \[STACK_STATE\]$/);
  fake.course = { steps: [[]], end: undefined };
  fake.onCall = (action) => {
    if (action === 'CreateChangeSet')
      fake.course = { steps: [[done('Cluster')]], end: 'CREATE_COMPLETE' };
  };
  const { error } = await act(createDeployCommand, [file, '--replace']);
  assert.equal(error, undefined);
  assert.equal(fake.status, 'CREATE_COMPLETE');
});

test('throttling in the middle is waited out, and each event is told once', async (context) => {
  const fake = await begin(context);
  fake.changes = [ADD];
  fake.course = { steps: [[done('Cluster')], [done('Other')], []], end: 'CREATE_COMPLETE' };
  fake.onCall = (action) => {
    if (action === 'ExecuteChangeSet')
      fake.refusals.set(
        'DescribeStackEvents',
        Array.from({ length: 8 }, () => ['Throttling', 'Rate exceeded']),
      );
  };
  const { told, error } = await act(createDeployCommand, [writeModel(context)]);
  assert.equal(error, undefined);
  assert.match(told, /not known for now: .*Throttling/);
  assert.equal(told.split('CREATE_COMPLETE     Cluster').length, 2);
  assert.equal(told.split('CREATE_COMPLETE     Other').length, 2);
});

test('credentials that expire in the middle end the following alone', async (context) => {
  const fake = await begin(context);
  fake.changes = [ADD];
  fake.course = { steps: [[done('Cluster')], [], [], []], end: 'CREATE_COMPLETE' };
  fake.onCall = (action) => {
    if (action === 'ExecuteChangeSet')
      fake.refusals.set(
        'DescribeStacks',
        Array.from({ length: 9 }, () => ['ExpiredToken', 'The security token is expired', 403]),
      );
  };
  const { error = '' } = await act(createDeployCommand, [writeModel(context)]);
  assert.match(
    error,
    /goes on by itself.*ExpiredToken.*--region eu-west-1 --follow.* \[STACK_UNWATCHED\]/,
  );
  assert.equal(fake.status, 'CREATE_IN_PROGRESS');
});

test('Ctrl-C before the change leaves nothing, and behind it a stack that goes on', async (context) => {
  const fake = await begin(context);
  fake.changes = [ADD];
  fake.course = { steps: [[done('Cluster')], [], []], end: 'CREATE_COMPLETE' };
  const file = writeModel(context);
  const early = new AbortController();
  fake.onCall = (action) => {
    if (action === 'DescribeChangeSet') early.abort(new Error('ended by SIGINT'));
  };
  const first = await act(createDeployCommand, [file], { signal: early.signal });
  assert.match(first.error ?? '', /ended by SIGINT/);
  assert.equal(fake.status, undefined);
  assert.ok(fake.calls.includes('cloudformation:DeleteChangeSet'));
  assert.ok(!fake.calls.includes('cloudformation:ExecuteChangeSet'));
  fake.onCall = () => undefined;
  const late = new AbortController();
  const second = await act(createDeployCommand, [file], {
    signal: late.signal,
    onTell: (line) => line.includes('Cluster (') && late.abort(new Error('ended by SIGINT')),
  });
  assert.match(second.error ?? '', /goes on by itself.*ended by SIGINT.*--follow/);
  assert.equal(fake.status, 'CREATE_IN_PROGRESS');
});

test('what another does is waited for, and the change is made anew for what is then', async (context) => {
  const fake = await begin(context);
  fake.status = 'UPDATE_IN_PROGRESS';
  fake.changes = [MODIFY];
  fake.course = { steps: [[done('Cluster')]], end: 'UPDATE_COMPLETE' };
  fake.refusals.set('ExecuteChangeSet', [
    ['InvalidChangeSetStatus', 'ChangeSet cannot be executed in its current status of OBSOLETE'],
  ]);
  const { told, error } = await act(createDeployCommand, [writeModel(context)]);
  assert.equal(error, undefined);
  assert.match(told, /is being changed \(UPDATE_IN_PROGRESS\): waiting/);
  assert.match(told, /another changed the stack meanwhile/);
  assert.equal(fake.calls.filter((one) => one === 'cloudformation:CreateChangeSet').length, 2);
});

test('what is replaced needs a yes', async (context) => {
  const fake = await begin(context);
  fake.status = 'CREATE_COMPLETE';
  fake.changes = [REPLACE];
  const file = writeModel(context);
  const nobody = await act(createDeployCommand, [file]);
  assert.match(nobody.error ?? '', /give --yes \[NOT_CONFIRMED\]/);
  const no = await act(createDeployCommand, [file], { answer: 'n' });
  assert.match(no.error ?? '', /nothing was changed.* \[NOT_CONFIRMED\]/);
  assert.ok(!fake.calls.includes('cloudformation:ExecuteChangeSet'));
  fake.course = { steps: [], end: 'UPDATE_COMPLETE' };
  const yes = await act(createDeployCommand, [file], { answer: 'yes' });
  assert.equal(yes.error, undefined);
});

test('no value of a variable is printed', async (context) => {
  const fake = await begin(context);
  const secret = 'hunter2 "quoted"';
  const file = writeModel(context, {
    collector: { environment: { TOKEN: secret } },
    services: [{ name: 'web', image: 'web:1', port: 8080, environment: { KEY: `a${secret}` } }],
  });
  fake.changes = [ADD];
  fake.course = {
    steps: [[{ ...SERVICE, status: 'CREATE_FAILED', reason: `bad environment [TOKEN=${secret}]` }]],
    end: 'ROLLBACK_COMPLETE',
  };
  const failed = await act(createDeployCommand, [file]);
  const dry = await act(createDeployCommand, [file, '--dry-run']);
  for (const text of [failed.told, failed.out, failed.error ?? '', dry.out, dry.told])
    assert.doesNotMatch(text, /hunter2/);
  assert.match(dry.out, /<hidden>/);
});

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

test('a template that is too long for a call needs a bucket', async (context) => {
  await begin(context);
  const services = Array.from({ length: 30 }, (_, i) => ({
    name: `web-${i}x`,
    image: 'web:1',
    port: 8080,
    environment: { A: 'x'.repeat(1_000) },
  }));
  const { error } = await act(createPlanCommand, [writeModel(context, { services })]);
  assert.match(error ?? '', /has \d+ bytes, .*--bucket \[TEMPLATE_SIZE\]/);
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
