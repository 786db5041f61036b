/**
 * `amperage collect`: a Prometheus configuration in, signed remote_write out. Wires discovery → scrape → queue → sink.
 * Sinks start first and stop last: what was scraped can always be kept, and on stop is sent while there is time.
 */
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Command } from 'commander';
import { formatFinding } from '../config/finding.ts';
import { loadConfig } from '../config/load.ts';
import type { CollectorConfig } from '../config/prometheus.ts';
import { DiscoveryManager } from '../discovery/manager.ts';
import { type Component, Group } from '../kernel/component.ts';
import { ConfigError, messageOf } from '../kernel/errors.ts';
import { HttpServer } from '../kernel/http-server.ts';
import type { World } from '../kernel/world.ts';
import { parseDurationMs } from '../model/duration.ts';
import { DurableQueue } from '../queue/queue.ts';
import { ScrapeManager } from '../scrape/manager.ts';
import type { RemoteWriteConfig } from '../sinks/remote-write/config.ts';
import { RemoteWriteSink } from '../sinks/remote-write/sink.ts';
import { fanOut } from './fan-out.ts';
import { createWorld, longRunningCommand, type LogOptions, runUntilSignal } from './runner.ts';
import { VERSION } from './version.ts';

interface CollectFlags extends LogOptions {
  readonly 'config.file': string;
  readonly 'storage.path': string;
  readonly 'web.listenAddress': string;
  readonly stopTimeout: string;
}

export function collectCommand(): Command {
  return longRunningCommand('collect')
    .description(
      'Scrapes what a Prometheus configuration names, keeps the samples on disk, sends them by remote_write.',
    )
    .option('--config.file <file>', 'Prometheus configuration', 'prometheus.yml')
    .option(
      '--storage.path <dir>',
      'folder of the queues of samples not sent yet',
      './collect-data',
    )
    .option(
      '--web.listen-address <host:port>',
      'address of /metrics, /-/healthy and /-/ready',
      '127.0.0.1:9090',
    )
    .option(
      '--stop-timeout <time>',
      'how long to go on sending after SIGTERM; less than stopTimeout of the task',
      '20s',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  amperage collect --config.file prometheus.yml --storage.path /var/lib/amperage\n  amperage check config prometheus.yml\n',
    )
    .action(run);
}

async function run(flags: CollectFlags): Promise<void> {
  const stopTimeoutMs = parseDurationMs(flags.stopTimeout);
  if (stopTimeoutMs === undefined) {
    throw new ConfigError(
      'FLAG_DURATION',
      `--stop-timeout "${flags.stopTimeout}" is not a duration; write for example 20s`,
    );
  }
  const file = flags['config.file'];
  const world = createWorld(flags);
  const { config, warnings } = await loadConfig(file);
  for (const warning of warnings) world.log.warn(formatFinding(warning));
  if (config.remoteWrites.length === 0) {
    world.log.warn(`${file} has no remote_write: what is scraped goes nowhere`);
  }
  mkdirSync(flags['storage.path'], { recursive: true });
  world.metrics
    .gauges('amperage_build_info', 'Version of this collector; always 1.')
    .with({ version: VERSION })
    .set(1);
  world.metrics
    .gauge(
      'prometheus_config_last_reload_successful',
      'Whether the last load of the configuration worked.',
    )
    .set(1);
  const collector = new Group('collect', connect(config, flags, world, dirname(resolve(file))));
  await runUntilSignal(collector, world, stopTimeoutMs);
}

/** All parts, sinks first. */
function connect(
  config: CollectorConfig,
  flags: CollectFlags,
  world: World,
  baseDirectory: string,
): Component[] {
  const userAgent = `amperage/${VERSION}`;
  const outlets = config.remoteWrites.map((one) =>
    createOutlet(one, flags['storage.path'], userAgent, world),
  );
  const scrape = new ScrapeManager({
    world,
    userAgent,
    openAppender: fanOut(outlets.map(({ sink }) => sink.openAppender)),
    offsetSeed: `${hostname()} ${JSON.stringify(config.global.externalLabels)}`,
  });
  const jobs: Component = {
    name: 'scrape jobs',
    start: () => scrape.apply(config.scrapeConfigs),
    stop: () => Promise.resolve(),
  };
  const discovery = new DiscoveryManager({
    world,
    baseDirectory,
    jobs: config.discovery,
    onUpdate: (job, groups) => scrape.update(job, groups),
  });
  const server = new HttpServer({
    name: 'collect',
    listen: flags['web.listenAddress'],
    routes: [
      { method: 'GET', path: '/api/v1/targets', handle: () => targetsAnswer(scrape, world) },
    ],
    log: world.log,
    metrics: world.metrics,
  });
  return [...outlets.flatMap(({ queue, sink }) => [queue, sink]), server, jobs, scrape, discovery];
}

/** A remote_write entry with the queue that is its own. */
function createOutlet(
  config: RemoteWriteConfig,
  storagePath: string,
  userAgent: string,
  world: World,
): { queue: DurableQueue; sink: RemoteWriteSink } {
  const queue = new DurableQueue(
    {
      name: config.name,
      directory: join(storagePath, encodeURIComponent(config.name)),
      lanes: config.queue.lanes,
      capBytes: config.queue.capBytes,
      onDropped: (samples, reason) => sink.countDropped(samples, reason),
    },
    world,
  );
  const sink: RemoteWriteSink = new RemoteWriteSink({ config, queue, userAgent }, world);
  return { queue, sink };
}

/** What is scraped and how it goes; the full shape of the Prometheus API comes with the collector's own pages. */
function targetsAnswer(
  scrape: ScrapeManager,
  world: World,
): { status: number; headers: Record<string, string>; body: string } {
  const headers = { 'content-type': 'application/json' };
  try {
    return {
      status: 200,
      headers,
      body: JSON.stringify({ status: 'success', data: { activeTargets: scrape.targets() } }),
    };
  } catch (error) {
    world.log.error('the targets could not be listed', { error });
    return {
      status: 500,
      headers,
      body: JSON.stringify({ status: 'error', errorType: 'internal', error: messageOf(error) }),
    };
  }
}
