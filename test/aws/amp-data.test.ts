/**
 * The samples of emulated workspaces: written and queried signed, each workspace for itself, by
 * policies, and gone with it.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import * as amp from '@aws-sdk/client-amp';
import { LocalWorkspaces } from '../../src/commands/emulate/local-workspaces.ts';
import type { AwsCredentials } from '../../src/aws/signing.ts';
import { signRequest } from '../../src/aws/signing.ts';
import { UsageReporter } from '../../src/emulator/workspace-usage.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { makeLabelSet } from '../../src/model/labels.ts';
import { WriteRequestEncoder } from '../../src/wire/remote-write/encoder.ts';
import { encodeLabels } from '../../src/wire/remote-write/labels.ts';
import { compress } from '../../src/wire/snappy.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';
import { putRole } from '../kit/emulated-roles.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { createWorld } from '../kit/world.ts';

let aws: EmulatedAws;
let host: LocalWorkspaces;
let folder: string;
const ending: (() => unknown)[] = [];
before(async () => {
  folder = path.join(temporaryFolder({ after: (end) => ending.push(end) }), 'kept');
  const world = createWorld({ clock: systemClock });
  host = new LocalWorkspaces({ folder, isTemporary: true, world });
  aws = await startEmulatedAws(host);
});
after(async () => {
  await aws.close();
  await host.stop();
  for (const end of ending) await end();
});

async function makeWorkspace(): Promise<string> {
  const { amp } = aws.account;
  const { id, status } = await amp.createWorkspace({ tags: { team: 'a' } });
  await until('the workspace is ACTIVE', 10_000, () => status.codeAt(Date.now()) === 'ACTIVE');
  return id;
}

async function send(
  method: 'GET' | 'POST',
  at: string,
  {
    body = Buffer.alloc(0),
    region = 'us-east-1',
    credentials = aws.credentials,
  }: { body?: Uint8Array<ArrayBuffer>; region?: string; credentials?: AwsCredentials } = {},
): Promise<{ status: number; text: string; code: string | null }> {
  const url = `${aws.url}/workspaces/${at}`;
  const snappy = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
  const request = { method, url, headers: method === 'POST' ? snappy : {}, body };
  const headers = signRequest(request, credentials, { region, service: 'aps' }, Date.now());
  const answer = await fetch(url, { method, headers, ...(method === 'POST' ? { body } : {}) });
  const code = answer.headers.get('x-amzn-errortype');
  return { status: answer.status, text: await answer.text(), code };
}

function encode(name: string, value: number, atMs = Date.now()): Uint8Array<ArrayBuffer> {
  const encoder = new WriteRequestEncoder();
  encoder.append(encodeLabels(makeLabelSet({ __name__: name })), atMs, value);
  return Buffer.from(compress(encoder.bytes()));
}

test('each workspace has samples of its own, which go with it', async () => {
  const [first, second] = [await makeWorkspace(), await makeWorkspace()];
  const body = encode('orders', 7);
  assert.equal((await send('POST', `${first}/api/v1/remote_write`, { body })).status, 200);
  const read = async (id: string): Promise<unknown> => {
    const { text } = await send('GET', `${id}/api/v1/query?query=orders`);
    return (JSON.parse(text) as { data: { result: { value: unknown[] }[] } }).data.result.map(
      ({ value }) => value[1],
    );
  };
  assert.deepEqual([await read(first), await read(second)], [['7'], []]);
  const labels = await send('GET', `${first}/api/v1/labels`);
  assert.match(labels.text, /"__name__"/);
  assert.deepEqual(readdirSync(folder).toSorted(), [first, second].toSorted());
  await aws.account.amp.deleteWorkspace(first);
  assert.equal(existsSync(path.join(folder, first)), false);
  const gone = await send('POST', `${first}/api/v1/remote_write`, { body });
  assert.deepEqual([gone.status, gone.code], [404, 'ResourceNotFoundException']);
});

test('rules of a namespace are evaluated, listed, and fail where one cannot be', async () => {
  const id = await makeWorkspace();
  const body = encode('orders', 7);
  assert.equal((await send('POST', `${id}/api/v1/remote_write`, { body })).status, 200);
  const { url: endpoint, credentials } = aws;
  const client = new amp.AmpClient({ endpoint, region: 'us-east-1', credentials });
  const create = (name: string, expr: string) =>
    client.send(
      new amp.CreateRuleGroupsNamespaceCommand({
        workspaceId: id,
        name,
        data: Buffer.from(`groups: [{ name: g, rules: [{ record: twice, expr: '${expr}' }] }]`),
      }),
    );
  await create('good', 'orders * 2');
  await create('bad', 'orders *');
  await assert.rejects(create('none', "' }"), { name: 'ValidationException' });
  await until('the rule is evaluated', 10_000, async () =>
    (await send('GET', `${id}/api/v1/query?query=twice`)).text.includes('"14"'),
  );
  const { text } = await send('GET', `${id}/api/v1/rules`);
  assert.match(text, /"name":"twice","query":"orders \* 2"/);
  const describe = () =>
    client.send(new amp.DescribeRuleGroupsNamespaceCommand({ workspaceId: id, name: 'bad' }));
  await until('the namespace fails', 10_000, async () => {
    const { statusCode, statusReason = '' } = (await describe()).ruleGroupsNamespace?.status ?? {};
    if (statusCode === 'CREATING') return false;
    assert.equal(statusCode, 'CREATION_FAILED');
    assert.match(statusReason, /group "g", rule "twice": could not parse expression/);
    return true;
  });
});

test('CloudWatch is told what a workspace has and got', async () => {
  const reporter = new UsageReporter(aws.cloud);
  const id = await makeWorkspace();
  const write = (body: Uint8Array<ArrayBuffer>) =>
    send('POST', `${id}/api/v1/remote_write`, { body });
  const read = (name: string): number | undefined => {
    const { store } = aws.account.cloudWatch;
    const metric = store.list().find(({ dimensions }) => {
      const values = dimensions.map(({ value }) => value);
      return values.includes(id) && values.includes(name);
    });
    return [...(metric?.buckets.values() ?? [])].reduce((sum, one) => sum + one.sum, 0);
  };
  assert.equal((await write(encode('orders', 7))).status, 200);
  reporter.report();
  assert.deepEqual([read('ActiveSeries'), read('IngestionRate')], [1, 1 / 60]);
  assert.equal((await write(encode('orders', 8, Date.now() - 2 * 3_600_000))).status, 400);
  reporter.report();
  assert.equal(read('greater_than_max_sample_age'), 1);
  reporter.report();
  assert.equal(read('greater_than_max_sample_age'), 1);
});

test('the page of a workspace asks without a signature, below the admin side', async () => {
  const id = await makeWorkspace();
  const body = encode('orders', 7);
  await send('POST', `${id}/api/v1/remote_write`, { body });
  const at = `${aws.url}/_emulator/workspaces/${id}`;
  const answer = await fetch(`${at}/api/v1/query?query=orders`);
  assert.match(await answer.text(), /"7"/);
  const page = await (await fetch(`${at}/`)).text();
  assert.match(page, /main\.js|has not been built/);
  const write = await fetch(`${at}/api/v1/remote_write`, { method: 'POST', body });
  assert.equal(write.status, 403);
  assert.equal((await fetch(`${at}x/`)).status, 404);
});

test('a call without a right signature, region or path is refused', async () => {
  const id = await makeWorkspace();
  const unsigned = await fetch(`${aws.url}/workspaces/${id}/api/v1/query?query=up`);
  assert.equal(unsigned.status, 403);
  const wrong = { ...aws.credentials, secretAccessKey: 'wrong' };
  const strange = await send('GET', `${id}/api/v1/labels`, { credentials: wrong });
  assert.deepEqual([strange.status, strange.code], [403, 'SignatureDoesNotMatch']);
  const elsewhere = await send('GET', `${id}/api/v1/labels`, { region: 'eu-west-1' });
  assert.equal(elsewhere.status, 403);
  const unknown = await send('GET', `${id}/api/v1/status/tsdb`);
  assert.deepEqual([unknown.status, unknown.code], [404, 'UnknownOperationException']);
  const alerts = await send('GET', `${id}/alertmanager/api/v2/status`);
  assert.match(alerts.text, /no alert manager/);
});

/** The keys of a session in a role. */
function openSession(roleArn: string): AwsCredentials {
  return aws.cloud.identities.issue(Date.now(), 60_000, aws.cloud.openSession(roleArn, 'session'));
}

test('each call needs its action on the ARN of the workspace, as its tags allow', async () => {
  const id = await makeWorkspace();
  const arn = `arn:aws:aps:us-east-1:000000000000:workspace/${id}`;
  const calls: [string, string][] = [
    ['query?query=up', 'QueryMetrics'],
    ['query_range?query=up&start=0&end=1&step=1', 'QueryMetrics'],
    ['labels', 'GetLabels'],
    ['label/a/values', 'GetLabels'],
    ['series?match[]=up', 'GetSeries'],
    ['metadata', 'GetMetricMetadata'],
    ['rules', 'ListRules'],
    ['alerts', 'ListAlerts'],
  ];
  const assume = async (name: string, statement: object): Promise<AwsCredentials> =>
    openSession(await putRole(aws.cloud, name, { statements: [statement] }));
  const Condition = { StringEquals: { 'aws:ResourceTag/team': 'a' } };
  const all = [...new Set(calls.map(([, action]) => `aps:${action}`))];
  const allow = { Effect: 'Allow', Action: all, Resource: arn, Condition };
  const reader = await assume('reader', allow);
  for (const [call] of calls)
    assert.equal((await send('GET', `${id}/api/v1/${call}`, { credentials: reader })).status, 200);
  const write = { body: encode('orders', 1), credentials: reader };
  const denied = await send('POST', `${id}/api/v1/remote_write`, write);
  assert.deepEqual([denied.status, denied.code], [403, 'AccessDeniedException']);
  assert.equal(
    denied.text,
    '{"Message":"User: arn:aws:sts::000000000000:assumed-role/reader/session is not authorized ' +
      `to perform: aps:RemoteWrite on resource: ${arn} because no identity-based policy allows ` +
      'the aps:RemoteWrite action"}',
  );
  const writer = await assume('writer', {
    Effect: 'Allow',
    Action: 'aps:RemoteWrite',
    Resource: arn,
  });
  for (const [call, action] of calls) {
    const { status, text } = await send('GET', `${id}/api/v1/${call}`, { credentials: writer });
    assert.equal(status, 403, call);
    assert.match(text, new RegExp(`perform: aps:${action} on`));
  }
  const other = await assume('other', {
    ...allow,
    Condition: { StringEquals: { 'aws:ResourceTag/team': 'b' } },
  });
  const tagged = await send('GET', `${id}/api/v1/labels`, { credentials: other });
  assert.equal(tagged.status, 403);
});

test('another account needs the policy of the workspace, besides its own', async () => {
  const id = await makeWorkspace();
  const { url: endpoint, credentials: own } = aws;
  const client = new amp.AmpClient({ endpoint, region: 'us-east-1', credentials: own });
  // Nobody created the role, so that policies of its account allow all.
  const credentials = openSession('arn:aws:iam::111111111111:role/far');
  const write = () =>
    send('POST', `${id}/api/v1/remote_write`, { body: encode('orders', 1), credentials });
  const denied = await write();
  assert.equal(denied.status, 403);
  assert.match(denied.text, /because no resource-based policy allows the aps:RemoteWrite action/);
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::111111111111:root' },
    Action: ['aps:RemoteWrite', 'aps:GetLabels'],
    Resource: `arn:aws:aps:us-east-1:000000000000:workspace/${id}`,
  };
  const put = (...statements: object[]) =>
    client.send(
      new amp.PutResourcePolicyCommand({
        workspaceId: id,
        policyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
      }),
    );
  await put(statement);
  assert.equal((await write()).status, 200);
  assert.equal((await send('GET', `${id}/api/v1/series?match[]=a`, { credentials })).status, 403);
  await put(statement, { ...statement, Effect: 'Deny', Action: 'aps:RemoteWrite' });
  assert.match((await write()).text, /with an explicit deny in a resource-based policy/);
  assert.equal((await send('GET', `${id}/api/v1/labels`, { credentials })).status, 200);
  const { Principal: _none, ...lacking } = statement;
  await assert.rejects(put(lacking), { name: 'ValidationException' });
  await client.send(new amp.DeleteResourcePolicyCommand({ workspaceId: id }));
  await until(
    'the policy is gone',
    10_000,
    async () => (await send('GET', `${id}/api/v1/labels`, { credentials })).status === 403,
  );
});
