/**
 * `amperage demo`: the whole pipeline on this machine, without an AWS account. Every stage is the
 * real command in its own process. `amperage emulate` takes the part of AWS: it speaks AWS'
 * protocols and verifies signatures.
 *
 *   sample-app :3000 ◄─ scrapes ─ collect ◄─ targets ─ discover :9001 ─ Cloud Map, ─► emulate
 *       │                  │         │                                  SSM            :4566
 *       └─ OTLP ─► collect │         │
 *   exporter   :9779 ◄─────┘         ├─ remote_write, SigV4 ─► workspace :9009 ─► web page
 *                                    └─ PutLogEvents, SigV4 ─► emulate ◄─ workspace
 *
 *   sample-app ── trace segments ─► xray :2000 ── PutTraceSegments, SigV4 ─► emulate ◄─ workspace
 */
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { type Command } from 'commander';
import { makeNamedFolder } from '../kernel/private-files.ts';
import type { Component } from '../kernel/component.ts';
import { ConfigError } from '../kernel/errors.ts';
import type { World } from '../kernel/world.ts';
import { PANELS } from '../page/panels.ts';
import { readDurationFlag, readRateFlag } from './flags.ts';
import { deploy } from './demo/deployment.ts';
import { type Figure, readFigures } from './demo/figures.ts';
import { report, say } from './demo/reporting.ts';
import { claimPorts, findFreePorts, type PortName, type Ports } from './demo/ports.ts';
import { OTLP_PREFIX, OTLP_SERVICE, renderCollectorConfig } from './demo/collector-config.ts';
import { Stage } from './demo/stage.ts';
import { EXPORTER, newTask, registerTask, type DemoTask } from './demo/task.ts';
import { createWorld, createLongRunningCommand, type LogOptions } from './runner.ts';

const REGION = 'us-east-1';
const CLUSTER = 'ecs-adot-cluster';
const NAMESPACE = 'ecs-services';
const NAMESPACES_PARAMETER = 'ECS-Namespaces';
const WORKSPACE_ID = 'ws-local';
const FREE_MB_MIN = 200;
/** As often as targets are scraped. */
const OTLP_EVERY_MS = 5_000;
const STOP_MS = 15_000;

interface DemoOptions extends LogOptions {
  readonly duration?: string;
  readonly 'storage.path'?: string;
  readonly freePorts?: boolean;
  readonly rate: string;
}

export function createDemoCommand(): Command {
  return createLongRunningCommand('demo')
    .description(
      'Runs the whole pipeline on this machine until Ctrl-C: a sample application under ' +
        'load, the ECS exporter, Cloud Map discovery, the collector, OTLP, signed remote_write, ' +
        'a local workspace and its web page.',
    )
    .option(
      '--duration <time>',
      'stop after this time, 15s or more, and print how much every stage has handled',
    )
    .option(
      '--storage.path <dir>',
      'keep data and logs here (default: a temporary folder, removed at the end)',
    )
    .option(
      '--free-ports',
      'take any free ports instead of 2000, 2001, 3000, 4318, 4566, 9001, 9009, 9090 and 9779',
    )
    .option('--rate <requests/s>', 'load on the sample application', '5')
    .addHelpText(
      'after',
      '\nExamples:\n  npm start\n  npm start -- --duration 60s\n  npm start -- --free-ports ' +
        '--rate 20 --storage.path ./demo-data\n',
    )
    .action(runDemo);
}

async function runDemo(options: DemoOptions): Promise<void> {
  const durationMs =
    options.duration === undefined
      ? undefined
      : readDurationFlag('--duration', options.duration, { minMs: 15_000 });
  // The stage that gets this flag would refuse it too, but only after others have started.
  readRateFlag('--rate', options.rate);
  const ports = options.freePorts === true ? await findFreePorts() : await claimPorts();
  const directory = options['storage.path'] ?? mkdtempSync(join(tmpdir(), 'amperage-demo-'));
  makeNamedFolder(directory, '--storage.path');
  checkDisk(directory);
  const world = createWorld(options);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new Error('stopped by a signal'));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const demo = new Demo(world, ports, directory, options.rate, stop.signal);
  try {
    await demo.start();
    say('');
    say(`  Open  ${demo.url('workspace')}/   (Ctrl-C ends the demo)`);
    say('');
    await world.clock
      .sleep(durationMs ?? Number.MAX_SAFE_INTEGER, stop.signal)
      .catch(() => undefined);
    if (durationMs !== undefined && !stop.signal.aborted) report(await demo.figures());
  } catch (error) {
    // A signal during the start aborts it with an error, which is no failure of the demo.
    if (!stop.signal.aborted) throw error;
  } finally {
    say('stopping …');
    await demo.stop(STOP_MS);
    await world.http.close();
    if (options['storage.path'] === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

/** All stages. They start at the sinks and stop at the sources, so that nothing is lost. */
class Demo implements Component {
  readonly name = 'demo';
  readonly #world: World;
  readonly #ports: Ports;
  readonly #directory: string;
  readonly #rate: string;
  readonly #signal: AbortSignal;
  readonly #started: Stage[] = [];
  readonly #keys = {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
  };

  constructor(world: World, ports: Ports, directory: string, rate: string, signal: AbortSignal) {
    this.#world = world;
    this.#ports = ports;
    this.#directory = directory;
    this.#rate = rate;
    this.#signal = signal;
  }

  url(port: PortName): string {
    return `http://127.0.0.1:${this.#ports[port]}`;
  }

  async start(): Promise<void> {
    const task = newTask();
    await this.#startEmulator();
    await this.#startWorkspace();
    await this.#startXray();
    await this.#deploy(task);
    await this.#startDiscovery();
    const app = await this.#start('sample-app', {
      arguments: ['--web.listen-address', this.#listen('sample-app'), '--rate', this.#rate],
      environment: {
        AWS_XRAY_DAEMON_ADDRESS: this.#listen('xray'),
        OTEL_EXPORTER_OTLP_ENDPOINT: this.url('otlp'),
        OTEL_METRIC_EXPORT_INTERVAL: String(OTLP_EVERY_MS),
        OTEL_SERVICE_NAME: OTLP_SERVICE,
        OTEL_RESOURCE_ATTRIBUTES: `cluster=${CLUSTER}`,
      },
      says: `application under ${this.#rate} requests/s, traced; sends OTLP`,
      path: '/metrics',
    });
    const metadataUri = await this.#registerTask(task, app.pid, undefined);
    await this.#start('exporter', {
      arguments: ['--web.listen-address', this.#listen('exporter')],
      environment: { ECS_CONTAINER_METADATA_URI_V4: metadataUri },
      says: "the task's CPU, memory, network and disk",
      path: '/metrics',
      onStart: async (pid) => void (await this.#registerTask(task, app.pid, pid)),
    });
    await this.#startCollector();
  }

  async stop(deadlineMs: number): Promise<void> {
    // The application pushes to the collector, so it stops before it.
    const [pushing, others] = [true, false].map((isApp) =>
      this.#started.filter(({ name }) => (name === 'sample-app') === isApp),
    );
    for (const stage of [...(pushing ?? []), ...(others ?? []).toReversed()])
      await stage.stop(deadlineMs);
  }

  figures(): Promise<Figure[]> {
    return readFigures(
      this.#world,
      {
        sampleApp: this.url('sample-app'),
        exporter: this.url('exporter'),
        discover: this.url('discover'),
        collect: this.url('collect'),
        workspace: this.url('workspace'),
        xray: this.url('xray-metrics'),
        otlpCounter: `sum(${OTLP_PREFIX}http_requests_total)`,
        panels: PANELS.flatMap((panel) =>
          panel.queries.map(({ query }) => ({ title: panel.title, query })),
        ),
      },
      this.#world.clock.nowMs(),
    );
  }

  async #startEmulator(): Promise<void> {
    await this.#start('emulate', {
      arguments: ['--web.listen-address', this.#listen('emulate'), '--region', REGION],
      environment: {
        EMULATE_ACCESS_KEY: this.#keys.accessKeyId,
        EMULATE_SECRET_KEY: this.#keys.secretAccessKey,
      },
      says: 'AWS endpoints: Cloud Map, SSM, CloudWatch and its Logs, X-Ray, STS, task metadata',
      path: '',
    });
  }

  async #startWorkspace(): Promise<void> {
    await this.#start('workspace', {
      arguments: [
        '--web.listen-address',
        this.#listen('workspace'),
        '--storage.path',
        join(this.#directory, 'workspace'),
        '--workspace-id',
        WORKSPACE_ID,
        '--trust-emulator',
        this.url('emulate'),
        '--xray.endpoint',
        this.url('emulate'),
        '--cloudwatch.endpoint',
        this.url('emulate'),
      ],
      environment: this.#awsEnvironment(),
      says: 'a local AMP: signed writes, PromQL; web page, with CloudWatch and X-Ray',
      path: '/',
    });
  }

  async #startXray(): Promise<void> {
    await this.#start('xray', {
      arguments: [
        '--bind',
        this.#listen('xray'),
        '--bind-tcp',
        this.#listen('xray'),
        '--region',
        REGION,
        '--local-mode',
        '--log.format=logfmt',
        '--storage.path',
        join(this.#directory, 'xray'),
        '--web.listen-address',
        this.#listen('xray-metrics'),
      ],
      environment: this.#awsEnvironment(),
      says: 'trace segments by UDP, sampling rules by TCP; signs, sends to X-Ray',
      path: '',
      where: `${this.#listen('xray')} (UDP and TCP)`,
      ready: 'xray-metrics',
    });
  }

  async #startDiscovery(): Promise<void> {
    await this.#start('discover', {
      arguments: [
        '--web.listen-address',
        this.#listen('discover'),
        `--namespaces-parameter=${NAMESPACES_PARAMETER}`,
        '--refresh-interval=5s',
      ],
      environment: this.#awsEnvironment(),
      says: `Cloud Map namespace ${NAMESPACE}`,
      path: '/prometheus-targets',
    });
  }

  async #startCollector(): Promise<void> {
    const file = join(this.#directory, 'prometheus.yml');
    const writeUrl = `${this.url('workspace')}/workspaces/${WORKSPACE_ID}/api/v1/remote_write`;
    writeFileSync(
      file,
      renderCollectorConfig({
        discoverUrl: this.url('discover'),
        writeUrl,
        region: REGION,
        otlpListen: this.#listen('otlp'),
      }),
    );
    await this.#start('collect', {
      arguments: [
        '--config.file',
        file,
        '--storage.path',
        join(this.#directory, 'collect'),
        '--web.listen-address',
        this.#listen('collect'),
      ],
      environment: this.#awsEnvironment(),
      says: 'scrapes every 5 s, takes OTLP; remote_write, CloudWatch and X-Ray, with SigV4',
      path: '/metrics',
    });
  }

  async #start(
    name: PortName,
    stage: {
      arguments: readonly string[];
      environment?: Readonly<Record<string, string>>;
      says: string;
      path: string;
      /** Shown in place of the URL. */
      where?: string;
      /** The port that says whether it is ready; that of its name by default. */
      ready?: PortName;
      onStart?: (pid: number) => Promise<void>;
    },
  ): Promise<Stage> {
    this.#signal.throwIfAborted();
    const made = new Stage({
      name,
      arguments: [name, ...stage.arguments],
      ...(stage.environment === undefined ? {} : { environment: stage.environment }),
      ...(stage.onStart === undefined ? {} : { onStart: stage.onStart }),
      readyUrl: `${this.url(stage.ready ?? name)}/-/ready`,
      logFile: join(this.#directory, 'logs', `${name}.log`),
      world: this.#world,
    });
    this.#started.push(made);
    await made.start();
    const where = stage.where ?? `${this.url(name)}${stage.path}`;
    say(`  ✓ ${name.padEnd(11)} ${where.padEnd(42)} ${stage.says}`);
    return made;
  }

  #listen(name: PortName): string {
    return `127.0.0.1:${this.#ports[name]}`;
  }

  /** What ECS sets in a task (where its credentials are), and the URL of the emulator. */
  #awsEnvironment(): Record<string, string> {
    return {
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: this.url('emulate'),
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${this.url('emulate')}/v2/credentials/collector-task`,
    };
  }

  #registerTask(task: DemoTask, appPid: number, exporterPid: number | undefined): Promise<string> {
    return registerTask(
      task,
      [
        {
          name: 'webapp',
          image: 'amperage/sample-app',
          pid: appPid,
          ports: [this.#ports['sample-app']],
        },
        {
          name: EXPORTER,
          image: 'amperage/exporter',
          pid: exporterPid,
          ports: [this.#ports.exporter],
        },
      ],
      {
        world: this.#world,
        emulator: this.url('emulate'),
        cluster: CLUSTER,
        region: REGION,
        signal: this.#signal,
      },
    );
  }

  #deploy(task: DemoTask): Promise<void> {
    return deploy({
      endpoint: this.url('emulate'),
      region: REGION,
      credentials: this.#keys,
      clock: this.#world.clock,
      signal: this.#signal,
      namespace: NAMESPACE,
      namespacesParameter: NAMESPACES_PARAMETER,
      cluster: CLUSTER,
      service: task.service,
      family: task.family,
      taskId: task.id,
      ipv4: '127.0.0.1',
      appPort: this.#ports['sample-app'],
      exporterPort: this.#ports.exporter,
    });
  }
}

function checkDisk(directory: string): void {
  const disk = statfsSync(directory);
  const freeMb = Math.floor((disk.bavail * disk.bsize) / 1_048_576);
  if (freeMb >= FREE_MB_MIN) return;
  throw new ConfigError(
    'DISK_FULL',
    `${freeMb} MB free for ${directory}, the demo needs ${FREE_MB_MIN} MB; free some space ` +
      'or choose another folder with --storage.path',
  );
}
