/**
 * The tables of the programs that a command stands in for: against the programs' own `--help` where
 * they are installed, against the commands' flags, and with the command lines of public task
 * definitions and charts. Each flag of each program is tried; none may end without words.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { Command } from 'commander';
import { loadProgram, normalizeArguments } from '../src/commands/program.ts';
import {
  listReplaced,
  type ReplacedFlag,
  type ReplacedProgram,
} from '../src/commands/replaced/program-table.ts';
import { LISTENING, PROGRAMS } from '../src/commands/replaced/programs.ts';
import { convertLine } from '../src/commands/replaced/convert-line.ts';
import { skipUnlessPeer } from './kit/peers.ts';
import { publishedLines } from './kit/published-lines.ts';

// The commands would read the files that these variables name.
for (const name of ['AWS_CA_BUNDLE', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'])
  delete process.env[name];

function flagsOf(program: ReplacedProgram): readonly ReplacedFlag[] {
  return program.flags.flatMap(listReplaced);
}

const program = await loadProgram();
let values: Record<string, unknown> = {};
for (const command of program.commands) {
  command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  command.action((...parts: unknown[]) => {
    values = (parts.at(-1) as Command).opts();
  });
}

/** Parses a line with the real tree of commands, runs nothing, and returns the command's values. */
async function parse(given: readonly string[]): Promise<Record<string, unknown>> {
  values = {};
  await program.parseAsync(normalizeArguments(given), { from: 'user' });
  return values;
}

function commandOf(name: string, tree = program): Command {
  const found = tree.commands.find((command) => command.name() === name);
  assert.ok(found, name);
  return found;
}

for (const replaced of PROGRAMS)
  test(`${replaced.name}: each flag is once in the table, and has a flag or words`, () => {
    const flags = flagsOf(replaced);
    const names = flags.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name, i) => names.indexOf(name) !== i),
      [],
    );
    const { options } = commandOf(replaced.command);
    const isOwn = (long: string): boolean =>
      options.some((option) => option.long === long && !option.hidden);
    for (const { name, fate } of flags) {
      if (fate.is === 'own') assert.ok(isOwn(`--${name}`), name);
      else assert.ok(!isOwn(`--${name}`), `${name} is a flag of ours by now`);
      if (fate.is === 'as') assert.ok(isOwn(fate.flag), fate.flag);
      if (fate.is === 'idle') assert.match(fate.why, /\w{3}/, name);
      if (fate.is === 'refused' || fate.is === 'file') assert.match(fate.instead, /\w{3}/, name);
    }
  });

/** Values with which a flag of ours can be read. */
const SAMPLES: Readonly<Record<string, string>> = {
  loggerLevel: 'INFO',
  loggerFormat: 'json',
  'log.level': 'error',
  'log-level': 'INFO',
  'log.format': 'json',
  set: 'processors.batch.timeout=2s',
  'remoteWrite.label': 'a=b',
  'remoteWrite.headers': 'X-A: b',
  'remoteWrite.maxDiskUsagePerURL': '1GiB',
  'remoteWrite.oauth2.endpointParams': '{"a":"b"}',
};

for (const replaced of PROGRAMS)
  test(`${replaced.name}: each flag is taken, warned of or refused with words`, async (context) => {
    context.mock.method(process.stderr, 'write', () => true);
    context.mock.method(process.stdout, 'write', () => true);
    for (const { name, isSwitch, fate } of flagsOf(replaced)) {
      if (name === 'version') continue;
      const needsUrl = name.startsWith('remoteWrite.') && fate.is === 'source';
      const given = [
        replaced.command,
        ...(needsUrl && name !== 'remoteWrite.url' ? ['-remoteWrite.url=http://a/'] : []),
        isSwitch
          ? `${replaced.dashes}${name}`
          : `${replaced.dashes}${name}=${SAMPLES[name] ?? 'x'}`,
      ];
      const ended = await parse(given).then(
        () => 'taken',
        (error: unknown) => String(error),
      );
      if (fate.is === 'refused' || fate.is === 'file')
        assert.match(ended, new RegExp(`-${name} is not taken over: \\w+`));
      else assert.equal(ended, 'taken', name);
    }
  });

/** Names and kinds of flags that a program prints by `--help`. */
function readHelp(file: string): ReadonlyMap<string, 'switch' | 'value'> {
  const { stdout, stderr } = spawnSync(file, ['--help'], { encoding: 'utf8', timeout: 60_000 });
  const kingpin = /^ {2}(?:-\w, | {4})--(\[no-\])?([\w.-]+)/;
  const go = /^ {2}-([\w.-]+)( \w+)?$/;
  const found = `${stdout}${stderr}`.split('\n').flatMap((line): [string, 'switch' | 'value'][] => {
    const [, off, long] = kingpin.exec(line) ?? [];
    if (long !== undefined) return [[long, off === undefined ? 'value' : 'switch']];
    const [, name, type] = go.exec(line) ?? [];
    return name === undefined ? [] : [[name, type === undefined ? 'switch' : 'value']];
  });
  return new Map(found.filter(([name]) => name !== 'help'));
}

for (const name of ['prometheus', 'vmagent'] as const)
  test(`the table of ${name} has all that its --help shows`, (context) => {
    const peers = skipUnlessPeer(context, name);
    if (peers === undefined) return;
    const shown = readHelp(peers[name]);
    assert.ok(shown.size > 50, String(shown.size));
    const replaced = PROGRAMS.find((one) => one.name.toLowerCase() === name);
    assert.ok(replaced);
    const table = new Map(flagsOf(replaced).map((flag) => [flag.name, flag]));
    for (const [flag, kind] of shown) {
      const row = table.get(flag);
      assert.ok(row, `${name} has ${flag}, which is not in its table`);
      // Lists of switches (`-tls array`) are switches, too.
      if (kind === 'switch') assert.ok(row.isSwitch, `${flag} needs no value`);
      else if (name === 'prometheus') assert.ok(!row.isSwitch, `${flag} takes a value`);
    }
  });

/** What the sources of the other programs declare, each flag or variable by its name. */
const DECLARED: Readonly<Record<string, string>> = {
  'ADOT collector': 'config set feature-gates version AOT_CONFIG_CONTENT',
  ecs_exporter:
    'web.listen-address web.telemetry-path web.disable-exporter-metrics web.systemd-socket ' +
    'web.config.file log.level log.format version ECS_CONTAINER_METADATA_URI_V4',
  'prometheus-ecs-discovery':
    'config.cluster config.write-to config.scrape-interval config.scrape-times config.role-arn ' +
    'config.server-name-label config.job-name-label config.path-label config.scheme-label ' +
    'config.port-label config.filter-label config.dynamic-port-detection',
  'prometheus-sdconfig-reloader':
    'CONFIG_FILE_DIR CONFIG_RELOAD_FREQUENCY PROMETHEUS_CONFIG_PARAMETER_NAME ' +
    'DISCOVERY_NAMESPACES_PARAMETER_NAME SERVICE_DISCOVERY_MODE DEPLOYMENT_MODE',
  'aws-sigv4-proxy':
    'verbose log-failed-requests log-signing-process unsigned-payload port strip ' +
    'custom-headers duplicate-headers role-arn name sign-host host region ' +
    'upstream-url-scheme no-verify-ssl transport.idle-conn-timeout',
  'X-Ray daemon':
    'resource-arn local-mode buffer-memory region bind bind-tcp role-arn config log-file ' +
    'log-level proxy-address version',
};

for (const [name, declared] of Object.entries(DECLARED))
  test(`the table of ${name} has all that its source declares`, () => {
    const replaced = PROGRAMS.find((one) => one.name === name);
    const groups = [...(replaced?.flags ?? []), ...(replaced?.environment ?? [])];
    const listed = new Set(groups.flatMap(listReplaced).map((one) => one.name));
    assert.deepEqual(
      declared.split(' ').filter((one) => !listed.has(one)),
      [],
    );
  });

test('the table of listening defaults is what the flags have', () => {
  for (const { command, flag, address } of LISTENING) {
    const option = commandOf(command).options.find(({ long }) => long === flag);
    assert.ok(option, `${command} ${flag}`);
    const told = `${option.description} ${String(option.defaultValue)}`;
    if (address === 'none')
      assert.ok(['undefined', ''].includes(String(option.defaultValue ?? '')));
    else assert.ok(told.includes(address), `${command} ${flag}: ${told}`);
  }
  for (const one of program.commands)
    for (const { long, description } of one.options.filter(({ hidden }) => !hidden))
      if (/\blisten|^--(?:port|bind)/.test(long ?? ''))
        assert.ok(
          LISTENING.some(({ command, flag }) => command === one.name() && flag === long),
          `${one.name()} ${long}: ${description}`,
        );
});

for (const { name, program: replaced, given, expected } of publishedLines) {
  test(`a published command line: ${name}`, async (context) => {
    context.mock.method(process.stderr, 'write', () => true);
    const found = await parse([replaced.command, ...given]);
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(found[key], value, key);
  });

  test(`a published command line, converted: ${name}`, async (context) => {
    context.mock.method(process.stderr, 'write', () => true);
    const before = await parse([replaced.command, ...given]);
    const { words, parts, losses } = convertLine(
      replaced,
      { words: given, env: process.env },
      {
        command: commandOf(replaced.command, await loadProgram()),
        normalize: normalizeArguments,
        readFile: () => assert.fail(),
      },
    );
    assert.deepEqual(losses, []);
    const hidden = flagsOf(replaced).filter(({ fate }) => fate.is !== 'own');
    for (const { name: flag } of hidden)
      assert.ok(!words.some((word) => word.startsWith(`--${flag}=`)), flag);
    const texts = parts.map((part) => `yaml:${JSON.stringify(part)}`);
    const after = await parse([...words, ...texts.map((text) => `--config=${text}`)]);
    const own = commandOf(replaced.command).options.filter((option) => !option.hidden);
    for (const option of own) {
      const key = option.attributeName();
      const known = JSON.stringify(before[key] || false).replaceAll(
        process.env['PATH'] ?? '',
        '${env:PATH}',
      );
      assert.equal(JSON.stringify(after[key] || false), known, key);
    }
  });
}
