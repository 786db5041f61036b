/**
 * `amperage discover`: finds scrape targets in ECS and AWS Cloud Map for any Prometheus, serves
 * them over HTTP or writes a file, and explains why each candidate is a target or is none.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Command } from 'commander';
import { callAws } from '../aws/calls.ts';
import { clientOptions } from '../aws/client-options.ts';
import { createCredentialSource } from '../aws/credentials.ts';
import { CallLimits } from '../discovery/call-limits.ts';
import { PROFILES } from '../discovery/ecs/profiles.ts';
import { DiscoveryManager } from '../discovery/manager.ts';
import { FilePublisher } from '../discovery/publish.ts';
import { parseShard } from '../sharding/fixed.ts';
import { selectHeld, withParts } from '../sharding/parts.ts';
import { makeFolders } from '../kernel/folders.ts';
import { writeAtomically } from '../kernel/atomic-file.ts';
import { Group } from '../kernel/component.ts';
import { knownHosts } from '../kernel/stranger-guard.ts';
import { ConfigError } from '../kernel/errors.ts';
import { type HttpRequest, type HttpResponse, HttpServer } from '../kernel/http-server.ts';
import { Outage } from '../kernel/outage.ts';
import type { World } from '../kernel/world.ts';
import { describeUnusable } from '../kernel/private-files.ts';
import { ALLOWED_HOST_HELP, gather } from './flags.ts';
import { isAbout, renderExplained } from './discover/explain.ts';
import { Found } from './discover/found.ts';
import { isSameList, ListTexts } from './discover/list-texts.ts';
import { type DiscoverFlags, type Sources, readSources } from './discover/sources.ts';
import { createWorld, createLongRunningCommand, runUntilSignal } from './runner.ts';
import { addTrustFlag } from './trust.ts';

const EXPLAIN_TIMEOUT_MS = 60_000;
/** How long "explain" still reads when it is known that something cannot be read. */
const REST_MS = 1_000;

export function createDiscoverCommand(): Command {
  const command = addDiscoveryFlags(addTrustFlag(createLongRunningCommand('discover')))
    .description(
      'Finds scrape targets in ECS, EC2 and AWS Cloud Map, serves them at /prometheus-targets ' +
        '(http_sd) or writes a file,\nand explains at /explain why each container or ' +
        'instance is a target or is none.',
    )
    .option('--web.listen-address <host:port>', 'address to serve on', '127.0.0.1:9001')
    .option('--web.allowed-host <name>', ALLOWED_HOST_HELP, gather, [])
    .option('--write-to <file>', 'also write the targets as a file for file_sd')
    .addHelpText(
      'after',
      `
With neither clusters nor a configuration Cloud Map is asked. Understood as well: the flags of prometheus-ecs-discovery (-config.cluster,
-config.write-to, -config.scrape-interval, …) and the environment of prometheus-sdconfig-reloader (SERVICE_DISCOVERY_MODE,
DISCOVERY_NAMESPACES_PARAMETER_NAME, AWS_REGION, CONFIG_FILE_DIR, CONFIG_RELOAD_FREQUENCY, PROMETHEUS_CONFIG_PARAMETER_NAME, DEPLOYMENT_MODE).
GET /prometheus-targets?job=NAME&shard=2/8 gives an eighth of the targets of one job.

Examples:
  amperage discover --clusters prod,staging --region us-east-1
  amperage discover --namespaces ecs-services
  amperage discover -config.cluster prod -config.write-to /etc/prometheus/ecs_file_sd.yml
  amperage discover explain --clusters prod service:web
`,
    )
    .action(serve);
  command.addCommand(
    addDiscoveryFlags(addTrustFlag(createLongRunningCommand('explain')))
      .description(
        'ask once, and explain for every container or instance why it is a target or is none',
      )
      .argument('[task]', 'part of the ARN, id, group or name of the tasks or instances to explain')
      .addHelpText(
        'after',
        '\nExamples:\n  amperage discover explain --clusters prod service:web\n  amperage ' +
          'discover explain --config.file prometheus.yml\n',
      )
      .action(explain),
  );
  return command;
}

function addDiscoveryFlags(command: Command): Command {
  const port = 'docker label that holds the port (PROMETHEUS_EXPORTER_PORT)';
  return command
    .option(
      '--config.file <file>',
      'Prometheus configuration whose discovery is asked, from any source (see collect --help)',
    )
    .option('--clusters <names>', 'ECS clusters, separated by commas; * for all of the region')
    .option('--namespaces <names>', 'Cloud Map namespaces, separated by commas')
    .option('--namespaces-parameter <name>', 'SSM parameter that names the namespaces')
    .option('--refresh-interval <time>', 'pause between two readings')
    .option('--region <region>', 'AWS region (default: AWS_REGION)')
    .option(
      '--labels <set>',
      `set of labels: ${PROFILES.join(', ')}; for Cloud Map meta or sdconfig-reloader`,
    )
    .option('--events-queue-url <url>', 'SQS queue with task state changes of EventBridge')
    .option('--storage.path <dir>', 'folder that keeps what was found over a restart')
    .option('--config.cluster <name>', 'as --clusters, with the labels of prometheus-ecs-discovery')
    .option('--config.write-to <file>', 'as --write-to (ecs_file_sd.yml)')
    .option('--config.scrape-interval <time>', 'as --refresh-interval (60s)')
    .option('--config.scrape-times <n>', 'end after this many lists; 0: never')
    .option('--config.role-arn <arn>', 'role to assume')
    .option('--config.port-label <name>', port)
    .option('--config.path-label <name>', 'docker label that holds the path')
    .option('--config.scheme-label <name>', 'docker label that holds the scheme')
    .option('--config.server-name-label <name>', 'docker label that replaces the address')
    .option('--config.job-name-label <name>', 'docker label that holds the job')
    .option('--config.filter-label <label>', 'docker label that must be there, NAME or NAME=VALUE')
    .option(
      '--config.dynamic-port-detection [bool]',
      'only containers labelled PROMETHEUS_DYNAMIC_EXPORT=1, at their one port',
    );
}

async function serve(flags: DiscoverFlags): Promise<void> {
  const hosts = knownHosts('--web.allowed-host', flags['web.allowedHost']);
  const world = { ...createWorld(flags), hosts };
  const sources = await readSources(flags, process.env, world);
  const found = new Found(sources.jobs.map(({ job }) => job));
  const { writeTo } = sources;
  const publisher = writeTo === undefined ? undefined : await openPublisher(writeTo, world);
  const texts = new ListTexts();
  let lists = 0;
  let hasTold = false;
  const ending = new AbortController();
  const discovery = new DiscoveryManager({
    world,
    baseDirectory: sources.baseDirectory,
    throttleMs: 1_000,
    jobs: sources.jobs,
    callLimits: new CallLimits(world.clock, world.metrics),
    onExplained: (job, list) => found.explained.set(job, list),
    onLacking: (job, lacks) => found.lacks.set(job, lacks),
    onUpdate: (job, groups) => {
      if (!isSameList(found.groups.get(job), groups)) texts.clear();
      found.groups.set(job, groups);
      lists += 1;
      if (!found.isWhole()) return;
      if (!hasTold) world.log.info('the list of targets is whole', found.countTargets());
      hasTold = true;
      const written = publisher?.publish(found.listGroups());
      if (sources.times > 0 && lists >= sources.times)
        void (written ?? Promise.resolve()).then(() => ending.abort());
    },
  });
  await writePrometheusConfig(sources, world);
  const server = new HttpServer({
    name: 'discover',
    listen: flags['web.listenAddress'],
    isToldElsewhere: true,
    strangers: { ...world.hosts },
    log: world.log,
    metrics: world.metrics,
    ready: () => found.isWhole(),
    routes: [
      {
        method: 'GET',
        path: '/prometheus-targets',
        handle: (request) => answerTargets(request, found, texts),
      },
      { method: 'GET', path: '/explain', handle: (request) => answerExplanations(request, found) },
    ],
  });
  await runUntilSignal(new Group('discover', [server, discovery]), world, {
    flags,
    ending: ending.signal,
    started: () => ({
      address: server.listensAt,
      config: flags['config.file'],
      file: writeTo,
      jobs: sources.jobs.length,
    }),
    totals: {
      targets: ['prometheus_sd_discovered_targets'],
      lists: ['prometheus_sd_received_updates_total'],
      calls: ['amperage_aws_calls_total'],
      failures: ['prometheus_sd_refresh_failures_total'],
    },
  });
}

/**
 * Answers 503 until the list is whole: a Prometheus that reads an incomplete list would end the
 * targets that it lacks. A job that is asked for by name does not wait for the others.
 */
async function answerTargets(
  request: HttpRequest,
  found: Found,
  texts: ListTexts,
): Promise<HttpResponse> {
  const query = new URLSearchParams(request.query);
  const job = query.get('job');
  const jobs = job === null ? found.jobs : found.jobs.filter((name) => name === job);
  if (job !== null && jobs.length === 0) return { status: 404, body: 'there is no such job\n' };
  if (!found.isWhole(jobs)) return { status: 503, body: found.describeLacks(jobs) };
  const text = query.get('shard');
  const shard = text === null ? undefined : parseShard(text);
  if (text !== null && shard === undefined)
    return { status: 400, body: 'shard must be i/n with i from 0 to n - 1, for example 2/8\n' };
  const body = await texts.textOf(JSON.stringify([job, text]), async () => {
    const groups = found.listGroups(jobs);
    return shard === undefined ? groups : selectHeld(await withParts(groups), shard);
  });
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

function answerExplanations(request: HttpRequest, found: Found): HttpResponse {
  const query = new URLSearchParams(request.query);
  const list = [...found.explained.values()].flat();
  if (query.get('format') === 'json')
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(list),
    };
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: renderExplained(list, query.get('task') ?? '', found.listLacks()),
  };
}

async function openPublisher(file: string, world: World): Promise<FilePublisher> {
  const folder = dirname(file);
  try {
    makeFolders(folder);
  } catch (error) {
    throw describeUnusable(folder, 'the folder of --write-to', error);
  }
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new ConfigError('FLAG_VALUE', `--write-to: ${file} is a folder; name a file in it`);
  const { clock, log } = world;
  const outage = new Outage(() => clock.elapsedMs());
  const onError = (error: unknown): void => {
    const sum = outage.failed();
    if (sum === undefined) return;
    const { failures, lastedMs: for_ms } = sum;
    const fields = { file, error, failures, for_ms };
    log.error('the target file could not be written; the last one stays', fields);
  };
  return new FilePublisher(file, onError, () => {
    const sum = outage.worked();
    if (sum === undefined) return;
    log.info('the target file can be written again', { file, failures: sum.failures });
  });
}

/**
 * Writes the configuration once, at the start, as the reloader does. A failure is only a warning,
 * since the file may be there already.
 */
async function writePrometheusConfig({ prometheusConfig }: Sources, world: World): Promise<void> {
  if (prometheusConfig === undefined) return;
  const { parameter, file } = prometheusConfig;
  const { metrics } = world;
  const credentials = createCredentialSource({}, world);
  const { signal } = new AbortController();
  try {
    const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
    const client = new SSMClient(clientOptions({ credentials }));
    const command = new GetParameterCommand({ Name: parameter, WithDecryption: true });
    const edges = { metrics, signal, credentials };
    const answer = await callAws('ssm:GetParameter', edges, (abortSignal) =>
      client.send(command, { abortSignal }),
    ).finally(() => client.destroy());
    makeFolders(dirname(file));
    await writeAtomically(file, answer.Parameter?.Value ?? '');
  } catch (error) {
    world.log.warn('the Prometheus configuration could not be written from SSM', {
      parameter,
      file,
      error,
    });
  } finally {
    credentials.close();
  }
}

async function explain(
  task: string | undefined,
  own: DiscoverFlags,
  command: Command,
): Promise<void> {
  // Commander gives the flags before the word "explain" to the parent command.
  const flags: DiscoverFlags = { ...command.parent?.opts(), ...own };
  const world = createWorld({ ...flags, 'log.level': 'warn' });
  const sources = await readSources(flags, process.env, world);
  const found = new Found(sources.jobs.map(({ job }) => job));
  const enough = new AbortController();
  /** Why there will be no whole list, where that is known before the time is over. */
  let hopeless: unknown;
  const giveUp = async (reason: unknown): Promise<void> => {
    hopeless ??= reason;
    // What can be read is still shown.
    await world.clock.sleep(REST_MS, enough.signal).catch(() => undefined);
    enough.abort();
  };
  const manager = new DiscoveryManager({
    world,
    baseDirectory: sources.baseDirectory,
    jobs: sources.jobs,
    callLimits: new CallLimits(world.clock, world.metrics),
    onExplained: (job, list) => found.explained.set(job, list),
    onLacking: (job, lacks) => {
      found.lacks.set(job, lacks);
      // Who asks once and has no credentials has none a second later either.
      const lack = lacks.find(
        ({ cause, isBlocking, isWithoutCredentials = false }) =>
          isBlocking && (cause !== 'failed' || isWithoutCredentials),
      );
      if (lack === undefined) return;
      void giveUp(new ConfigError('DISCOVERY_INCOMPLETE', lack.words));
    },
    onFailed: (_job, error) => void giveUp(error),
    onUpdate: (job, groups) => {
      found.groups.set(job, groups);
      if (found.isWhole()) enough.abort();
    },
  });
  try {
    await manager.start();
    const inTime = await world.clock.sleep(EXPLAIN_TIMEOUT_MS, enough.signal).then(
      () => false,
      () => true,
    );
    const list = [...found.explained.values()].flat();
    process.stdout.write(renderExplained(list, task ?? '', found.listLacks()));
    if (hopeless !== undefined) throw hopeless;
    if (!inTime)
      throw new ConfigError(
        'DISCOVERY_TIMEOUT',
        'there was no complete list within a minute; the lines "not known" above say what is ' +
          'lacking',
      );
    if (task !== undefined && !list.some((one) => isAbout(one, task)))
      throw new ConfigError('TASK_UNKNOWN', `no task matches ${JSON.stringify(task)}`);
  } finally {
    await manager.stop(1_000);
    await world.http.close();
  }
}
