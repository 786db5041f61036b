/**
 * EC2 as a table of actions: each reads its input by names.ts, and refuses what it does not know.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
 */
import { type ActionHandler, AwsError, type JsonService } from '../service.ts';
import { createEc2Access } from './access.ts';
import { accountActions } from './account-actions.ts';
import { endpointActions } from './endpoints.ts';
import { addressActions, gatewayActions, natGatewayActions } from './gateways.ts';
import { ec2InstanceActions } from './instances.ts';
import { launchTemplateActions } from './launch-templates.ts';
import { interfaceActions } from './network-interfaces.ts';
import { readEc2Input } from './protocol.ts';
import { routeTableActions } from './route-tables.ts';
import { securityGroupActions } from './security-groups.ts';
import type { Ec2State } from './state.ts';
import { ec2TagActions } from './tags.ts';
import { subnetActions, vpcActions } from './vpcs.ts';
import { zoneActions } from './zones.ts';

/** @param profileRoleOf  the ARN of the role of an instance profile, by its name or ARN */
export function createEc2(
  state: Ec2State,
  profileRoleOf: (profile: string) => string | undefined,
): JsonService {
  const { network, region } = state;
  const actions: Record<string, ActionHandler> = {
    ...zoneActions(region),
    ...accountActions(network),
    ...vpcActions(network),
    ...subnetActions(network),
    ...gatewayActions(network),
    ...addressActions(network),
    ...natGatewayActions(network),
    ...routeTableActions(network),
    ...securityGroupActions(network),
    ...endpointActions(network),
    ...interfaceActions(network),
    ...launchTemplateActions(network),
    ...ec2InstanceActions(state),
    ...ec2TagActions(state),
  };
  const read = Object.entries(actions).map(([action, run]): [string, ActionHandler] => [
    action,
    (given, call) => {
      const { DryRun, ...input } = readEc2Input(action, given);
      if (DryRun === true)
        throw new AwsError(
          'DryRunOperation',
          'Request would have succeeded, but DryRun flag is set.',
          412,
        );
      return run(input, call);
    },
  ]);
  return {
    signingName: 'ec2',
    target: 'AmazonEC2',
    actions: Object.fromEntries(read),
    access: createEc2Access({ network, profileRoleOf }),
    deniedCode: 'UnauthorizedOperation',
    xmlNamespace: 'http://ec2.amazonaws.com/doc/2016-11-15/',
  };
}
