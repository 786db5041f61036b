/** `amperage generate commands` and `task-definitions`: plain files for the AWS CLI. */
import { Command, InvalidArgumentError } from 'commander';
import { renderCommands } from '../../deploy/commands/render.ts';
import { renderTaskDefinitions } from '../../deploy/commands/task-definitions.ts';
import { describeModel } from './model.ts';
import { writeFiles } from './written-files.ts';

export function createCommandsCommand(write: (text: string) => void): Command {
  return new Command('commands')
    .description('scripts for the AWS CLI that make the deployment and take it away')
    .argument('<model>', 'the model of the deployment')
    .requiredOption('--output <folder>', 'where the scripts and their inputs are written')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate commands deployment.yml --output deployment\n' +
        '  deployment/create.sh\n  deployment/destroy.sh\n',
    )
    .action(async (model: string, { output }: { output: string }) => {
      const { template } = await describeModel(model);
      await writeFiles(output, renderCommands(template), write);
    });
}

export function createTaskDefinitionsCommand(write: (text: string) => void): Command {
  return new Command('task-definitions')
    .description('each task definition as plain JSON')
    .argument('<model>', 'the model of the deployment')
    .requiredOption('--output <folder>', 'where the files are written')
    .option('--account <id>', 'account of AWS, for the ARNs of roles', parseAccount)
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate task-definitions deployment.yml --output tasks ' +
        '--account 123456789012\n  aws ecs register-task-definition ' +
        '--cli-input-json file://tasks/metrics-collector.json\n',
    )
    .action(async (model: string, options: { output: string; account?: string }) => {
      const { template } = await describeModel(model);
      const { files, open } = renderTaskDefinitions(template, options.account);
      await writeFiles(options.output, files, write);
      for (const name of open)
        process.stderr.write(`fill in @{${name}}: only AWS knows it, or --account says it\n`);
    });
}

function parseAccount(text: string): string {
  if (/^\d{12}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected 12 digits.');
}
