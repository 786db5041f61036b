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
import { skipUnlessPeer } from './kit/peers.ts';

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

function commandOf(name: string): Command {
  const found = program.commands.find((command) => command.name() === name);
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

/** Command lines as they are published, with the values that each must come to. */
const LINES: readonly (readonly [string, string, readonly string[], Record<string, unknown>])[] = [
  [
    'the image of Prometheus 2',
    'collect',
    [
      '--config.file=/etc/prometheus/prometheus.yml',
      '--storage.tsdb.path=/prometheus',
      '--web.console.libraries=/usr/share/prometheus/console_libraries',
      '--web.console.templates=/usr/share/prometheus/consoles',
    ],
    { 'config.file': '/etc/prometheus/prometheus.yml', 'storage.path': '/prometheus' },
  ],
  [
    'the chart prometheus-community/prometheus, as an agent',
    'collect',
    [
      '--config.file=/etc/config/prometheus.yml',
      '--web.enable-lifecycle',
      '--enable-feature=agent',
      '--agent',
      '--storage.agent.path=/data',
      '--storage.remote.flush-deadline=1m',
      '--web.listen-address=0.0.0.0:9090',
      '--web.listen-address=:9091',
    ],
    {
      'storage.path': '/data',
      'web.enableLifecycle': true,
      'web.listenAddress': ['0.0.0.0:9090', ':9091'],
      stopTimeout: '1m',
    },
  ],
  [
    'the chart kube-prometheus-stack',
    'collect',
    [
      '--web.console.templates=/etc/prometheus/consoles',
      '--web.console.libraries=/etc/prometheus/console_libraries',
      '--config.file=/etc/prometheus/config_out/prometheus.env.yaml',
      '--web.enable-lifecycle',
      '--web.external-url=http://stack.monitoring:9090',
      '--web.route-prefix=/',
      '--storage.tsdb.retention.time=10d',
      '--storage.tsdb.path=/prometheus',
      '--storage.tsdb.wal-compression',
      '--no-storage.tsdb.allow-overlapping-blocks',
      '--web.config.file=/etc/prometheus/web_config/web-config.yaml',
    ],
    { 'web.routePrefix': '/', 'storage.path': '/prometheus' },
  ],
  [
    'the chart victoria-metrics-agent',
    'collect',
    [
      '-promscrape.config=/config/scrape.yml',
      '-remoteWrite.tmpDataPath=/tmpData',
      '-remoteWrite.url=https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write',
      '-remoteWrite.aws.useSigv4',
      '-remoteWrite.aws.region=us-east-1',
      '-envflag.enable=true',
      '-envflag.prefix=VM_',
      '-httpListenAddr=:8429',
      '-loggerFormat=json',
      '-loggerLevel=WARN',
    ],
    {
      'config.file': '/config/scrape.yml',
      'storage.path': '/tmpData',
      'web.listenAddress': [':8429'],
      'log.format': 'json',
      'log.level': 'warn',
      config: [
        'yaml:{"remote_write":[{"url":"https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write","sigv4":{"region":"us-east-1"}}]}',
      ],
    },
  ],
  [
    'the image of ADOT, with --set and gates',
    'collect',
    [
      '--config=/etc/otel-config.yaml',
      '--set=processors.batch.timeout=2s',
      '--feature-gates=-component.UseLocalHostAsDefaultHost',
    ],
    { config: ['/etc/otel-config.yaml', 'yaml:{"processors":{"batch":{"timeout":"2s"}}}'] },
  ],
  [
    'ADOT with Docker Compose, as its examples show it',
    'collect',
    ['--config=/etc/otel-agent-config.yaml', '--log-level=DEBUG'],
    { config: ['/etc/otel-agent-config.yaml'], 'log.level': 'debug' },
  ],
  [
    'Prometheus with both ways to take pushes',
    'collect',
    [
      '--config.file=/etc/prometheus/prometheus.yml',
      '--web.enable-admin-api',
      '--web.enable-remote-write-receiver',
      '--enable-feature=remote-write-receiver',
    ],
    { 'web.enableRemoteWriteReceiver': true },
  ],
  [
    'vmagent with a token in a variable, and templates without values',
    'collect',
    [
      '-remoteWrite.url=http://a/api/v1/write',
      '-remoteWrite.bearerToken=%{PATH}',
      '-remoteWrite.streamAggr.config=',
    ],
    {
      config: [
        `yaml:${JSON.stringify({
          remote_write: [
            { url: 'http://a/api/v1/write', authorization: { credentials: process.env['PATH'] } },
          ],
        })}`,
      ],
    },
  ],
  [
    'aws-sigv4-proxy with headers to strip',
    'proxy',
    ['--strip-header=x-aws-*', '--strip-header', 'X-B', '--web.config.file='],
    { strip: ['x-aws-*', 'X-B'] },
  ],
  [
    'prometheus-ecs-discovery, as in the first article',
    'discover',
    ['-config.cluster=prod', '-config.write-to=/output/ecs_file_sd.yml'],
    { 'config.cluster': 'prod', 'config.writeTo': '/output/ecs_file_sd.yml' },
  ],
  [
    'aws-sigv4-proxy, as in the second article',
    'proxy',
    [
      '--name',
      'aps',
      '--region',
      'us-east-1',
      '--host',
      'aps-workspaces.us-east-1.amazonaws.com',
      '--port',
      ':8005',
    ],
    { port: ':8005', name: 'aps' },
  ],
  ['the image of the X-Ray daemon', 'xray', ['-t', '0.0.0.0:2000', '-b', '0.0.0.0:2000'], {}],
  [
    'ecs_exporter',
    'exporter',
    ['--web.telemetry-path=/m', '--no-web.disable-exporter-metrics'],
    {},
  ],
];

for (const [name, command, given, expected] of LINES)
  test(`a published command line: ${name}`, async (context) => {
    context.mock.method(process.stderr, 'write', () => true);
    const found = await parse([command, ...given]);
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(found[key], value, key);
  });
