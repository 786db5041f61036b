/**
 * What one stack of CloudFormation takes, whoever deploys it and from wherever: a template beyond
 * it is refused before it is written.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
import { ConfigError } from '../../kernel/errors.ts';
import type { DeploymentTemplate } from '../template.ts';

/** AWS counts its megabyte in thousands: "Template may not exceed 1000000 bytes in size." */
const TEMPLATE_MAX_BYTES = 1_000_000;
const RESOURCES_MAX = 500;
const OUTPUTS_MAX = 200;

/** @param bytes  of the text without spaces. @throws ConfigError TEMPLATE_SIZE */
export function requireFit({ resources, outputs }: DeploymentTemplate, bytes: number): void {
  const counts = [
    ['resources', resources.length, RESOURCES_MAX],
    ['outputs', outputs.length, OUTPUTS_MAX],
    ['bytes', bytes, TEMPLATE_MAX_BYTES],
  ] as const;
  const over = counts.filter(([, count, most]) => count > most);
  if (over.length === 0) return;
  const words = over.map(([what, count, most]) => `${count} ${what}, more than the ${most}`);
  throw new ConfigError(
    'TEMPLATE_SIZE',
    `the template has ${words.join(', and ')} that one stack of CloudFormation takes: divide its ` +
      'services between two models, whose second has the cluster and the workspace of the first, ' +
      'or use "generate terraform" or "generate commands", which have no such limit',
  );
}
