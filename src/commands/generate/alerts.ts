/** `amperage generate alerts`: the rules on the collector itself that the package brings. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { packagePath } from '../../kernel/package-files.ts';

const FILE = packagePath('alerts/amperage.yml');

export function createAlertsCommand(write: (text: string) => void): Command {
  return new Command('alerts')
    .description('alerting rules on the collector itself, for Prometheus and the workspace of AMP')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate alerts > rules.yml\n\n' +
        'In a deployment.yml: workspace: { rules: rules.yml }\n',
    )
    .action(() => write(readFileSync(FILE, 'utf8')));
}
