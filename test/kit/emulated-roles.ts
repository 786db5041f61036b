/** Roles of the emulated IAM, made by its own API as the root of the first account. */
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { AwsCredentials } from '../../src/aws/signing.ts';
import type { EmulatedCloud } from '../../src/emulator/cloud.ts';
import { rootOf } from '../../src/emulator/identities.ts';

export interface RoleOptions {
  readonly trust?: object;
  /** Statements of a policy within the role; all is allowed by default. */
  readonly statements?: readonly object[];
}

/** Calls IAM as root. */
export function callIam(cloud: EmulatedCloud, action: string, input: object): Promise<object> {
  const caller = rootOf(cloud.accountId);
  const context = { caller, region: cloud.regions[0], headers: {} };
  return cloud.call(context, 'iam', action, input as Readonly<Record<string, unknown>>);
}

type LongLived = Pick<AwsCredentials, 'accessKeyId' | 'secretAccessKey'>;

/** Credentials of a session of a role, by STS. @param at  where it is asked, and as whom */
export async function openRoleSession(
  at: { readonly endpoint: string; readonly region: string; readonly credentials: LongLived },
  RoleArn: string | undefined,
): Promise<AwsCredentials & { readonly sessionToken: string }> {
  const sts = new STSClient(at);
  const asked = sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'trial' }));
  const { Credentials: keys } = await asked.finally(() => sts.destroy());
  return {
    accessKeyId: keys?.AccessKeyId ?? '',
    secretAccessKey: keys?.SecretAccessKey ?? '',
    sessionToken: keys?.SessionToken ?? '',
  };
}

/** Makes a role that anyone of the account may have, or replaces it; answers its ARN. */
export async function putRole(
  cloud: EmulatedCloud,
  RoleName: string,
  { trust, statements }: RoleOptions = {},
): Promise<string> {
  if (cloud.iamOf(cloud.accountId).roles.has(RoleName)) await deleteRole(cloud, RoleName);
  const anyone = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' };
  const all = { Effect: 'Allow', Action: '*', Resource: '*' };
  await callIam(cloud, 'CreateRole', {
    RoleName,
    AssumeRolePolicyDocument: writeDocument([{ ...anyone, ...trust }]),
  });
  await callIam(cloud, 'PutRolePolicy', {
    RoleName,
    PolicyName: 'only',
    PolicyDocument: writeDocument(statements ?? [all]),
  });
  return cloud.roleArnOf(RoleName);
}

/** Deletes a role that `putRole` made. */
export async function deleteRole(cloud: EmulatedCloud, RoleName: string): Promise<void> {
  await callIam(cloud, 'DeleteRolePolicy', { RoleName, PolicyName: 'only' });
  await callIam(cloud, 'DeleteRole', { RoleName });
}

export function writeDocument(statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

/** A trust that asks for an external id. */
export function trustWithId(externalId: string): object {
  return { Condition: { StringEquals: { 'sts:ExternalId': externalId } } };
}
