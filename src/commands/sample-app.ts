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
import { readNumberFlag, readRateFlag } from './flags.ts';
import {
  createWorld,
  createLongRunningCommand,
  type LogOptions,
  runUntilSignal,
} from './runner.ts';
import { addTrustFlag } from './trust.ts';

const CONCURRENCY_MAX = 500;

interface SampleAppFlags extends LogOptions {
  readonly listen: string;
  readonly rate: string;
  readonly loadUrl?: string;
  readonly latency: string;
  readonly cpuMs: string;
  readonly seed: string;
}

export function createSampleAppCommand(): Command {
  return addTrustFlag(createLongRunningCommand('sample-app'))
    .description('An instrumented web application (/work, /metrics) that puts load on itself.')
    .option('--listen <host:port>', 'address to serve on', '127.0.0.1:3000')
    .option('--rate <requests/s>', 'mean rate of the load, 5 or 5/s; 0: no load', '5')
    .option(
      '--latency <distribution>',
      'latency of /work: lognormal:median=…,sigma=…, uniform:min=…,max=…, constant:ms=…',
      'lognormal:median=700,sigma=0.9',
    )
    .option('--load-url <url>', 'where the load goes (default: the application itself)')
    .option('--cpu-ms <ms>', 'processor time that each request burns', '10')
    .option('--seed <number>', 'seed of the random latencies and arrivals', '1')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage sample-app\n  amperage sample-app --rate 50 --latency ' +
        'uniform:min=10,max=200\n',
    )
    .action(run);
}

async function run(flags: SampleAppFlags): Promise<void> {
  const perSecond = readRateFlag('--rate', flags.rate);
  if (flags.loadUrl !== undefined && !/^https?:\/\/[^/]+$/.test(flags.loadUrl)) {
    throw new ConfigError(
      'FLAG_VALUE',
      `--load-url "${flags.loadUrl}" is not a URL without a path; write for example ` +
        'http://127.0.0.1:3000',
    );
  }
  const seed = readNumberFlag('--seed', flags.seed);
  const world = createWorld(flags);
  // One connection for each request that may be under way: the load must not queue in its client.
  const http = createHttpClient({ connectionsPerHost: CONCURRENCY_MAX });
  const app = createSampleApp({
    world,
    listen: flags.listen,
    drawLatencyMs: parseLatency(flags.latency, seededRandom(seed)),
    cpuMs: readNumberFlag('--cpu-ms', flags.cpuMs),
  });
  const load = new LoadGenerator({
    world: { ...world, http },
    url: () => flags.loadUrl ?? app.url,
    perSecond,
    concurrencyMax: CONCURRENCY_MAX,
    // Its own random numbers: the same seed gives the same latencies, whenever requests arrive.
    random: seededRandom(seed + 1),
  });
  try {
    await runUntilSignal(new Group('sample-app', [app, load]), world);
  } finally {
    await http.close();
  }
}
