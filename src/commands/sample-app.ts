/**
 * `amperage sample-app`: an instrumented web application and the load on it, in one process.
 */
import { type Command } from 'commander';
import { Group } from '../kernel/component.ts';
import { ConfigError } from '../kernel/errors.ts';
import { createHttpClient } from '../kernel/http-client.ts';
import { createSampleApp } from '../sample-app/app.ts';
import { parseLatency, seededRandom } from '../sample-app/latency.ts';
import { LoadGenerator } from '../sample-app/load.ts';
import { mixedPathOf } from '../sample-app/load-mix.ts';
import { OtlpExporter } from '../sample-app/otlp/exporter.ts';
import { formatEndpoint } from '../wire/xray/daemon-address.ts';
import { knownHosts } from '../kernel/stranger-guard.ts';
import { ALLOWED_HOST_HELP, gather, readNumberFlag, readRateFlag } from './flags.ts';
import {
  createWorld,
  createLongRunningCommand,
  type LogOptions,
  runUntilSignal,
} from './runner.ts';
import {
  type OtlpFlags,
  readOtlpEndpoint,
  readOtlpInterval,
  readOtlpResource,
} from './sample-app/otlp.ts';
import { createTracing, readDaemonAddress, type TracingFlags } from './sample-app/tracing.ts';
import { addTrustFlag } from './trust.ts';

const CONCURRENCY_MAX = 500;

interface SampleAppFlags extends LogOptions, TracingFlags, OtlpFlags {
  readonly 'web.listenAddress': string;
  readonly 'web.allowedHost': readonly string[];
  readonly rate: string;
  readonly loadUrl?: string;
  readonly latency: string;
  readonly cpuMs: string;
  readonly seed: string;
}

export function createSampleAppCommand(): Command {
  return addTrustFlag(createLongRunningCommand('sample-app'))
    .description('An instrumented web application (/work, /metrics) that puts load on itself.')
    .option('--web.listen-address <host:port>', 'address to serve on', '127.0.0.1:3000')
    .option('--web.allowed-host <name>', ALLOWED_HOST_HELP, gather, [])
    .option('--rate <requests/s>', 'mean rate of the load, 5 or 5/s; 0: no load', '5')
    .option(
      '--latency <distribution>',
      'latency of /work: lognormal:median=…,sigma=…, uniform:min=…,max=…, constant:ms=…',
      'lognormal:median=700,sigma=0.9',
    )
    .option('--load-url <url>', 'where the load goes (default: the application itself)')
    .option('--cpu-ms <ms>', 'processor time that each request burns', '10')
    .option('--seed <number>', 'seed of the random latencies and arrivals', '1')
    .option(
      '--xray.daemon-address <address>',
      'X-Ray daemon to send traces to: host:port, or "tcp:host:port udp:host:port" (default: ' +
        'AWS_XRAY_DAEMON_ADDRESS; without either, no traces)',
    )
    .option(
      '--otlp-endpoint <url>',
      'URL of a receiver of OTLP over HTTP, to send metrics and spans to (default: ' +
        'OTEL_EXPORTER_OTLP_ENDPOINT; without either, none)',
    )
    .option('--xray.sample-all', 'trace every request, whatever the sampling rules say')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage sample-app\n  amperage sample-app --rate 50 --latency ' +
        'uniform:min=10,max=200\n' +
        '  amperage sample-app --xray.daemon-address 127.0.0.1:2000 --xray.sample-all\n' +
        '  amperage sample-app --otlp-endpoint http://127.0.0.1:4318\n',
    )
    .action(run);
}

async function run(flags: SampleAppFlags): Promise<void> {
  const perSecond = readRateFlag('--rate', flags.rate);
  const { loadUrl } = flags;
  if (loadUrl !== undefined && !(/^https?:\/\/[^/]+$/.test(loadUrl) && URL.canParse(loadUrl))) {
    throw new ConfigError(
      'FLAG_VALUE',
      `--load-url "${loadUrl}" is not a URL without a path; write for example ` +
        'http://127.0.0.1:3000',
    );
  }
  const seed = readNumberFlag('--seed', flags.seed);
  const daemon = readDaemonAddress(flags, process.env);
  const endpoint = readOtlpEndpoint(flags, process.env);
  const hosts = knownHosts('--web.allowed-host', flags['web.allowedHost']);
  const world = { ...createWorld(flags), hosts };
  // One connection for each request that may be under way: the load must not queue in its client.
  const http = createHttpClient({ connectionsPerHost: CONCURRENCY_MAX });
  // The application's calls of itself need connections of their own: when all of the load's are
  // taken, each of its requests would wait for another one to end.
  const calls = createHttpClient({ connectionsPerHost: CONCURRENCY_MAX });
  const options = {
    world: { ...world, http: calls },
    listen: flags['web.listenAddress'],
    drawLatencyMs: parseLatency(flags.latency, seededRandom(seed)),
    cpuMs: readNumberFlag('--cpu-ms', flags.cpuMs),
  };
  const exporter =
    endpoint === undefined
      ? undefined
      : new OtlpExporter({
          world,
          endpoint,
          resource: readOtlpResource(process.env, world.log),
          intervalMs: readOtlpInterval(process.env, world.log),
        });
  const traced =
    daemon === undefined && exporter === undefined
      ? undefined
      : await createTracing(daemon, flags, process.env, { world, exporter });
  const app = createSampleApp({ ...options, tracing: traced?.tracing });
  const load = new LoadGenerator({
    world: { ...world, http },
    url: () => flags.loadUrl ?? app.url,
    perSecond,
    concurrencyMax: CONCURRENCY_MAX,
    // Its own random numbers: the same seed gives the same latencies, whenever requests arrive.
    random: seededRandom(seed + 1),
    ...(traced === undefined ? {} : { pathOf: mixedPathOf }),
  });
  try {
    const sending = [...(exporter === undefined ? [] : [exporter]), ...(traced?.components ?? [])];
    const components = [...sending, app, load];
    await runUntilSignal(new Group('sample-app', components), world, {
      flags,
      started: () => ({
        address: app.listensAt,
        rate: perSecond,
        daemon: daemon && formatEndpoint(daemon.udp),
        otlp: endpoint,
      }),
      totals: {
        requests: ['http_requests_total'],
        traced: ['sample_app_requests_traced_total'],
        spans: ['sample_app_spans_sent_total'],
      },
    });
  } finally {
    await Promise.all([http.close(), calls.close()]);
  }
}
