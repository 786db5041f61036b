/** What the collector's own configuration asks of its role and template, where a user gives one. */
import path from 'node:path';
import { checkConfigText } from '../../config/load.ts';
import type { CollectorPlan } from '../../config/plan.ts';
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
/** An address of the task itself; one without a host is, too. */
const LOOPBACK = /^(?:localhost|127\.[\d.]+|\[::1\])?(?::|$)/;

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
  const refuse = (message: string): ConfigError =>
    new ConfigError('CONFIG_INVALID', `${KEY}: ${given}: ${message}`);
  const length = Buffer.byteLength(text);
  if (length > PARAMETER_MAX_BYTES)
    throw refuse(
      `${length} bytes are more than the 8,192 of a parameter: put it into S3 before the tasks ` +
        `start (aws s3 cp ${given} s3://BUCKET/${path.basename(given)}), and give that name`,
    );
  const { name, region, collector } = deployment;
  // What its container has, by the template or of itself.
  const env = {
    ...collector.environment,
    AMPERAGE_REPLICA: name,
    AWS_REGION: region,
    HOSTNAME: name,
  };
  const whole = fillInRegion(text, region);
  const { plan, findings } = await checkConfigText(whole, given, { env });
  if (plan === undefined)
    throw refuse(findings.map((one) => explain(formatFinding(one))).join('; '));
  const fault = findFault(deployment, plan, text);
  if (fault !== undefined) throw refuse(fault);
  // Samples go to the workspace of the template, whose ARN the plan does not know.
  const found = permissionsOfPlan(plan, TEMPLATE_PLACE).filter(({ id }) => id !== 'WriteSamples');
  return { source: [], found };
}

/** A variable is set where the collector will run, and not here. */
const explain = (finding: string): string =>
  finding.replace(
    /the environment has no (\w+); set it,/,
    'the container has no variable $1; name it in collector.environment,',
  );

/** What would do nothing in the template. */
function findFault(
  { traces, collector }: Deployment,
  { sources, traceReceivers }: CollectorPlan,
  text: string,
): string | undefined {
  if (traces && traceReceivers.length === 0)
    return 'traces: true, and it has no receiver of segments: add xray_receivers and xray_write';
  if (collector.pair && !/\b__replica__\b/.test(text))
    return (
      'pair: true, and it has no label to tell two apart: add the external label ' +
      '__replica__: ${AMPERAGE_REPLICA}'
    );
  // Beside an application or others of a machine, the loopback leads to more than the collector.
  const isAlone = collector.mode !== 'sidecar' && collector.launch !== 'external';
  return isAlone ? findLoopback(traces, { sources, traceReceivers }) : undefined;
}

function findLoopback(
  traces: boolean,
  { sources, traceReceivers }: Pick<CollectorPlan, 'sources' | 'traceReceivers'>,
): string | undefined {
  const [narrow] = traceReceivers.filter(({ listen }) => LOOPBACK.test(listen));
  if (traces && narrow !== undefined)
    return (
      `traces: true, and ${narrow.id} listens on ${narrow.listen}, which no other task reaches: ` +
      'write 0.0.0.0:2000'
    );
  for (const { id, discovery } of sources)
    for (const entry of discovery.entries)
      if (entry.key === 'http_sd_configs' && LOOPBACK.test(new URL(entry.config.url).host))
        return (
          `job "${id}" asks ${new URL(entry.config.url).host} for targets, and nothing in the ` +
          'task answers there: write cloudmap_sd_configs, which needs no container beside it'
        );
  return undefined;
}
