/**
 * `amperage exporter`: the sidecar that serves an ECS task's metrics. It loads neither PromQL nor
 * an AWS client, which keeps its memory small.
 */
import { type Command, Option } from 'commander';
import { createTaskMetadataClient, metadataUri } from '../aws/task-metadata.ts';
import { PROFILE_NAMES, type ProfileName } from '../exporter/profiles.ts';
import { CACHE_MS_DEFAULT, MetadataReader } from '../exporter/reader.ts';
import { createExporter, type ExporterOptions } from '../exporter/server.ts';
import { formatTop } from '../exporter/top.ts';
import { Group } from '../kernel/component.ts';
import { ConfigError } from '../kernel/errors.ts';
import { createPlainHttpClient } from '../kernel/http-client-plain.ts';
import { parseListen } from '../kernel/listen-address.ts';
import { passedSockets } from '../kernel/passed-sockets.ts';
import { knownHosts } from '../kernel/stranger-guard.ts';
import type { WebConfig } from '../kernel/web-config.ts';
import type { World } from '../kernel/world.ts';
import { formatDurationMs } from '../model/duration.ts';
import { ALLOWED_HOST_HELP, gather, readDurationFlag } from './flags.ts';
import { addReplacedFlags } from './replaced/add-flags.ts';
import { ecsExporter } from './replaced/others.ts';
import {
  createWorld,
  createLongRunningCommand,
  type LogOptions,
  runUntilSignal,
} from './runner.ts';
import { VERSION } from './version.ts';

interface ExporterFlags extends LogOptions {
  readonly 'web.listenAddress': readonly string[];
  readonly 'web.systemdSocket'?: boolean;
  readonly 'web.allowedHost': readonly string[];
  readonly 'web.telemetryPath': string;
  readonly 'web.disableExporterMetrics'?: boolean;
  readonly 'web.config.file'?: string;
  readonly profile: readonly ProfileName[];
  readonly basic?: boolean;
  readonly tags?: boolean;
  readonly instance?: boolean;
  readonly cacheTime: string;
  readonly top?: boolean;
}

const ADDRESS = '0.0.0.0:9779';
/** A longer time than between two scrapes would give every figure twice. */
const CACHE_MS_MAX = 60_000;
const TOP_EVERY_MS = 2_000;
const CLEAR = '\u001b[H\u001b[2J';

export function createExporterCommand(): Command {
  const command = createLongRunningCommand('exporter')
    .description(
      'Serves the CPU, memory, network and disk figures of the ECS task it runs in, under ' +
        "ecs_exporter's names.",
    )
    .option(
      '--web.listen-address <host:port>',
      'address to serve on, may be given several times; a collector in another task must ' +
        `reach it (default: ${ADDRESS})`,
      gather,
      [] as readonly string[],
    )
    .option(
      '--web.systemd-socket',
      'serve on the sockets that systemd passes (LISTEN_FDS), and not on --web.listen-address',
    )
    .option('--web.allowed-host <name>', ALLOWED_HOST_HELP, gather, [])
    .option('--web.telemetry-path <path>', 'path of the metrics', '/metrics')
    .option('--web.config.file <file>', 'TLS and basic auth, as the Prometheus exporters read them')
    .option('--web.disable-exporter-metrics', "leave out the exporter's own metrics")
    .addOption(
      new Option('--profile <name...>', 'names to serve the figures under, several at once')
        .choices(PROFILE_NAMES)
        .default(['ecs_exporter']),
    )
    .option('--basic', 'for the profile ecs_exporter: only the 20 metrics of ecs_exporter itself')
    .option(
      '--tags',
      'serve the tags of the task as labels of ecs_task_tags_info, read every 10 minutes',
    )
    .option(
      '--instance',
      'serve all tasks of this ECS Managed Instance; the exporter must be a managed daemon on it',
    )
    .option(
      '--cache-time <duration>',
      'for how long a reading of the endpoint serves later scrapes too, at most ' +
        `${formatDurationMs(CACHE_MS_MAX)}; 0: each scrape reads the endpoint`,
      formatDurationMs(CACHE_MS_DEFAULT),
    )
    .option('--top', 'show the containers in the terminal instead of serving metrics')
    .addHelpText(
      'after',
      `
Needs ECS_CONTAINER_METADATA_URI_V4, which ECS sets in every container.

One reading of the endpoint serves all scrapes that come while it is under way or within --cache-time after it, so that
several scrapers cost the agent no more than one. A failed reading serves only the scrapes that waited for it.

Examples:
  amperage exporter
  amperage exporter --web.listen-address 127.0.0.1:9779 --basic
  amperage exporter --profile ecs_exporter ecs_cpu_percent
  amperage exporter --web.config.file web.yml
  amperage exporter --top
`,
    )
    .action(run);
  return addReplacedFlags(command, [ecsExporter]);
}

async function run(flags: ExporterFlags): Promise<void> {
  // Flags first: what is wrong with them is wrong in a task, too.
  const path = flags['web.telemetryPath'];
  if (!path.startsWith('/') || path === '/' || path === '/health')
    throw new ConfigError(
      'FLAG_VALUE',
      `--web.telemetry-path "${path}" must begin with a slash and not be / or /health`,
    );
  const cacheMs = readDurationFlag('--cache-time', flags.cacheTime, { maxMs: CACHE_MS_MAX });
  const hosts = knownHosts('--web.allowed-host', flags['web.allowedHost']);
  for (const address of flags['web.listenAddress']) parseListen(address);
  const uri = metadataUri(process.env);
  const world = { ...createWorld(flags, createPlainHttpClient()), hosts };
  world.metrics
    .gauges('ecs_exporter_build_info', 'Version of this exporter; always 1.')
    .with({ version: VERSION })
    .set(1);
  const isInstance = flags.instance === true;
  const client = createTaskMetadataClient(uri, world.http, isInstance ? 'instance' : 'task');
  const reader = new MetadataReader({ client, hasTags: flags.tags === true, cacheMs }, world);
  if (flags.top === true) {
    await showTop(reader, world);
    return;
  }
  const webFile = flags['web.config.file'];
  const web = webFile === undefined ? undefined : await loadWebFile(webFile, world);
  const servers = listListeners(flags).map((listener) =>
    createExporter({
      ...listener,
      world,
      reader,
      path,
      exposition: { profiles: flags.profile, isBasic: flags.basic === true, isInstance },
      hasOwnMetrics: flags['web.disableExporterMetrics'] !== true,
      web,
    }),
  );
  await runUntilSignal(new Group('exporter', servers), world, {
    flags,
    started: () => ({
      address: servers.map(({ listensAt }) => listensAt).join(','),
      profiles: flags.profile.join(','),
    }),
    totals: { scrapes: ['amperage_exporter_scrapes_total'] },
  });
}

/** What reads the file is loaded only where there is one. */
async function loadWebFile(file: string, { log }: World): Promise<WebConfig> {
  const { loadWebConfig } = await import('../settings/web-config.ts');
  return loadWebConfig(file, log);
}

function listListeners(flags: ExporterFlags): Pick<ExporterOptions, 'listen' | 'listenFd'>[] {
  if (flags['web.systemdSocket'] === true)
    return passedSockets(process.env, process.pid).map((fd) => ({
      listen: ADDRESS,
      listenFd: fd,
    }));
  const addresses = flags['web.listenAddress'];
  return (addresses.length === 0 ? [ADDRESS] : addresses).map((listen) => ({ listen }));
}

/** Draws a frame every two seconds on a terminal; a pipe gets a single one. */
async function showTop(reader: MetadataReader, world: World): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  try {
    for (;;) {
      const frame = formatTop(await reader.read(TOP_EVERY_MS));
      process.stdout.write(process.stdout.isTTY ? CLEAR + frame : frame);
      if (!process.stdout.isTTY) break;
      await world.clock.sleep(TOP_EVERY_MS, stop.signal);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    await world.http.close();
  }
}
