/**
 * The command line as a process: its exit status and its messages for users' mistakes; and that
 * every server says where it listens.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { freePort, MAIN, startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

/** The fields of the totals of each server that nobody asks for anything. */
const TOTALS: Readonly<Record<string, string>> = {
  collect: 'targets down scrapes samples seconds',
  discover: 'seconds',
  exporter: 'scrapes seconds',
  emulate: 'calls seconds',
  workspace: 'writes samples rejected series seconds',
  'sample-app': 'requests seconds',
};

const KEYS = { WORKSPACE_ACCESS_KEY: 'AKIAEXAMPLE', WORKSPACE_SECRET_KEY: 'secret' };

function run(...given: readonly string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...given], {
    env: { ...process.env, ...KEYS },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, out: stdout, err: stderr };
}

test(
  'what a user must change ends with status 2, and the message names it',
  { timeout: 300_000 },
  async (context) => {
    const folder = temporaryFolder(context);
    mkdirSync(path.join(folder, 'empty'));
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    context.after(() => taken.close());
    const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    const config = path.join(folder, 'prometheus.yml');
    writeFileSync(config, 'scrape_configs: []\n');
    const collect = ['collect', '--config.file', config, '--storage.path', folder];
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /^Usage: amperage /],
      [['check'], /^Usage: amperage check /],
      [['colect'], /^amperage: unknown command 'colect' \[USAGE\]\n\(Did you mean collect\?\)/],
      [[...collect, '--storage.path', config], /^amperage: --storage\.path "/m],
      [['help', 'colect'], /^amperage: unknown command 'colect' \[USAGE\]/],
      [['xray', '-local-mode=maybe'], /^amperage: .* \[FLAG_VALUE\]/],
      [['colect', '--help'], /^amperage: unknown command 'colect'/],
      [
        ['emulate', '--web.lsten-address', 'x'],
        /'--web.lsten-address' \[USAGE\]\n\(Did you mean --web.listen-address\?\)\nRun "amperage emulate --help"/,
      ],
      [
        ['collect', 'prometheus.yml'],
        /too many arguments for 'collect': it takes flags alone, .* by --config\.file \[USAGE\]/,
      ],
      [['check', 'queue'], /missing required argument 'dir'/],
      [
        ['exporter', '--profile', 'x'],
        /argument 'x' is invalid\. Allowed choices are ecs_exporter, /,
      ],
      [[...collect, '--web.listen-address', 'x'], /--web\.listen-address "x" is not host:port/],
      [[...collect, '--web.listen-address', address], /another address with --web\.listen-address/],
      [
        ['emulate', '--web.listen-address', 'x'],
        /^amperage: --web.listen-address "x" is not host:port/,
      ],
      [
        ['workspace', '--storage.path', folder, '--web.listen-address', address],
        /another address with --web.listen-address/,
      ],
      [
        ['workspace', '--storage.path', folder, '--fault-seed', 'x'],
        /--fault-seed:? "x" is not a number/,
      ],
      [['workspace', '--limit', 'foo=3'], /--limit[^\n]*foo/],
      [['emulate', '--scenario', '/nope'], /--scenario: \/nope can't be read/],
      [['emulate', '--web.listen-address', ':99999'], /a port from 0 to 65535/],
      [['exporter', '--web.listen-address', ':70000'], /--web.listen-address .* from 0 to 65535/],
      [['exporter', '--web.telemetry-path', 'm'], /--web.telemetry-path "m" must begin with/],
      [['collect', '--config', 'nope.yml'], /^amperage: nope\.yml: the file does not exist/m],
      [['proxy', '--port', 'x'], /--port "x" is not host:port/],
      [
        ['proxy', '--port', ':0', '--web.listen-address', 'x'],
        /--web.listen-address "x" is not host:port/,
      ],
      [['discover', '--clusters', 'a', '--labels', 'x'], /amperage: --labels: Invalid option/],
      [['demo', '--duration', '8s'], /^amperage: --duration: must be 15s or more/],
      [
        ['discover', '-config.scrape-interval=x'],
        /^amperage: -config\.scrape-interval: "x" is not a duration/m,
      ],
      [
        ['discover', '-config.dynamic-port-detection=maybe'],
        /^amperage: -config\.dynamic-port-detection: "maybe" is not true or false/m,
      ],
      [
        ['discover', '--clusters', 'a', '--write-to', folder],
        /^amperage: --write-to: .* is a folder; name a file in it/m,
      ],
      [['demo', '--rate', 'x'], /^amperage: --rate:? "x" is not a number/],
      [['check', 'metrics', 'absent'], /cannot read "absent"; give a file or a URL/],
      [['check', 'queue', path.join(folder, 'empty')], /empty" is no queue and holds none/],
      [['check', 'queue', config], /there is no folder ".*prometheus\.yml"/],
    ];
    for (const [given, message] of cases) {
      const { status, err } = run(...given);
      assert.match(err, message, given.join(' '));
      if (!err.startsWith('Usage: '))
        assert.match(err, /^amperage: .* \[[A-Z_]+\](?:: .*)?$/m, given.join(' '));
      assert.equal(status, 2, given.join(' '));
    }
  },
);

test('help and version end with status 0, at every depth', () => {
  for (const [given, words] of [
    [['--version'], /^\d+\.\d+\.\d+ \(commit [0-9a-f]{12}, Node \d+\.\d+\.\d+\)\n$/],
    [['help'], /^Usage: amperage \[options\]/],
    [['help', 'collect'], /^Usage: amperage collect .*--storage\.path/s],
    [['help', 'check', 'queue'], /^Usage: amperage check queue .*Examples:/s],
    [['discover', 'explain', '--help'], /^Usage: amperage discover explain .*--clusters/s],
  ] as const) {
    const { status, out } = run(...given);
    assert.match(out, words);
    assert.equal(status, 0, given.join(' '));
  }
});

test('an error without a code of its own is called a fault of the program, with status 1', () => {
  const preload = 'Object.hasOwn = () => { throw new TypeError("odd"); }';
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${preload}`, MAIN, 'explain'],
    { encoding: 'utf8', timeout: 60_000 },
  );
  assert.deepEqual([stderr, status], ['amperage: odd [UNEXPECTED]\n', 1]);
});

test('a command does not fail when the reader of its output goes away', async () => {
  const child = spawn(process.execPath, [MAIN, 'completion', 'bash'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  child.stdout.destroy();
  const [status] = (await once(child, 'exit')) as [number];
  assert.deepEqual([status, err], [0, '']);
});

test('each address that collect is given is served', async (context) => {
  const folder = temporaryFolder(context);
  const config = path.join(folder, 'prometheus.yml');
  writeFileSync(config, 'scrape_configs: []\n');
  const more = `127.0.0.1:${await freePort()}`;
  const given = ['--config.file', config, '--storage.path', folder, '--web.listen-address', more];
  const { url } = await startAmperage(context, 'collect', given);
  for (const at of [url, `http://${more}`])
    assert.equal((await fetch(`${at}/-/healthy`)).status, 200, at);
});

test('every server says where it listens, that it has started, and what it does', async (context) => {
  const folder = temporaryFolder(context);
  const config = path.join(folder, 'prometheus.yml');
  writeFileSync(config, 'scrape_configs: []\n');
  const metadata = { ECS_CONTAINER_METADATA_URI_V4: 'http://127.0.0.1:9/v4/x' };
  const servers: readonly (readonly [string, readonly string[], Record<string, string>])[] = [
    ['collect', ['--config.file', config, '--storage.path', folder], {}],
    ['discover', ['--config.file', config], {}],
    ['exporter', [], metadata],
    ['emulate', [], {}],
    ['workspace', ['--storage.path', path.join(folder, 'data')], KEYS],
    ['sample-app', ['--rate', '0'], {}],
  ];
  for (const [command, given, env] of servers) {
    const every = ['--log.totals-interval', '1s'];
    const server = await startAmperage(context, command, [...given, ...every], env);
    await until(`${command} tells its totals`, 10_000, () => / msg=totals /.test(server.output()));
    server.child.kill('SIGTERM');
    await server.exited;
    const output = server.output();
    assert.doesNotMatch(output, / msg=listening /, 'it is said once');
    const started = output.match(/ msg=started .*/g) ?? [];
    assert.equal(started.length, 1, output);
    const version = String.raw`version=\d+\.\d+\.\d+ commit=[0-9a-f]{12}`;
    assert.match(
      started[0],
      new RegExp(`^ msg=started command=${command} ${version} address=${server.url} ?`),
    );
    const [totals = ''] = output.match(/(?<= msg=totals ).*/) ?? [];
    assert.equal(totals.replaceAll(/=\d+/g, ''), TOTALS[command], output);
  }
});
