/**
 * What `amperage xray` runs by: the daemon's flags, over its file, over its defaults, as one plain
 * value. What the environment decides is in it where the daemon reads it there; what has to be
 * asked of metadata (the region) is found later. Pure.
 * Source: https://github.com/aws/aws-xray-daemon/blob/master/cmd/tracing/daemon.go
 */
import type { LogLevel } from '../../kernel/logger.ts';
import { splitListen } from '../../kernel/listen-address.ts';
import { type DaemonFile, DaemonRefusal } from './daemon-file.ts';
import { readGoSwitch, readGoWhole } from './go-flags.ts';

/** The values of the daemon's flags as they were given; `''` unsets what the file has. */
export interface DaemonFlags {
  readonly resourceArn?: string;
  readonly localMode?: string;
  readonly bufferMemory?: string;
  readonly region?: string;
  readonly bind?: string;
  readonly bindTcp?: string;
  readonly roleArn?: string;
  readonly logFile?: string;
  readonly logLevel?: string;
  readonly proxyAddress?: string;
}

export interface DaemonSettings {
  /** `host:port` of UDP and of TCP. */
  readonly udpAddress: string;
  readonly tcpAddress: string;
  /** Memory between the socket and the queue, in MB (2^20 bytes). */
  readonly bufferMb: number;
  /** Requests to X-Ray at once. */
  readonly concurrency: number;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly roleArn: string | undefined;
  readonly resourceArn: string | undefined;
  readonly proxyUrl: string | undefined;
  readonly isLocal: boolean;
  readonly skipsVerification: boolean;
  readonly log: DaemonLogSettings;
}

export interface DaemonLogSettings {
  readonly level: LogLevel;
  readonly file: string | undefined;
  readonly rotates: boolean;
}

/** What the machine is, as far as the defaults follow from it. */
export interface Machine {
  readonly memoryBytes: number;
  /** Whether a socket for all addresses can be one of IPv6, which takes IPv4 as well. */
  readonly hasIpv6: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

const ADDRESS = '127.0.0.1:2000';
const BUFFER_MIN_MB = 3;
/**
 * The least default. One percent of a small container's memory would be below the daemon's own
 * minimum; 16 MB hold a burst of some thousand segments.
 */
const BUFFER_DEFAULT_MB = 16;
const CONCURRENCY = 8;
const MB = 1_048_576;

/** @throws DaemonRefusal for a value that the daemon ends at */
export function resolveSettings(
  flags: DaemonFlags,
  file: DaemonFile,
  env: Env,
  machine: Machine,
): DaemonSettings {
  const pick = (flag: string | undefined, ofFile: string | undefined): string | undefined =>
    emptyIsAbsent(flag ?? ofFile);
  return {
    udpAddress: readAddress(flags.bind ?? file['Socket.UDPAddress'] ?? ADDRESS, machine),
    tcpAddress: readAddress(flags.bindTcp ?? file['Socket.TCPAddress'] ?? ADDRESS, machine),
    bufferMb: readBuffer(flags.bufferMemory, file.TotalBufferSizeMB, machine),
    concurrency: Math.max(1, file.Concurrency ?? CONCURRENCY),
    region: pick(flags.region, file.Region) ?? emptyIsAbsent(env['AWS_REGION']),
    endpoint: readUrl('endpoint', file.Endpoint),
    roleArn: pick(flags.roleArn, file.RoleARN),
    resourceArn: pick(flags.resourceArn, file.ResourceARN),
    proxyUrl: readUrl('proxy', pick(flags.proxyAddress, file.ProxyAddress)),
    isLocal: readSwitchFlag('local-mode', flags.localMode) ?? file.LocalMode ?? false,
    skipsVerification: file.NoVerifySSL ?? false,
    log: resolveLog(flags, file),
  };
}

/** Log settings alone, so that the log is there before a refusal of the others is said. */
export function resolveLog(flags: DaemonFlags, file: DaemonFile): DaemonLogSettings {
  const ofFile = readLevel(file['Logging.LogLevel']) ?? 'info';
  return {
    level: readLevel(flags.logLevel) ?? ofFile,
    file: emptyIsAbsent(flags.logFile ?? file['Logging.LogPath']),
    rotates: file['Logging.LogRotation'] ?? true,
  };
}

const LEVELS: Readonly<Record<string, LogLevel>> = {
  dev: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  prod: 'info',
};

/** Undefined for a word that is no level, which changes nothing. */
function readLevel(word: string | undefined): LogLevel | undefined {
  return word !== undefined && Object.hasOwn(LEVELS, word) ? LEVELS[word] : undefined;
}

/**
 * The value of a switch flag; undefined where it is not given.
 *
 * @throws DaemonRefusal
 */
export function readSwitchFlag(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  const value = readGoSwitch(text);
  if (value !== undefined) return value;
  throw new DaemonRefusal(`invalid boolean value ${JSON.stringify(text)} for -${name}`, 2);
}

function readBuffer(
  flag: string | undefined,
  ofFile: number | undefined,
  { memoryBytes }: Machine,
): number {
  const given = flag === undefined ? ofFile : readGoWhole(flag);
  if (flag !== undefined && given === undefined)
    throw new DaemonRefusal(`invalid value ${JSON.stringify(flag)} for flag -buffer-memory`, 2);
  if (given === undefined || given <= 0)
    return Math.max(BUFFER_DEFAULT_MB, Math.floor(memoryBytes / 100 / MB));
  if (given >= BUFFER_MIN_MB) return given;
  throw new DaemonRefusal(
    `Not enough Buffers Memory Allocated. Min Buffers Memory required: ${BUFFER_MIN_MB} MB.`,
  );
}

/** In Go an address without a host is that of all interfaces. */
function readAddress(written: string, { hasIpv6 }: Machine): string {
  const address = splitListen(written);
  if (address === undefined) throw new DaemonRefusal(`address ${written}: write host:port`);
  if (address.host !== '') return written;
  return `${hasIpv6 ? '[::]' : '0.0.0.0'}:${address.port}`;
}

function readUrl(what: 'proxy' | 'endpoint', written: string | undefined): string | undefined {
  const text = emptyIsAbsent(written);
  if (text === undefined) return undefined;
  const isUrl = /^https?:\/\//i.test(text) && URL.canParse(text);
  if (isUrl) return text;
  // The text is not shown: a proxy may have a password in it.
  throw new DaemonRefusal(`Bad ${what} URL: write http://host:port or https://host:port`);
}

function emptyIsAbsent(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
