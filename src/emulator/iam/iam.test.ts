import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as Iam from '@aws-sdk/client-iam';
import { EmulatedCloud } from '../cloud.ts';
import { createEmulator } from '../server.ts';
import { systemClock } from '../../kernel/clock.ts';
import { createWorld, openHttp } from '../../../test/kit/world.ts';
import { writeDocument } from '../../../test/kit/emulated-roles.ts';

const credentials = { accessKeyId: 'AKIAEMULATED', secretAccessKey: 'secret' };
const world = createWorld({ clock: systemClock, http: openHttp({ after }) });
const cloud = new EmulatedCloud({ clock: systemClock, regions: ['eu-west-1'], credentials });
const emulator = createEmulator({ world, listen: '127.0.0.1:0', cloud });
let iam: Iam.IAMClient;
before(async () => {
  await emulator.start();
  iam = new Iam.IAMClient({
    endpoint: emulator.url,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
  });
});
after(async () => {
  iam.destroy();
  await emulator.stop(100);
});

const trust = writeDocument([
  { Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' },
]);
const reading = writeDocument([
  { Effect: 'Allow', Action: ['ssm:GetParameter'], Resource: 'arn:aws:ssm:*:*:parameter/a b' },
]);
const EXECUTION = 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy';

const role = async (RoleName: string, more: object = {}) =>
  (
    await iam.send(
      new Iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust, ...more }),
    )
  ).Role!;

test('a role is made, read, changed and deleted when nothing hangs on it', async () => {
  const made = await role('one', {
    Path: '/app/',
    Description: 'd',
    MaxSessionDuration: 7_200,
    Tags: [{ Key: 'team', Value: 'a' }],
  });
  assert.equal(made.Arn, 'arn:aws:iam::000000000000:role/app/one');
  assert.match(made.RoleId ?? '', /^AROA[A-Z2-7]{17}$/);
  assert.equal(decodeURIComponent(made.AssumeRolePolicyDocument ?? ''), trust);
  assert.ok(made.CreateDate instanceof Date);
  const read = (await iam.send(new Iam.GetRoleCommand({ RoleName: 'one' }))).Role!;
  assert.deepEqual(
    [read.MaxSessionDuration, read.Description, read.Tags],
    [7_200, 'd', [{ Key: 'team', Value: 'a' }]],
  );
  await assert.rejects(role('ONE'), { name: 'EntityAlreadyExistsException' });
  await iam.send(
    new Iam.PutRolePolicyCommand({ RoleName: 'one', PolicyName: 'p', PolicyDocument: reading }),
  );
  await iam.send(new Iam.AttachRolePolicyCommand({ RoleName: 'one', PolicyArn: EXECUTION }));
  const inline = await iam.send(new Iam.GetRolePolicyCommand({ RoleName: 'one', PolicyName: 'p' }));
  assert.equal(decodeURIComponent(inline.PolicyDocument ?? ''), reading);
  const attached = await iam.send(new Iam.ListAttachedRolePoliciesCommand({ RoleName: 'one' }));
  assert.deepEqual(attached.AttachedPolicies, [
    { PolicyName: 'AmazonECSTaskExecutionRolePolicy', PolicyArn: EXECUTION },
  ]);
  const drop = () => iam.send(new Iam.DeleteRoleCommand({ RoleName: 'one' }));
  await assert.rejects(drop(), { name: 'DeleteConflictException', message: /detach all policies/ });
  await iam.send(new Iam.DetachRolePolicyCommand({ RoleName: 'one', PolicyArn: EXECUTION }));
  await assert.rejects(drop(), {
    name: 'DeleteConflictException',
    message: /must delete policies/,
  });
  await iam.send(new Iam.DeleteRolePolicyCommand({ RoleName: 'one', PolicyName: 'p' }));
  await iam.send(new Iam.CreateInstanceProfileCommand({ InstanceProfileName: 'prof' }));
  const profile = { InstanceProfileName: 'prof', RoleName: 'one' };
  await iam.send(new Iam.AddRoleToInstanceProfileCommand(profile));
  await assert.rejects(iam.send(new Iam.AddRoleToInstanceProfileCommand(profile)), {
    name: 'LimitExceededException',
  });
  await assert.rejects(drop(), { name: 'DeleteConflictException', message: /instance profile/ });
  const of = await iam.send(new Iam.ListInstanceProfilesForRoleCommand({ RoleName: 'one' }));
  assert.equal(of.InstanceProfiles?.[0]?.Roles?.[0]?.RoleName, 'one');
  await iam.send(new Iam.RemoveRoleFromInstanceProfileCommand(profile));
  await iam.send(new Iam.DeleteInstanceProfileCommand({ InstanceProfileName: 'prof' }));
  await drop();
  await assert.rejects(drop(), { name: 'NoSuchEntityException' });
  await assert.rejects(iam.send(new Iam.GetRoleCommand({ RoleName: 'one' })), {
    name: 'NoSuchEntityException',
    message: 'The role with name one cannot be found.',
  });
});

test('a managed policy has up to five versions, and is deleted once nothing has it', async () => {
  const make = () =>
    iam.send(new Iam.CreatePolicyCommand({ PolicyName: 'read', PolicyDocument: reading }));
  const { Policy } = await make();
  const PolicyArn = Policy!.Arn!;
  assert.equal(PolicyArn, 'arn:aws:iam::000000000000:policy/read');
  await assert.rejects(make(), { name: 'EntityAlreadyExistsException' });
  await role('two');
  await iam.send(new Iam.AttachRolePolicyCommand({ RoleName: 'two', PolicyArn }));
  const count = (await iam.send(new Iam.GetPolicyCommand({ PolicyArn }))).Policy?.AttachmentCount;
  assert.equal(count, 1);
  const version = () =>
    iam.send(
      new Iam.CreatePolicyVersionCommand({
        PolicyArn,
        PolicyDocument: reading,
        SetAsDefault: true,
      }),
    );
  for (let more = 0; more < 4; more++) await version();
  await assert.rejects(version(), { name: 'LimitExceededException' });
  const listed = await iam.send(new Iam.ListPolicyVersionsCommand({ PolicyArn }));
  assert.deepEqual(
    listed.Versions?.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion]),
    [['v5', true], ['v4', false], ['v3', false], ['v2', false], ['v1', false]],
  ); // prettier-ignore
  await assert.rejects(
    iam.send(new Iam.DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v5' })),
    { name: 'DeleteConflictException' },
  );
  const drop = () => iam.send(new Iam.DeletePolicyCommand({ PolicyArn }));
  await assert.rejects(drop(), { message: /attached to entities/ });
  const entities = await iam.send(new Iam.ListEntitiesForPolicyCommand({ PolicyArn }));
  assert.equal(entities.PolicyRoles?.[0]?.RoleName, 'two');
  await iam.send(new Iam.DetachRolePolicyCommand({ RoleName: 'two', PolicyArn }));
  await assert.rejects(drop(), { message: /more than one version/ });
  for (const VersionId of ['v1', 'v2', 'v3', 'v4'])
    await iam.send(new Iam.DeletePolicyVersionCommand({ PolicyArn, VersionId }));
  await drop();
  await iam.send(new Iam.DeleteRoleCommand({ RoleName: 'two' }));
  await assert.rejects(iam.send(new Iam.AttachRolePolicyCommand({ RoleName: 'two', PolicyArn })), {
    name: 'NoSuchEntityException',
  });
});

test('what AWS refuses is refused in its words: documents, names, sizes, its own policies', async () => {
  await assert.rejects(role('bad', { AssumeRolePolicyDocument: reading }), {
    name: 'MalformedPolicyDocumentException',
    message: 'Has prohibited field Resource',
  });
  await assert.rejects(role('bad name'), /Member must satisfy regular expression pattern/);
  await assert.rejects(role('x', { MaxSessionDuration: 60 }), /greater than or equal to 3600/);
  await role('three');
  const put = (PolicyDocument: string) =>
    iam.send(new Iam.PutRolePolicyCommand({ RoleName: 'three', PolicyName: 'p', PolicyDocument }));
  const long = (length: number) =>
    writeDocument([
      { Effect: 'Allow', Action: 's3:*', Resource: `arn:aws:s3:::${'a'.repeat(length)}` },
    ]);
  await put(long(10_000));
  await assert.rejects(put(long(10_240)), {
    name: 'LimitExceededException',
    message: 'Maximum policy size of 10240 bytes exceeded for role three',
  });
  await assert.rejects(
    iam.send(new Iam.CreatePolicyCommand({ PolicyName: 'x', PolicyDocument: long(6_144) })),
    { name: 'LimitExceededException' },
  );
  await assert.rejects(iam.send(new Iam.DeletePolicyCommand({ PolicyArn: EXECUTION })), {
    name: 'AccessDenied',
  });
  await assert.rejects(
    iam.send(new Iam.AttachRolePolicyCommand({ RoleName: 'three', PolicyArn: `${EXECUTION}2` })),
    { name: 'NoSuchEntityException', message: /does not exist or is not attachable/ },
  );
});

test('lists have pages, and all of an account is told', async () => {
  for (const name of ['l1', 'l2', 'l3']) await role(name, { Path: '/list/' });
  const names: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await iam.send(
      new Iam.ListRolesCommand({ PathPrefix: '/list/', MaxItems: 2, Marker }),
    );
    names.push(...page.Roles!.map(({ RoleName }) => RoleName!));
    ({ Marker } = page);
  } while (Marker !== undefined);
  assert.deepEqual(names, ['l1', 'l2', 'l3']);
  const aws = await iam.send(new Iam.ListPoliciesCommand({ Scope: 'AWS' }));
  assert.ok(aws.Policies!.some(({ Arn }) => Arn === EXECUTION));
  await iam.send(
    new Iam.PutRolePolicyCommand({ RoleName: 'l1', PolicyName: 'p', PolicyDocument: reading }),
  );
  const details = await iam.send(
    new Iam.GetAccountAuthorizationDetailsCommand({ Filter: ['Role'] }),
  );
  const one = details.RoleDetailList!.find(({ RoleName }) => RoleName === 'l1');
  assert.equal(decodeURIComponent(one?.RolePolicyList?.[0]?.PolicyDocument ?? ''), reading);
  const { SummaryMap } = await iam.send(new Iam.GetAccountSummaryCommand({}));
  assert.equal(SummaryMap?.Roles, cloud.iamOf('000000000000').roles.size);
});

test('a service makes its own role once, which nobody else changes', async () => {
  const make = () =>
    iam.send(new Iam.CreateServiceLinkedRoleCommand({ AWSServiceName: 'ecs.amazonaws.com' }));
  const made = (await make()).Role!;
  assert.equal(
    made.Arn,
    'arn:aws:iam::000000000000:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS',
  );
  await assert.rejects(make(), { name: 'InvalidInputException', message: /has been taken/ });
  const RoleName = 'AWSServiceRoleForECS';
  await assert.rejects(iam.send(new Iam.DeleteRoleCommand({ RoleName })), {
    name: 'UnmodifiableEntityException',
  });
  const { DeletionTaskId } = await iam.send(new Iam.DeleteServiceLinkedRoleCommand({ RoleName }));
  const status = await iam.send(
    new Iam.GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }),
  );
  assert.equal(status.Status, 'SUCCEEDED');
});

test('a simulation says what policies would decide, with what it lacked', async () => {
  await role('sim');
  const document = writeDocument([
    { Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::a/*' },
    { Effect: 'Deny', Action: 's3:DeleteObject', Resource: '*' },
    {
      Effect: 'Allow',
      Action: 'ecs:RunTask',
      Resource: '*',
      Condition: { StringEquals: { 'ecs:cluster': 'c' } },
    },
  ]);
  await iam.send(
    new Iam.PutRolePolicyCommand({ RoleName: 'sim', PolicyName: 'p', PolicyDocument: document }),
  );
  const simulate = async (ActionNames: string[], more: object = {}) =>
    (
      await iam.send(
        new Iam.SimulatePrincipalPolicyCommand({
          PolicySourceArn: 'arn:aws:iam::000000000000:role/sim',
          ActionNames,
          ...more,
        }),
      )
    ).EvaluationResults!.map((one) => one.EvalDecision);
  const ResourceArns = ['arn:aws:s3:::a/b', 'arn:aws:s3:::b/b'];
  assert.deepEqual(await simulate(['s3:GetObject', 's3:DeleteObject'], { ResourceArns }), [
    'allowed',
    'implicitDeny',
    'explicitDeny',
    'explicitDeny',
  ]);
  assert.deepEqual(await simulate(['ecs:RunTask']), ['implicitDeny']);
  const cluster = {
    ContextKeyName: 'ecs:cluster',
    ContextKeyType: 'string',
    ContextKeyValues: ['c'],
  };
  assert.deepEqual(await simulate(['ecs:RunTask'], { ContextEntries: [cluster] }), ['allowed']);
  const custom = await iam.send(
    new Iam.SimulateCustomPolicyCommand({
      PolicyInputList: [document],
      ActionNames: ['ecs:RunTask'],
      PermissionsBoundaryPolicyInputList: [reading],
    }),
  );
  assert.deepEqual(custom.EvaluationResults![0]!.MissingContextValues, ['ecs:cluster']);
});

test('a simulation judges a boundary by itself, whatever the other policies decide', async () => {
  const allow = (Action: string) => ({ Effect: 'Allow', Action, Resource: '*' });
  const deny = { ...allow('s3:*'), Effect: 'Deny' };
  const simulate = async (own: object[], bounds: object[]) => {
    const { EvaluationResults = [] } = await iam.send(
      new Iam.SimulateCustomPolicyCommand({
        PolicyInputList: [writeDocument(own)],
        ActionNames: ['s3:GetObject'],
        PermissionsBoundaryPolicyInputList: [writeDocument(bounds)],
      }),
    );
    const [{ EvalDecision, PermissionsBoundaryDecisionDetail: detail }] = EvaluationResults as [
      Iam.EvaluationResult,
    ];
    return [EvalDecision, detail?.AllowedByPermissionsBoundary];
  };
  const [get, other] = [[allow('s3:GetObject')], [allow('ssm:GetParameter')]];
  assert.deepEqual(await simulate(get, get), ['allowed', true]);
  assert.deepEqual(await simulate(get, other), ['implicitDeny', false]);
  assert.deepEqual(await simulate(other, get), ['implicitDeny', true]);
  assert.deepEqual(await simulate(other, other), ['implicitDeny', false]);
  assert.deepEqual(await simulate([...get, deny], get), ['explicitDeny', true]);
  assert.deepEqual(await simulate([...get, deny], other), ['explicitDeny', false]);
  assert.deepEqual(await simulate(get, [...get, deny]), ['explicitDeny', false]);
});

test('a simulation finds whom it is of by the whole ARN', async () => {
  await role('within', { Path: '/team/' });
  await iam.send(new Iam.CreateUserCommand({ UserName: 'inside', Path: '/team/' }));
  const of = (PolicySourceArn: string) =>
    iam.send(new Iam.SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames: ['a:B'] }));
  const keysOf = (PolicySourceArn: string) =>
    iam.send(new Iam.GetContextKeysForPrincipalPolicyCommand({ PolicySourceArn }));
  for (const end of ['role/team/within', 'user/team/inside']) {
    await of(`arn:aws:iam::000000000000:${end}`);
    await keysOf(`arn:aws:iam::000000000000:${end}`);
  }
  for (const arn of [
    'arn:aws:iam::111111111111:role/team/within',
    'arn:aws:iam::000000000000:role/within',
    'arn:aws:iam::000000000000:role/other/within',
    'arn:aws:iam::000000000000:user/inside',
    'arn:aws:iam::000000000000:user/team/within',
  ]) {
    await assert.rejects(of(arn), { name: 'NoSuchEntityException' }, arn);
    await assert.rejects(keysOf(arn), { name: 'NoSuchEntityException' }, arn);
  }
  for (const arn of ['arn:aws:sts::000000000000:assumed-role/within/s', 'role/team/within/x y z'])
    await assert.rejects(of(arn), { name: 'InvalidInputException' }, arn);
});
