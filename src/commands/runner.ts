/**
 * What all long-running commands share: the logging flags, the world made from them, and the run
 * from the start to a signal, which says that the command has started and what it does. On SIGINT
 * or SIGTERM the command stops within the deadline and exits with 0; on a second signal it exits
 * with 1 at once.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../kernel/clock.ts';
import { ClockWatch } from '../kernel/clock-watch.ts';
import type { Component } from '../kernel/component.ts';
import { describeError } from '../kernel/errors.ts';
import { watchEventLoop } from '../kernel/event-loop-metrics.ts';
import { createHttpClient, type HttpClient } from '../kernel/http-client.ts';
import {
  createLogger,
  type LogFields,
  type LogFormat,
  type Logger,
  type LoggerOptions,
  type LogLevel,
} from '../kernel/logger.ts';
import { Registry } from '../kernel/metrics.ts';
import { registerProcessMetrics } from '../kernel/process-metrics.ts';
import type { World } from '../kernel/world.ts';
import { checkEndpointVariables } from '../settings/endpoint-variables.ts';
import { findCommit } from './commit.ts';
import { readDurationFlag } from './flags.ts';
import { TotalsLog, type TotalsTable } from './totals.ts';
import { VERSION } from './version.ts';

/** How long the last lines may wait for the reader of the output. */
const OUTPUT_MAX_MS = 2_000;
/** How long what is under way after the stop may take, such as closing files. */
const LEFT_OVER_MS = 300;

/** What sinks and their queues count, whatever they deliver. */
export const DELIVERY_TOTALS: TotalsTable = {
  delivered: ['amperage_sink_items_delivered_total', 'prometheus_remote_storage_samples_total'],
  retried: ['amperage_sink_items_retried_total', 'prometheus_remote_storage_samples_retried_total'],
  dropped: ['amperage_sink_items_dropped_total'],
  waiting: ['queue_pending_items'],
};

export interface LogOptions {
  readonly 'log.level': LogLevel;
  readonly 'log.format'?: LogFormat;
  readonly 'log.totalsInterval': string;
}

/** How a command runs, and what it says of it at level info. */
export interface RunOptions {
  readonly flags: Pick<LogOptions, 'log.totalsInterval'>;
  /** Behind the command and its version, in the line that says that it has started. */
  readonly started: () => LogFields;
  readonly totals: TotalsTable;
  readonly stopTimeoutMs?: number;
  /** Ends the command as a signal does. */
  readonly ending?: AbortSignal;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** In any case, as Prometheus and its exporters take it. */
function readLevel(text: string): LogLevel {
  const level = LEVELS.find((name) => name === text.toLowerCase());
  if (level === undefined)
    throw new InvalidArgumentError(`Allowed choices are ${LEVELS.join(', ')}.`);
  return level;
}

/** A command with the flags that every long-running command has; read them as `LogOptions`. */
export function createLongRunningCommand(name: string): Command {
  return new Command(name)
    .addOption(
      new Option('--log.level <level>', 'least severity to log')
        .choices(LEVELS)
        .argParser(readLevel)
        .default('info'),
    )
    .addOption(
      new Option(
        '--log.format <format>',
        'form of a line (default: pretty on a terminal, logfmt elsewhere)',
      ).choices(['pretty', 'logfmt', 'json']),
    )
    .option(
      '--log.totals-interval <time>',
      'how often a line says what was done since the last one; 0: never',
      '1m',
    );
}

/**
 * @param log  the logger, where the command makes its own; by the flags when absent
 * @throws ConfigError for a variable of the environment that is no URL
 */
export function createWorld(
  options: Pick<LogOptions, 'log.level' | 'log.format'>,
  http: HttpClient = createHttpClient(),
  log: Logger = createLogger(readLogFlags(options)),
): World {
  checkEndpointVariables(process.env);
  const metrics = new Registry();
  registerProcessMetrics(metrics);
  return {
    clock: systemClock,
    log,
    metrics,
    http,
  };
}

/** What the flags say of the logger. */
export function readLogFlags(options: Pick<LogOptions, 'log.level' | 'log.format'>): LoggerOptions {
  return {
    level: options['log.level'],
    ...(options['log.format'] === undefined ? {} : { format: options['log.format'] }),
  };
}

/**
 * Ends the process when its output is written, even where a timer or socket of a library would keep
 * it alive, as those of a fetch of credentials that hangs. Output that nobody reads is not waited
 * for longer than OUTPUT_MAX_MS.
 */
function exitSoon(): void {
  setTimeout(() => process.exit(), OUTPUT_MAX_MS).unref();
  setInterval(() => {
    if (process.stdout.writableLength + process.stderr.writableLength === 0) process.exit();
  }, LEFT_OVER_MS).unref();
}

/**
 * Starts the component, waits for a signal or for `ending` to abort, and stops the component.
 * Rejects when the component can't start.
 */
export async function runUntilSignal(
  component: Component,
  world: World,
  { flags, started, totals: table, stopTimeoutMs = 10_000, ending }: RunOptions,
): Promise<void> {
  const everyMs = readDurationFlag('--log.totals-interval', flags['log.totalsInterval']);
  const totals = new TotalsLog(world, table, everyMs);
  const signalled = new Promise<NodeJS.Signals | 'done'>((resolve) => {
    ending?.addEventListener('abort', () => resolve('done'), { once: true });
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    // The demo starts commands with a channel. When the demo dies, nobody else would stop them.
    process.once('disconnect', () => resolve('SIGTERM'));
    process.channel?.unref();
  });
  const clockWatch = new ClockWatch(world);
  try {
    await component.start();
    await clockWatch.start();
    const endWatching = watchEventLoop(world.metrics);
    world.log.info('started', {
      command: component.name,
      version: VERSION,
      commit: findCommit(),
      ...started(),
    });
    totals.start();
    const signal = await signalled;
    endWatching();
    world.log.info('stopping', { signal, deadline_ms: stopTimeoutMs });
    const force = (): void => process.exit(1);
    process.once('SIGINT', force);
    process.once('SIGTERM', force);
    await component.stop(stopTimeoutMs).catch((error: unknown) => {
      world.log.error('did not stop cleanly', { error: describeError(error) });
      process.exitCode = 1;
    });
    totals.stop();
    process.off('SIGINT', force);
    process.off('SIGTERM', force);
    if (signal !== 'done') exitSoon();
  } finally {
    await clockWatch.stop();
    await world.http.close();
  }
}
