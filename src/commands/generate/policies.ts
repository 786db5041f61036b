/**
 * `amperage generate policies`: the policy of a task's role, of the configuration in use. The
 * policy goes to standard output, what each statement is for to standard error.
 */
import { Command, Option } from 'commander';
import { permissionsOfDiscovery, permissionsOfPlan } from '../../config/used-permissions.ts';
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
import { ConfigError } from '../../kernel/errors.ts';
import { loadPlan } from '../check/configuration.ts';
import { permissionsOfSource } from './source-permissions.ts';

const PARTS = ['collect', 'discover', 'xray', 'proxy', 'exporter', 'workspace'] as const;

interface PolicyFlags {
  readonly for: (typeof PARTS)[number];
  readonly source?: string;
  readonly shard?: 'ecs';
  readonly cluster: string;
  readonly region: string;
  readonly account: string;
  readonly partition: string;
  readonly allowPartial?: boolean;
}

export function createPoliciesCommand(
  write: (text: string) => void,
  tell = (text: string): void => void process.stderr.write(text),
): Command {
  return new Command('policies')
    .description("the policy of the task's role, with what the configuration in use needs")
    .argument('[configuration]', 'for collect and discover: any source that collect takes')
    .addOption(
      new Option('--for <part>', 'whose role it is').choices([...PARTS]).default('collect'),
    )
    .option('--source <source>', 'where the task reads its configuration, where that is elsewhere')
    .addOption(new Option('--shard <kind>', 'as for collect').choices(['ecs']))
    .option('--cluster <name>', 'cluster of the collectors, for --shard', '*')
    .option('--region <region>', 'where the configuration names none', '*')
    .option('--account <id>', 'account of what is used; without it any', '*')
    .option('--partition <name>', 'such as aws-cn', 'aws')
    .option('--allow-partial', 'as for collect: what cannot be done here is left out')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate policies prometheus.yml --account 123456789012\n' +
        '  amperage generate policies collector.yaml --shard ecs --source ssm:/metrics/collector\n',
    )
    .action(async (configuration: string | undefined, flags: PolicyFlags) => {
      const statements = await findStatements(configuration, flags);
      for (const { id, actions, why } of statements)
        for (const line of why.split('\n')) tell(`${id} (${actions.join(', ')}): ${line}\n`);
      if (statements.length === 0)
        tell(`${flags.for} needs no permissions; no policy is written\n`);
      else write(`${JSON.stringify(renderPolicy(statements), null, 2)}\n`);
    });
}

async function findStatements(
  configuration: string | undefined,
  { for: part, source, shard, cluster, allowPartial, ...place }: PolicyFlags,
): Promise<readonly PolicyStatement[]> {
  if (part !== 'collect' && part !== 'discover') return permissionsOfPart(part, place);
  if (configuration === undefined)
    throw new ConfigError('USAGE', `generate policies --for ${part} needs a configuration`);
  const plan = await loadPlan(configuration, { allowPartial: allowPartial ?? false });
  return mergeStatements([
    ...permissionsOfSource(source ?? configuration, place),
    ...(part === 'discover' ? permissionsOfDiscovery(plan, place) : permissionsOfPlan(plan, place)),
    ...(shard === 'ecs' ? divideTargets(place, cluster) : []),
  ]);
}

function permissionsOfPart(
  part: Exclude<PolicyFlags['for'], 'collect' | 'discover'>,
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
