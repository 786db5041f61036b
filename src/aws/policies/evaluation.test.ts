import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePolicy, type PolicyKind, PolicyError } from './document.ts';
import { judgeRequest, judgeTrust, type NamedPolicy, type TrustedCaller } from './evaluation.ts';
import { fitsPattern } from './patterns.ts';

function policyOf(statements: readonly object[], kind: PolicyKind = 'identity'): NamedPolicy {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  return { name: 'p', policy: parsePolicy(text, kind) };
}

function contextOf(given: Record<string, string | readonly string[]>) {
  return new Map(Object.entries(given).map(([key, value]) => [key.toLowerCase(), [value].flat()]));
}

function decide(
  statements: readonly object[],
  action: string,
  resource = '*',
  context: Record<string, string | readonly string[]> = {},
): string {
  const request = { action, resource, context: contextOf(context) };
  return judgeRequest({ identity: [policyOf(statements)] }, request).decision;
}

const all = { Effect: 'Allow', Action: '*', Resource: '*' };

test('actions, resources and effects decide as the pages of AWS have it', () => {
  const table = 'arn:aws:dynamodb:us-east-1:123456789012:table/Books';
  const logs = 'arn:aws:s3:::logs/2026/a.gz';
  const rows: [string, object[], string, string, string][] = [
    ['nothing', [{ ...all, Action: 'ecs:*' }], 'ec2:RunInstances', '*', 'implicitDeny'],
    ['all', [all], 'ec2:RunInstances', '*', 'allowed'],
    ['capitals of an action', [{ ...all, Action: 'DYNAMODB:getitem' }], 'dynamodb:GetItem', table, 'allowed'],
    ['capitals of a resource', [{ ...all, Resource: table.toLowerCase() }], 'dynamodb:GetItem', table, 'implicitDeny'],
    ['a deny beside an allow', [all, { ...all, Effect: 'Deny', Action: 's3:Get*' }], 's3:GetObject', logs, 'explicitDeny'],
    ['all actions but', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }], 'iam:CreateUser', '*', 'implicitDeny'],
    ['all actions but others', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }], 's3:GetObject', logs, 'allowed'],
    ['all resources but', [{ Effect: 'Deny', Action: 's3:*', NotResource: 'arn:aws:s3:::logs/*' }, all], 's3:GetObject', logs, 'allowed'],
    ['other resources than', [{ Effect: 'Deny', Action: 's3:*', NotResource: 'arn:aws:s3:::logs/*' }, all], 's3:GetObject', 'arn:aws:s3:::other/a', 'explicitDeny'],
    ['one character', [{ ...all, Resource: 'arn:aws:s3:::logs/2026/?.gz' }], 's3:GetObject', logs, 'allowed'],
    ['one character, not two', [{ ...all, Resource: 'arn:aws:s3:::logs/202?.gz' }], 's3:GetObject', logs, 'implicitDeny'],
    ['a name is no prefix', [{ ...all, Action: 's3:Get' }], 's3:GetObject', logs, 'implicitDeny'],
    ['a resource and an action without any', [{ ...all, Resource: logs }], 's3:ListAllMyBuckets', '*', 'implicitDeny'],
    ['a star past the colons', [{ ...all, Resource: 'arn:aws:logs:*' }], 'logs:PutLogEvents', 'arn:aws:logs:us-east-1:1:log-group:a:log-stream:b', 'allowed'],
  ]; // prettier-ignore
  for (const [what, statements, action, resource, wanted] of rows)
    assert.equal(decide(statements, action, resource), wanted, what);
});

test('conditions compare as the page of operators has it', () => {
  const ip = { 'aws:SourceIp': '203.0.113.7' };
  const tags = { 'aws:TagKeys': ['team', 'cost'] };
  type Row = [object, Record<string, string | readonly string[]>, boolean];
  const rows: Row[] = [
    [{ StringEquals: { 'aws:RequestTag/team': 'a' } }, { 'aws:RequestTag/team': 'a' }, true],
    [{ StringEquals: { 'aws:RequestTag/TEAM': 'a' } }, { 'aws:RequestTag/team': 'a' }, true],
    [{ StringEquals: { 'aws:RequestTag/team': 'A' } }, { 'aws:RequestTag/team': 'a' }, false],
    [{ StringEquals: { 'aws:RequestTag/team': ['b', 'a'] } }, { 'aws:RequestTag/team': 'a' }, true],
    [{ StringEquals: { 'aws:RequestTag/team': 'a' } }, {}, false],
    [{ StringEqualsIfExists: { 'aws:RequestTag/team': 'a' } }, {}, true],
    [{ StringEqualsIfExists: { 'aws:RequestTag/team': 'a' } }, { 'aws:RequestTag/team': 'b' }, false],
    [{ StringNotEquals: { 'aws:RequestTag/team': 'a' } }, {}, true],
    [{ StringNotEquals: { 'aws:RequestTag/team': ['a', 'b'] } }, { 'aws:RequestTag/team': 'b' }, false],
    [{ StringEqualsIgnoreCase: { 'aws:RequestTag/t': 'TeaM' } }, { 'aws:RequestTag/t': 'tEAm' }, true],
    [{ StringNotEqualsIgnoreCase: { 'aws:RequestTag/t': 'TeaM' } }, { 'aws:RequestTag/t': 'tEAm' }, false],
    [{ StringEquals: { 'aws:RequestTag/t': 'a*' } }, { 'aws:RequestTag/t': 'ab' }, false],
    [{ StringLike: { 'aws:RequestTag/t': 'a*' } }, { 'aws:RequestTag/t': 'ab' }, true],
    [{ StringNotLike: { 'aws:RequestTag/t': 'a*' } }, { 'aws:RequestTag/t': 'ab' }, false],
    [{ StringEquals: { 'aws:PrincipalTag/t': '${aws:RequestTag/t}' } }, { 'aws:PrincipalTag/t': 'x', 'aws:RequestTag/t': 'x' }, true],
    [{ StringEquals: { 'aws:PrincipalTag/t': '${aws:RequestTag/t}' } }, { 'aws:PrincipalTag/t': 'x' }, false],
    [{ StringNotEquals: { 'aws:PrincipalTag/t': '${aws:RequestTag/t}' } }, { 'aws:PrincipalTag/t': 'x' }, true],
    [{ StringEquals: { 'aws:PrincipalTag/t': "${aws:RequestTag/t, 'x'}" } }, { 'aws:PrincipalTag/t': 'x' }, true],
    [{ StringLike: { 'aws:RequestTag/t': 'a${*}b' } }, { 'aws:RequestTag/t': 'a*b' }, true],
    [{ StringLike: { 'aws:RequestTag/t': 'a${*}b' } }, { 'aws:RequestTag/t': 'aXb' }, false],
    [{ NumericLessThanEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': '10' }, true],
    [{ NumericLessThan: { 's3:max-keys': 10 } }, { 's3:max-keys': '10' }, false],
    [{ NumericGreaterThan: { 's3:max-keys': '9.5' } }, { 's3:max-keys': '10' }, true],
    [{ NumericGreaterThanEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': 'many' }, false],
    [{ NumericNotEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': '11' }, true],
    [{ NumericEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': '10.0' }, true],
    [{ DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } }, { 'aws:CurrentTime': '2026-11-28T00:00:00Z' }, true],
    [{ DateLessThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } }, { 'aws:CurrentTime': '2026-11-28T00:00:00Z' }, false],
    [{ DateLessThanEquals: { 'aws:EpochTime': 1767225600 } }, { 'aws:EpochTime': '2026-01-01T00:00:00Z' }, true],
    [{ Bool: { 'aws:SecureTransport': 'true' } }, { 'aws:SecureTransport': 'true' }, true],
    [{ Bool: { 'aws:SecureTransport': false } }, { 'aws:SecureTransport': 'true' }, false],
    [{ Bool: { 'aws:SecureTransport': 'false' } }, {}, false],
    [{ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }, ip, true],
    [{ IpAddress: { 'aws:SourceIp': ['203.0.114.0/24', '2001:db8::/32'] } }, ip, false],
    [{ IpAddress: { 'aws:SourceIp': '203.0.113.7' } }, ip, true],
    [{ NotIpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }, ip, false],
    [{ IpAddress: { 'aws:SourceIp': '2001:db8::/32' } }, { 'aws:SourceIp': '2001:db8:1::9' }, true],
    [{ ArnLike: { 'aws:SourceArn': 'arn:aws:ecs:*:*:service/a/*' } }, { 'aws:SourceArn': 'arn:aws:ecs:us-east-1:1:service/a/b' }, true],
    [{ ArnEquals: { 'aws:SourceArn': 'arn:aws:ecs:*:1:task/?' } }, { 'aws:SourceArn': 'arn:aws:ecs:us-east-1:1:task/x' }, true],
    [{ ArnLike: { 'aws:SourceArn': 'arn:aws:ecs:*:task/x' } }, { 'aws:SourceArn': 'arn:aws:ecs:us-east-1:1:task/x' }, false],
    [{ ArnNotLike: { 'aws:SourceArn': 'arn:aws:ecs:*:*:task/*' } }, { 'aws:SourceArn': 'arn:aws:ecs:us-east-1:1:task/x' }, false],
    [{ Null: { 'aws:RequestTag/t': 'true' } }, {}, true],
    [{ Null: { 'aws:RequestTag/t': 'false' } }, {}, false],
    [{ Null: { 'aws:RequestTag/t': false } }, { 'aws:RequestTag/t': '' }, true],
    [{ BinaryEquals: { 'x:key': 'YQ==' } }, { 'x:key': 'YQ==' }, true],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'cost', 'x'] } }, tags, true],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } }, tags, false],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } }, {}, true],
    [{ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['team'] } }, tags, true],
    [{ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['other'] } }, tags, false],
    [{ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['team'] } }, {}, false],
    [{ 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': ['team'] } }, tags, true],
    [{ 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': ['team'] } }, {}, false],
    [{ 'ForAllValues:StringNotLike': { 'aws:TagKeys': ['c*'] } }, tags, false],
    [{ StringEquals: { 'aws:RequestTag/a': '1', 'aws:RequestTag/b': '2' } }, { 'aws:RequestTag/a': '1' }, false],
    [{ StringEquals: { 'aws:RequestTag/a': '1' }, Bool: { 'aws:SecureTransport': 'true' } }, { 'aws:RequestTag/a': '1', 'aws:SecureTransport': 'true' }, true],
  ]; // prettier-ignore
  for (const [Condition, context, isHeld] of rows)
    assert.equal(
      decide([{ ...all, Condition }], 's3:GetObject', 'arn:aws:s3:::a/b', context),
      isHeld ? 'allowed' : 'implicitDeny',
      `${JSON.stringify(Condition)} with ${JSON.stringify(context)}`,
    );
});

test('a variable in a resource is what the request says, and never a wildcard', () => {
  const statement = { ...all, Resource: 'arn:aws:s3:::homes/${aws:username}/*' };
  const ask = (user: string, key: string) =>
    decide([statement], 's3:GetObject', `arn:aws:s3:::homes/${key}`, { 'aws:username': user });
  assert.equal(ask('ann', 'ann/a'), 'allowed');
  assert.equal(ask('ann', 'bob/a'), 'implicitDeny');
  assert.equal(ask('*', 'bob/a'), 'implicitDeny');
  assert.equal(decide([statement], 's3:GetObject', 'arn:aws:s3:::homes//a'), 'implicitDeny');
});

test('a boundary and session policies must allow too, and the layer that refused is told', () => {
  const request = { action: 's3:GetObject', resource: 'arn:aws:s3:::a/b', context: contextOf({}) };
  const some = policyOf([{ ...all, Action: 's3:*' }]);
  const none = policyOf([{ ...all, Action: 'ecs:*' }]);
  const denial = policyOf([all, { ...all, Effect: 'Deny', Action: 's3:GetObject' }]);
  const judge = (layers: Parameters<typeof judgeRequest>[0]) => {
    const { decision, layer } = judgeRequest(layers, request);
    return `${decision} ${layer}`;
  };
  assert.equal(judge({ identity: [some], boundary: [some], session: [some] }), 'allowed identity');
  assert.equal(judge({ identity: [some], boundary: [none] }), 'implicitDeny boundary');
  assert.equal(judge({ identity: [some], session: [none] }), 'implicitDeny session');
  assert.equal(judge({ identity: [none], boundary: [some] }), 'implicitDeny identity');
  assert.equal(judge({ identity: [some], session: [denial] }), 'explicitDeny session');
  assert.equal(judge({ identity: [some], boundary: [denial] }), 'explicitDeny boundary');
  assert.equal(judge({ identity: [some, denial] }), 'explicitDeny identity');
});

test('a trust policy names services, roles, accounts and providers', () => {
  const role: TrustedCaller = {
    kind: 'AWS',
    names: ['arn:aws:sts::111111111111:assumed-role/r/s', 'arn:aws:iam::111111111111:role/r'],
    accountId: '111111111111',
  };
  const task: TrustedCaller = { kind: 'Service', names: ['ecs-tasks.amazonaws.com'] };
  const ask = (Principal: unknown, caller: TrustedCaller, more: object = {}, context = {}) => {
    const allow = { Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more };
    const request = { action: 'sts:AssumeRole', context: contextOf(context) };
    return judgeTrust(policyOf([allow], 'trust').policy, caller, request);
  };
  assert.equal(ask({ Service: ['ec2.amazonaws.com', 'ecs-tasks.amazonaws.com'] }, task), 'named');
  assert.equal(ask({ Service: 'ec2.amazonaws.com' }, task), 'none');
  assert.equal(ask({ AWS: 'arn:aws:iam::111111111111:role/r' }, role), 'named');
  assert.equal(ask({ AWS: 'arn:aws:iam::111111111111:root' }, role), 'account');
  assert.equal(ask({ AWS: '111111111111' }, role), 'account');
  assert.equal(ask({ AWS: '222222222222' }, role), 'none');
  assert.equal(ask('*', role), 'named');
  assert.equal(ask({ Service: 'ecs-tasks.amazonaws.com' }, role), 'none');
  const external = { Condition: { StringEquals: { 'sts:ExternalId': 'x' } } };
  assert.equal(ask({ AWS: '111111111111' }, role, external, { 'sts:ExternalId': 'x' }), 'account');
  assert.equal(ask({ AWS: '111111111111' }, role, external), 'none');
  assert.equal(ask({ AWS: '*' }, role, { Effect: 'Deny' }), 'denied');
});

test('a malformed document is refused in the words of AWS', () => {
  const ok = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
  const statement = (one: object, more: object = {}): string =>
    JSON.stringify({ Version: '2012-10-17', Statement: one, ...more });
  const trust = {
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Principal: { Service: 'ecs.amazonaws.com' },
  };
  const rows: [PolicyKind, string, RegExp][] = [
    ['identity', '{', /^Syntax errors in policy\.$/],
    ['identity', '[]', /^Syntax errors/],
    ['identity', statement(ok, { Versions: 1 }), /^Syntax errors/],
    ['identity', statement([]), /^Syntax errors/],
    ['identity', JSON.stringify({ Statement: ok }), /must be version 2012-10-17 or greater/],
    ['identity', statement({ ...ok, Version: '2012-10-17' }), /^Syntax errors/],
    ['identity', statement({ ...ok, Effect: 'allow' }), /^Syntax errors/],
    ['identity', statement({ Effect: 'Allow', Resource: '*' }), /must contain actions/],
    ['identity', statement({ Effect: 'Allow', Action: 's3:*' }), /must contain resources/],
    ['identity', statement({ ...ok, Action: 'GetObject' }), /prefaced by a vendor/],
    ['identity', statement({ ...ok, Action: 's3:Get:Object' }), /only one colon/],
    ['identity', statement({ ...ok, Action: 's 3:Get' }), /Vendor s 3 is not valid/],
    ['identity', statement({ ...ok, Resource: 'bucket' }), /Resource bucket must be in ARN format or "\*"/],
    ['identity', statement({ ...ok, Resource: 'arn:wrong:s3:::a' }), /Partition "wrong" is not valid for resource "arn:wrong:s3:\*:\*:a"/],
    ['identity', statement({ ...ok, Principal: '*' }), /should not specify a principal/],
    ['identity', statement({ ...ok, NotAction: 's3:*' }), /^Syntax errors/],
    ['identity', statement([{ ...ok, Sid: 'a' }, { ...ok, Sid: 'a' }]), /must be unique/],
    ['identity', statement({ ...ok, Sid: 'a b' }), /alpha-numeric/],
    ['identity', statement({ ...ok, Condition: { StringEqual: { 'aws:x': '1' } } }), /Invalid Condition type : StringEqual\./],
    ['identity', statement({ ...ok, Condition: { Bool: { 'aws:x': 'yes' } } }), /yes/],
    ['identity', statement({ ...ok, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/33' } } }), /33/],
    ['identity', statement({ ...ok, Condition: { NumericEquals: { 'aws:x': 'a' } } }), /NumericEquals/],
    ['trust', '{', /invalid Json/],
    ['trust', statement({ ...trust, Resource: '*' }), /^Has prohibited field Resource$/],
    ['trust', statement({ Effect: 'Allow', Action: 'sts:AssumeRole' }), /^Missing required field Principal$/],
    ['trust', statement({ ...trust, Action: 's3:GetObject' }), /may only specify STS AssumeRole actions/],
    ['trust', statement({ ...trust, Principal: { AWS: 'me' } }), /Invalid principal in policy: "AWS":"me"/],
    ['trust', statement({ ...trust, Principal: { Service: 'ecs-tasks' } }), /Invalid principal/],
  ]; // prettier-ignore
  for (const [kind, text, message] of rows)
    assert.throws(
      () => parsePolicy(text, kind),
      (error) => error instanceof PolicyError && message.test(error.message),
      `${kind} ${text}`,
    );
  const plain = {
    hasVariables: false,
    statements: parsePolicy(statement(trust), 'trust').statements,
  };
  assert.deepEqual(parsePolicy(JSON.stringify({ Statement: trust }), 'trust'), plain);
});

test('a pattern fits what a regular expression of it fits', () => {
  const short = fc.array(fc.constantFrom('a', 'b', '*', '?', ':', '/'), { maxLength: 9 });
  fc.assert(
    fc.property(short, fc.array(fc.constantFrom('a', 'b', ':', '/'), { maxLength: 9 }), (p, t) => {
      const [pattern, text] = [p.join(''), t.join('')];
      const source = pattern.replaceAll('*', '.*').replaceAll('?', '.');
      const wanted = new RegExp(`^${source}$`).test(text);
      assert.equal(fitsPattern(pattern, text, { context: undefined }), wanted);
    }),
  );
});

test('a pattern of many stars is done in steps that are few', () => {
  const text = 'a'.repeat(20_000);
  assert.equal(fitsPattern(`${'*a'.repeat(500)}*b`, text, { context: undefined }), false);
});

test('whatever the policies, a denial that fits is never undone, and the order does not count', () => {
  const one = fc.record({
    Effect: fc.constantFrom('Allow', 'Deny'),
    Action: fc.subarray(['s3:*', 's3:Get*', 's3:GetObject', 'ecs:RunTask', '*'], { minLength: 1 }),
    Resource: fc.subarray(['*', 'arn:aws:s3:::a/*', 'arn:aws:s3:::b/*'], { minLength: 1 }),
  });
  fc.assert(
    fc.property(
      fc.array(one, { minLength: 1, maxLength: 6 }),
      fc.constantFrom('s3:GetObject', 's3:PutObject', 'ecs:RunTask'),
      fc.constantFrom('*', 'arn:aws:s3:::a/x', 'arn:aws:s3:::b/x'),
      (statements, action, resource) => {
        const decision = decide(statements, action, resource);
        assert.equal(decide(statements.toReversed(), action, resource), decision);
        const more = decide(
          [...statements, { ...all, Effect: 'Deny', Action: action }],
          action,
          resource,
        );
        assert.equal(more, 'explicitDeny');
        const allowed = decide([...statements, all], action, resource);
        assert.equal(allowed, decision === 'explicitDeny' ? 'explicitDeny' : 'allowed');
      },
    ),
  );
});
