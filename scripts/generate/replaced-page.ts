/**
 * Renders docs/replaced-programs.md: where the commands listen, and for each program that one of
 * them stands in for, what becomes of its flags and variables. All of it is in
 * src/commands/replaced/.
 */
import {
  type ReplacedFate,
  listReplaced,
  type NameGroup,
  type ReplacedProgram,
} from '../../src/commands/replaced/program-table.ts';
import { LISTENING, PROGRAMS } from '../../src/commands/replaced/programs.ts';
import { GENERATED } from './mark.ts';

const INTRO = `# Programs that are replaced

What becomes of each flag and environment variable of the programs that a command stands in for. Change the image
of the task, and the command line stays: [image.md](image.md#which-command-runs) says which command runs. Three things can become of a flag:

- It is **taken** with its meaning, as a flag of ours or as a part of the configuration.
- It has **no effect**: the log has one warning at the start, with what to use instead.
- It is **refused**, since without it the result would not be what was asked for: the command ends with status 2, and
  \`FLAG_REPLACED\` says what to use instead. A switch that is turned off is never refused.

A version after a flag is the first one of the program that has it. Flags of Go programs may have one dash or two.`;

const LISTENING_INTRO = `## Where the commands listen

A port without a host (\`:8005\`) is all addresses of IPv4, as in the programs that are replaced; where nobody is asked for a
password or a certificate then, the log warns of it. Only \`--shard.listen-address\` without a host is the task's own address. Keys of a
configuration say themselves what they mean without a host.`;

export function renderReplacedPage(): string {
  const listening = LISTENING.map(
    ({ command, flag, address, peer, why }) =>
      `| \`${command}\` | \`${flag}\` | ${quoteAddress(address)} | ${peer} | ${why} |`,
  );
  return [
    GENERATED,
    INTRO,
    '',
    LISTENING_INTRO,
    '',
    '| command | flag | default | the program | why |',
    '|---|---|---|---|---|',
    ...listening,
    '',
    PROGRAMS.map(renderProgram).join('\n\n'),
    '',
  ].join('\n');
}

function quoteAddress(address: string): string {
  return address === 'none' ? address : `\`${address}\``;
}

function renderProgram(program: ReplacedProgram): string {
  const { name, command, source, dashes, flags, environment } = program;
  const rows = flags.flatMap((group) => renderGroup(group, dashes));
  const flagTable =
    rows.length === 0 ? ['It has no flags.'] : ['| flag | here |', '|---|---|', ...rows];
  return [
    `## ${name}: \`amperage ${command}\``,
    '',
    `Its flags are those of [its own list](${source}).`,
    '',
    ...flagTable,
    '',
    '| variable | here |',
    '|---|---|',
    ...environment.flatMap((group) => renderGroup(group, '')),
  ].join('\n');
}

function renderGroup(group: NameGroup, dashes: string): string[] {
  const names = listReplaced(group).map(
    ({ name, since }) => `\`${dashes}${name}\`${since === undefined ? '' : ` (${since})`}`,
  );
  const { fate } = group;
  if (fate.is !== 'names') return [`| ${names.join(', ')} | ${describeFate(fate)} |`];
  return Object.entries(fate.names).map(
    ([name, one]) => `| ${names.join(', ')} \`${name}\` | ${describeFate(one)} |`,
  );
}

function describeFate(fate: ReplacedFate): string {
  switch (fate.is) {
    case 'own':
      return 'taken';
    case 'as':
      return `taken, as \`${fate.flag}\``;
    case 'source':
      return `taken, as ${fate.as}`;
    case 'always':
      return `taken: ${escape(fate.why)}`;
    case 'idle':
      return `no effect: ${escape(fate.why)}`;
    case 'refused':
    case 'file':
      return `refused: ${escape(fate.instead)}`;
    case 'names':
      return 'each name for itself';
  }
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
