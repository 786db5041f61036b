/**
 * A workspace of AMP asked as Grafana's data source asks it: forms by POST, signed with SigV4, by
 * the credentials of a role.
 */
import assert from 'node:assert/strict';
import * as iam from '@aws-sdk/client-iam';
import { type AwsCredentials, signRequest } from '../../src/aws/signing.ts';
import { openRoleSession } from './emulated-roles.ts';
import type { AskedWorkspace } from './dashboard-answers.ts';
import type { Series } from './processes.ts';

/** Values of labels are those that were there in this time, as with a range of Grafana. */
const RANGE_S = 60;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** @param url  that of the workspace, without `/api/v1` */
export function openGrafana(url: string, credentials: AwsCredentials): AskedWorkspace {
  const send = async (method: string, path: string, body = ''): Promise<unknown> => {
    const request = { method, url: `${url}/api/v1/${path}`, headers: FORM, body };
    const scope = { region: 'us-east-1', service: 'aps' };
    const headers = signRequest(request, credentials, scope, Date.now());
    const sent = method === 'GET' ? {} : { body };
    const answer = await fetch(request.url, { method, headers, ...sent });
    const text = await answer.text();
    assert.equal(answer.status, 200, `${path} ${body}: ${text}`);
    return (JSON.parse(text) as { data: unknown }).data;
  };
  return {
    query: async (query) => {
      const body = new URLSearchParams({ query }).toString();
      const { result } = (await send('POST', 'query', body)) as { result: readonly Series[] };
      return result;
    },
    labelValues: async (label, selector) => {
      const start = String(Date.now() / 1_000 - RANGE_S);
      const asked = new URLSearchParams({ 'match[]': selector, start }).toString();
      return (await send('GET', `label/${label}/values?${asked}`)) as readonly string[];
    },
  };
}

const STAND_IN = 'stands-in-for-grafana';

/**
 * Credentials of a role with the policies of Grafana's, which AWS's service alone may assume.
 *
 * @returns them, and what takes the role away
 */
export async function standInForGrafana(
  endpoint: string,
  credentials: Pick<AwsCredentials, 'accessKeyId' | 'secretAccessKey'>,
  grafanaRole: string,
): Promise<{ readonly credentials: AwsCredentials; readonly remove: () => Promise<void> }> {
  const at = { endpoint, region: 'us-east-1', credentials };
  const client = new iam.IAMClient(at);
  const from = { RoleName: grafanaRole };
  const { PolicyNames = [] } = await client.send(new iam.ListRolePoliciesCommand(from));
  const to = { RoleName: STAND_IN };
  const trust = { Effect: 'Allow', Principal: { AWS: '000000000000' }, Action: 'sts:AssumeRole' };
  const { Role } = await client.send(
    new iam.CreateRoleCommand({
      ...to,
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
    }),
  );
  for (const PolicyName of PolicyNames) {
    const named = { ...from, PolicyName };
    const { PolicyDocument = '' } = await client.send(new iam.GetRolePolicyCommand(named));
    const copied = { ...to, PolicyName, PolicyDocument: decodeURIComponent(PolicyDocument) };
    await client.send(new iam.PutRolePolicyCommand(copied));
  }
  return {
    credentials: await openRoleSession(at, Role?.Arn),
    remove: async () => {
      for (const PolicyName of PolicyNames)
        await client.send(new iam.DeleteRolePolicyCommand({ ...to, PolicyName }));
      await client.send(new iam.DeleteRoleCommand(to));
    },
  };
}
