/**
 * `amperage workspace`: a local AMP. It takes signed remote_write, stores samples durably, and
 * serves Prometheus' query API and a web page, which also shows the traces of an X-Ray.
 */
import { type Command } from 'commander';
import { configuredRegion } from '../aws/region.ts';
import { ServiceClient } from '../aws/service-client.ts';
import type { AwsCredentials } from '../aws/signing.ts';
import { type Component, Group } from '../kernel/component.ts';
import { knownHosts } from '../kernel/stranger-guard.ts';
import { ConfigError } from '../kernel/errors.ts';
import { HttpServer } from '../kernel/http-server.ts';
import { packagePath } from '../kernel/package-files.ts';
import type { World } from '../kernel/world.ts';
import { findUrlFault } from '../settings/url.ts';
import { type Authorize, type Authorizer, refuseUnsigned } from '../workspace/api/authorize.ts';
import { Faults, parseFault } from '../workspace/api/faults.ts';
import { AMP_LIMITS, LIMIT_NAMES, type LimitName, resolveLimits } from '../workspace/api/limits.ts';
import { pageRoutes } from '../workspace/page-files.ts';
import { ServedWorkspace } from '../workspace/serving.ts';
import { createCloudWatchApi } from '../workspace/cloudwatch/api.ts';
import { makeMetricCalls } from '../workspace/cloudwatch/metric-calls.ts';
import { makeTraceCalls } from '../workspace/traces/trace-calls.ts';
import { createXrayApi } from '../workspace/traces/xray-api.ts';
import { ALLOWED_HOST_HELP, gather, readCountFlag, readDurationFlag } from './flags.ts';
import {
  createWorld,
  createLongRunningCommand,
  type LogOptions,
  runUntilSignal,
} from './runner.ts';
import { VERSION } from './version.ts';
import { parseForeignJson } from '../kernel/foreign-json.ts';

interface WorkspaceFlags extends LogOptions {
  readonly 'web.listenAddress': string;
  readonly 'storage.path': string;
  readonly workspaceId: string;
  readonly retention: string;
  readonly region: string;
  readonly requireSignedReads?: boolean;
  readonly trustEmulator?: string;
  readonly strict?: boolean;
  readonly limit: readonly string[];
  readonly fault: readonly string[];
  readonly faultSeed: string;
  readonly xray?: boolean;
  readonly 'xray.endpoint'?: string;
  readonly 'xray.region'?: string;
  readonly cloudwatch?: boolean;
  readonly 'cloudwatch.endpoint'?: string;
  readonly 'cloudwatch.region'?: string;
  readonly 'web.allowedHost': readonly string[];
}

const KEY_ENV = 'WORKSPACE_ACCESS_KEY';
const SECRET_ENV = 'WORKSPACE_SECRET_KEY';

export function createWorkspaceCommand(): Command {
  return createLongRunningCommand('workspace')
    .description(
      'A local AMP: takes signed remote_write, keeps samples durably, answers PromQL, and serves ' +
        'a web page.',
    )
    .option('--web.listen-address <host:port>', 'address to serve on', '127.0.0.1:9009')
    .option('--storage.path <dir>', 'folder of the store', './workspace-data')
    .option('--workspace-id <id>', 'id in the URL /workspaces/<id>/', 'ws-local')
    .option('--retention <time>', 'how long samples are kept', '15d')
    .option('--region <region>', 'region that signatures must name', 'us-east-1')
    .option(
      '--require-signed-reads',
      'queries below /workspaces/ must be signed too, and there is no web page',
    )
    .option(
      '--trust-emulator <url>',
      'also take the temporary keys that this "amperage emulate" gives out',
    )
    .option('--strict', 'refuse what AMP refuses: all limits are at the defaults of AMP')
    .option(
      '--limit <name=number>',
      'set one limit, 0 for none; may be given several times',
      gather,
      [],
    )
    .option(
      '--fault <kind:share>',
      'let a share of writes fail: 503:0.1, 429:0.05:2 (Retry-After), latency:0.2:500 (ms), ' +
        'reset:0.1, half:0.1; may be given several times',
      gather,
      [],
    )
    .option('--fault-seed <number>', 'seed of the faults: the same seed gives the same faults', '1')
    .option('--xray', 'the page also shows the traces that X-Ray has in the AWS account')
    .option('--xray.endpoint <url>', 'the same from the X-Ray at this URL, such as an emulator')
    .option(
      '--xray.region <region>',
      'region of that X-Ray (default: AWS_REGION, the profile or the instance; for an endpoint ' +
        'that of --region in their place)',
    )
    .option('--cloudwatch', 'the page also shows a metric that CloudWatch has in the AWS account')
    .option(
      '--cloudwatch.endpoint <url>',
      'the same from the CloudWatch at this URL, such as an emulator',
    )
    .option(
      '--cloudwatch.region <region>',
      'region of that CloudWatch (default: as that of --xray.region)',
    )
    .option('--web.allowed-host <name>', ALLOWED_HOST_HELP, gather, [])
    .addHelpText(
      'after',
      `
Limits, with their values under --strict:
${LIMIT_NAMES.map(renderLimit).join('\n')}
Faults can also be set while it runs, from this machine: PUT /_workspace/faults [{"kind":"status","status":503,"share":0.1}]

Writers sign with the keys in ${KEY_ENV} and ${SECRET_ENV}, or with those of a trusted emulator.
X-Ray is asked with the credentials of the AWS environment, whose role needs xray:GetTraceSummaries,
xray:BatchGetTraces and xray:GetServiceGraph; and CloudWatch, which needs cloudwatch:ListMetrics
and cloudwatch:GetMetricData.

Examples:
  ${KEY_ENV}=AKIAEXAMPLE ${SECRET_ENV}=secret amperage workspace
  amperage workspace --trust-emulator http://127.0.0.1:4566 --xray.endpoint http://127.0.0.1:4566
`,
    )
    .action(run);
}

function renderLimit(name: LimitName): string {
  const [value, description] = AMP_LIMITS[name];
  return `  ${name.padEnd(20)} ${String(value).padStart(10)}  ${description}`;
}

async function run(flags: WorkspaceFlags): Promise<void> {
  const retentionMs = readDurationFlag('--retention', flags.retention, { minMs: 1 });
  const limits = resolveLimits(flags.strict === true, flags.limit);
  const faultsAtStart = flags.fault.map(parseFault);
  const world = createWorld(flags);
  const authorizer: Authorizer = {
    lookup: createKeyLookup(flags, world),
    region: flags.region,
    world,
  };
  const prefix = `/workspaces/${flags.workspaceId}`;
  const isOpen = flags.requireSignedReads !== true;
  const xray = await openService('xray', flags, world);
  const cloudwatch = await openService('cloudwatch', flags, world);
  const nowMs = (): number => world.clock.nowMs();
  const traces = xray && createXrayApi(xray, world.metrics);
  const metrics = cloudwatch && createCloudWatchApi(cloudwatch, world.metrics);
  const moreCalls = [
    ...makeTraceCalls({ xray: traces, nowMs }),
    ...makeMetricCalls({ cloudwatch: metrics, nowMs }),
  ];
  const workspace = new ServedWorkspace({
    directory: flags['storage.path'],
    retentionMs,
    limits,
    faults: new Faults(faultsAtStart, readCountFlag('--fault-seed', flags.faultSeed)),
    takes2: flags.strict !== true,
    version: VERSION,
    moreCalls,
    world,
  });
  const refuse: Authorize = (request) => refuseUnsigned(request, authorizer);
  // Where no signature is needed, one that is given must still be right.
  const refuseWrong: Authorize = async (request) =>
    isOpen && request.headers.authorization === undefined ? undefined : refuse(request);
  const server = new HttpServer({
    name: 'workspace',
    listen: flags['web.listenAddress'],
    isToldElsewhere: true,
    // Queries are for pages of other origins too; writes are signed, and calls that ask AWS or set
    // faults refuse such pages themselves.
    strangers: { ...knownHosts('--web.allowed-host', flags['web.allowedHost']), isOpen: true },
    log: world.log,
    metrics: world.metrics,
    routes: [
      workspace.writeRoute(prefix, refuse),
      workspace.faultsRoute(),
      ...workspace.queryRoutes(prefix, refuseWrong),
      ...(isOpen ? workspace.queryRoutes('', () => Promise.resolve(undefined)) : []),
      ...(isOpen ? pageRoutes(packagePath('build/page')) : []),
    ],
  });
  const client: Component = {
    name: 'AWS clients',
    start: () => Promise.resolve(),
    stop: async () => void (await Promise.all([xray?.close(), cloudwatch?.close()])),
  };
  await runUntilSignal(new Group('workspace', [workspace.store, client, server]), world, {
    flags,
    started: () => ({
      address: server.listensAt,
      workspace: flags.workspaceId,
      store: flags['storage.path'],
      retention: flags.retention,
    }),
    totals: {
      writes: ['workspace_write_requests_total'],
      samples: ['workspace_samples_stored_total'],
      rejected: ['workspace_samples_rejected_total'],
      series: ['workspace_series'],
    },
  });
}

/** The name of each service in signatures, by that of its flags. */
const SIGNING_NAMES = { xray: 'xray', cloudwatch: 'monitoring' } as const;

/** A client of the service whose data the page shows; undefined where no flag asks for one. */
async function openService(
  name: keyof typeof SIGNING_NAMES,
  flags: WorkspaceFlags,
  world: World,
): Promise<ServiceClient | undefined> {
  const { [`${name}.endpoint` as const]: endpoint, [`${name}.region` as const]: region } = flags;
  if (flags[name] !== true && endpoint === undefined && region === undefined) return undefined;
  const fault = endpoint === undefined ? undefined : findUrlFault(`--${name}.endpoint`, endpoint);
  if (fault !== undefined) throw new ConfigError('FLAG_VALUE', fault);
  const fallback = endpoint === undefined ? undefined : await configuredRegion();
  const access = {
    service: SIGNING_NAMES[name],
    endpoint,
    region: region ?? fallback ?? (endpoint === undefined ? undefined : flags.region),
    credentials: {},
  };
  return new ServiceClient(access, world);
}

/**
 * Looks a key up in the environment, then at the trusted emulator, whose answers are kept for a
 * minute.
 */
function createKeyLookup(flags: WorkspaceFlags, world: World): Authorizer['lookup'] {
  const accessKeyId = process.env[KEY_ENV];
  const secretAccessKey = process.env[SECRET_ENV];
  const { trustEmulator } = flags;
  if ((accessKeyId === undefined || secretAccessKey === undefined) && trustEmulator === undefined) {
    throw new ConfigError(
      'WORKSPACE_KEYS',
      `no keys to verify signatures with; set ${KEY_ENV} and ${SECRET_ENV}, or ` +
        '--trust-emulator http://127.0.0.1:4566',
    );
  }
  const fault = trustEmulator && findUrlFault('--trust-emulator', trustEmulator);
  if (fault !== undefined) throw new ConfigError('FLAG_VALUE', fault);
  const known = new Map<string, { credentials: AwsCredentials; untilMs: number }>();
  return async (wanted) => {
    if (wanted === accessKeyId && secretAccessKey !== undefined)
      return { accessKeyId, secretAccessKey };
    if (trustEmulator === undefined || !/^[A-Z0-9]{1,128}$/.test(wanted)) return undefined;
    const atMs = world.clock.elapsedMs();
    const kept = known.get(wanted);
    if (kept !== undefined && kept.untilMs > atMs) return kept.credentials;
    const answer = await world.http.send({
      method: 'GET',
      url: `${trustEmulator}/_emulator/credentials/${wanted}`,
      headers: { 'x-amperage-emulator': '1' },
      timeoutMs: 2_000,
      bodyMaxBytes: 16_384,
      signal: new AbortController().signal,
    });
    if (answer.status !== 200) return undefined;
    const credentials = parseForeignJson(answer.body.toString()) as AwsCredentials;
    if (known.size >= 100) known.clear();
    known.set(wanted, { credentials, untilMs: atMs + 60_000 });
    return credentials;
  };
}
