/**
 * `amperage discover`: scrape targets from AWS Cloud Map for any Prometheus, over HTTP or as a file. Takes the
 * environment of prometheus-sdconfig-reloader, so that a task definition only changes its image.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Command } from 'commander';
import { splitNames } from '../discovery/cloudmap.ts';
import { DiscoveryManager } from '../discovery/manager.ts';
import { groupsJson, writeAtomically } from '../discovery/publish.ts';
import { Group } from '../kernel/component.ts';
import { ConfigError } from '../kernel/errors.ts';
import { HttpServer } from '../kernel/http-server.ts';
import { parseDurationMs } from '../model/duration.ts';
import type { TargetGroup } from '../model/target.ts';
import { createWorld, longRunningCommand, type LogOptions, runUntilSignal } from './runner.ts';

interface DiscoverFlags extends LogOptions {
  readonly listen: string;
  readonly namespaces?: string;
  readonly namespacesParameter?: string;
  readonly refreshInterval?: string;
  readonly region?: string;
  readonly writeTo?: string;
}

const DEFAULT_PARAMETER = 'ECS-ServiceDiscovery-Namespaces';

export function discoverCommand(): Command {
  return longRunningCommand('discover')
    .description(
      'Finds scrape targets in AWS Cloud Map and serves them at /prometheus-targets (http_sd), or writes a file.',
    )
    .option('--listen <host:port>', 'address to serve on', '127.0.0.1:9001')
    .option('--namespaces <names>', 'Cloud Map namespaces, separated by commas')
    .option(
      '--namespaces-parameter <name>',
      `SSM parameter that names them (default: ${DEFAULT_PARAMETER})`,
    )
    .option('--refresh-interval <time>', 'pause between two readings', undefined)
    .option('--region <region>', 'AWS region (default: AWS_REGION)')
    .option('--write-to <file>', 'also write the targets as a file for file_sd')
    .addHelpText(
      'after',
      `\nEnvironment of prometheus-sdconfig-reloader: SERVICE_DISCOVERY_MODE (HTTP_BASED or FILE_BASED), DISCOVERY_NAMESPACES_PARAMETER_NAME,\nAWS_REGION, CONFIG_FILE_DIR, CONFIG_RELOAD_FREQUENCY (seconds).\n\nExamples:\n  amperage discover --namespaces ecs-services --region us-east-1\n  amperage discover --namespaces-parameter ECS-Namespaces --refresh-interval 15s\n`,
    )
    .action(run);
}

async function run(flags: DiscoverFlags): Promise<void> {
  const { env } = process;
  const writeTo =
    flags.writeTo ?? fileOfMode(env['SERVICE_DISCOVERY_MODE'], env['CONFIG_FILE_DIR']);
  const world = createWorld(flags);
  let groups: readonly TargetGroup[] | undefined;
  const discovery = new DiscoveryManager({
    world,
    baseDirectory: process.cwd(),
    throttleMs: 1_000,
    jobs: [
      { job: 'cloudmap', entries: [{ key: 'cloudmap_sd_configs', config: cloudMapConfig(flags) }] },
    ],
    onUpdate: (_job, found) => {
      groups = found;
      if (writeTo === undefined) return;
      writeAtomically(writeTo, groupsJson(found)).catch((error: unknown) => {
        world.log.error('the target file could not be written; the last one stays', {
          file: writeTo,
          error,
        });
      });
    },
  });
  const targets = world.metrics.gauge('prometheus_sd_discovered_targets', 'Targets found at last.');
  world.metrics.onCollect(() =>
    targets.set((groups ?? []).reduce((sum, group) => sum + group.targets.length, 0)),
  );
  const server = new HttpServer({
    name: 'discover',
    listen: flags.listen,
    log: world.log,
    metrics: world.metrics,
    ready: () => groups !== undefined,
    routes: [
      {
        method: 'GET',
        path: '/prometheus-targets',
        // Before the first complete reading there is no list; an empty one would end every target of the reader.
        handle: () =>
          groups === undefined
            ? { status: 503, body: 'the first reading of Cloud Map is not complete yet\n' }
            : {
                status: 200,
                headers: { 'content-type': 'application/json' },
                body: groupsJson(groups),
              },
      },
    ],
  });
  await runUntilSignal(new Group('discover', [server, discovery]), world);
}

function cloudMapConfig(flags: DiscoverFlags): {
  refresh_interval: number;
  region?: string;
  namespaces?: string[];
  namespaces_parameter?: string;
} {
  const frequency = process.env['CONFIG_RELOAD_FREQUENCY'];
  const text = flags.refreshInterval ?? (frequency === undefined ? '30s' : `${frequency}s`);
  const refreshMs = parseDurationMs(text);
  if (refreshMs === undefined || refreshMs < 1_000) {
    throw new ConfigError(
      'FLAG_DURATION',
      `the refresh interval "${text}" is not a duration of a second or more; write for example 30s`,
    );
  }
  const region = flags.region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  if (region === undefined)
    throw new ConfigError('AWS_REGION', 'no AWS region; set AWS_REGION or --region');
  const parameter =
    flags.namespacesParameter ??
    process.env['DISCOVERY_NAMESPACES_PARAMETER_NAME'] ??
    DEFAULT_PARAMETER;
  return {
    refresh_interval: refreshMs,
    region,
    ...(flags.namespaces === undefined
      ? { namespaces_parameter: parameter }
      : { namespaces: splitNames(flags.namespaces) }),
  };
}

/** FILE_BASED writes `ecs-services.json` into CONFIG_FILE_DIR, as the reloader does. */
function fileOfMode(mode: string | undefined, directory = '/etc/config/'): string | undefined {
  if (mode === undefined || mode === 'HTTP_BASED') return undefined;
  if (mode !== 'FILE_BASED') {
    throw new ConfigError(
      'DISCOVERY_MODE',
      `SERVICE_DISCOVERY_MODE "${mode}" is neither HTTP_BASED nor FILE_BASED`,
    );
  }
  mkdirSync(directory, { recursive: true });
  return join(directory, 'ecs-services.json');
}
