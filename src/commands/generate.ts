/**
 * `amperage generate`: what puts Amperage on AWS, made of a short model of the deployment. The
 * files are yours: nothing reads them again.
 */
import { Command } from 'commander';
import { createCloudFormationCommand } from './generate/cloudformation.ts';

export function createGenerateCommand(
  write: (text: string) => void = (text) => void process.stdout.write(text),
): Command {
  return new Command('generate')
    .description('Writes what puts Amperage on AWS, of a short model of the deployment.')
    .addHelpText('after', '\nExamples:\n  amperage generate cloudformation deployment.yml\n')
    .addCommand(createCloudFormationCommand(write));
}
