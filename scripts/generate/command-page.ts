/** Renders docs/commands.md from the tree of commands: every command with its flags. */
import { type Command } from 'commander';
import { describeOption } from '../../src/commands/program.ts';

export function renderCommandPage(program: Command): string {
  const sections = program.commands.flatMap((command) => renderCommand(command, 'amperage'));
  return `# Commands and their flags

Made from the commands themselves by \`npm run generate\`. \`--help\` of each shows examples too, and
\`amperage --version\` prints the version. A wrong command, flag or
argument ends with status 2, as does everything else that the user must change before a command can start.

${sections.join('\n\n')}
`;
}

function renderCommand(command: Command, above: string): string[] {
  const name = `${above} ${command.name()}`;
  const values = command.registeredArguments.map((argument) => {
    const noun = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${noun}>` : `[${noun}]`;
  });
  const options = command.options
    .filter(({ hidden }) => !hidden)
    .map((option) => `| \`${escapeBar(option.flags)}\` | ${renderCell(describeOption(option))} |`);
  const table = options.length === 0 ? [] : ['| flag | |\n|---|---|\n' + options.join('\n')];
  const text = command.description().replaceAll('\n', ' ');
  const own = [`## \`${[name, ...values].join(' ')}\``, text, ...table].join('\n\n');
  return [own, ...command.commands.flatMap((below) => renderCommand(below, name))];
}

function renderCell(text: string): string {
  return escapeBar(text).replaceAll(/<\w+>/g, '`$&`').replaceAll('\n', ' ');
}

/** A bar would end the cell of a table, even inside code. */
function escapeBar(text: string): string {
  return text.replaceAll('|', '\\|');
}
