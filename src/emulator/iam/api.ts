/**
 * IAM's API over the query protocol.
 * Source: https://docs.aws.amazon.com/IAM/latest/APIReference/
 */
import { type AwsInput, type CallContext, type JsonService } from '../service.ts';
import { createAccountActions } from './account-details.ts';
import { createIamAccess } from './access.ts';
import { createIdentityActions } from './identity-policies.ts';
import { createProfileActions } from './instance-profiles.ts';
import { createPolicyActions } from './managed-policies.ts';
import { createRoleActions, type IamActions } from './roles.ts';
import { createSimulationActions } from './simulation.ts';
import type { IamState } from './state.ts';
import { createUserActions, type KeyRegister } from './users.ts';

/** Actions of a user on itself, which need not name it. */
const OWN_USER = new Set([
  'GetUser',
  'CreateAccessKey',
  'ListAccessKeys',
  'UpdateAccessKey',
  'DeleteAccessKey',
]);

export function createIam(iam: IamState, register: KeyRegister): JsonService {
  const actions: IamActions = {
    ...createRoleActions(iam),
    ...createIdentityActions(iam, 'Role'),
    ...createIdentityActions(iam, 'User'),
    ...createPolicyActions(iam),
    ...createProfileActions(iam),
    ...createUserActions(iam, register),
    ...createSimulationActions(iam),
    ...createAccountActions(iam),
  };
  return {
    signingName: 'iam',
    target: 'iam',
    xmlNamespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    deniedCode: 'AccessDenied',
    access: createIamAccess(iam),
    actions: Object.fromEntries(
      Object.entries(actions).map(([name, run]) => [
        name,
        (input: AwsInput, call: CallContext) =>
          run(OWN_USER.has(name) ? addUser(input, call) : input),
      ]),
    ),
  };
}

function addUser(input: AwsInput, { caller }: CallContext): AwsInput {
  const own = /:user\/(?:.*\/)?([^/]+)$/.exec(caller.arn)?.[1];
  return input['UserName'] !== undefined || own === undefined ? input : { ...input, UserName: own };
}
