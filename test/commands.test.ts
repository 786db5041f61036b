/**
 * The command line against its documentation: every command's help has examples and each of them
 * parses; every flag that a document names exists; every flag is in docs/commands.md.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { listPagesOfDocs } from './kit/pages.ts';
import { loadProgram, normalizeArguments } from '../src/commands/program.ts';

const root = path.resolve(import.meta.dirname, '..');
// The commands would read the files that these variables name.
for (const name of ['AWS_CA_BUNDLE', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'])
  delete process.env[name];
const program = await loadProgram();

/** Flags in our documents that belong to other programs → the program. */
const FOREIGN: Readonly<Record<string, string>> = {
  '--chromium': 'scripts/install-peers.sh',
  '--clock': 'npm run torture',
  '--cluster': 'aws ecs execute-command',
  '--command': 'aws ecs execute-command',
  '--curve': 'npm run bench:road',
  '--container': 'aws ecs execute-command',
  '--cpu-prof': 'node',
  '--desired-count': 'aws ecs update-service',
  '--cpu-prof-dir': 'node',
  '--disk-full': 'npm run torture:emf',
  '--file-system-id': 'aws efs delete-file-system',
  '--force-new-deployment': 'aws ecs update-service',
  '--heap-prof': 'node',
  '--heap-prof-dir': 'node',
  '--heapsnapshot-signal': 'node',
  '--inspect': 'node',
  '--interactive': 'aws ecs execute-command',
  '--load': 'npm run bench:road',
  '--logs': 'npm run churn',
  '--s3-bucket': 'aws cloudformation deploy',
  '--stack-name': 'aws cloudformation describe-stacks',
  '--max-old-space-size': 'node',
  '--overwrite': 'aws ssm put-parameter',
  '--perf-basic-prof': 'node',
  '--series': 'npm run bench:road',
  '--stdio': 'perf report',
  '--targets': 'npm run bench:road',
  '--task': 'aws ecs execute-command',
  '--test': 'node',
  '--type': 'aws ssm',
  '--log-group-name': 'aws logs',
  '--query': 'aws',
  '--output': 'aws',
  '--namespace': 'aws cloudwatch',
  '--value': 'aws ssm',
  '--cacert': 'curl',
  '--password-stdin': 'docker login',
  '--platform': 'docker build',
  '--repository-name': 'aws ecr',
  '--target': 'docker build',
  '--username': 'docker login',
  '--volumes': 'docker compose down',
  '--cli-input-json': 'aws',
  '--runs': 'bench/road.ts',
};

function walk(command: Command, names: readonly string[] = []): [string, Command][] {
  const below = command.commands.flatMap((one) => walk(one, [...names, one.name()]));
  return [[['amperage', ...names].join(' '), command], ...below];
}

/** The whole help of a command, with the descriptions of its flags. */
function renderHelp(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => void (text += part),
    getOutHelpWidth: () => 10_000,
  });
  command.outputHelp();
  return text;
}

const commands = walk(program).map(([name, command]) => ({
  name,
  command,
  help: renderHelp(command),
}));

/**
 * The arguments of `amperage` in a line, without quotes, up to a pipe, a redirection or a comment.
 */
function readArguments(line: string): string[] | undefined {
  const given = /(?:^|[\s;&|`])(?:amperage|npm start --)(?: (.*))?$/.exec(line.trim());
  if (given === null) return undefined;
  const words = (given[1] ?? '').split(/ (?:[|>#&]|\\$)/, 1)[0] ?? '';
  const parsed = [...words.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
  return line.includes('npm start') ? ['demo', ...parsed] : parsed;
}

/** Parses with the real tree of commands, in which no command runs. */
async function parse(given: readonly string[]): Promise<void> {
  const own = await loadProgram();
  for (const [, command] of walk(own)) {
    command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (command.commands.length === 0 || command.name() === 'discover')
      command.action(() => undefined);
  }
  await own.parseAsync(normalizeArguments(given), { from: 'user' });
}

test("every command's help has examples, and each of them parses", async () => {
  for (const { name, help } of commands) {
    const [, examples] = help.split('\nExamples:\n');
    assert.ok(examples !== undefined, `${name} --help has no examples`);
    const lines = examples.split('\n').map(readArguments);
    const own = lines.filter((line) => line !== undefined);
    assert.ok(own.length > 0, `${name} --help has no example of its own`);
    for (const line of own)
      await parse(line).catch((error: unknown) => {
        const { code } = error as { code?: string };
        if (code !== 'commander.helpDisplayed')
          assert.fail(`${name} --help: "amperage ${line.join(' ')}": ${String(error)}`);
      });
  }
});

test('no help shows an empty default or repeats itself', () => {
  for (const { name, help } of commands) {
    assert.doesNotMatch(help, /default: \[\]/, name);
    for (const line of help.split('\n')) {
      assert.ok((line.match(/\(default: /g) ?? []).length < 2, `${name}: ${line}`);
      const choices = /^(.*)\(choices: (.*?)(?:, default.*)?\)$/.exec(line.trim());
      const first = /"([^"]+)"/.exec(choices?.[2] ?? '')?.[1];
      if (first !== undefined) assert.ok(!choices?.[1]?.includes(`${first}, `), `${name}: ${line}`);
    }
  }
});

const flags = new Set(
  commands.flatMap(({ command }) => command.options.map(({ long }) => long ?? '')).concat('--help'),
);

function listDocuments(): string[] {
  const examples = readdirSync(path.join(root, 'examples'), { recursive: true, encoding: 'utf8' });
  return [
    'README.md',
    'ARCHITECTURE.md',
    ...listPagesOfDocs(root).filter((file) => !file.startsWith('docs/decisions/')),
    ...examples.filter((name) => name.endsWith('.md')).map((name) => `examples/${name}`),
  ];
}

/** Command lines of other programs have flags of their own; they stand on lines of their own. */
function withoutForeignLines(text: string): string {
  return text.replaceAll(/^ *(?:\$ )?(?:aws|buildah|docker|terraform) [^`]*$/gm, '');
}

test('every flag that a document or a help names exists', () => {
  const texts = [
    ...listDocuments().map((file) => [file, readFileSync(path.join(root, file), 'utf8')] as const),
    ...commands.map(({ name, help }) => [`${name} --help`, help] as const),
  ];
  const unknown = texts.flatMap(([where, text]) =>
    [...withoutForeignLines(text).matchAll(/(?<![\w-])--[a-z][\w.-]*\w/g)]
      .map(([flag]) => flag)
      .filter((flag) => !flags.has(flag) && !Object.hasOwn(FOREIGN, flag))
      .map((flag) => `${where} names ${flag}, which no command has`),
  );
  assert.deepEqual([...new Set(unknown)], []);
});

test('a command line in a document parses', async () => {
  for (const file of listDocuments()) {
    const text = readFileSync(path.join(root, file), 'utf8');
    for (const line of findCommandLines(text)) {
      const given = readArguments(line);
      if (given === undefined) continue;
      await parse(given).catch((error: unknown) => {
        const { code } = error as { code?: string };
        if (code !== 'commander.helpDisplayed') assert.fail(`${file}: ${line}: ${String(error)}`);
      });
    }
  }
});

/**
 * Finds lines of code blocks, and whole spans of code, that begin with `amperage`. A command
 * without arguments is only a name and is left out.
 */
function findCommandLines(text: string): string[] {
  const parts = text.replaceAll(/ \\\n\s*/g, ' ').split(/^```.*$/m);
  const blocks = parts.filter((_, i) => i % 2 === 1).flatMap((block) => block.split('\n'));
  const prose = parts.filter((_, i) => i % 2 === 0).join('\n');
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return [
    ...blocks.filter((line) => /^(?:\$ )?(?:\S+=\S+ )*(?:amperage [a-z]|npm start --)/.test(line)),
    ...spans.filter((span) => /^(?:amperage [a-z-]+ \S|npm start --)/.test(span)),
  ].filter((line) => !/[<[…]/.test(line));
}

test('docs/commands.md has every flag', () => {
  const page = readFileSync(path.join(root, 'docs/commands.md'), 'utf8');
  const shown = commands.flatMap(({ command }) => command.options.filter((one) => !one.hidden));
  for (const { long, flags: whole } of shown) assert.ok(page.includes(long ?? whole), whole);
});
