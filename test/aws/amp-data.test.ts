/**
 * The samples of emulated workspaces: written and queried signed, each workspace for itself, by
 * policies, and gone with it.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { LocalWorkspaces } from '../../src/commands/emulate/local-workspaces.ts';
import type { AwsCredentials } from '../../src/aws/signing.ts';
import { signRequest } from '../../src/aws/signing.ts';
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

function encode(name: string, value: number): Uint8Array<ArrayBuffer> {
  const encoder = new WriteRequestEncoder();
  encoder.append(encodeLabels(makeLabelSet({ __name__: name })), Date.now(), value);
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

test('each call needs its action on the ARN of the workspace, whose tags are known', async () => {
  const id = await makeWorkspace();
  const calls = {
    'query?query=up': 'QueryMetrics',
    labels: 'GetLabels',
    'label/a/values': 'GetLabels',
    'series?match[]=up': 'GetSeries',
    metadata: 'GetMetricMetadata',
    rules: 'ListRules',
    alerts: 'ListAlerts',
  };
  const Resource = `arn:aws:aps:us-east-1:000000000000:workspace/${id}`;
  const Condition = { StringEquals: { 'aws:ResourceTag/team': 'a' } };
  const signedWith = async (action: string): Promise<AwsCredentials> => {
    const Action = `aps:${action}`;
    const statements = [{ Effect: 'Allow', Action, Resource, Condition }];
    const role = await putRole(aws.cloud, 'reader', { statements });
    const session = aws.cloud.openSession(role, 'test');
    return aws.cloud.identities.issue(Date.now(), 60_000, session);
  };
  for (const [call, action] of Object.entries(calls)) {
    const credentials = await signedWith(action);
    const allowed = await send('GET', `${id}/api/v1/${call}`, { credentials });
    assert.equal(allowed.status, 200, call);
    const other = await signedWith(action === 'ListRules' ? 'ListAlerts' : 'ListRules');
    const denied = await send('GET', `${id}/api/v1/${call}`, { credentials: other });
    assert.deepEqual([denied.status, denied.code], [403, 'AccessDeniedException'], call);
    assert.match(denied.text, new RegExp(`not authorized to perform: aps:${action} on resource: `));
  }
});
