/** The model that a `generate` command is given, as a template; all its faults are told at once. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readDeployment } from '../../config/deployment.ts';
import { describeDeployment } from '../../deploy/describe.ts';
import { listLosses } from '../../deploy/losses.ts';
import type { Deployment } from '../../deploy/schema.ts';
import type { DeploymentTemplate } from '../../deploy/template.ts';
import { ConfigError, describeError } from '../../kernel/errors.ts';
import { formatFinding } from '../../settings/finding.ts';
import { readConfigurationAccess } from './configuration-access.ts';

export interface DescribedModel {
  readonly deployment: Deployment;
  readonly template: DeploymentTemplate;
}

/** @throws ConfigError CONFIG_INVALID, after each finding was written to standard error */
export async function describeModel(file: string): Promise<DescribedModel> {
  const { deployment, findings } = await readDeployment(file);
  for (const finding of findings)
    process.stderr.write(`${finding.severity}: ${formatFinding(finding)}\n`);
  if (deployment === undefined)
    throw new ConfigError(
      'CONFIG_INVALID',
      `${file}: ${findings.length} ${findings.length === 1 ? 'error' : 'errors'}`,
    );
  const readBeside = (name: string, key: string): string => {
    const beside = path.resolve(path.dirname(file), name);
    try {
      return readFileSync(beside, 'utf8');
    } catch (error) {
      const reason = `${file}: ${key}: ${beside} can't be read: ${describeError(error)}`;
      throw new ConfigError('CONFIG_FILE', reason, { cause: error });
    }
  };
  for (const loss of listLosses(deployment)) process.stderr.write(`warning: ${file}: ${loss}\n`);
  const access = await readConfigurationAccess(deployment, readBeside);
  return { deployment, template: describeDeployment(deployment, readBeside, access) };
}
