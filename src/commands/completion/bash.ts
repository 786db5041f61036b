/**
 * Writes the script for bash. The script goes through the words before the cursor, skips the values
 * of flags, finds the command that they name, and offers what may follow.
 * Source: https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
 */
import type { FlagValue, Words } from './words.ts';

export function renderBash(words: readonly Words[]): string {
  const below = words.filter(({ path }) => path.length > 0);
  return `# bash completion of amperage, written by "amperage completion bash".

# $1 command path, $2 flag → kind (what follows the flag) and choices; kind is empty for no value.
_amperage_value() {
  kind= choices=
  case "$1 $2" in
${renderValueCases(words)}
  esac
}

_amperage() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local at= word kind choices flags= below= argument=none wordlist index is_value=
  if [ "$current" = = ]; then
    current=
  elif [ "$previous" = = ]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    [ "$word" = = ] && continue
    if [ -n "$is_value" ]; then is_value=; continue; fi
    case "$at $word" in
${below.map(({ path }) => `      ${quote(` ${path.join(' ')}`)}) at="$at $word" ;;`).join('\n')}
    esac
    _amperage_value "$at" "$word"
    [ -n "$kind" ] && is_value=yes
  done
  _amperage_value "$at" "$previous"
  if [ -z "$kind" ]; then
    case "$at" in
${words.map(renderOfferCase).join('\n')}
    esac
    wordlist=$below
    case "$current" in -*) wordlist=$flags argument=none ;; esac
    COMPREPLY=($(compgen -W "$wordlist" -- "$current"))
    kind=$argument choices=
    [ \${#COMPREPLY[@]} -gt 0 ] && return
  fi
  case "$kind" in
    choice) COMPREPLY=($(compgen -W "$choices" -- "$current")) ;;
    file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
    folder) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")) ;;
  esac
}

complete -F _amperage amperage
`;
}

function renderValueCases(words: readonly Words[]): string {
  return words
    .flatMap(({ path, flags }) =>
      flags
        .filter(({ value }) => value.kind !== 'none')
        .map(({ long, short, value }) => {
          const names = [long, ...(short === undefined ? [] : [short])];
          const patterns = names
            .map((name) => quote(`${formatCasePattern(path)} ${name}`))
            .join(' | ');
          const choices =
            value.kind === 'choice' ? ` choices=${quote(value.choices.join(' '))}` : '';
          return `    ${patterns}) kind=${value.kind}${choices} ;;`;
        }),
    )
    .join('\n');
}

function renderOfferCase({ path, commands, flags, argument }: Words): string {
  const names = flags.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short]));
  const below = [...commands.map(({ name }) => name), ...listChoices(argument)];
  const kind = argument.kind === 'choice' ? 'none' : argument.kind;
  return (
    `      ${quote(formatCasePattern(path))}) flags=${quote(names.join(' '))} ` +
    `below=${quote(below.join(' '))} argument=${kind} ;;`
  );
}

/** A command's path as the script has it in `$at`: each name with a blank before it. */
function formatCasePattern(path: readonly string[]): string {
  return path.map((name) => ` ${name}`).join('');
}

function listChoices(value: FlagValue): readonly string[] {
  return value.kind === 'choice' ? value.choices : [];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
