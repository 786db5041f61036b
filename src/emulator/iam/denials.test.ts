import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import * as Iam from '@aws-sdk/client-iam';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { EmulatedCloud } from '../cloud.ts';
import { createEmulator } from '../server.ts';
import { systemClock } from '../../kernel/clock.ts';
import { createWorld, openHttp } from '../../../test/kit/world.ts';
import {
  callIam,
  deleteRole,
  putRole,
  trustWithId,
  writeDocument,
} from '../../../test/kit/emulated-roles.ts';

const credentials = { accessKeyId: 'AKIAEMULATED', secretAccessKey: 'secret' };
const world = createWorld({ clock: systemClock, http: openHttp({ after }) });
const options = { clock: systemClock, regions: ['us-east-1'] as [string], credentials };
const cloud = new EmulatedCloud(options);
const strict = new EmulatedCloud({ ...options, isStrict: true });
const emulator = createEmulator({ world, listen: '127.0.0.1:0', cloud });
const strictEmulator = createEmulator({
  world: createWorld({ clock: systemClock, http: world.http }),
  listen: '127.0.0.1:0',
  cloud: strict,
});
before(async () => {
  await emulator.start();
  await strictEmulator.start();
});
after(async () => {
  await emulator.stop(100);
  await strictEmulator.stop(100);
});

type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
const config = (keys: Keys, endpoint = emulator.url) => ({
  endpoint,
  region: 'us-east-1',
  credentials: keys,
  maxAttempts: 1,
});

async function assume(RoleArn: string, more: object = {}, keys: Keys = credentials, url?: string) {
  const sts = new STSClient(config(keys, url));
  const { Credentials, AssumedRoleUser } = await sts.send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session', ...more }),
  );
  sts.destroy();
  return {
    arn: AssumedRoleUser!.Arn!,
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
}

const getParameter = (keys: Keys, Name: string, url?: string) =>
  new SSMClient(config(keys, url)).send(new GetParameterCommand({ Name }));

const allowRead = {
  Effect: 'Allow',
  Action: 'ssm:GetParameter*',
  Resource: 'arn:aws:ssm:us-east-1:000000000000:parameter/app/*',
};

test('a role may do what its policies allow, and a denial says who, what, on what and why', async () => {
  const root = new SSMClient(config(credentials));
  for (const Name of ['/app/a', '/other/a'])
    await root.send(new PutParameterCommand({ Name, Type: 'String', Value: 'v' }));
  const keys = await assume(await putRole(cloud, 'reader', { statements: [allowRead] }));
  assert.equal((await getParameter(keys, '/app/a')).Parameter?.Value, 'v');
  await assert.rejects(getParameter(keys, '/other/a'), {
    name: 'AccessDeniedException',
    message:
      'User: arn:aws:sts::000000000000:assumed-role/reader/session is not authorized to perform: ' +
      'ssm:GetParameter on resource: arn:aws:ssm:us-east-1:000000000000:parameter/other/a ' +
      'because no identity-based policy allows the ssm:GetParameter action',
  });
  await callIam(cloud, 'PutRolePolicy', {
    RoleName: 'reader',
    PolicyName: 'only',
    PolicyDocument: writeDocument([allowRead, { ...allowRead, Effect: 'Deny' }]),
  });
  await assert.rejects(
    getParameter(keys, '/app/a'),
    /with an explicit deny in an identity-based policy/,
  );
});

test('a boundary and the policies of a session must allow too', async () => {
  const arn = await putRole(cloud, 'bound', { statements: [allowRead] });
  const { Policy } = (await callIam(cloud, 'CreatePolicy', {
    PolicyName: 'border',
    PolicyDocument: writeDocument([{ ...allowRead, Action: 'ecs:*', Resource: '*' }]),
  })) as { Policy: { Arn: string } };
  const other = writeDocument([{ ...allowRead, Resource: '*', Action: 'ecs:*' }]);
  const narrow = await assume(arn, { Policy: other });
  await assert.rejects(getParameter(narrow, '/app/a'), /no session policy allows/);
  const same = await assume(arn, { Policy: writeDocument([allowRead]) });
  assert.ok(await getParameter(same, '/app/a'));
  const boundary = { RoleName: 'bound', PermissionsBoundary: Policy.Arn };
  await callIam(cloud, 'PutRolePermissionsBoundary', boundary);
  await assert.rejects(getParameter(same, '/app/a'), /no permissions boundary allows/);
});

test('a role is assumed by whom its trust names, with what the caller may', async () => {
  const denied = { name: 'AccessDenied', message: /is not authorized to perform: sts:AssumeRole/ };
  const root = 'arn:aws:iam::000000000000:root';
  const own = await putRole(cloud, 'own', { trust: { Principal: { AWS: root } } });
  const service = { Principal: { Service: 'ecs-tasks.amazonaws.com' } };
  const task = await putRole(cloud, 'task-only', { trust: service });
  const shared = await putRole(cloud, 'shared', { trust: trustWithId('x') });
  const first = await assume(own);
  await assert.rejects(assume(task), denied);
  await assert.rejects(assume(shared), denied);
  await assert.rejects(assume(shared, { ExternalId: 'y' }), denied);
  await assume(shared, { ExternalId: 'x' });
  const weak = await assume(await putRole(cloud, 'weak', { statements: [allowRead] }));
  // The trust leaves it to the account, whose policies do not allow it to `weak`.
  await assert.rejects(assume(own, {}, weak), denied);
  await assume(own, {}, first);
  // Here the trust names the role, which is enough within an account.
  const named = { Principal: { AWS: 'arn:aws:iam::000000000000:role/weak' } };
  await assume(await putRole(cloud, 'named', { trust: named }), {}, weak);
  await assert.rejects(
    assume(own, { DurationSeconds: 7_200 }),
    /exceeds the MaxSessionDuration set for this role/,
  );
});

test('the caller is who it is: root, a user with keys of its own, a session', async () => {
  const whoami = async (keys: Keys) => {
    const { Arn, Account } = await new STSClient(config(keys)).send(
      new GetCallerIdentityCommand({}),
    );
    assert.equal(Account, '000000000000');
    return Arn;
  };
  assert.equal(await whoami(credentials), 'arn:aws:iam::000000000000:root');
  const session = await assume(await putRole(cloud, 'who', { statements: [allowRead] }));
  assert.equal(await whoami(session), 'arn:aws:sts::000000000000:assumed-role/who/session');
  const iam = new Iam.IAMClient(config(credentials));
  await iam.send(new Iam.CreateUserCommand({ UserName: 'ann' }));
  const { AccessKey } = await iam.send(new Iam.CreateAccessKeyCommand({ UserName: 'ann' }));
  const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey!;
  const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
  assert.equal(await whoami(keys), 'arn:aws:iam::000000000000:user/ann');
  await assert.rejects(getParameter(keys, '/app/a'), { name: 'AccessDeniedException' });
  const PolicyDocument = writeDocument([allowRead]);
  const policy = { UserName: 'ann', PolicyName: 'p', PolicyDocument };
  await iam.send(new Iam.PutUserPolicyCommand(policy));
  assert.ok(await getParameter(keys, '/app/a'));
  const inactive = { UserName: 'ann', AccessKeyId, Status: 'Inactive' } as const;
  await iam.send(new Iam.UpdateAccessKeyCommand(inactive));
  await assert.rejects(whoami(keys), { name: 'InvalidClientTokenId' });
});

test('a role that nobody made may do all, and nothing where the cloud is strict', async () => {
  const keys = await assume('arn:aws:iam::000000000000:role/nobody');
  assert.ok(await getParameter(keys, '/app/a'));
  const url = strictEmulator.url;
  const none = 'arn:aws:iam::000000000000:role/nobody';
  await assert.rejects(assume(none, {}, credentials, url), { name: 'AccessDenied' });
  const answer = await fetch(`${url}/v2/credentials/nobody`);
  const task = (await answer.json()) as {
    AccessKeyId: string;
    SecretAccessKey: string;
    Token: string;
  };
  const taskKeys = {
    accessKeyId: task.AccessKeyId,
    secretAccessKey: task.SecretAccessKey,
    sessionToken: task.Token,
  };
  await assert.rejects(getParameter(taskKeys, '/app/a', url), { name: 'AccessDeniedException' });
});

test('container credentials and instance metadata give the role that was set for them', async () => {
  const arn = await putRole(cloud, 'of-task', { statements: [allowRead] });
  cloud.taskRoles.set('b0b', arn);
  const answer = (await (await fetch(`${emulator.url}/v2/credentials/b0b`)).json()) as {
    RoleArn: string;
    AccessKeyId: string;
    SecretAccessKey: string;
    Token: string;
  };
  assert.equal(answer.RoleArn, arn);
  const keys = {
    accessKeyId: answer.AccessKeyId,
    secretAccessKey: answer.SecretAccessKey,
    sessionToken: answer.Token,
  };
  assert.ok(await getParameter(keys, '/app/a'));
  await assert.rejects(getParameter(keys, '/other/a'), { name: 'AccessDeniedException' });
  const profile = { InstanceProfileName: 'of-instance' };
  await callIam(cloud, 'CreateInstanceProfile', profile);
  await callIam(cloud, 'AddRoleToInstanceProfile', { ...profile, RoleName: 'of-task' });
  cloud.instanceProfiles.set('i-0123456789abcdef0', 'of-instance');
  const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
  const token = await (
    await fetch(`${emulator.url}/latest/api/token`, { method: 'PUT', headers: ttl })
  ).text();
  const path = `${emulator.url}/latest/meta-data/iam/security-credentials/`;
  const headers = { 'x-aws-ec2-metadata-token': token };
  assert.equal(await (await fetch(path, { headers })).text(), 'of-task');
});

test('a session of a role that is gone may nothing, and policies of a session hold without a role', async () => {
  const keys = await assume(await putRole(cloud, 'short', { statements: [allowRead] }));
  await deleteRole(cloud, 'short');
  await assert.rejects(getParameter(keys, '/app/a'), { name: 'AccessDeniedException' });
  const nobody = 'arn:aws:iam::000000000000:role/nobody';
  const free = await assume(nobody);
  await assert.rejects(getParameter(free, '/none'), { name: 'ParameterNotFound' });
  const narrow = await assume(nobody, { Policy: writeDocument([allowRead]) });
  await assert.rejects(getParameter(narrow, '/none'), { name: 'AccessDeniedException' });
});
