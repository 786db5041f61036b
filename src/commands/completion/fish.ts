/**
 * Writes the script for fish: a line for each command and flag, with the condition that the words
 * before the cursor name the command to which it belongs.
 * Source: https://fishshell.com/docs/current/cmds/complete.html
 */
import type { FlagValue, Words } from './words.ts';

export function renderFish(words: readonly Words[]): string {
  const commands = words
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => describePath(path));
  const flagsWithValue = words.flatMap(({ path, flags }) =>
    flags
      .filter(({ value }) => value.kind !== 'none')
      .flatMap(({ long, short }) => (short === undefined ? [long] : [long, short]))
      .map((name) => `${describePath(path)} ${name}`),
  );
  return `# fish completion of amperage, written by "amperage completion fish".

# Whether the words before the cursor name the command $argv[1]; values of flags are skipped.
function __amperage_at
  set -l words (commandline -opc)
  set -e words[1]
  set -l at ''
  set -l is_value no
  for word in $words
    if test $is_value = yes
      set is_value no
      continue
    end
    switch "$at $word"
      case ${commands.map(quote).join(' ')}
        set at "$at $word"
      case ${flagsWithValue.map(quote).join(' ')}
        set is_value yes
    end
  end
  test "$at" = "$argv[1]"
end

complete -c amperage -f
${words.flatMap(renderCommand).join('\n')}
`;
}

function renderCommand({ path, commands, flags, argument }: Words): string[] {
  const start = `complete -c amperage -n ${quote(`__amperage_at "${describePath(path)}"`)}`;
  return [
    ...commands.map(({ name, summary }) => `${start} -a ${name} -d ${quote(summary)}`),
    ...flags.map(({ long, short, summary, value }) => {
      const shortly = short === undefined ? '' : ` -s ${short.slice(1)}`;
      // -r: a value must follow. -x: the same, and fish offers no files by itself.
      const need = value.kind === 'file' ? ' -r' : ' -x';
      const tail = value.kind === 'none' ? '' : `${need}${renderValue(value)}`;
      return `${start} -l ${long.slice(2)}${shortly} -d ${quote(summary)}${tail}`;
    }),
    ...(renderValue(argument) === '' ? [] : [`${start}${renderValue(argument)}`]),
  ];
}

function renderValue(value: FlagValue): string {
  if (value.kind === 'choice') return ` -a ${quote(value.choices.join(' '))}`;
  if (value.kind === 'file') return ' -F';
  return value.kind === 'folder' ? ` -a '(__fish_complete_directories)'` : '';
}

/** A command's path as the script has it in `$at`: each name with a blank before it. */
function describePath(path: readonly string[]): string {
  return path.map((name) => ` ${name}`).join('');
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
