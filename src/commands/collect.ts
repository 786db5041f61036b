/**
 * `amperage collect`: runs what a configuration of Prometheus or the OpenTelemetry Collector says.
 * Joins the collector (discovery → scrape → queue → sink), its reload and its HTTP API.
 */
import { join } from 'node:path';
import { type Command } from 'commander';
import { formatFinding } from '../settings/finding.ts';
import { type ConfigLoadOptions, loadConfigText } from '../config/load.ts';
import { listLooseEnds } from '../config/loose-ends.ts';
import { ConfigSources, sourcesFrom } from '../config/sources/sources.ts';
import { Redactions } from '../config/redact-aside.ts';
import { CallLimits } from '../discovery/call-limits.ts';
import { Group } from '../kernel/component.ts';
import { ConfigError, describeError } from '../kernel/errors.ts';
import { loadHttpClient } from '../kernel/http-client.ts';
import { HttpServer, type HttpResponse, type Route } from '../kernel/http-server.ts';
import { knownHosts } from '../kernel/stranger-guard.ts';
import { createAdjustableLogger } from '../kernel/logger.ts';
import { makeNamedFolder } from '../kernel/private-files.ts';
import type { ReceiverStatus } from '../kernel/receiver-status.ts';
import { PushReceiver, PUSHES_ID, refusePushes } from '../pushes/receiver.ts';
import type { LogPlan } from '../config/plan.ts';
import { loadWebConfig } from '../settings/web-config.ts';
import { createApiRoutes } from './collect/api.ts';
import { Collector } from './collect/collector.ts';
import { describeConfig } from './collect/described-config.ts';
import { Reloader } from './collect/reloader.ts';
import { LISTEN_DEFAULT, type ShardFlags, createSharing } from './collect/sharing.ts';
import { SharedFolder } from './collect/shared-folder.ts';
import { planLogger } from './collect/log-settings.ts';
import { PlannedServers } from './collect/planned-servers.ts';
import { showFlags } from './collect/shown-flags.ts';
import { createStatusRoute } from './collect/status-page.ts';
import { readDurationFlag, gather } from './flags.ts';
import { addReplacedFlags } from './replaced/add-flags.ts';
import { adot } from './replaced/others.ts';
import { prometheus } from './replaced/prometheus.ts';
import { vmagent } from './replaced/vmagent.ts';
import {
  createWorld,
  createLongRunningCommand,
  DELIVERY_TOTALS,
  type LogOptions,
  readLogFlags,
  runUntilSignal,
} from './runner.ts';
import { addTrustFlag } from './trust.ts';
import { VERSION } from './version.ts';

interface CollectFlags extends LogOptions, ShardFlags {
  readonly 'config.file': string;
  readonly config: readonly string[];
  readonly 'config.autoReloadInterval'?: string;
  readonly 'web.listenAddress': readonly string[];
  readonly 'web.externalUrl'?: string;
  readonly 'web.routePrefix'?: string;
  readonly 'web.allowedHost': readonly string[];
  readonly 'web.config.file'?: string;
  readonly 'web.enableLifecycle'?: boolean;
  readonly 'web.enableRemoteWriteReceiver'?: boolean;
  readonly stopTimeout: string;
  readonly finalScrape: string;
  readonly allowPartial?: boolean;
}

const ADDRESS = '127.0.0.1:9090';

export function createCollectCommand(): Command {
  const command = addTrustFlag(createLongRunningCommand('collect'))
    .description(
      'Runs a configuration of Prometheus, or of the OpenTelemetry Collector as ADOT has it: ' +
        'scrapes, takes OTLP, StatsD and trace segments, keeps all of it on disk, and sends it ' +
        'to AMP by remote_write, to CloudWatch, to X-Ray or by OTLP.',
    )
    .option(
      '--config.file <source>',
      'configuration of Prometheus or the OpenTelemetry Collector',
      'prometheus.yml',
    )
    .option('--config <source>', 'the same; several are merged in order', gather, [])
    .option(
      '--config.auto-reload-interval <time>',
      'how often to check whether the configuration has changed; 0: never (default: 0 for ' +
        'files, else 1m)',
    )
    .option(
      '--storage.path <dir>',
      'folder of the queues, which hold the samples not sent yet',
      './collect-data',
    )
    .option(
      '--storage.shared',
      'collectors of --shard ecs have that folder in common, as on EFS: each has one of its own ' +
        'in it, and one that is gone leaves its queues to the others',
    )
    .option(
      '--web.listen-address <host:port>',
      'address of the targets page, the API, /metrics, /-/healthy and /-/ready; :port is on all ' +
        `addresses; may be given several times (default: ${ADDRESS})`,
      gather,
      [] as readonly string[],
    )
    .option('--web.external-url <url>', 'its path is where all of that is served too')
    .option('--web.route-prefix <path>', 'the same, and goes before it')
    .option(
      '--web.allowed-host <name>',
      'a name of the public DNS by which it is asked for at any address of HTTP; others are ' +
        'refused, addresses and private names pass; may be given several times',
      gather,
      [],
    )
    .option('--web.config.file <file>', 'TLS and basic auth of that address')
    .option('--web.enable-lifecycle', 'POST /-/reload reloads the configuration, as SIGHUP does')
    .option(
      '--web.enable-remote-write-receiver',
      'POST /api/v1/write takes remote write 1.0 and 2.0 of others, and keeps and sends it as ' +
        'what is scraped',
    )
    .option(
      '--stop-timeout <time>',
      'how long to go on sending after SIGTERM; set it below stopTimeout of the task',
      '20s',
    )
    .option(
      '--final-scrape <time>',
      'scrape every target once more on SIGTERM, for at most this long; 0 is off',
      '0',
    )
    .option(
      '--shard <i/n|ecs>',
      'scrape a share of the targets: share i of n, i from 0 to n - 1, or what falls to this ' +
        'task of its ECS service',
    )
    .option(
      '--shard.listen-address <host:port>',
      'where the collectors of --shard ecs ask each other; without a host: the address of the task',
      LISTEN_DEFAULT,
    )
    .option(
      '--shard.peers <names>',
      'DNS names of those collectors, separated by commas, used while ECS cannot be asked',
    )
    .option(
      '--allow-partial',
      'leave out, with a warning, the parts of a configuration that cannot be done here ' +
        '(default: refuse it)',
    )
    .addHelpText(
      'after',
      `
A source is a path, or file:, env:NAME, yaml:TEXT, http(s)://, s3://bucket/key, ssm:name[:version|label], secretsmanager:id. Those of other
images are understood: AOT_CONFIG_CONTENT, S3_CONFIG_LOCATION, CONFIG_LOCATION, PROMETHEUS_CONFIG_CONTENT, PROMETHEUS_CONFIG_PARAMETER_NAME.

Examples:
  amperage collect --config s3://my-bucket/prometheus.yml --config.auto-reload-interval 30s
  amperage collect --config.file prometheus.yml --storage.path /var/lib/amperage
  amperage collect --config.auto-reload-interval 30s
  amperage collect --config adot.yaml --allow-partial
  amperage collect --shard ecs --shard.peers collectors.internal
  amperage check config prometheus.yml
`,
    )
    .action(run);
  return addReplacedFlags(command, [prometheus, vmagent, adot]);
}

async function run(flags: CollectFlags, command: Command): Promise<void> {
  await loadHttpClient();
  const stopTimeoutMs = readDurationFlag('--stop-timeout', flags.stopTimeout);
  const finalScrapeMs = readDurationFlag('--final-scrape', flags.finalScrape);
  const pathPrefix = readPathPrefix(flags['web.externalUrl'], flags['web.routePrefix']);
  const { log, adjust } = createAdjustableLogger(readLogFlags(flags));
  const hosts = knownHosts('--web.allowed-host', flags['web.allowedHost']);
  const world = { ...createWorld(flags, undefined, log), hosts };
  const applyLog = (plan: LogPlan): void =>
    adjust(planLogger(plan, flags, (name) => command.getOptionValueSource(name) === 'cli'));
  const isGiven = command.getOptionValueSource('config.file') === 'cli';
  const given = [...(isGiven ? [flags['config.file']] : []), ...flags.config];
  const sources = new ConfigSources({
    uris: sourcesFrom(given, flags['config.file'], process.env),
    world,
    env: process.env,
    cacheDirectory: join(flags['storage.path'], 'configuration'),
  });
  const everyMs = readDurationFlag(
    '--config.auto-reload-interval',
    flags['config.autoReloadInterval'] ?? (sources.areFiles ? '0' : '1m'),
  );
  const found = await sources.readAtStart();
  const { file } = found;
  const { allowPartial = false } = flags;
  const takesPushes = flags['web.enableRemoteWriteReceiver'] === true;
  const loading: ConfigLoadOptions = {
    allowPartial,
    pushes: takesPushes ? PUSHES_ID : undefined,
    readRemote: (uri) => sources.readReferred(uri),
  };
  const first = await loadConfigText(found.text, file, loading);
  await sources.keep();
  applyLog(first.plan.log);
  for (const warning of first.warnings) world.log.warn(formatFinding(warning));
  for (const end of listLooseEnds(first.plan, takesPushes)) world.log.warn(`${file}: ${end}`);
  makeNamedFolder(flags['storage.path'], '--storage.path');
  world.metrics
    .gauges('prometheus_build_info', 'Version of this collector; always 1.')
    .with({ version: VERSION })
    .set(1);
  const callLimits = new CallLimits(world.clock, world.metrics);
  const shared =
    flags['storage.shared'] === true ? new SharedFolder(flags['storage.path'], world) : undefined;
  const sharing = createSharing(flags, process.env, world, callLimits, shared);
  const collector = new Collector({
    plan: first.plan,
    configFile: file,
    storagePath: flags['storage.path'],
    world,
    env: process.env,
    finalScrapeMs,
    callLimits,
    shared,
    sharing,
  });
  const servers = new PlannedServers({
    world,
    servers: first.plan.servers,
    plan: () => reloader.current.plan,
  });
  const reloader: Reloader = new Reloader({
    world,
    sources,
    first,
    firstVersion: found.version,
    apply: async ({ plan }) => {
      await servers.change(plan.servers, () => collector.apply(plan));
      applyLog(plan.log);
    },
    everyMs,
    loading,
  });
  const pushes =
    takesPushes &&
    new PushReceiver({
      world,
      openAppender: collector.openAppender,
      hasSink: () => collector.hasWay(PUSHES_ID),
      address: () => (pages[0] as HttpServer).url,
    });
  const listReceivers = (): readonly ReceiverStatus[] => [
    ...collector.receivers,
    ...(pushes ? [pushes.status] : []),
  ];
  const redactions = new Redactions();
  const webFile = flags['web.config.file'];
  const web = webFile === undefined ? undefined : await loadWebConfig(webFile, world.log);
  const routes = [
    ...createReloadRoutes(reloader, flags['web.enableLifecycle'] === true),
    pushes ? pushes.route : refusePushes(),
    createStatusRoute(
      {
        scrape: collector.scrape,
        tasks: collector.tasks,
        get receivers() {
          return listReceivers();
        },
        get sharing() {
          return sharing?.describe();
        },
      },
      () => world.clock.elapsedMs(),
    ),
    ...createApiRoutes({
      world,
      scrape: collector.scrape,
      tasks: collector.tasks,
      receivers: listReceivers,
      sharing: () => sharing?.describe(),
      configs: () => reloader.current.plan.sources.map(({ scrape }) => scrape),
      configText: () => redactions.redact(reloader.current.text),
      reloadedAtMs: () => reloader.reloadedAtMs,
      isReloadGood: () => reloader.isGood,
      flags: showFlags(command),
    }),
  ];
  const addresses = flags['web.listenAddress'];
  const pages: readonly HttpServer[] = (addresses.length === 0 ? [ADDRESS] : addresses).map(
    (listen) =>
      new HttpServer({
        name: 'collect',
        listen,
        listenFlag: '--web.listen-address',
        isToldElsewhere: true,
        pathPrefix,
        strangers: { ...world.hosts },
        routes,
        log: world.log,
        metrics: world.metrics,
        web,
      }),
  );
  // The group stops in reverse order, so the collector has what is left of the deadline: what was
  // scraped is sent, or stays on disk. The planned servers answer from before it starts until it
  // has stopped; in between they say that it is ready.
  await runUntilSignal(
    new Group('collect', [
      servers,
      collector,
      ...(pushes ? [pushes] : []),
      ...pages,
      reloader,
      servers.readiness,
    ]),
    world,
    {
      flags,
      stopTimeoutMs,
      started: () => ({
        address: pages.map(({ listensAt }) => listensAt).join(','),
        config: sources.names,
        ...describeConfig(reloader.current),
      }),
      totals: {
        targets: ['prometheus_target_scrape_pool_targets'],
        down: ['amperage_scrape_targets_down'],
        scrapes: ['amperage_scrapes_total'],
        samples: ['amperage_scrape_samples_total'],
        received: [
          'amperage_otlp_items_total',
          'amperage_pushed_items_total',
          'amperage_statsd_lines_taken_total',
          'amperage_xray_datagrams_received_total',
        ],
        ...DELIVERY_TOTALS,
      },
    },
  );
}

/** @throws ConfigError */
function readPathPrefix(externalUrl: string | undefined, prefix: string | undefined): string {
  const isPath = externalUrl?.startsWith('/') === true;
  if (externalUrl !== undefined && externalUrl !== '' && !isPath && !URL.canParse(externalUrl))
    throw new ConfigError(
      'FLAG_VALUE',
      '--web.external-url is no URL; write for example https://metrics.example.com/collect',
    );
  const ofUrl = isPath ? externalUrl : externalUrl && new URL(externalUrl).pathname;
  const parts = (prefix ?? ofUrl ?? '').split('/').filter((part) => part !== '');
  return parts.map((part) => `/${part}`).join('');
}

function createReloadRoutes(reloader: Reloader, isEnabled: boolean): Route[] {
  const handle = async (): Promise<HttpResponse> => {
    if (!isEnabled)
      return {
        status: 403,
        body: 'Lifecycle API is not enabled; start with --web.enable-lifecycle.\n',
      };
    try {
      await reloader.reload('POST /-/reload');
      return { status: 200, body: '' };
    } catch (error) {
      return { status: 500, body: `failed to reload config: ${describeError(error)}\n` };
    }
  };
  return (['POST', 'PUT'] as const).map((method) => ({ method, path: '/-/reload', handle }));
}
