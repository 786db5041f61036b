/**
 * Writes the script for zsh: a function for each command, which tells `_arguments` its flags and
 * values, and hands the rest of the line to the function of the subcommand.
 * Source: https://zsh.sourceforge.io/Doc/Release/Completion-System.html#Completion-Functions
 */
import type { Flag, FlagValue, Words } from './words.ts';

export function renderZsh(words: readonly Words[]): string {
  return `#compdef amperage
# zsh completion of amperage, written by "amperage completion zsh".

${words.map(renderFunction).join('\n')}
# Loaded from a folder of fpath, this file is called as a function; read by "source", it registers itself.
if [ "$funcstack[1]" = _amperage ]; then
  _amperage "$@"
else
  compdef _amperage amperage
fi
`;
}

function renderFunction({ path, commands, flags, argument }: Words): string {
  const specs = flags.flatMap(renderFlag);
  if (commands.length === 0) {
    const own = argument.kind === 'none' ? [] : [quote(`*:value:${renderAction(argument)}`)];
    return (
      `${nameFunction(path)}() {\n  _arguments -s -S : \\\n    ` +
      `${[...specs, ...own].join(' \\\n    ')}\n}\n`
    );
  }
  const below = commands.map(({ name, summary }) => quote(`${name}:${summary}`)).join(' \\\n    ');
  const cases = commands.map(({ name }) => `      ${name}) ${nameFunction([...path, name])} ;;`);
  return `${nameFunction(path)}() {
  local context state state_descr line
  typeset -A opt_args
  local -a below=(
    ${below}
  )
  _arguments -s -S -C : \\
    ${[...specs, quote('1: :->command'), quote('*:: :->rest')].join(' \\\n    ')}
  case "$state" in
    command) _describe command below ;;
    rest) case "$words[1]" in
${cases.join('\n')}
    esac ;;
  esac
}
`;
}

/** One specification for each name. The asterisk allows a flag more than once. */
function renderFlag({ long, short, summary, value }: Flag): string[] {
  const text = summary.replaceAll(/[[\]\\]/g, '\\$&').replaceAll(':', '\\:');
  const tail = value.kind === 'none' ? '' : `:value:${renderAction(value)}`;
  const names = short === undefined ? [long] : [long, short];
  return names.map((name) => quote(`*${name}[${text}]${tail}`));
}

function renderAction(value: FlagValue): string {
  if (value.kind === 'choice') return `(${value.choices.join(' ')})`;
  if (value.kind === 'file') return '_files';
  return value.kind === 'folder' ? '_files -/' : ' ';
}

function nameFunction(path: readonly string[]): string {
  return ['_amperage', ...path].join('_');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
