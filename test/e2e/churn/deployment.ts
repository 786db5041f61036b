/**
 * An ECS service of real collectors on the loopback, over an emulated account, each task with its
 * own address; sixty targets that record which collector scraped them and when; and a real
 * Prometheus that receives the samples.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Cluster, Task } from '../../../src/emulator/ecs/shapes.ts';
import { type EmulatedAws, startEmulatedAws } from '../../kit/emulated-aws.ts';
import { until } from '../../kit/waiting.ts';
import { freePort } from '../../kit/processes.ts';

const MAIN = path.resolve(import.meta.dirname, '../../../src/main.ts');
const TARGETS = 60;
export const INTERVAL_MS = 1_000;
const SERIES = 20;
/** `stopTimeout` of the containers. */
const STOP_MS = 30_000;
const SERVICE = 'collect';
const CLUSTER = 'collectors';

/** One scrape, as the target saw it. */
export interface Visit {
  readonly atMs: number;
  readonly collector: string;
}

export interface Collector {
  readonly name: string;
  readonly task: Task;
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  /** Items that the collector dropped, as of its last report. */
  dropped: number;
  output: string;
}

export interface DeploymentOptions {
  /** The receiver: a Prometheus that is started, or the URL of one that runs. */
  readonly receiver: { readonly prometheus: string } | { readonly url: string };
  /** Sixty that are scraped each second when absent. */
  readonly targets?: { readonly count: number; readonly intervalMs: number };
  /** Whether the collectors share a storage folder that outlives them. */
  readonly isShared?: boolean;
  /** Whether the collectors know the DNS name of all collectors, for when ECS can't be asked. */
  readonly hasName: boolean;
}

export class Deployment {
  readonly visits: Visit[][];
  readonly #intervalMs: number;
  readonly collectors: Collector[] = [];
  /** Until this time, in ms since 1970, the metadata endpoint fails for tasks that start. */
  metadataFailsUntilMs = 0;
  /** Whether the receiver answers 503 to all collectors. */
  isReceiverFailing = false;
  readonly aws: EmulatedAws;
  readonly #options: DeploymentOptions;
  readonly #folder: string;
  readonly #cluster: Cluster;
  readonly #targets: Server;
  readonly #metadata: Server;
  /** The server in front of Prometheus. */
  readonly #receiver: Server;
  readonly #prometheus: ChildProcess | undefined;
  readonly #prometheusUrl: string;
  readonly #port: number;
  #count = 0;

  static async start(options: DeploymentOptions): Promise<Deployment> {
    const aws = await startEmulatedAws();
    const { ecs, ecsServices } = aws.account;
    const cluster = ecs.createCluster(CLUSTER);
    ecs.register('collector', [{ name: 'collect', image: 'amperage' }]);
    ecsServices.create(cluster, {
      serviceName: SERVICE,
      taskDefinition: 'collector',
      desiredCount: 0,
    });
    const folder = mkdtempSync(path.join(tmpdir(), 'amperage-churn-'));
    const started =
      'prometheus' in options.receiver
        ? await startPrometheus(options.receiver.prometheus, folder)
        : undefined;
    const deployment = new Deployment(options, {
      aws,
      cluster,
      folder,
      prometheus: started?.process,
      prometheusUrl: started?.url ?? '',
      port: await freePort(),
    });
    const servers = [deployment.#targets, deployment.#metadata, deployment.#receiver];
    await Promise.all(servers.map(listen));
    return deployment;
  }

  private constructor(
    options: DeploymentOptions,
    parts: {
      aws: EmulatedAws;
      cluster: Cluster;
      folder: string;
      prometheus: ChildProcess | undefined;
      prometheusUrl: string;
      port: number;
    },
  ) {
    this.#options = options;
    const { count, intervalMs } = options.targets ?? { count: TARGETS, intervalMs: INTERVAL_MS };
    this.visits = Array.from({ length: count }, () => []);
    this.#intervalMs = intervalMs;
    this.aws = parts.aws;
    this.#cluster = parts.cluster;
    this.#folder = parts.folder;
    this.#prometheus = parts.prometheus;
    this.#prometheusUrl = parts.prometheusUrl;
    this.#port = parts.port;
    this.#targets = createServer((request, response) => {
      const target = Number((request.url ?? '').slice(1));
      const collector = String(request.headers['x-collector']);
      this.visits[target]?.push({ atMs: Date.now(), collector });
      const value = Date.now();
      let text = `visits ${this.visits[target]?.length ?? 0}\n`;
      for (let i = 0; i < SERIES; i++) text += `churn{index="${i}"} ${value}\n`;
      response.end(text);
    });
    this.#receiver = createServer((incoming, answer) => {
      if (this.isReceiverFailing) {
        incoming.resume();
        answer.writeHead(503).end();
        return;
      }
      const { method, url, headers } = incoming;
      const onward = request(`${this.#prometheusUrl}${url}`, { method, headers }, (given) => {
        answer.writeHead(given.statusCode ?? 502, given.headers);
        given.pipe(answer);
      });
      onward.on('error', () => answer.writeHead(502).end());
      incoming.pipe(onward);
    });
    this.#metadata = createServer((request, response) => {
      const [, name] = (request.url ?? '').split('/');
      const collector = this.collectors.find((one) => one.name === name);
      const isFailing = Date.now() < this.metadataFailsUntilMs;
      if (collector === undefined || isFailing) {
        response.writeHead(isFailing ? 500 : 404).end();
        return;
      }
      const address = this.#address(Number(collector.name.slice(1)));
      const Networks = [{ NetworkMode: 'awsvpc', IPv4Addresses: [address] }];
      response.end(
        JSON.stringify({
          TaskARN: collector.task.taskArn,
          Cluster: CLUSTER,
          ServiceName: SERVICE,
          Containers: [{ Networks }],
        }),
      );
    });
  }

  /**
   * Starts a collector as a task of the service, with more in its environment and on its line. The
   * task is pending until its process listens.
   */
  begin(env: Readonly<Record<string, string>> = {}, flags: readonly string[] = []): Collector {
    this.#count += 1;
    const name = `c${this.#count}`;
    const task = this.aws.account.ecs.run(this.#cluster, {
      taskDefinition: 'collector',
      group: `service:${SERVICE}`,
      address: this.#address(this.#count),
    });
    const file = path.join(this.#folder, `${name}.yml`);
    writeFileSync(file, this.#configuration(name));
    const { url, credentials } = this.aws;
    const names = Array.from({ length: 12 }, (_, i) => this.#address(i + 1)).join(',');
    const child = spawn(
      process.execPath,
      [
        MAIN,
        'collect',
        '--config.file',
        file,
        '--storage.path',
        this.storageOf(name),
        ...(this.#options.isShared === true ? ['--storage.shared'] : []),
        ...flags,
        '--web.listen-address',
        `${this.#address(this.#count)}:${this.#port + 1}`,
        '--shard',
        'ecs',
        '--shard.listen-address',
        `:${this.#port}`,
        ...(this.#options.hasName ? ['--shard.peers', names] : []),
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          AWS_REGION: 'us-east-1',
          AWS_ENDPOINT_URL: url,
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
          ECS_CONTAINER_METADATA_URI_V4: `${urlOf(this.#metadata)}/${name}`,
          ...env,
        },
      },
    );
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const collector: Collector = { name, task, child, exited, dropped: 0, output: '' };
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => (collector.output += data.toString()));
    this.collectors.push(collector);
    return collector;
  }

  /**
   * Stops a task as ECS does: the process is signalled, and the task leaves the list some time
   * after the process has ended.
   *
   * @param killAfterMs  `stopTimeout` of the container
   */
  async end(collector: Collector, killAfterMs?: number): Promise<void> {
    const { ecs } = this.aws.account;
    ecs.change(collector.task, { desiredStatus: 'STOPPED', lastStatus: 'DEACTIVATING' });
    collector.child.kill('SIGTERM');
    const killing = setTimeout(() => collector.child.kill('SIGKILL'), killAfterMs ?? STOP_MS);
    await this.#gone(collector);
    clearTimeout(killing);
  }

  /** The storage folder of a collector. */
  storageOf(name: string): string {
    return path.join(this.#folder, this.#options.isShared === true ? 'shared' : name);
  }

  /** Kills the process; ECS notices later. */
  async kill(collector: Collector): Promise<void> {
    collector.child.kill('SIGKILL');
    await this.#gone(collector);
  }

  /** Waits until this many collectors scrape, and each target has exactly one. */
  async settled(collectors: number): Promise<void> {
    await until(`${collectors} collectors divide the targets`, 60_000, () => {
      const sinceMs = Date.now() - 2.5 * this.#intervalMs;
      const all = new Set<string>();
      for (const visits of this.visits) {
        const own = new Set(
          visits.filter(({ atMs }) => atMs >= sinceMs).map((one) => one.collector),
        );
        if (own.size !== 1) return false;
        for (const one of own) all.add(one);
      }
      return all.size === collectors;
    });
  }

  /** Requests that Prometheus refused, and items that the collectors dropped. */
  async refused(): Promise<{ readonly requests: number; readonly samples: number }> {
    await this.#askDropped();
    const text = await (await fetch(`${this.#prometheusUrl}/metrics`)).text();
    const refused =
      /^prometheus_http_requests_total\{code="4\d\d",handler="\/api\/v1\/write"\} (\d+)/m;
    return {
      requests: Number(refused.exec(text)?.[1] ?? 0),
      samples: this.collectors.reduce((sum, { dropped }) => sum + dropped, 0),
    };
  }

  async stop(): Promise<void> {
    for (const { child } of this.collectors) child.kill('SIGKILL');
    await Promise.all(this.collectors.map(({ exited }) => exited));
    const prometheus = this.#prometheus;
    if (prometheus !== undefined) {
      const ended = new Promise((resolve) => prometheus.once('exit', resolve));
      prometheus.kill('SIGKILL');
      await ended;
    }
    for (const server of [this.#targets, this.#metadata, this.#receiver]) {
      server.closeAllConnections();
      server.close();
    }
    await this.aws.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #gone(collector: Collector): Promise<void> {
    const asking = setInterval(() => void this.#askDropped(), 300);
    await collector.exited;
    clearInterval(asking);
    await sleep(2_000);
    this.aws.account.ecs.change(collector.task, {
      desiredStatus: 'STOPPED',
      lastStatus: 'STOPPED',
    });
  }

  async #askDropped(): Promise<void> {
    await Promise.all(
      this.collectors.map(async (collector) => {
        if (collector.child.exitCode !== null || collector.child.signalCode !== null) return;
        const address = this.#address(Number(collector.name.slice(1)));
        const url = `http://${address}:${this.#port + 1}/metrics`;
        const text = await fetch(url)
          .then((answer) => answer.text())
          .catch(() => '');
        const lines = text
          .split('\n')
          .filter((one) => one.startsWith('amperage_sink_items_dropped_total{'));
        const dropped = lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
        collector.dropped = Math.max(collector.dropped, dropped);
      }),
    );
  }

  #address(index: number): string {
    return `127.0.1.${index}`;
  }

  get #writeUrl(): string {
    const { receiver } = this.#options;
    return 'url' in receiver ? receiver.url : `${urlOf(this.#receiver)}/api/v1/write`;
  }

  #configuration(name: string): string {
    const host = urlOf(this.#targets).slice('http://'.length);
    const targets = this.visits.map(
      (_, i) =>
        `      - { targets: ['${host}'], labels: { __metrics_path__: /${i}, target: '${i}' } }\n`,
    );
    return `global: { scrape_interval: ${this.#intervalMs}ms, scrape_timeout: ${this.#intervalMs}ms }
scrape_configs:
  - job_name: j
    http_headers: { X-Collector: { values: [${name}] } }
    static_configs:
${targets.join('')}remote_write:
  - url: ${this.#writeUrl}
`;
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function startPrometheus(
  binary: string,
  folder: string,
): Promise<{ readonly process: ChildProcess; readonly url: string }> {
  writeFileSync(path.join(folder, 'empty.yml'), '');
  const port = await freePort();
  const child = spawn(
    binary,
    [
      `--config.file=${path.join(folder, 'empty.yml')}`,
      `--storage.tsdb.path=${path.join(folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  await until('Prometheus is ready', 20_000, () => isOk(`${url}/-/ready`));
  return { process: child, url };
}

async function isOk(url: string): Promise<boolean> {
  return (await fetch(url).catch(() => undefined))?.status === 200;
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
