/**
 * `amperage completion`: a script for the shell, made from the tree of commands as it is, so that
 * it offers what there is and nothing else. It runs no command when a key is pressed.
 */
import { Argument, Command } from 'commander';
import { renderBash } from './completion/bash.ts';
import { renderFish } from './completion/fish.ts';
import { readWords, type Words } from './completion/words.ts';
import { renderZsh } from './completion/zsh.ts';

const shells: Readonly<Record<string, (words: readonly Words[]) => string>> = {
  bash: renderBash,
  zsh: renderZsh,
  fish: renderFish,
};

/** @param loadProgram  the whole tree, this command in it */
export function completionCommand(
  loadProgram: () => Promise<Command>,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): Command {
  return new Command('completion')
    .description(
      'Prints a script that completes commands, flags and their values in a shell. It holds ' +
        'for this version: make it anew after an update.',
    )
    .addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(shells)))
    .addHelpText(
      'after',
      `
Examples:
  amperage completion bash > ~/.local/share/bash-completion/completions/amperage
  amperage completion zsh > ~/.zfunc/_amperage
  amperage completion fish > ~/.config/fish/completions/amperage.fish

zsh looks there when ~/.zshrc has: fpath+=~/.zfunc; autoload -Uz compinit; compinit
`,
    )
    .action(async (shell: string) => {
      const render = shells[shell];
      if (render !== undefined) write(render(readWords(await loadProgram())));
    });
}
