/**
 * `amperage proxy`: signs requests for programs that can't, with the flags of aws-sigv4-proxy.
 */
import { hostname, tmpdir } from 'node:os';
import { type Command, Option } from 'commander';
import { createCredentialSource } from '../aws/credentials.ts';
import type { CredentialSource } from '../aws/credential-source.ts';
import { configuredRegion } from '../aws/region.ts';
import { Group, type Component } from '../kernel/component.ts';
import { ConfigError } from '../kernel/errors.ts';
import { HttpServer } from '../kernel/http-server.ts';
import { isLoneExternalId } from '../settings/aws-access.ts';
import { splitPair } from '../settings/text.ts';
import { loadWebConfig } from '../settings/web-config.ts';
import type { World } from '../kernel/world.ts';
import { BodyKeeper, type BodyLimits } from '../proxy/body.ts';
import { PRESIGN_BOUNDS, type ProxyConfig, type ProxyRoute, parseRoutes } from '../proxy/config.ts';
import { newProxyMetrics } from '../proxy/metrics.ts';
import { SigningProxy } from '../proxy/proxy.ts';
import { ProxyServer } from '../proxy/server.ts';
import { Upstream } from '../proxy/upstream.ts';
import { bytesFlag, durationFlag, gather } from './flags.ts';
import { createWorld, longRunningCommand, type LogOptions, runUntilSignal } from './runner.ts';
import { withTrust } from './trust.ts';
import { readYamlFile } from './yaml-file.ts';

interface ProxyFlags extends LogOptions {
  readonly port: string;
  readonly verbose?: boolean;
  readonly logFailedRequests?: boolean;
  readonly logSigningProcess?: boolean;
  readonly strip: readonly string[];
  readonly duplicateHeaders: readonly string[];
  readonly customHeaders?: string;
  readonly roleArn?: string;
  readonly externalId?: string;
  readonly name?: string;
  readonly region?: string;
  readonly host?: string;
  readonly signHost?: string;
  readonly upstreamUrlScheme: 'http' | 'https';
  readonly verifySsl: boolean;
  readonly 'transport.idleConnTimeout': string;
  readonly unsignedPayload?: boolean;
  readonly presign?: string;
  readonly regionSet?: string;
  readonly 'config.file'?: string;
  readonly 'web.config.file'?: string;
  readonly adminListen?: string;
  readonly bodyMaxBytes: string;
  readonly bodiesMaxBytes: string;
  readonly bodyFolder: string;
  readonly clientTimeout: string;
  readonly upstreamTimeout: string;
  readonly stopTimeout: string;
}

export function proxyCommand(): Command {
  return withTrust(longRunningCommand('proxy'))
    .description(
      'Signs requests with SigV4 and sends them on: AMP, S3 and all other services for ' +
        'programs that cannot sign.\nA reverse proxy by --host or the Host header, a forward ' +
        'proxy for requests of whole http:// or https:// URLs.',
    )
    .option('--port <address>', 'host:port, :port (loopback), a port alone, or unix:/path', ':8080')
    .option('--name <service>', 'service to sign for (default: told by the host)')
    .option(
      '--region <region>',
      'region to sign for (default: told by the host, AWS_REGION, the profile)',
    )
    .option('--host <host>', 'upstream (default: the Host header)')
    .option('--sign-host <host>', 'Host header to send and sign')
    .option('--role-arn <arn>', 'role to assume')
    .option('--external-id <id>', 'of that role')
    .option('-s, --strip <header>', 'take a header off what clients send; repeatable', gather, [])
    .option('--duplicate-headers <header>', 'send it as X-Original-… too; repeatable', gather, [])
    .option('--custom-headers <list>', 'key=value,key=value, where the client has none of the name')
    .option('--upstream-url-scheme <scheme>', 'http or https', 'https')
    .option('--unsigned-payload', 'sign all but the body, which then streams')
    .option('--presign <time>', 'sign in the query, good for so long, instead of in headers')
    .option(
      '--region-set <list>',
      "sign with SigV4a for these regions: '*', or us-east-1,us-west-2",
    )
    .option('--no-verify-ssl', "do not check the upstream's certificate")
    .option('--transport.idle-conn-timeout <time>', 'how long idle connections are kept', '40s')
    .option('--upstream-timeout <time>', "until the answer's head, and between its pieces", '60s')
    .option(
      '--body-max-bytes <bytes>',
      'largest body; above 1 MiB it is kept in a file',
      '1073741824',
    )
    .option('--bodies-max-bytes <bytes>', 'largest sum of bodies under way', '4294967296')
    .addOption(
      new Option('--body-folder <dir>', 'where bodies above 1 MiB are kept').default(
        tmpdir(),
        "the system's folder for temporary files",
      ),
    )
    .option('--client-timeout <time>', "between two pieces of a client's body", '60s')
    .option('-v, --verbose', 'log every request')
    .option('--log-failed-requests', 'log the bodies of answers of 400 and above')
    .option('--log-signing-process', 'as --verbose; what is signed is never logged')
    .option('--config.file <file>', 'table of routes, YAML; SIGHUP reads it again')
    .option('--web.config.file <file>', 'TLS and basic auth of the listener')
    .option('--admin-listen <host:port>', 'address of /-/healthy, /-/ready and /metrics')
    .option('--stop-timeout <time>', 'how long requests may go on after SIGTERM', '20s')
    .addHelpText(
      'after',
      `
Routes, the first that fits counts:
  routes:
    - { path: /aps/, strip_path: true, upstream: https://aps-workspaces.us-east-1.amazonaws.com }
    - { host: other.local, upstream: https://aps-workspaces.eu-west-1.amazonaws.com, role_arn: 'arn:aws:iam::123456789012:role/metrics' }

Examples:
  amperage proxy --name aps --region us-east-1 --host aps-workspaces.us-east-1.amazonaws.com --port :8005
  curl -x http://127.0.0.1:8080 http://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-EXAMPLE/api/v1/labels
`,
    )
    .action(run);
}

async function run(flags: ProxyFlags): Promise<void> {
  const isVerbose = flags.verbose === true || flags.logSigningProcess === true;
  const world = createWorld(isVerbose ? { ...flags, 'log.level': 'debug' } : flags);
  const config = await readProxyConfig(flags, world);
  const upstream = await Upstream.open(config);
  const metrics = newProxyMetrics(world.metrics);
  const sources = new Map<string, CredentialSource>();
  const credentialsOf = credentialSources(sources, flags, world);
  const proxy = new SigningProxy(config, {
    world,
    upstream,
    bodies: new BodyKeeper(bodyLimits(flags), metrics.bodyBytes),
    metrics,
    credentialsOf,
    defaultRegion: await configuredRegion(),
  });
  const webFile = flags['web.config.file'];
  const server = new ProxyServer({
    listen: /^\d+$/.test(flags.port) ? `:${flags.port}` : flags.port,
    proxy,
    log: world.log,
    web: webFile === undefined ? undefined : await loadWebConfig(webFile, world.log),
  });
  const isFresh = readiness(proxy, credentialsOf, world);
  const parts: Component[] = [
    server,
    { name: 'upstream', start: () => Promise.resolve(), stop: () => upstream.close() },
    {
      name: 'credentials',
      start: () => Promise.resolve(),
      stop: () => {
        for (const source of sources.values()) source.close();
        return Promise.resolve();
      },
    },
  ];
  if (flags.adminListen !== undefined)
    parts.push(
      new HttpServer({
        name: 'proxy admin',
        listen: flags.adminListen,
        listenFlag: '--admin-listen',
        routes: [],
        log: world.log,
        metrics: world.metrics,
        ready: isFresh,
      }),
    );
  const reload = async (): Promise<void> => {
    try {
      const routes = await readProxyConfig(flags, world);
      proxy.setConfig(routes);
      world.log.info('routes were read again', { routes: routes.routes.length });
    } catch (error) {
      world.log.error('routes stay as they were', { error });
    }
  };
  const onHangUp = (): void => void reload();
  process.on('SIGHUP', onHangUp);
  const stopTimeoutMs = durationFlag('--stop-timeout', flags.stopTimeout);
  await runUntilSignal(new Group('proxy', parts.toReversed()), world, stopTimeoutMs);
  process.off('SIGHUP', onHangUp);
}

/** One source for each role; the rest share the default chain's. */
function credentialSources(
  sources: Map<string, CredentialSource>,
  flags: ProxyFlags,
  world: World,
): (route: ProxyRoute) => CredentialSource {
  return ({ roleArn, externalId, region }) => {
    const key = `${roleArn ?? ''} ${externalId ?? ''}`;
    const known = sources.get(key);
    if (known !== undefined) return known;
    const source = createCredentialSource(
      {
        roleArn,
        externalId,
        sessionName: process.env['AWS_ROLE_SESSION_NAME'] ?? `amperage-proxy-${hostname()}`,
        region: flags.region ?? region ?? process.env['AWS_REGION'],
      },
      world,
    );
    sources.set(key, source);
    return source;
  };
}

/** Ready while the credentials of all routes can be had; asked again at most each ten seconds. */
function readiness(
  proxy: SigningProxy,
  credentialsOf: (route: ProxyRoute) => CredentialSource,
  world: World,
): () => boolean {
  let isFresh = false;
  let askedMs = -Infinity;
  const ask = (): void => {
    if (world.clock.nowMs() - askedMs < 10_000) return;
    askedMs = world.clock.nowMs();
    const sources = new Set(proxy.config.routes.map(credentialsOf));
    Promise.all([...sources].map((source) => source())).then(
      () => (isFresh = true),
      () => (isFresh = false),
    );
  };
  ask();
  return () => {
    ask();
    return isFresh;
  };
}

async function readProxyConfig(flags: ProxyFlags, world: World): Promise<ProxyConfig> {
  const { upstreamUrlScheme, name, region, host, roleArn } = flags;
  if (upstreamUrlScheme !== 'http' && upstreamUrlScheme !== 'https')
    throw new ConfigError('FLAG_VALUE', '--upstream-url-scheme must be http or https');
  if (isLoneExternalId({ external_id: flags.externalId, role_arn: roleArn }))
    throw new ConfigError('FLAG_COMBINATION', '--external-id needs --role-arn');
  const file = flags['config.file'];
  const single: ProxyRoute = {
    upstream: host,
    service: name,
    region,
    roleArn,
    externalId: flags.externalId,
    signHost: flags.signHost,
    stripPath: false,
    unsignedPayload: flags.unsignedPayload === true,
    regionSet: flags.regionSet,
    presignSeconds:
      flags.presign === undefined
        ? undefined
        : Math.floor(durationFlag('--presign', flags.presign, PRESIGN_BOUNDS) / 1_000),
  };
  return {
    routes:
      file === undefined ? [single] : parseRoutes(await readYamlFile(file, 'PROXY_ROUTES'), file),
    upstreamScheme: upstreamUrlScheme,
    strip: flags.strip.map((one) => one.toLowerCase()),
    duplicate: flags.duplicateHeaders.map((one) => one.toLowerCase()),
    customHeaders: customHeaders(flags.customHeaders ?? '', world),
    verifiesTls: flags.verifySsl,
    idleTimeoutMs: durationFlag(
      '--transport.idle-conn-timeout',
      flags['transport.idleConnTimeout'],
    ),
    upstreamTimeoutMs: durationFlag('--upstream-timeout', flags.upstreamTimeout),
    logsFailures: flags.logFailedRequests === true || flags.verbose === true,
  };
}

function bodyLimits(flags: ProxyFlags): BodyLimits {
  return {
    maxBytes: bytesFlag('--body-max-bytes', flags.bodyMaxBytes),
    allMaxBytes: bytesFlag('--bodies-max-bytes', flags.bodiesMaxBytes),
    folder: flags.bodyFolder,
    idleMs: durationFlag('--client-timeout', flags.clientTimeout),
  };
}

/** A pair that is none is left out, and told. */
function customHeaders(text: string, world: World): [string, string][] {
  return text
    .split(',')
    .filter((pair) => pair !== '')
    .flatMap((pair): [string, string][] => {
      const split = splitPair(pair);
      if (split !== undefined) return [[split[0].trim().toLowerCase(), split[1]]];
      world.log.warn('--custom-headers holds what is no key=value', { pair });
      return [];
    });
}
