/**
 * `amperage generate`: what puts Amperage on AWS, made of a short model of the deployment. The
 * files are yours: nothing reads them again.
 */
import { Command } from 'commander';
import { createAlertsCommand } from './generate/alerts.ts';
import { createCloudFormationCommand } from './generate/cloudformation.ts';
import { createCommandsCommand, createTaskDefinitionsCommand } from './generate/commands.ts';
import { createDashboardsCommand } from './generate/dashboards.ts';
import { createModelCommand } from './generate/model-command.ts';
import { createTerraformCommand } from './generate/terraform.ts';
import { createPoliciesCommand } from './generate/policies.ts';
import { createScraperCommand } from './generate/scraper.ts';

export function createGenerateCommand(
  write: (text: string) => void = (text) => void process.stdout.write(text),
): Command {
  return new Command('generate')
    .description('Writes what puts Amperage on AWS, of a short model of the deployment.')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate model > deployment.yml\n' +
        '  amperage generate cloudformation deployment.yml > template.json\n',
    )
    .addCommand(createModelCommand(write))
    .addCommand(createCloudFormationCommand(write))
    .addCommand(createTerraformCommand(write))
    .addCommand(createPoliciesCommand(write))
    .addCommand(createCommandsCommand(write))
    .addCommand(createTaskDefinitionsCommand(write))
    .addCommand(createAlertsCommand(write))
    .addCommand(createDashboardsCommand(write))
    .addCommand(createScraperCommand(write));
}
