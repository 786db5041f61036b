/**
 * `amperage completion` in real shells: each shell is asked what it offers after a line, and all
 * must offer the same. A shell that this machine lacks is skipped.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { createCompletionCommand } from '../src/commands/completion.ts';
import { loadProgram } from '../src/commands/program.ts';

/**
 * What is typed, and some of the words that must be offered after it. Nothing else that begins in
 * that way may be offered.
 */
const LINES: readonly (readonly [string, readonly string[]])[] = [
  ['amperage col', ['collect']],
  [
    'amperage check ',
    ['config', 'convert', 'emf', 'healthcheck', 'metrics', 'queue', 'relabel', 'service-discovery'],
  ],
  ['amperage completion ', ['bash', 'fish', 'zsh']],
  ['amperage collect --log.level ', ['debug', 'error', 'info', 'warn']],
  ['amperage collect --web.l', ['--web.listen-address']],
  // The value of a flag is not taken for a command, even if it reads like one.
  ['amperage discover --clusters explain --web.l', ['--web.listen-address']],
  ['amperage discover explain --cl', ['--clusters']],
  ['amperage check config /etc/host', ['/etc/host.conf', '/etc/hostname', '/etc/hosts']],
];

type Ask = (script: string, lines: readonly string[]) => readonly string[];

const askBash: Ask = (script, lines) =>
  lines.map((line) =>
    execFileSync('bash', [
      '-c',
      `source "$1"; COMP_WORDS=($2); case $2 in *' ') COMP_WORDS+=('');; esac
       COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _amperage; printf '%s\\n' "\${COMPREPLY[@]}"`,
      'ask',
      script,
      line,
    ]).toString(),
  );

const askFish: Ask = (script, lines) =>
  lines.map((line) => {
    const ask = 'source $argv[1]; complete -C $argv[2]';
    const found = execFileSync('fish', ['--no-config', '-c', ask, script, line]).toString();
    return found.replaceAll(/\t.*$/gm, '');
  });

/**
 * zsh completes only in a terminal, so one is made for it. What completion adds is written to a
 * file, without the folders of paths. Each line is erased (^U) before the
 * next, and only after a moment: keys that wait interrupt a completion.
 */
const askZsh: Ask = (script, lines) => {
  const offered = path.join(path.dirname(script), 'offered');
  const start = String.raw`zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z 'PROMPT=; autoload -Uz compinit; compinit -u -D; source '"$1"
    zpty -w z 'compadd() { local -a found; builtin compadd -A found "$@"; print -rl -- $found >> '"$2"'; builtin compadd "$@" }'
    zpty -w z 'print rea""dy'
    zpty -r z out '*ready*'
    for line in $argv[3,-1]; do
      zpty -w -n z "$line"$'\t'
      sleep 0.3
      zpty -w -n z $'\x15'
      zpty -w z 'print "=" >> '"$2"'; print do""ne'
      zpty -r z out '*done*'
    done
    zpty -d z`;
  execFileSync('zsh', ['-f', '-c', start, 'ask', script, offered, ...lines]);
  const answers = readFileSync(offered, 'utf8').split(/^=\n/m);
  return lines.map((line, i) => {
    const folder = /[^ ]*\/|$/.exec(line)?.[0] ?? '';
    return answers[i]?.replaceAll(/^(?=.)/gm, folder) ?? '';
  });
};

const shells: Readonly<Record<string, Ask>> = { bash: askBash, fish: askFish, zsh: askZsh };

for (const [shell, ask] of Object.entries(shells)) {
  test(`${shell} offers commands, flags, values and files`, async (context) => {
    const script = await writeScript(context, shell);
    if (script === undefined) return;
    const complete = (lines: readonly string[]): string[][] =>
      ask(script, lines).map((answer, i) => {
        const last = lines[i]?.split(' ').at(-1) ?? '';
        const words = answer.split('\n').filter((word) => word !== '' && word.startsWith(last));
        return [...new Set(words)].toSorted();
      });
    const answers = complete(LINES.map(([line]) => line));
    for (const [i, [line, expected]] of LINES.entries()) {
      // A terminal that is busy may drop what it was about to complete: then it is asked again.
      const isSame = isDeepStrictEqual(answers[i], expected);
      const found = isSame ? answers[i] : complete([line])[0];
      assert.deepEqual(found, expected, `${shell}: ${line}`);
    }
  });
}

/** Writes the shell's script. Where the shell is absent it skips the test and returns undefined. */
async function writeScript(context: TestContext, shell: string): Promise<string | undefined> {
  try {
    execFileSync(shell, ['-c', 'true']);
  } catch {
    context.skip(`${shell} is not installed`);
    return undefined;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-completion-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const script = path.join(folder, 'script');
  const write = (text: string): void => writeFileSync(script, text);
  await createCompletionCommand(loadProgram, write).parseAsync([shell], { from: 'user' });
  return script;
}
