/**
 * Reads what `amperage discover` has to find: from its own flags, the flags of
 * prometheus-ecs-discovery, the environment of prometheus-sdconfig-reloader, or a Prometheus
 * configuration. A task definition that ran one of these programs changes nothing but its image.
 */
import { resolve } from 'node:path';
import { loadConfigText } from '../../config/load.ts';
import { ConfigSources } from '../../config/sources/sources.ts';
import { cloudMapMechanism } from '../../discovery/cloudmap/mechanism.ts';
import { ecsMechanism } from '../../discovery/ecs/mechanism.ts';
import type { JobDiscovery } from '../../discovery/manager.ts';
import { ConfigError } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';
import { splitNames } from '../../settings/text.ts';
import { readCountFlag, readDurationFlag } from '../flags.ts';
import type { LogOptions } from '../runner.ts';

export interface DiscoverFlags extends LogOptions {
  readonly 'web.listenAddress': string;
  readonly 'web.allowedHost': readonly string[];
  readonly 'config.file'?: string;
  readonly namespaces?: string;
  readonly namespacesParameter?: string;
  readonly clusters?: string;
  readonly refreshInterval?: string;
  readonly region?: string;
  readonly labels?: string;
  readonly eventsQueueUrl?: string;
  readonly 'storage.path'?: string;
  readonly writeTo?: string;
  readonly 'config.cluster'?: string;
  readonly 'config.writeTo'?: string;
  readonly 'config.scrapeInterval'?: string;
  readonly 'config.scrapeTimes'?: string;
  readonly 'config.roleArn'?: string;
  readonly 'config.portLabel'?: string;
  readonly 'config.pathLabel'?: string;
  readonly 'config.schemeLabel'?: string;
  readonly 'config.serverNameLabel'?: string;
  readonly 'config.jobNameLabel'?: string;
  readonly 'config.filterLabel'?: string;
  readonly 'config.dynamicPortDetection'?: boolean | string;
}

type Env = Readonly<Record<string, string | undefined>>;

export interface Sources {
  readonly jobs: readonly JobDiscovery[];
  readonly baseDirectory: string;
  readonly writeTo: string | undefined;
  /** How many lists are written before the command ends; 0: it runs on. */
  readonly times: number;
  /** A Prometheus configuration to write beside the targets, as the reloader does. */
  readonly prometheusConfig?: { readonly parameter: string; readonly file: string };
}

const DEFAULT_PARAMETER = 'ECS-ServiceDiscovery-Namespaces';

/** @throws ConfigError */
export async function readSources(flags: DiscoverFlags, env: Env, world: World): Promise<Sources> {
  const file = flags['config.file'];
  if (file !== undefined) {
    const sources = new ConfigSources({
      uris: [file],
      world,
      env,
      cacheDirectory: flags['storage.path'],
    });
    const found = await sources.readAtStart().finally(() => sources.close());
    const { plan } = await loadConfigText(found.text, found.file, {
      env,
      allowPartial: true,
      readRemote: (uri) => sources.readReferred(uri),
    });
    await sources.keep();
    const baseDirectory = resolve(found.file, '..');
    const jobs = plan.sources.map(({ discovery }) => discovery);
    return { jobs, baseDirectory, writeTo: flags.writeTo, times: 0 };
  }
  const isTeralytics = Object.keys(flags).some((name) => name.startsWith('config.'));
  const isCloudMap = flags.namespaces !== undefined || flags.namespacesParameter !== undefined;
  if (isCloudMap && (isTeralytics || flags.clusters !== undefined))
    throw new ConfigError(
      'FLAG_COMBINATION',
      'clusters and Cloud Map namespaces cannot be asked together by flags; write both into ' +
        'a configuration and give it by --config.file',
    );
  if (isTeralytics || flags.clusters !== undefined) return planClusters(flags, env, isTeralytics);
  return planCloudMap(flags, env);
}

function planClusters(flags: DiscoverFlags, env: Env, isTeralytics: boolean): Sources {
  const names = splitNames(flags.clusters ?? flags['config.cluster'] ?? '');
  const times = readCountFlag('--config.scrape-times', flags['config.scrapeTimes'] ?? '0');
  const dynamic = flags['config.dynamicPortDetection'];
  const region = chooseRegion(flags, env);
  const config = {
    ...(region === undefined ? {} : { region }),
    ...(names.length === 0 || names.includes('*') ? {} : { clusters: names }),
    refresh_interval:
      flags.refreshInterval === undefined
        ? formatRefreshInterval('-config.scrape-interval', flags['config.scrapeInterval'] ?? '60s')
        : formatRefreshInterval('--refresh-interval', flags.refreshInterval),
    labels: flags.labels ?? (isTeralytics ? 'prometheus-ecs-discovery' : 'meta'),
    ...(flags['config.roleArn'] ? { role_arn: flags['config.roleArn'] } : {}),
    ...(flags.eventsQueueUrl === undefined ? {} : { events_queue_url: flags.eventsQueueUrl }),
    ...(flags['storage.path'] === undefined ? {} : { cache_dir: flags['storage.path'] }),
    ...(flags['config.filterLabel'] ? { filter_label: flags['config.filterLabel'] } : {}),
    dynamic_port_detection: readSwitch('-config.dynamic-port-detection', dynamic),
    ...(isTeralytics ? { docker_labels: [readDockerLabelNames(flags)] } : {}),
  };
  const parsed = ecsMechanism.schema.safeParse(config);
  if (!parsed.success) throw refuseFlag(parsed.error.issues[0]);
  return {
    jobs: [{ job: 'ecs', entries: [{ key: ecsMechanism.key, config: parsed.data }] }],
    baseDirectory: process.cwd(),
    writeTo:
      flags.writeTo ?? flags['config.writeTo'] ?? (isTeralytics ? 'ecs_file_sd.yml' : undefined),
    times,
  };
}

/** Configuration keys whose flag has another name. */
const FLAGS: Readonly<Record<string, string>> = {
  role_arn: '--config.role-arn',
  filter_label: '--config.filter-label',
  docker_labels: '--config.port-label or another of the labels',
};

/** Reports a wrong configuration key under the name of the flag that has set it. */
function refuseFlag(issue: { path: PropertyKey[]; message: string } | undefined): ConfigError {
  const key = String(issue?.path[0] ?? '');
  const flag = FLAGS[key] ?? `--${key.replaceAll('_', '-')}`;
  return new ConfigError('FLAG_VALUE', `${flag}: ${issue?.message ?? 'is not valid'}`);
}

function readDockerLabelNames(flags: DiscoverFlags): Record<string, string> {
  const name = 'PROMETHEUS_EXPORTER';
  return {
    port_label: flags['config.portLabel'] ?? `${name}_PORT`,
    metrics_path_label: flags['config.pathLabel'] ?? `${name}_PATH`,
    scheme_label: flags['config.schemeLabel'] ?? `${name}_SCHEME`,
    server_name_label: flags['config.serverNameLabel'] ?? `${name}_SERVER_NAME`,
    job_name_label: flags['config.jobNameLabel'] ?? `${name}_JOB_NAME`,
  };
}

function planCloudMap(flags: DiscoverFlags, env: Env): Sources {
  const seconds = env['CONFIG_RELOAD_FREQUENCY'];
  const parameter =
    flags.namespacesParameter ?? env['DISCOVERY_NAMESPACES_PARAMETER_NAME'] ?? DEFAULT_PARAMETER;
  const parsed = cloudMapMechanism.schema.safeParse({
    // The reloader's default.
    region: chooseRegion(flags, env) ?? 'us-east-1',
    refresh_interval:
      flags.refreshInterval === undefined
        ? formatRefreshInterval('CONFIG_RELOAD_FREQUENCY', seconds ? `${seconds}s` : '30s')
        : formatRefreshInterval('--refresh-interval', flags.refreshInterval),
    labels: flags.labels ?? 'sdconfig-reloader',
    ...(flags.namespaces === undefined
      ? { namespaces_parameter: parameter }
      : { namespaces: splitNames(flags.namespaces) }),
  });
  if (!parsed.success) throw refuseFlag(parsed.error.issues[0]);
  return {
    jobs: [{ job: 'cloudmap', entries: [{ key: 'cloudmap_sd_configs', config: parsed.data }] }],
    baseDirectory: process.cwd(),
    times: 0,
    ...findReloaderFiles(flags, env),
  };
}

/** Where one of these variables is set, file mode is the default, as in the reloader. */
const FILE_MODE = [
  'CONFIG_FILE_DIR',
  'CONFIG_RELOAD_FREQUENCY',
  'PROMETHEUS_CONFIG_PARAMETER_NAME',
];

function findReloaderFiles(
  flags: DiscoverFlags,
  env: Env,
): Pick<Sources, 'writeTo' | 'prometheusConfig'> {
  const mode =
    env['SERVICE_DISCOVERY_MODE'] ??
    (FILE_MODE.some((name) => env[name] !== undefined) ? 'FILE_BASED' : 'HTTP_BASED');
  if (flags.writeTo !== undefined || mode === 'HTTP_BASED') return { writeTo: flags.writeTo };
  if (mode !== 'FILE_BASED')
    throw new ConfigError(
      'DISCOVERY_MODE',
      `SERVICE_DISCOVERY_MODE "${mode}" is neither HTTP_BASED nor FILE_BASED`,
    );
  const directory = env['CONFIG_FILE_DIR'] ?? '/etc/config/';
  const writeTo = resolve(directory, 'ecs-services.json');
  if (/^otel$/i.test(env['DEPLOYMENT_MODE'] ?? '')) return { writeTo };
  const parameter = env['PROMETHEUS_CONFIG_PARAMETER_NAME'] ?? 'ECS-Prometheus-Configuration';
  return { writeTo, prometheusConfig: { parameter, file: resolve(directory, 'prometheus.yaml') } };
}

function chooseRegion(flags: DiscoverFlags, env: Env): string | undefined {
  return flags.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
}

/** The interval as a configuration writes it; at least a second, so as not to call AWS nonstop. */
function formatRefreshInterval(flag: string, text: string): string {
  return `${readDurationFlag(flag, text, { minMs: 1_000 })}ms`;
}

/** As Go's flags read a switch. @throws ConfigError FLAG_VALUE */
function readSwitch(flag: string, given: boolean | string = false): boolean {
  if (typeof given === 'boolean') return given;
  if (/^(?:1|t|true)$/i.test(given)) return true;
  if (/^(?:0|f|false)$/i.test(given)) return false;
  throw new ConfigError('FLAG_VALUE', `${flag}: ${JSON.stringify(given)} is not true or false`);
}
