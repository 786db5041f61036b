/**
 * `amperage xray`: the drop-in for the AWS X-Ray daemon, with its flags, file and log lines, over a
 * queue that loses nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces, totalmem } from 'node:os';
import type { Command } from 'commander';
import { ConfigError, describeError, RecoverableError } from '../kernel/errors.ts';
import { knownHosts } from '../kernel/stranger-guard.ts';
import { createHttpClient } from '../kernel/http-client.ts';
import type { Logger } from '../kernel/logger.ts';
import { followTrust } from '../kernel/trust.ts';
import { readBytesFlag, readDurationFlag } from './flags.ts';
import { warnOfVariables } from './replaced/add-flags.ts';
import { xrayDaemon } from './replaced/others.ts';
import {
  createLongRunningCommand,
  createWorld,
  DELIVERY_TOTALS,
  type LogOptions,
  runUntilSignal,
} from './runner.ts';
import { addTrustOption, type TrustOptions } from './trust.ts';
import { VERSION } from './version.ts';
import { askRunning } from './xray/check.ts';
import { createDaemon } from './xray/daemon.ts';
import {
  DaemonRefusal,
  FILE_LOCATIONS,
  readDaemonFile,
  type ReadDaemonFile,
} from './xray/daemon-file.ts';
import { daemonFlags, ownFlags, type XrayFlag } from './xray/flag-table.ts';
import { createDaemonLog } from './xray/log.ts';
import { openLogFile } from '../kernel/log-file.ts';
import { DAEMON_VERSION, formatDaemonLine } from './xray/log-lines.ts';
import { findDaemonRegion } from './xray/region.ts';
import {
  type DaemonFlags,
  type Machine,
  readSwitchFlag,
  resolveLog,
  resolveSettings,
} from './xray/settings.ts';
import { chooseStorage, sayLeftovers, sayStorage } from './xray/storage.ts';

interface XrayFlags extends DaemonFlags, LogOptions, TrustOptions {
  readonly config?: string;
  readonly version?: string;
  readonly check?: string;
  readonly 'storage.path'?: string;
  readonly diskSizeLimit: string;
  readonly 'web.listenAddress'?: string;
  readonly 'web.allowedHost'?: string;
  readonly stopTimeout: string;
}

const VERSION_TEXT = `${DAEMON_VERSION} (amperage ${VERSION})`;

export function createXrayCommand(): Command {
  const command = createLongRunningCommand('xray').description(
    'A drop-in for the AWS X-Ray daemon: takes trace segments by UDP and requests of sampling ' +
      'rules by TCP, keeps the segments on disk until X-Ray has them, and goes on answering ' +
      'while X-Ray does not. It takes the flags in all forms of the daemon (-bind=…, --bind …, ' +
      '-b …), its cfg.yaml, and writes its log lines.',
  );
  for (const flag of [...daemonFlags, ...ownFlags]) addFlag(command, flag);
  return addTrustOption(command)
    .argument('[ignored...]', 'what is no flag is not read, nor what follows it, as by the daemon')
    .addHelpText(
      'after',
      `
The file is the one of --config, else /etc/amazon/xray/cfg.yaml, else cfg.yaml. A flag is before the file, the file before AWS_REGION, and that
before metadata. Log lines are the daemon's and go to the standard output; --log.format writes those of other commands.

Examples:
  amperage xray -b 0.0.0.0:2000 -t 0.0.0.0:2000
  amperage xray --region us-east-1 --local-mode --log-level debug
  amperage xray -c /etc/amazon/xray/cfg.yaml --storage.path /var/lib/amperage
  amperage xray --check
`,
    )
    .action(run);
}

function addFlag(command: Command, { long, short, value, about, ...rest }: XrayFlag): void {
  const names = short === undefined ? long : `-${short}, ${long}`;
  const placeholder = value === undefined ? '[true|false]' : `<${value}>`;
  command.option(`${names} ${placeholder}`, about, rest.default);
}

async function run(ignored: readonly string[], flags: XrayFlags, command: Command): Promise<void> {
  try {
    if (readSwitchFlag('version', flags.version) === true) {
      process.stdout.write(`AWS X-Ray daemon version: ${VERSION_TEXT}\n`);
      return;
    }
    await runDaemon(ignored, flags, command);
  } catch (error) {
    if (!(error instanceof DaemonRefusal)) throw error;
    // A fault of a flag is no line of the log, as in Go.
    if (error.status === 2) throw new ConfigError('FLAG_VALUE', error.message);
    process.exitCode = error.status;
  }
}

async function runDaemon(
  ignored: readonly string[],
  flags: XrayFlags,
  command: Command,
): Promise<void> {
  const own = readOwnLogFlags(flags, command);
  const { values, ignored: keys } = readFile(flags);
  const log = createDaemonLog(resolveLog(flags, values), own);
  const settings = sayRefusal(log, () =>
    resolveSettings(flags, values, process.env, describeMachine()),
  );
  const webAddress = flags['web.listenAddress'];
  if (readSwitchFlag('check', flags.check) === true)
    return check({ tcpAddress: settings.tcpAddress, webAddress });
  const stopTimeoutMs = readDurationFlag('--stop-timeout', flags.stopTimeout);
  const capBytes = readBytesFlag('--disk-size-limit', flags.diskSizeLimit);
  log.info(`Initializing AWS X-Ray daemon ${VERSION_TEXT}`);
  sayIgnored(log, ignored, keys);
  log.info(`Using buffer memory limit of ${settings.bufferMb} MB`);
  const hosts = knownHosts('--web.allowed-host', flags['web.allowedHost']?.split(','));
  const world = { ...createWorld(flags, undefined, log), hosts };
  try {
    followTrust({ file: flags['tls.caFile'], env: process.env }, log);
    const region = await findDaemonRegion(settings, process.env);
    log.info(`Using region: ${region}`);
    const storage = chooseStorage({
      path: flags['storage.path'],
      address: settings.udpAddress,
      capBytes,
      env: process.env,
    });
    sayStorage(storage, log);
    sayLeftovers(storage, log);
    const options = { settings, region, storage, webAddress, env: process.env };
    const daemon = createDaemon(options, world);
    await runUntilSignal(daemon, world, {
      flags,
      stopTimeoutMs,
      ending: whenHungUp(log),
      started: () => ({ address: webAddress, udp: settings.udpAddress, tcp: settings.tcpAddress }),
      totals: {
        datagrams: ['amperage_xray_datagrams_received_total'],
        forwarded: ['amperage_xray_forwarded_requests_total'],
        ...DELIVERY_TOTALS,
      },
    });
  } catch (error) {
    log.error(describeError(error));
    process.exitCode = 1;
  } finally {
    await world.http.close();
  }
}

/** Says a refusal in the log before it ends the command, but for one of a flag. */
function sayRefusal<Value>(log: Logger, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof DaemonRefusal && error.status !== 2) log.error(error.message);
    throw error;
  }
}

/** Our own log flags, as far as they were given: the daemon's hold where they were not. */
function readOwnLogFlags(flags: XrayFlags, command: Command): Partial<LogOptions> {
  const isGiven = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
  return {
    ...(isGiven('log.level') ? { 'log.level': flags['log.level'] } : {}),
    ...(flags['log.format'] === undefined ? {} : { 'log.format': flags['log.format'] }),
  };
}

/**
 * Reads the file of --config, or the one in a default place. What is wrong with it goes to the
 * standard error output and to the file of --log-file, as the daemon writes it.
 *
 * @throws DaemonRefusal
 */
function readFile(flags: XrayFlags): ReadDaemonFile {
  const { config = '' } = flags;
  const path = config !== '' ? config : FILE_LOCATIONS.find((location) => existsSync(location));
  if (path === undefined) return { values: {}, ignored: [] };
  try {
    return readDaemonFile(readText(path), config !== '');
  } catch (error) {
    if (!(error instanceof DaemonRefusal)) throw error;
    const line = formatDaemonLine(Date.now(), 'error', error.message, {});
    process.stderr.write(`${line}\n`);
    const { file, rotates } = resolveLog(flags, {});
    if (file !== undefined) openLogFile({ path: file, rotates, instead: () => undefined })(line);
    throw error;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = describeError(error)
      .replace(/^\w+: /, '')
      .replace(/, .*$/, '');
    throw new DaemonRefusal(`Error occur when using config flag: open ${path}: ${reason}`);
  }
}

function describeMachine(): Machine {
  const all = Object.values(networkInterfaces()).flat();
  return {
    memoryBytes: Math.min(totalmem(), process.constrainedMemory() || Infinity),
    hasIpv6: all.some((one) => one?.family === 'IPv6'),
  };
}

async function check(target: Parameters<typeof askRunning>[0]): Promise<void> {
  const http = createHttpClient();
  try {
    const fault = await askRunning(target, http);
    if (fault !== undefined) throw new RecoverableError('HTTP_NO_ANSWER', fault);
  } finally {
    await http.close();
  }
}

function sayIgnored(log: Logger, rest: readonly string[], keys: readonly string[]): void {
  if (rest.length > 0)
    log.warn('Arguments behind the first that is no flag are not read, as by the daemon', {
      arguments: rest.length,
      remedy: 'a switch takes its value behind "=": --local-mode=false',
    });
  if (keys.length > 0)
    log.warn('Keys of the configuration file have no effect', { keys: keys.join(',') });
  warnOfVariables([xrayDaemon], process.env, log);
}

/** A daemon that is hung up ends; ours ends as well, in order. */
function whenHungUp(log: Logger): AbortSignal {
  const ending = new AbortController();
  process.once('SIGHUP', () => {
    log.info('Got shutdown signal: hangup');
    ending.abort(new Error('hung up'));
  });
  return ending.signal;
}
