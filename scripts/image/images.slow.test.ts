/**
 * Builds each image, and starts it as ECS would: as nobody, with a root file system that is read
 * only, by the command line and the variables that the program it stands in for has in public task
 * definitions. It must be healthy, answer a scrape, and end by SIGTERM. Prints size and memory.
 *
 *   npm run image:test
 *
 * Needs root and buildah; says so and passes where they are not to be had.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { assembleSystem } from './assemble.ts';
import { Container, Network } from './containers.ts';
import { ImageStore, listTargets } from './images.ts';

const COMPRESSED_MAX_BYTES = 80_000_000;
const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');
const KEYS = { id: 'AKIAEXAMPLE', secret: 'example' };
const AWS = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: KEYS.id,
  AWS_SECRET_ACCESS_KEY: KEYS.secret,
  AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
  AWS_EC2_METADATA_DISABLED: 'true',
};
const NO_JOBS = 'remote_write:\n  - url: http://127.0.0.1:9/api/v1/write\n';

interface Case {
  /** What is said of it. */
  readonly name: string;
  readonly target: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  /** Path in the container → files of a folder that is mounted there. */
  readonly volumes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Which command must have started. */
  readonly started: string;
  /** What says that it is healthy; that of the image where it has one. */
  readonly health?: readonly string[];
  /** Where a scrape gets metrics. */
  readonly metrics?: string;
}

const EXPORTER = { started: 'exporter', metrics: 'http://127.0.0.1:9779/metrics' };
const COLLECTOR = { started: 'collect', metrics: 'http://127.0.0.1:9090/metrics' };

const CASES: readonly Case[] = [
  {
    name: 'the exporter, as a template starts it',
    target: 'amperage',
    command: ['amperage', 'exporter'],
    health: ['amperage', 'check', 'healthcheck', 'http://127.0.0.1:9779/health'],
    ...EXPORTER,
  },
  {
    name: 'an idle collector',
    target: 'amperage',
    command: ['collect', '--config', `yaml:${NO_JOBS}`],
    health: ['amperage', 'check', 'healthcheck', 'http://127.0.0.1:9090/-/healthy'],
    ...COLLECTOR,
  },
  {
    name: 'ADOT, told by its variable alone',
    target: 'amperage',
    env: {
      AOT_CONFIG_CONTENT:
        'extensions: {health_check: }\n' +
        'receivers: {prometheus: {config: {scrape_configs: ' +
        '[{job_name: none, static_configs: []}]}}}\n' +
        'exporters: {prometheusremotewrite: {endpoint: "http://127.0.0.1:9/"}}\n' +
        'service: {extensions: [health_check], pipelines: {metrics: ' +
        '{receivers: [prometheus], exporters: [prometheusremotewrite]}}}\n',
    },
    health: ['/healthcheck'],
    ...COLLECTOR,
  },
  {
    name: 'Prometheus, by the command of its image',
    target: 'prometheus',
    volumes: { '/etc/prometheus': { 'prometheus.yml': NO_JOBS } },
    ...COLLECTOR,
  },
  {
    name: 'vmagent',
    target: 'vmagent',
    volumes: { '/etc/vmagent': { 'scrape.yml': 'scrape_configs: []\n' } },
    command: [
      '-promscrape.config=/etc/vmagent/scrape.yml',
      '-remoteWrite.url=http://127.0.0.1:9/api/v1/write',
    ],
    ...COLLECTOR,
  },
  {
    name: 'ADOT, with a file',
    target: 'adot',
    volumes: {
      '/etc/otel': {
        'config.yaml':
          'extensions: {health_check: {endpoint: "127.0.0.1:13134"}}\n' +
          'receivers: {otlp: {protocols: {grpc: }}}\n' +
          'exporters: {prometheusremotewrite: {endpoint: "http://127.0.0.1:9/"}}\n' +
          'service: {extensions: [health_check], pipelines: {metrics: ' +
          '{receivers: [otlp], exporters: [prometheusremotewrite]}}}\n',
      },
    },
    command: ['--config=/etc/otel/config.yaml'],
    health: ['/healthcheck', '-port', '13134'],
    ...COLLECTOR,
  },
  {
    name: 'ecs_exporter',
    target: 'ecs-exporter',
    command: ['--web.listen-address=:9779', '--log.level=debug'],
    ...EXPORTER,
  },
  {
    name: 'prometheus-ecs-discovery',
    target: 'ecs-discovery',
    env: AWS,
    volumes: { '/out': {} },
    command: ['-config.write-to=/out/ecs_file_sd.yml', '-config.cluster=none'],
    started: 'discover',
  },
  {
    name: 'prometheus-sdconfig-reloader',
    target: 'sdconfig-reloader',
    env: {
      ...AWS,
      CONFIG_FILE_DIR: '/etc/config',
      CONFIG_RELOAD_FREQUENCY: '60',
      PROMETHEUS_CONFIG_PARAMETER_NAME: 'ECS-Prometheus-Configuration',
      DISCOVERY_NAMESPACES_PARAMETER_NAME: 'ECS-ServiceDiscovery-Namespaces',
    },
    started: 'discover',
  },
  {
    name: 'aws-sigv4-proxy',
    target: 'sigv4-proxy',
    env: AWS,
    command: ['--name', 'aps', '--region', 'us-east-1', '--port', ':8080'],
    started: 'proxy',
  },
  { name: 'the X-Ray daemon', target: 'xray', env: AWS, command: ['-o'], started: 'xray' },
];

/** Why images cannot be tested here; undefined when they can. */
function findObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root';
  const missing = ['buildah', 'unshare', 'nsenter', 'ip', 'readelf'].find(
    (name) => spawnSync('which', [name]).status !== 0,
  );
  if (missing !== undefined) return `${missing} is not installed`;
  const isolated = spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true']);
  return isolated.status === 0 ? undefined : 'this machine gives no process a network of its own';
}

const obstacle = findObstacle();
if (obstacle !== undefined) say(`images are not tested here: ${obstacle}`);

suite('images', { skip: obstacle ?? false }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-image-test-'));
  let store: ImageStore;
  let network: Network;
  let emulator: ChildProcess | undefined;
  let metadata = '';
  const roots = new Map<string, string>();
  const sizes = new Map<string, number>();

  before(async () => {
    store = new ImageStore(path.join(folder, 'images'));
    store.assemble();
    for (const target of listTargets()) {
      store.build(target);
      roots.set(target, store.mount(target));
    }
    // To compress the layer that all have takes seconds; the others are small as they are.
    const common = store.listLayers('amperage');
    const compressed = store.measureCompressed('amperage');
    for (const target of listTargets()) {
      const own = [...store.listLayers(target)].filter(([digest]) => !common.has(digest));
      sizes.set(
        target,
        own.reduce((sum, [, size]) => sum + size, compressed),
      );
    }
    network = await Network.open();
    emulator = spawnInside(network, [MAIN, 'emulate'], {
      EMULATE_ACCESS_KEY: KEYS.id,
      EMULATE_SECRET_KEY: KEYS.secret,
    });
    metadata = await registerTask(network);
  });
  after(() => {
    emulator?.kill('SIGKILL');
    network?.close();
    store?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Folders with the files of a case. */
  function writeVolumes({ volumes = {} }: Case): Record<string, string> {
    const written: Record<string, string> = {};
    for (const [to, files] of Object.entries(volumes)) {
      const from = mkdtempSync(path.join(folder, 'volume-'));
      for (const [name, text] of Object.entries(files)) writeFileSync(path.join(from, name), text);
      written[to] = from;
    }
    return written;
  }

  function start(one: Case): Container {
    const image = store.readConfig(one.target);
    const root = roots.get(one.target) ?? '';
    const kept = Object.keys(image.Volumes ?? {}).map((to) => [
      to,
      mkdtempSync(path.join(folder, 'kept-')),
    ]);
    return new Container({
      image,
      root,
      network,
      env: { ECS_CONTAINER_METADATA_URI_V4: metadata, ...one.env },
      volumes: { ...Object.fromEntries(kept), ...writeVolumes(one) },
      ...(one.command === undefined ? {} : { command: one.command }),
    });
  }

  test('each target of the Dockerfile is in a case', () => {
    assert.deepEqual([...new Set(CASES.map(({ target }) => target))].sort(), listTargets().sort());
  });

  for (const one of CASES)
    test(`${one.target}: ${one.name}`, async () => {
      const container = start(one);
      try {
        await container.until(new RegExp(`started command=${one.started} `));
        assert.equal(container.readStatus('Uid'), '65532\t65532\t65532\t65532');
        const [, ...check] = store.readConfig(one.target).Healthcheck?.Test ?? [];
        const health = one.health ?? check;
        if (health.length > 0) {
          const { status, output } = container.run(health);
          assert.equal(status, 0, `${health.join(' ')}: ${output}\n${container.log}`);
        }
        if (one.metrics !== undefined) {
          const { status, output } = container.run(['amperage', 'check', 'metrics', one.metrics]);
          // 3 stands for remarks about names.
          assert.ok(status === 0 || status === 3, output);
          assert.match(output, /: valid openmetrics, \d{2,} samples/);
        }
        const memory = Number.parseInt(container.readStatus('VmRSS'), 10) / 1_024;
        const size = sizes.get(one.target) ?? Infinity;
        assert.ok(size <= COMPRESSED_MAX_BYTES, `${size} bytes compressed`);
        const figures = `${(size / 1e6).toFixed(1)} MB compressed, RSS ${memory.toFixed(0)} MB`;
        say(`${one.target}: ${one.name}: ${figures}`);
        assert.equal(await container.stop(), 0, container.log);
        assert.doesNotMatch(container.log, /no folder can be written/);
      } finally {
        container.kill();
      }
    });

  test('nothing can be written but a volume, and there is no shell', async () => {
    const container = start(CASES[0] as Case);
    try {
      await container.until(/msg=started /);
      const tried = ['/x', '/usr/local/bin/amperage', '/tmp/x', '/var/lib/amperage/x'];
      const code =
        'const fs = require("node:fs"); const write = (file) => ' +
        '{ try { fs.writeFileSync(file, "x"); return "written"; } catch (e) { return e.code; } };' +
        'console.log(process.argv.slice(1).map(write).join());';
      const { output } = container.run(['node', '-e', code, ...tried]);
      assert.equal(output.trim(), 'EROFS,EROFS,EROFS,written');
    } finally {
      container.kill();
    }
    const root = roots.get('amperage') ?? '';
    for (const name of ['bin/sh', 'bin/bash', 'usr/bin/env', 'bin/busybox', 'usr/bin/sh'])
      assert.ok(!existsSync(path.join(root, name)), name);
  });

  test('a command line that tells nothing ends with 2 and names the variable', async () => {
    const container = start({ name: '', target: 'amperage', started: '' });
    assert.equal(await container.ended(), 2);
    assert.match(container.log, /no command is named, .*AMPERAGE_COMMAND to it \[USAGE\]\s*$/);
  });

  test('arm64: all that Node and its libraries load is there', (context) => {
    const root = path.join(folder, 'arm64');
    try {
      assembleSystem(root, 'arm64');
    } catch (error) {
      context.skip(`the packages for arm64 are not to be had here: ${String(error)}`);
      return;
    }
    const files = globSync('{usr/local/bin/node,lib/*/*.so*,lib/*.so*}', { cwd: root });
    assert.equal(files.length, 9);
    for (const file of files) {
      const { stdout } = spawnSync('readelf', ['-hd', file], { cwd: root, encoding: 'utf8' });
      assert.match(stdout, /Machine:\s+AArch64/, file);
      for (const [, name] of stdout.matchAll(/\(NEEDED\).*\[(.+)\]/g))
        assert.ok(
          files.some((one) => path.basename(one) === name),
          `${file} needs ${name}`,
        );
    }
  });

  test('the demo runs in the image, with a folder for what is temporary', async () => {
    // It would hold a port of the demo.
    emulator?.kill('SIGKILL');
    const container = start({
      name: '',
      target: 'amperage',
      command: ['demo', '--duration', '15s'],
      volumes: { '/tmp': {} },
      started: '',
    });
    assert.equal(await container.ended(), 0, container.log);
    assert.match(container.log, /Open {2}http:\/\/127\.0\.0\.1:9009\//);
  });
});

/** Runs Node of this machine in the network. */
function spawnInside(
  network: Network,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const [program = '', ...rest] = network.enter([process.execPath, ...words]);
  return spawn(program, rest, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Tells the emulator of a task, as ECS's agent would. @returns the URI of its metadata */
async function registerTask(network: Network): Promise<string> {
  const body = JSON.stringify({
    cluster: 'test',
    family: 'web',
    containers: [{ name: 'app', pid: network.pid, image: 'app:1', ports: [] }],
  });
  const code =
    'const [url, body] = process.argv.slice(1);' +
    'const headers = { "content-type": "application/json" };' +
    'const ask = () => fetch(url, { method: "PUT", headers, body })' +
    '.then((answer) => answer.text()).then(console.log, () => setTimeout(ask, 100)); ask();';
  const url = 'http://127.0.0.1:4566/_emulator/tasks/test';
  const { stdout } = spawnInside(network, ['-e', code, url, body]);
  assert.ok(stdout !== null);
  let answer = '';
  for await (const part of stdout) answer += String(part);
  const [uri] = /http:\/\/127\.0\.0\.1:4566\/v4\/[^"]+/.exec(answer) ?? [];
  assert.ok(uri !== undefined, answer);
  return uri;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
