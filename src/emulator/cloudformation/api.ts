/**
 * AWS CloudFormation: stacks of templates, whose resources are made by the public actions of their
 * services, as who deploys them.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
 */
import type { AccessRule, AccessTable, Need } from '../access.ts';
import type { JsonService } from '../service.ts';
import { changeSetActions } from './change-set-actions.ts';
import { describeActions, driftActions, findByResource } from './describe-actions.ts';
import type { CloudFormationEdges } from './edges.ts';
import { optionalText } from './inputs.ts';
import { stackActions } from './stack-actions.ts';
import type { CloudFormationState } from './state.ts';
import { doOnce } from './tokens.ts';

export function createCloudFormation(edges: CloudFormationEdges): JsonService {
  const actions = {
    ...stackActions(edges),
    ...changeSetActions(edges),
    ...describeActions(edges),
    ...driftActions(edges),
  };
  return {
    signingName: 'cloudformation',
    target: 'CloudFormation',
    xmlNamespace: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
    deniedCode: 'AccessDenied',
    actions: doOnce(actions),
    access: Object.fromEntries(
      Object.keys(actions).map((action) => [action, accessTo(action, edges.state)]),
    ) satisfies AccessTable,
  };
}

/**
 * Of all actions the resource is the stack that the call names, or a change set that is named by
 * its ARN alone, or the stack of the resource that is asked for; a role is passed with it.
 */
function accessTo(action: string, state: CloudFormationState): AccessRule {
  return (input, { accountId, region }) => {
    const physical = optionalText(input, 'PhysicalResourceId');
    const name =
      optionalText(input, 'StackName') ??
      optionalText(input, 'ChangeSetName') ??
      (physical === undefined ? undefined : findByResource(physical, state)?.id) ??
      '*';
    const isWhole = name === '*' || name.startsWith('arn:');
    const resource = isWhole
      ? name
      : `arn:aws:cloudformation:${region}:${accountId}:stack/${name}/*`;
    const needs: Need[] = [{ action: `cloudformation:${action}`, resource }];
    const role = optionalText(input, 'RoleARN');
    if (role !== undefined)
      needs.push({
        action: 'iam:PassRole',
        resource: role,
        context: { 'iam:PassedToService': 'cloudformation.amazonaws.com' },
      });
    return needs;
  };
}
