/** Renders docs/commands.md from the tree of commands: every command with its flags. */
import { type Command } from 'commander';
import { describeOption } from '../../src/commands/program.ts';

export function renderCommandPage(program: Command): string {
  const sections = program.commands.flatMap((command) => renderCommand(command, 'amperage'));
  return `# Commands and their flags

Made from the commands themselves by \`npm run generate\`. \`--help\` of each shows examples too, and
\`amperage --version\` prints the version, the commit and Node's. An error is one line,
\`amperage: message [CODE]\`; \`amperage explain CODE\` tells more. \`NO_COLOR\` takes the colors from a terminal.

| exit status | |
|---|---|
| 0 | done, or stopped by a signal in order |
| 1 | it failed while it ran; of \`xray\` also a wrong file or region, as of the daemon |
| 2 | what must be changed before a command can start: a command, flag or argument, a file, an address, a configuration |
| 3 | \`check metrics\` and \`check emf\`: valid, with remarks |

${sections.join('\n\n')}
`;
}

function renderCommand(command: Command, above: string): string[] {
  const name = `${above} ${command.name()}`;
  const options = command.options
    .filter(({ hidden }) => !hidden)
    .map((option) => `| \`${escapeBar(option.flags)}\` | ${renderCell(describeOption(option))} |`);
  const table = options.length === 0 ? [] : ['| flag | |\n|---|---|\n' + options.join('\n')];
  const text = command.description().replaceAll('\n', ' ');
  const own = [`## \`${usageOf(command, name)}\``, text, ...table].join('\n\n');
  return [own, ...command.commands.flatMap((below) => renderCommand(below, name))];
}

/** The command with its arguments, as a user types it. @param name  with those above it */
export function usageOf({ registeredArguments }: Command, name: string): string {
  const values = registeredArguments.map((argument) => {
    const noun = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${noun}>` : `[${noun}]`;
  });
  return [name, ...values].join(' ');
}

function renderCell(text: string): string {
  return escapeBar(text).replaceAll(/<\w+>/g, '`$&`').replaceAll('\n', ' ');
}

/** A bar would end the cell of a table, even inside code. */
function escapeBar(text: string): string {
  return text.replaceAll('|', '\\|');
}
