/** What trust policies ask of a request for a role, and what a session hands on of it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  type Credentials,
  STSClient,
} from '@aws-sdk/client-sts';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type EmulatedAws, startEmulatedAws } from '../../../test/kit/emulated-aws.ts';
import { callIam, putRole } from '../../../test/kit/emulated-roles.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
});
after(() => aws.close());

type Keys = EmulatedAws['credentials'] & { sessionToken?: string };
const config = (credentials: Keys) => ({
  endpoint: aws.url,
  region: 'us-east-1',
  credentials,
  maxAttempts: 1,
});
const keysOf = ({ AccessKeyId, SecretAccessKey, SessionToken }: Credentials): Keys => ({
  accessKeyId: AccessKeyId!,
  secretAccessKey: SecretAccessKey!,
  sessionToken: SessionToken!,
});

async function assume(RoleArn: string, more: object = {}, keys: Keys = aws.credentials) {
  const sts = new STSClient(config(keys));
  const input = { RoleArn, RoleSessionName: 'session', ...more };
  return keysOf((await sts.send(new AssumeRoleCommand(input))).Credentials!);
}

async function federate(RoleArn: string, claims: object, RoleSessionName = 'session') {
  const claimed = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const input = { RoleArn, RoleSessionName, WebIdentityToken: `e30.${claimed}.x` };
  const sts = new STSClient(config(aws.credentials));
  const answer = await sts.send(new AssumeRoleWithWebIdentityCommand(input));
  return { ...keysOf(answer.Credentials!), source: answer.SourceIdentity };
}

const ALL_ACTIONS = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
const DENIED = { name: 'AccessDenied' };
const equals = (key: string, value: unknown) => ({ StringEquals: { [key]: value } });

test('a trust policy may ask for each key of the request and of who calls', async () => {
  const team = [{ Key: 'team', Value: 'a' }];
  // A condition, what a request has beside the usual, and what another has, which does not meet it.
  const rows: readonly (readonly [object, object, object])[] = [
    [equals('sts:RoleSessionName', 'me'), { RoleSessionName: 'me' }, {}],
    [equals('sts:ExternalId', 'x'), { ExternalId: 'x' }, { ExternalId: 'y' }],
    [equals('sts:SourceIdentity', 'ann'), { SourceIdentity: 'ann' }, { SourceIdentity: 'bob' }],
    [equals('aws:RequestTag/team', 'a'), { Tags: team }, { Tags: [{ Key: 'team', Value: 'b' }] }],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } }, { Tags: team }, { Tags: [...team, { Key: 'b', Value: '' }] }],
    [{ 'ForAnyValue:StringEquals': { 'sts:TransitiveTagKeys': 'team' } }, { Tags: team, TransitiveTagKeys: ['team'] }, { Tags: team }],
  ]; // prettier-ignore
  for (const [Condition, meets, fails] of rows) {
    const role = await putRole(aws.cloud, 'asked', { trust: { Action: ALL_ACTIONS, Condition } });
    await assume(role, meets);
    await assert.rejects(assume(role, fails), DENIED, JSON.stringify(Condition));
  }
  const root = 'arn:aws:iam::000000000000:root';
  // What holds of every call of root, and what does not.
  const general: readonly (readonly [object, object])[] = [
    [equals('aws:PrincipalArn', root), equals('aws:PrincipalArn', 'x')],
    [equals('aws:PrincipalAccount', '000000000000'), equals('aws:PrincipalAccount', '1')],
    [equals('aws:PrincipalType', 'Account'), equals('aws:PrincipalType', 'User')],
    [equals('aws:RequestedRegion', 'us-east-1'), equals('aws:RequestedRegion', 'eu-west-1')],
    [{ Bool: { 'aws:SecureTransport': 'true' } }, { Bool: { 'aws:SecureTransport': 'false' } }],
    [{ Bool: { 'aws:PrincipalIsAWSService': 'false' } }, { Bool: { 'aws:PrincipalIsAWSService': 'true' } }],
    [{ DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }, { DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }],
    [{ StringLike: { 'aws:UserAgent': '*aws-sdk-js*' } }, { StringLike: { 'aws:UserAgent': 'curl*' } }],
  ]; // prettier-ignore
  for (const [holds, lacks] of general) {
    await assume(await putRole(aws.cloud, 'asked', { trust: { Condition: holds } }));
    const other = await putRole(aws.cloud, 'asked', { trust: { Condition: lacks } });
    await assert.rejects(assume(other), DENIED, JSON.stringify(lacks));
  }
});

test('tags of the caller, and of the role itself, are known to a trust policy', async () => {
  const { cloud } = aws;
  const caller = await putRole(cloud, 'tagged');
  await callIam(cloud, 'TagRole', { RoleName: 'tagged', Tags: [{ Key: 'Team', Value: 'a' }] });
  const keys = await assume(caller);
  for (const [value, isIn] of [
    ['a', true],
    ['b', false],
  ] as const) {
    const Condition = equals('aws:PrincipalTag/team', value);
    const role = await putRole(cloud, 'asked', { trust: { Condition } });
    if (isIn) await assume(role, {}, keys);
    else await assert.rejects(assume(role, {}, keys), DENIED);
  }
  const Condition = equals('aws:ResourceTag/env', 'dev');
  const role = await putRole(cloud, 'asked', { trust: { Condition } });
  await assert.rejects(assume(role), DENIED);
  await callIam(cloud, 'TagRole', { RoleName: 'asked', Tags: [{ Key: 'env', Value: 'dev' }] });
  await assume(role);
});

test('tags and a source identity need permissions of both sides', async () => {
  const { cloud } = aws;
  const plain = await putRole(cloud, 'plain', { trust: { Action: 'sts:AssumeRole' } });
  const Tags = [{ Key: 'team', Value: 'a' }];
  await assume(plain);
  await assert.rejects(assume(plain, { Tags }), /perform: sts:TagSession on resource/);
  await assert.rejects(
    assume(plain, { SourceIdentity: 'ann' }),
    /perform: sts:SetSourceIdentity on resource/,
  );
  const root = 'arn:aws:iam::000000000000:root';
  const trust = { Action: ALL_ACTIONS, Principal: { AWS: root } };
  const open = await putRole(cloud, 'open', { trust });
  const allow = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' };
  const weak = await assume(await putRole(cloud, 'weak', { statements: [allow] }));
  await assume(open, {}, weak);
  await assert.rejects(assume(open, { Tags }, weak), /perform: sts:TagSession/);
  for (const bad of [
    { Tags: [{ Key: 'aws:a', Value: '' }] },
    { Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' })) },
    { TransitiveTagKeys: ['team'] },
    { SourceIdentity: 'a b' },
  ])
    await assert.rejects(assume(open, bad), /ValidationError|InvalidParameterValue|valid|must/);
});

test('a session has its tags and source identity in its calls, and hands on what it may', async () => {
  const { cloud } = aws;
  const read = { Effect: 'Allow', Action: 'ssm:GetParameter', Resource: '*' };
  const ofTeam = { ...read, Condition: equals('aws:PrincipalTag/team', 'a') };
  const ofAnn = { ...read, Condition: equals('aws:SourceIdentity', 'ann') };
  const chain = { Effect: 'Allow', Action: ALL_ACTIONS, Resource: '*' };
  const trust = { Action: ALL_ACTIONS };
  const may = async (keys: Keys): Promise<boolean> => {
    const error = await new SSMClient(config(keys))
      .send(new GetParameterCommand({ Name: '/none' }))
      .catch((one: Error) => one);
    return (error as Error).name === 'ParameterNotFound';
  };
  const team = { Tags: [{ Key: 'team', Value: 'a' }] };
  const first = await putRole(cloud, 'first', { trust, statements: [ofTeam, chain] });
  const second = await putRole(cloud, 'second', { trust, statements: [ofTeam] });
  const third = await putRole(cloud, 'third', { trust, statements: [ofAnn] });
  assert.equal(await may(await assume(first)), false);
  const tagged = await assume(first, team);
  assert.equal(await may(tagged), true);
  assert.equal(await may(await assume(second, {}, tagged)), false);
  const handing = await assume(first, { ...team, TransitiveTagKeys: ['team'] });
  assert.equal(await may(await assume(second, {}, handing)), true);
  await assert.rejects(assume(second, team, handing), /conflicts with a transitive tag key/);
  const known = await assume(first, { SourceIdentity: 'ann' });
  assert.equal(await may(await assume(third, {}, known)), true);
  assert.equal(await may(await assume(third)), false);
  await assert.rejects(assume(third, { SourceIdentity: 'bob' }, known), DENIED);
});

test('a trust policy may ask what a web identity says of its bearer', async () => {
  const iss = 'https://tokens.test/id/1';
  const claims = { iss, sub: 'repo:a/b', aud: 'sts.amazonaws.com', amr: ['mfa', 'pwd'] };
  const host = 'tokens.test/id/1';
  const Federated = `arn:aws:iam::000000000000:oidc-provider/${host}`;
  const Action = ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity'];
  const trusting = (Condition: object, action: unknown = Action) =>
    putRole(aws.cloud, 'fed', {
      trust: { Principal: { Federated }, Action: action, Condition },
    });
  const rows: readonly (readonly [object, object])[] = [
    [equals(`${host}:sub`, 'repo:a/b'), { sub: 'repo:a/c' }],
    [equals(`${host}:aud`, 'sts.amazonaws.com'), { aud: 'other' }],
    [{ 'ForAnyValue:StringEquals': { [`${host}:amr`]: 'mfa' } }, { amr: ['pwd'] }],
    [{ StringLike: { [`${host}:sub`]: 'repo:a/*' } }, { sub: 'repo:b/b' }],
    [equals('aws:FederatedProvider', Federated), { iss: 'https://other.test' }],
    [equals('aws:RequestedRegion', 'us-east-1'), { iss: 'https://other.test' }],
  ];
  for (const [Condition, other] of rows) {
    const role = await trusting(Condition);
    await federate(role, claims);
    const failing = federate(role, { ...claims, ...other });
    await assert.rejects(failing, DENIED, JSON.stringify(Condition));
  }
  const named = await trusting(equals('sts:RoleSessionName', 'me'));
  await federate(named, claims, 'me');
  await assert.rejects(federate(named, claims), DENIED);
  // Who is authorized stands for whom the token is meant for.
  const authorized = { ...claims, aud: 'client', azp: 'app' };
  await federate(await trusting(equals(`${host}:aud`, 'app')), authorized);
  await federate(await trusting(equals(`${host}:oaud`, 'client')), authorized);
  await assert.rejects(federate(await trusting(equals(`${host}:aud`, 'client')), authorized));
  const marked = {
    ...claims,
    'https://aws.amazon.com/tags': { principal_tags: { team: ['a'] } },
    'https://aws.amazon.com/source_identity': 'ann',
  };
  const tagged = await trusting(equals('aws:RequestTag/team', 'a'));
  assert.equal((await federate(tagged, marked)).source, 'ann');
  const plain = await trusting({}, 'sts:AssumeRoleWithWebIdentity');
  await federate(plain, claims);
  await assert.rejects(federate(plain, marked), /perform sts:TagSession/);
});
