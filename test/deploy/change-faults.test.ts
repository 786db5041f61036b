/** What plan and deploy do where something goes wrong, on a stack that a test directs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDeployCommand } from '../../src/commands/deploy.ts';
import { createPlanCommand } from '../../src/commands/plan.ts';
import { act, begin, done, writeModel } from './acting.ts';
import { ADD, SERVICE } from './fake-stack.ts';

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

test('why tasks stop is told before the roll-back takes their cluster away', async (context) => {
  const fake = await begin(context);
  fake.changes = [ADD];
  const reason = 'Resource creation cancelled';
  fake.course = {
    steps: [
      [{ ...SERVICE, status: 'CREATE_IN_PROGRESS' }],
      [],
      [
        { ...SERVICE, status: 'CREATE_FAILED', reason },
        { id: 'metrics', status: 'ROLLBACK_IN_PROGRESS' },
        { ...SERVICE, status: 'DELETE_IN_PROGRESS' },
        { ...SERVICE, status: 'DELETE_COMPLETE' },
      ],
      [],
    ],
    end: 'ROLLBACK_COMPLETE',
  };
  const stopOf = (stoppedReason: string, stoppedAt: number) => ({
    stoppedReason,
    stoppedAt,
    containers: [{ name: 'amperage' }],
  });
  fake.json.set('ListTasks', () => {
    if (fake.course.steps.length < 2)
      fake.refusals.set('DescribeTasks', [['ClusterNotFoundException', 'Cluster not found.']]);
    return { taskArns: ['arn:task', 'arn:older'] };
  });
  // One of a change before is nothing of this one.
  const stops = [stopOf('OutOfMemoryError', 1_600_000_000)];
  fake.json.set('DescribeTasks', () => {
    const tasks = [...stops];
    stops.unshift(stopOf('CannotPullContainerError: manifest unknown', 1_700_000_100));
    return { tasks };
  });
  const { told } = await act(createDeployCommand, [writeModel(context)]);
  assert.deepEqual(
    told.match(/a task stopped: [^(\n]*|not known.*/g)?.map((one) => one.trim()),
    ['a task stopped: CannotPullContainerError: manifest unknown'],
    told,
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

test('a plan whose answer is lost leaves no change set', async (context) => {
  const fake = await begin(context);
  fake.status = 'CREATE_COMPLETE';
  fake.changes = [ADD];
  const made: string[] = [];
  const gone: string[] = [];
  fake.onCall = (action, input) => {
    const name = input.get('ChangeSetName') ?? '';
    if (action === 'CreateChangeSet') made.push(name);
    if (action === 'DeleteChangeSet') gone.push(name);
  };
  fake.refusals.set(
    'CreateChangeSet',
    Array.from({ length: 20 }, () => ['InternalFailure', 'lost', 500]),
  );
  const { error } = await act(createPlanCommand, [writeModel(context)]);
  assert.match(error ?? '', /CreateChangeSet/);
  assert.deepEqual(gone, [made[0]]);
  fake.refusals.set('CreateChangeSet', [['AccessDenied', 'no', 403]]);
  await act(createPlanCommand, [writeModel(context)]);
  assert.equal(gone.length, 1);
});
