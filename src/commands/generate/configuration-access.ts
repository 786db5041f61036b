/** What the collector's own configuration asks of its role and template, where a user gives one. */
import { checkConfigText } from '../../config/load.ts';
import { permissionsOfPlan } from '../../config/used-permissions.ts';
import type { ConfigurationAccess } from '../../deploy/describe.ts';
import { fillInRegion, isRemoteSource } from '../../deploy/parts/configuration.ts';
import type { ReadFile } from '../../deploy/parts/files.ts';
import { TEMPLATE_PLACE } from '../../deploy/permissions.ts';
import type { Deployment } from '../../deploy/schema.ts';
import { ConfigError } from '../../kernel/errors.ts';
import { formatFinding } from '../../settings/finding.ts';
import { permissionsOfSource } from './source-permissions.ts';

/** The largest parameter of SSM. */
const PARAMETER_MAX_BYTES = 8_192;
const KEY = 'collector.configuration';

/** @throws ConfigError for a file that is not valid, too large, or lacks what the model asks for */
export async function readConfigurationAccess(
  deployment: Deployment,
  readFile: ReadFile,
): Promise<ConfigurationAccess | undefined> {
  const { configuration: given } = deployment.collector;
  if (given === undefined) return undefined;
  if (isRemoteSource(given))
    return { source: permissionsOfSource(given, TEMPLATE_PLACE), found: undefined };
  const text = readFile(given, KEY);
  const refuse = (message: string): never => {
    throw new ConfigError('CONFIG_INVALID', `${KEY}: ${given}: ${message}`);
  };
  const length = Buffer.byteLength(text);
  if (length > PARAMETER_MAX_BYTES)
    refuse(
      `${length} bytes are more than the 8,192 of a parameter: put it into S3, and give s3://…`,
    );
  const env = { AMPERAGE_REPLICA: deployment.name };
  const whole = fillInRegion(text, deployment.region);
  const { plan, findings } = await checkConfigText(whole, given, { env });
  if (plan === undefined) refuse(findings.map(formatFinding).join('; '));
  else {
    if (deployment.traces && plan.traceReceivers.length === 0)
      refuse('traces: true, and it has no receiver of segments: add xray_receivers and xray_write');
    if (deployment.collector.pair && !/\b__replica__\b/.test(text))
      refuse(
        'pair: true, and it has no label to tell two apart: add the external label ' +
          '__replica__: ${AMPERAGE_REPLICA}',
      );
    // Samples go to the workspace of the template, whose ARN the plan does not know.
    const found = permissionsOfPlan(plan, TEMPLATE_PLACE).filter(({ id }) => id !== 'WriteSamples');
    return { source: [], found };
  }
  return undefined;
}
