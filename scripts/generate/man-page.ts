/** Renders the manual page amperage.1 from the tree of commands, in roff with the macros of man. */
import type { Command } from 'commander';
import { describeOption } from '../../src/commands/program.ts';
import { usageOf } from './command-page.ts';

export function renderManPage(program: Command, version: string): string {
  const list = program.commands.flatMap((command) => renderCommand(command, program.name()));
  return `${[
    '.\\" Made from the commands by "npm run generate".',
    `.TH AMPERAGE 1 "" "amperage ${version}" "User Commands"`,
    '.SH NAME',
    'amperage \\- metrics and traces of containers on Amazon ECS to AMP, CloudWatch and X\\-Ray',
    '.SH SYNOPSIS',
    '.B amperage',
    '.I command',
    '[\\fIflags\\fR]',
    '.SH DESCRIPTION',
    ...paragraph(program.description()),
    '.SH COMMANDS',
    ...list,
    '.SH "EXIT STATUS"',
    ...status('0', 'done, or stopped by a signal in order'),
    ...status('1', 'it failed while it ran'),
    ...status('2', 'what must be changed before a command can start, such as a flag or a file'),
    ...status('3', '"check metrics" and "check emf": valid, with remarks'),
    '.SH "SEE ALSO"',
    ...paragraph('"amperage explain CODE" tells what an error means; docs/ of the package.'),
  ].join('\n')}\n`;
}

function renderCommand(command: Command, above: string): string[] {
  const name = `${above} ${command.name()}`;
  const options = command.options
    .filter(({ hidden }) => !hidden)
    .flatMap((option) => [
      '.TP',
      `.B ${escape(option.flags)}`,
      ...paragraph(describeOption(option)),
    ]);
  return [
    `.SS "${escape(usageOf(command, name)).replaceAll('"', '\\(dq')}"`,
    ...paragraph(command.description()),
    ...options,
    ...command.commands.flatMap((below) => renderCommand(below, name)),
  ];
}

function status(code: string, text: string): string[] {
  return ['.TP', `.B ${code}`, ...paragraph(text)];
}

/** Text as lines of roff: a line that begins with a dot or a quote would be a request. */
function paragraph(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => escape(line.trim()).replace(/^(?=[.'])/, '\\&'));
}

/** Backslashes and dashes, and what is not ASCII, by number. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/[^\u0020-\u007e]/gu, (one) => `\\[u${hex(one)}]`);
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
