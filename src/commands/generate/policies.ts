/**
 * `amperage generate policies`: the policy of a task's role, of the configuration in use, or that
 * of whoever deploys a model. It goes to standard output, what each statement is for to standard
 * error.
 */
import { Command, Option } from 'commander';
import { permissionsOfDiscovery, permissionsOfPlan } from '../../config/used-permissions.ts';
import { renderTemplateText } from '../../deploy/cloudformation/render.ts';
import { uploadTemplate } from '../../deploy/deployer/operations.ts';
import { deployTemplate } from '../../deploy/deployer/statements.ts';
import { divideTargets } from '../../deploy/discovery-permissions.ts';
import {
  askForSampling,
  makeArn,
  mergeStatements,
  type PolicyStatement,
  type ResourcePlace,
  sendSegments,
  showTracesAndMetrics,
  writeSamples,
} from '../../deploy/permissions.ts';
import { renderPolicy } from '../../deploy/parts/roles.ts';
import { findPartition, type Partition, PARTITION_NAMES } from '../../deploy/partitions.ts';
import { ConfigError } from '../../kernel/errors.ts';
import { loadPlan } from '../check/configuration.ts';
import { fitPolicies } from './fitted-policies.ts';
import { describeModel } from './model.ts';
import { forceOption, type OutputFlags, writeOutput } from './output.ts';
import { parseAnyAccount, parseAnyCluster, parseAnyRegion } from './place-flags.ts';
import { permissionsOfSource } from './source-permissions.ts';

const PARTS = [
  'collect', 'deployer', 'discover', 'exporter', 'proxy', 'workspace', 'xray',
] as const; // prettier-ignore

interface PolicyFlags extends Partial<OutputFlags> {
  readonly for: (typeof PARTS)[number];
  readonly source?: string;
  readonly shard?: 'ecs';
  readonly cluster: string;
  readonly region: string;
  readonly account: string;
  readonly partition?: Partition;
  readonly allowPartial?: boolean;
}

export function createPoliciesCommand(
  write: (text: string) => void,
  tell = (text: string): void => void process.stderr.write(text),
): Command {
  return new Command('policies')
    .description("the policy of the task's role, with what the configuration in use needs")
    .argument(
      '[configuration]',
      'for collect and discover: any source that collect takes; for deployer: the model',
    )
    .addOption(
      new Option('--for <part>', 'whose role it is').choices([...PARTS]).default('collect'),
    )
    .option('--source <source>', 'where the task reads its configuration, where that is elsewhere')
    .addOption(new Option('--shard <kind>', 'as for collect').choices(['ecs']))
    .option('--cluster <name>', 'cluster of the collectors, for --shard', parseAnyCluster, '*')
    .option('--region <region>', 'where the configuration names none', parseAnyRegion, '*')
    .option('--account <id>', 'account of what is used; without it any', parseAnyAccount, '*')
    .addOption(
      new Option('--partition <name>', 'partition of ARNs (default: that of the region)').choices(
        PARTITION_NAMES,
      ),
    )
    .option('--allow-partial', 'as for collect: what cannot be done here is left out')
    .option('--output <dir>', 'writes it there, as files that each fit a policy of IAM')
    .addOption(forceOption())
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate policies prometheus.yml --account 123456789012\n' +
        '  amperage generate policies collector.yaml --shard ecs ' +
        '--source ssm:/metrics/collector\n' +
        '  amperage generate policies --for deployer deployment.yml --output policies\n',
    )
    .action(async (configuration: string | undefined, { output, ...flags }: PolicyFlags) => {
      const statements = await findStatements(configuration, flags);
      for (const { id, actions, why } of statements)
        for (const line of why.split('\n')) tell(`${id} (${actions.join(', ')}): ${line}\n`);
      if (statements.length === 0)
        tell(`${flags.for} needs no permissions; no policy is written\n`);
      else if (output === undefined) {
        write(renderText(statements));
        const [, ...more] = fitPolicies(statements);
        if (more.length > 0) tell(`it is too large for one policy of IAM: give --output\n`);
      } else {
        const files = fitPolicies(statements).map(
          (part, i) => [`${flags.for}-${i + 1}.json`, renderText(part)] as const,
        );
        await writeOutput(new Map(files), { output, ...flags }, write);
      }
    });
}

const renderText = (statements: readonly PolicyStatement[]): string =>
  `${JSON.stringify(renderPolicy(statements), null, 2)}\n`;

async function findStatements(
  configuration: string | undefined,
  { for: part, source, shard, cluster, allowPartial, ...given }: PolicyFlags,
): Promise<readonly PolicyStatement[]> {
  const place = makePlace(given);
  if (part !== 'collect' && part !== 'deployer' && part !== 'discover')
    return permissionsOfPart(part, place);
  if (configuration === undefined)
    throw new ConfigError(
      'USAGE',
      `generate policies --for ${part} needs a ${part === 'deployer' ? 'model' : 'configuration'}`,
    );
  if (part === 'deployer') {
    const { template } = await describeModel(configuration);
    const { isInline } = renderTemplateText(template);
    if (given.region !== '*' && given.region !== template.region)
      throw new ConfigError(
        'FLAG_COMBINATION',
        `--region ${given.region}: ${configuration} is made for ${template.region}; change it ` +
          'there',
      );
    return [
      ...deployTemplate(template, makePlace({ ...given, region: template.region })),
      ...(isInline ? [] : [uploadTemplate(template)]),
    ];
  }
  const plan = await loadPlan(configuration, { allowPartial: allowPartial ?? false });
  return mergeStatements([
    ...permissionsOfSource(source ?? configuration, place),
    ...(part === 'discover' ? permissionsOfDiscovery(plan, place) : permissionsOfPlan(plan, place)),
    ...(shard === 'ecs' ? divideTargets(place, cluster) : []),
  ]);
}

/** @throws ConfigError for a region of another partition than the one that is named */
function makePlace({
  account,
  region,
  partition,
}: Pick<PolicyFlags, 'account' | 'partition' | 'region'>): ResourcePlace {
  const own = region === '*' ? undefined : findPartition(region);
  if (partition !== undefined && own !== undefined && own !== partition)
    throw new ConfigError(
      'FLAG_COMBINATION',
      `--partition ${partition} has no region ${region}, which is of ${own}: leave it out`,
    );
  return { account, region, partition: partition ?? own ?? 'aws' };
}

function permissionsOfPart(
  part: Exclude<PolicyFlags['for'], 'collect' | 'deployer' | 'discover'>,
  place: ResourcePlace,
): readonly PolicyStatement[] {
  switch (part) {
    case 'proxy':
      return [writeSamples({ workspace: makeArn(place, 'aps', 'workspace/*') })];
    case 'xray':
      return [sendSegments({ hasTelemetry: true, asOtlp: false }), askForSampling()];
    case 'workspace':
      return showTracesAndMetrics();
    case 'exporter':
      return [];
  }
}
