/**
 * What ECS refuses of the network of a task, beside subnets and groups that EC2 does not know.
 * Pure.
 */
import { AwsError } from '../service.ts';
import type { NetworkConfiguration, TaskDefinition } from './shapes.ts';

/** @throws AwsError InvalidParameterException, in ECS's words */
export function checkNetwork(
  { networkMode }: TaskDefinition,
  network: NetworkConfiguration | undefined,
): void {
  const vpc = network?.awsvpcConfiguration;
  if (networkMode === 'awsvpc' && vpc === undefined)
    throw new AwsError(
      'InvalidParameterException',
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    );
  if (networkMode !== 'awsvpc' && vpc !== undefined)
    throw new AwsError(
      'InvalidParameterException',
      'Network Configuration is not valid for the given networkMode of this task definition.',
    );
  if (vpc !== undefined && (vpc.subnets ?? []).length === 0)
    throw new AwsError('InvalidParameterException', 'subnets can not be empty.');
}
