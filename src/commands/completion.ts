/**
 * `amperage completion`: prints a completion script for a shell, made from the tree of commands,
 * so that it offers exactly the flags of this version. The script runs no amperage process when a
 * key is pressed.
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

/** @param loadProgram  loads the whole tree of commands, with this one in it */
export function createCompletionCommand(
  loadProgram: () => Promise<Command>,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): Command {
  return new Command('completion')
    .description(
      'Prints a script that completes commands, flags and their values in a shell. It is made ' +
        'for this version: print it again after an update.',
    )
    .addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(shells)))
    .addHelpText(
      'after',
      `
Examples:
  amperage completion bash > ~/.local/share/bash-completion/completions/amperage
  amperage completion zsh > ~/.zfunc/_amperage
  amperage completion fish > ~/.config/fish/completions/amperage.fish

zsh finds its script when ~/.zshrc has: fpath+=~/.zfunc; autoload -Uz compinit; compinit
`,
    )
    .action(async (shell: string) => {
      const render = shells[shell];
      if (render !== undefined) write(render(readWords(await loadProgram())));
    });
}
