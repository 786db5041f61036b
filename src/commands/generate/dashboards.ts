/** `amperage generate dashboards`: the dashboards of Grafana that the package brings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { packagePath } from '../../kernel/package-files.ts';
import { forceOption, type OutputFlags, writeOutput } from './output.ts';

const FOLDER = packagePath('dashboards');

export function createDashboardsCommand(write: (text: string) => void): Command {
  return new Command('dashboards')
    .description(
      'dashboards of Grafana: applications, tasks, the collector, and usage and cost of AMP',
    )
    .option('--output <dir>', 'where the files are written; without it their names are listed')
    .addOption(forceOption())
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate dashboards\n' +
        '  amperage generate dashboards --output dashboards\n\n' +
        'How Grafana takes them: docs/how-to/grafana.md\n',
    )
    .action(async ({ output, ...flags }: Partial<OutputFlags>) => {
      const names = readdirSync(FOLDER).sort();
      const files = new Map(names.map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]));
      if (output === undefined) for (const [name, text] of files) write(describe(name, text));
      else await writeOutput(files, { output, ...flags }, write);
    });
}

function describe(name: string, text: string): string {
  const { title } = JSON.parse(text) as { title: string };
  return `${name.padEnd(16)} ${title}\n`;
}
