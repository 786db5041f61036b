/** `amperage generate commands` and `task-definitions`: plain files for the AWS CLI. */
import { Command } from 'commander';
import { renderCommands } from '../../deploy/commands/render.ts';
import { renderTaskDefinitions } from '../../deploy/commands/task-definitions.ts';
import { describeModel } from './model.ts';
import { forceOption, type OutputFlags, outputOption, writeOutput } from './output.ts';
import { parseAccount } from './place-flags.ts';

export function createCommandsCommand(write: (text: string) => void): Command {
  return new Command('commands')
    .description('scripts for the AWS CLI that make the deployment and take it away')
    .argument('<model>', 'the model of the deployment')
    .addOption(outputOption().makeOptionMandatory())
    .addOption(forceOption())
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate commands deployment.yml --output deployment\n' +
        '  deployment/create.sh\n  deployment/destroy.sh\n\n' +
        'After a change of the model, with --force: create.sh goes on with what is there.\n',
    )
    .action(async (model: string, flags: OutputFlags) => {
      const { template } = await describeModel(model);
      await writeOutput(renderCommands(template), flags, write);
    });
}

export function createTaskDefinitionsCommand(write: (text: string) => void): Command {
  return new Command('task-definitions')
    .description('each task definition as plain JSON')
    .argument('<model>', 'the model of the deployment')
    .addOption(outputOption().makeOptionMandatory())
    .addOption(forceOption())
    .option('--account <id>', 'account of AWS, for the ARNs of roles', parseAccount)
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate task-definitions deployment.yml --output tasks ' +
        '--account 123456789012\n  aws ecs register-task-definition ' +
        '--cli-input-json file://tasks/metrics-collector.json\n',
    )
    .action(async (model: string, flags: OutputFlags & { readonly account?: string }) => {
      const { template } = await describeModel(model);
      const { files, open } = renderTaskDefinitions(template, flags.account);
      await writeOutput(files, flags, write);
      for (const name of open)
        process.stderr.write(`fill in @{${name}}: only AWS knows it, or --account says it\n`);
    });
}
