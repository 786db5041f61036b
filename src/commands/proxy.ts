/** `amperage proxy`: signs requests for programs that can't, with the flags of aws-sigv4-proxy. */
import { hostname, tmpdir } from 'node:os';
import { type Command, Option } from 'commander';
import { createCredentialSource } from '../aws/credentials.ts';
import type { CredentialSource } from '../aws/credential-source.ts';
import { configuredRegion } from '../aws/region.ts';
import { Group, type Component } from '../kernel/component.ts';
import { knownHosts } from '../kernel/stranger-guard.ts';
import { ConfigError } from '../kernel/errors.ts';
import { HttpServer } from '../kernel/http-server.ts';
import { type EnvironmentProxies, readProxyEnvironment } from '../kernel/proxy-environment.ts';
import { isLoneExternalId } from '../settings/aws-access.ts';
import { splitPair } from '../settings/text.ts';
import { withoutSecrets } from '../settings/url.ts';
import { loadWebConfig } from '../settings/web-config.ts';
import type { World } from '../kernel/world.ts';
import { BodyKeeper, type BodyLimits } from '../proxy/body.ts';
import { PRESIGN_BOUNDS, type ProxyConfig, type ProxyRoute, parseRoutes } from '../proxy/config.ts';
import { createProxyMetrics } from '../proxy/metrics.ts';
import { SigningProxy } from '../proxy/proxy.ts';
import { ProxyServer } from '../proxy/server.ts';
import { Upstream } from '../proxy/upstream.ts';
import { readBytesFlag, readDurationFlag, gather } from './flags.ts';
import { addReplacedFlags } from './replaced/add-flags.ts';
import { sigv4Proxy } from './replaced/others.ts';
import {
  createWorld,
  createLongRunningCommand,
  type LogOptions,
  runUntilSignal,
} from './runner.ts';
import { addTrustFlag } from './trust.ts';
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
  readonly 'web.listenAddress'?: string;
  readonly 'web.allowedHost': readonly string[];
  readonly bodyMaxBytes: string;
  readonly bodiesMaxBytes: string;
  readonly bodyFolder: string;
  readonly clientTimeout: string;
  readonly upstreamTimeout: string;
  readonly stopTimeout: string;
}

export function createProxyCommand(): Command {
  const command = addTrustFlag(createLongRunningCommand('proxy'))
    .description(
      'Signs requests with SigV4 and sends them on, to AMP, S3 and all other services, for ' +
        'programs that cannot sign.\nIt is a reverse proxy by --host or the Host header, and a ' +
        'forward proxy for requests with whole http:// or https:// URLs.',
    )
    .option(
      '--port <address>',
      'host:port, :port or a port alone (all addresses), or unix:/path',
      '127.0.0.1:8080',
    )
    .option('--name <service>', 'service to sign for (default: taken from the host)')
    .option(
      '--region <region>',
      'region to sign for (default: taken from the host, AWS_REGION or the profile)',
    )
    .option('--host <host>', 'upstream (default: the Host header)')
    .option('--sign-host <host>', 'Host header to send and sign')
    .option('--role-arn <arn>', 'role to assume')
    .option('--external-id <id>', 'external id for assuming that role')
    .option(
      '-s, --strip <header>',
      'header to remove from requests; x-a-* removes all that begin so; repeatable',
      gather,
      [],
    )
    .option(
      '--duplicate-headers <header>',
      'header to send as X-Original-… too; repeatable',
      gather,
      [],
    )
    .option(
      '--custom-headers <list>',
      'key=value,key=value: headers to add where the client sends none of that name',
    )
    .option('--upstream-url-scheme <scheme>', 'scheme of the upstream, http or https', 'https')
    .option('--unsigned-payload', 'sign everything but the body, which then streams')
    .option(
      '--presign <time>',
      'put the signature, valid for this long, into the query instead of headers',
    )
    .option(
      '--region-set <list>',
      "sign with SigV4a for these regions: '*', or us-east-1,us-west-2",
    )
    .option('--no-verify-ssl', "do not check the upstream's certificate")
    .option('--transport.idle-conn-timeout <time>', 'how long idle connections are kept', '40s')
    .option(
      '--upstream-timeout <time>',
      "how long to wait for the answer's headers, and between two pieces of its body",
      '60s',
    )
    .option(
      '--body-max-bytes <bytes>',
      'largest body; above 1 MiB it is kept in a file',
      '1073741824',
    )
    .option('--bodies-max-bytes <bytes>', 'largest sum of all bodies under way', '4294967296')
    .addOption(
      new Option('--body-folder <dir>', 'where bodies above 1 MiB are kept').default(
        tmpdir(),
        "the system's folder for temporary files",
      ),
    )
    .option(
      '--client-timeout <time>',
      "how long to wait between two pieces of a client's body",
      '60s',
    )
    .option('-v, --verbose', 'log every request')
    .option('--log-failed-requests', 'log the bodies of answers with status 400 and above')
    .option('--log-signing-process', 'as --verbose; what is signed is never logged')
    .option('--config.file <file>', 'YAML file of routes; SIGHUP reads it again')
    .option(
      '--web.allowed-host <name>',
      'a name of the public DNS by which the proxy is asked for; others but those of AWS and of ' +
        'routes are refused where an upstream is set; may be given several times',
      gather,
      [],
    )
    .option('--web.config.file <file>', 'TLS and basic auth of --port')
    .option('--web.listen-address <host:port>', 'address of /-/healthy, /-/ready and /metrics')
    .option('--stop-timeout <time>', 'how long requests may go on after SIGTERM', '20s')
    .addHelpText(
      'after',
      `
Routes, of which the first that matches counts:
  routes:
    - { path: /aps/, strip_path: true, upstream: https://aps-workspaces.us-east-1.amazonaws.com }
    - { host: other.local, upstream: https://aps-workspaces.eu-west-1.amazonaws.com, role_arn: 'arn:aws:iam::123456789012:role/metrics' }

Examples:
  amperage proxy --name aps --region us-east-1 --host aps-workspaces.us-east-1.amazonaws.com --port :8005
  curl -x http://127.0.0.1:8080 http://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-EXAMPLE/api/v1/labels
`,
    )
    .action(run);
  return addReplacedFlags(command, [sigv4Proxy]);
}

/** @throws ConfigError for a variable that names no proxy of HTTP */
function readProxies({ log }: World): EnvironmentProxies {
  const proxies = readProxyEnvironment(process.env);
  if (proxies.fault !== undefined) throw new ConfigError('PROXY_VARIABLE', proxies.fault);
  const { http, https, no } = proxies;
  if (http !== '' || https !== '')
    log.info('upstreams are reached through proxies', {
      https: withoutSecrets(https),
      http: withoutSecrets(http),
      but: no,
    });
  return proxies;
}

async function run(flags: ProxyFlags): Promise<void> {
  const isVerbose = flags.verbose === true || flags.logSigningProcess === true;
  const world = createWorld(isVerbose ? { ...flags, 'log.level': 'debug' } : flags);
  const config = await readProxyConfig(flags, world);
  const upstream = await Upstream.open(config, readProxies(world));
  const metrics = createProxyMetrics(world.metrics);
  const sources = new Map<string, CredentialSource>();
  const credentialsOf = createCredentialLookup(sources, flags, world);
  const proxy = new SigningProxy(config, {
    world,
    upstream,
    bodies: new BodyKeeper(readBodyLimits(flags), metrics.bodyBytes),
    metrics,
    credentialsOf,
    defaultRegion: await configuredRegion(),
  });
  const webFile = flags['web.config.file'];
  const web = webFile === undefined ? undefined : await loadWebConfig(webFile, world.log);
  const server = new ProxyServer({
    listen: /^\d+$/.test(flags.port) ? `:${flags.port}` : flags.port,
    proxy,
    log: world.log,
    metrics: world.metrics,
    allowedHosts: flags['web.allowedHost'],
    web,
  });
  const isFresh = createReadinessCheck(proxy, credentialsOf, world);
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
  const { 'web.listenAddress': listen } = flags;
  if (listen !== undefined)
    parts.push(
      new HttpServer({
        name: 'proxy admin',
        listen,
        listenFlag: '--web.listen-address',
        routes: [],
        log: world.log,
        strangers: knownHosts('--web.allowed-host', flags['web.allowedHost']),
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
      world.log.error('the routes could not be read again; they stay as they were', { error });
    }
  };
  const onHangUp = (): void => void reload();
  process.on('SIGHUP', onHangUp);
  const stopTimeoutMs = readDurationFlag('--stop-timeout', flags.stopTimeout);
  await runUntilSignal(new Group('proxy', parts.toReversed()), world, {
    flags,
    stopTimeoutMs,
    started: () => ({
      address: server.url,
      config: flags['config.file'],
      routes: proxy.config.routes.length,
    }),
    totals: {
      requests: ['proxy_requests_total'],
      failures: ['proxy_failures_total'],
      retried: ['proxy_retried_total'],
      under_way: ['proxy_requests_under_way'],
    },
  });
  process.off('SIGHUP', onHangUp);
}

/** One source for each role; routes without a role share the one of the default chain. */
function createCredentialLookup(
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

/**
 * Ready while credentials can be had for all routes. They are asked for at most every ten seconds,
 * and in the background: an answer is that of the asking before it.
 */
function createReadinessCheck(
  proxy: SigningProxy,
  credentialsOf: (route: ProxyRoute) => CredentialSource,
  world: World,
): () => boolean {
  let isFresh = false;
  let askedMs = -Infinity;
  const ask = (): void => {
    if (world.clock.elapsedMs() - askedMs < 10_000) return;
    askedMs = world.clock.elapsedMs();
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
        : Math.floor(readDurationFlag('--presign', flags.presign, PRESIGN_BOUNDS) / 1_000),
  };
  return {
    routes:
      file === undefined
        ? [single]
        : parseRoutes(
            await readYamlFile(file, { flag: '--config.file', code: 'PROXY_ROUTES' }),
            file,
          ),
    upstreamScheme: upstreamUrlScheme,
    strip: flags.strip.map((header) => header.toLowerCase()),
    duplicate: flags.duplicateHeaders.map((header) => header.toLowerCase()),
    customHeaders: parseCustomHeaders(flags.customHeaders ?? '', world),
    verifiesTls: flags.verifySsl,
    idleTimeoutMs: readDurationFlag(
      '--transport.idle-conn-timeout',
      flags['transport.idleConnTimeout'],
    ),
    upstreamTimeoutMs: readDurationFlag('--upstream-timeout', flags.upstreamTimeout),
    logsFailures: flags.logFailedRequests === true || flags.verbose === true,
  };
}

function readBodyLimits(flags: ProxyFlags): BodyLimits {
  return {
    maxBytes: readBytesFlag('--body-max-bytes', flags.bodyMaxBytes),
    allMaxBytes: readBytesFlag('--bodies-max-bytes', flags.bodiesMaxBytes),
    folder: flags.bodyFolder,
    idleMs: readDurationFlag('--client-timeout', flags.clientTimeout),
  };
}

/** What is not key=value is left out with a warning. */
function parseCustomHeaders(text: string, world: World): [string, string][] {
  return text
    .split(',')
    .filter((pair) => pair !== '')
    .flatMap((pair): [string, string][] => {
      const split = splitPair(pair);
      if (split !== undefined) return [[split[0].trim().toLowerCase(), split[1]]];
      world.log.warn('--custom-headers has an entry that is not key=value; it is left out', {
        pair,
      });
      return [];
    });
}
