/**
 * The daemon's configuration file, cfg.yaml of Version 1 or 2: which keys it has, and the
 * refusals in the daemon's words. A file that a flag names is checked for keys that do not exist;
 * of the file that lies in a default place, the daemon passes over such keys, and they are told.
 * Source: https://github.com/aws/aws-xray-daemon/blob/master/pkg/cfg/cfg.go
 */
import { isAlias, isMap, isScalar, LineCounter, type YAMLMap } from 'yaml';
import { TOO_MANY_ALIASES, YamlAliases } from '../../kernel/yaml-aliases.ts';
import { parseYaml } from '../../kernel/yaml-steps.ts';

/** A fault for which the daemon ends before it starts; the message is the daemon's. */
export class DaemonRefusal extends Error {
  override readonly name = 'DaemonRefusal';
  /** The exit status: 2 for a fault of a flag, else 1. */
  readonly status: 1 | 2;
  constructor(message: string, status: 1 | 2 = 1) {
    super(message);
    this.status = status;
  }
}

/** Where the daemon looks for a file when no flag names one. The first that is there counts. */
export const FILE_LOCATIONS = ['/etc/amazon/xray/cfg.yaml', 'cfg.yaml'];

const keys = {
  TotalBufferSizeMB: 'whole',
  Concurrency: 'whole',
  Endpoint: 'text',
  Region: 'text',
  'Socket.UDPAddress': 'text',
  'Socket.TCPAddress': 'text',
  'Logging.LogRotation': 'switch',
  'Logging.LogLevel': 'text',
  'Logging.LogPath': 'text',
  LocalMode: 'switch',
  ResourceARN: 'text',
  RoleARN: 'text',
  NoVerifySSL: 'switch',
  ProxyAddress: 'text',
  Version: 'whole',
} as const;

type Kind = (typeof keys)[keyof typeof keys];
interface ValueOf {
  readonly whole: number;
  readonly text: string;
  readonly switch: boolean;
}

/** The values of a file. A key that is absent, empty or null is left out: its default holds. */
export type DaemonFile = {
  readonly [Key in keyof typeof keys]?: ValueOf[(typeof keys)[Key]];
};

export interface ReadDaemonFile {
  readonly values: DaemonFile;
  /** Keys that have no effect, for a warning. */
  readonly ignored: readonly string[];
}

/** The daemon accepts them and then sets its own values. */
const WITHOUT_EFFECT = [
  'proxyserver.idleconntimeout',
  'proxyserver.maxidleconnsperhost',
  'proxyserver.maxidleconns',
];
const GONE = [
  'Profile.CPU',
  'Profile.Memory',
  'Socket.BufferSizeKB',
  'Logging.LogFormat',
  'Processor.BatchProcessorQueueSize',
];
const MIGRATED = [
  'LogRotation',
  'Processor.Region',
  'Processor.Endpoint',
  'Processor.Routine',
  'MemoryLimit',
];
const VERSIONS = [1, 2];
const REFER = 'Please refer to AWS X-Ray Documentation for more information.';
const MIGRATE = 'Use X-Ray Daemon Config Migration Script to update the config file.';

/**
 * Reads the text of a file.
 *
 * @param isNamed  whether a flag named the file, so that unknown keys are refused
 * @throws DaemonRefusal
 */
export function readDaemonFile(text: string, isNamed: boolean): ReadDaemonFile {
  const entries = listEntries(text);
  if (isNamed) checkKeys(entries.map(({ key }) => key));
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const { key, value, line } of entries) {
    const kind = Object.hasOwn(keys, key) ? keys[key as keyof typeof keys] : undefined;
    if (kind === undefined || value === null || value === undefined || value === '') continue;
    const read = readValue(kind, value);
    if (read === undefined) faults.push(`  line ${line}: ${describeMismatch(value, kind)}`);
    else if (read !== 0) values[key] = read;
  }
  if (faults.length > 0) throw refuseYaml(`unmarshal errors:\n${faults.join('\n')}`);
  if (!VERSIONS.includes(values['Version'] as number))
    throw new DaemonRefusal(`Config Version Setting is not correct. ${MIGRATE} ${REFER}`);
  const ignored = entries.map(({ key }) => key).filter((key) => !Object.hasOwn(keys, key));
  return { values, ignored };
}

interface Entry {
  /** The keys above it before it, with dots between. */
  readonly key: string;
  readonly value: unknown;
  readonly line: number;
}

/** The keys of the file, those of blocks by `Block.Key`; a block deeper down is one value. */
function listEntries(text: string): Entry[] {
  const lines = new LineCounter();
  // The daemon reads YAML 1.1, where yes and on are true, and the last of two equal keys counts.
  const document = parseYaml(text, { version: '1.1', lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined)
    throw refuseYaml(`line ${lines.linePos(error.pos[0]).line}: ${error.message}`);
  const aliases = YamlAliases.of(document);
  if (aliases.excessAt !== undefined)
    throw refuseYaml(`line ${lines.linePos(aliases.excessAt).line}: ${TOO_MANY_ALIASES}`);
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  if (!isMap(contents)) throw refuseYaml('the file is not a mapping of keys to values');
  const toEntries = (map: YAMLMap, prefix: string): Entry[] =>
    map.items.flatMap(({ key, value }): Entry[] => {
      const name = `${prefix}${isScalar(key) ? String(key.value) : String(key)}`;
      const node = isAlias(value) ? aliases.resolve(value) : value;
      if (isMap(node) && prefix === '') return toEntries(node, `${name}.`);
      const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
      const { line } = lines.linePos(offset);
      return [{ key: name, value: isScalar(node) ? node.value : node, line }];
    });
  return toEntries(contents, '');
}

function checkKeys(given: readonly string[]): void {
  if (given.length > 0 && !given.includes('Version'))
    throw new DaemonRefusal(`Config Version is missing. ${MIGRATE} ${REFER}`);
  for (const key of given) {
    if (Object.hasOwn(keys, key) || WITHOUT_EFFECT.includes(key)) continue;
    if (GONE.includes(key))
      throw new DaemonRefusal(`${key} flag is not supported any more. ${REFER}`);
    if (MIGRATED.includes(key))
      throw new DaemonRefusal(`${key} flag is not supported. ${MIGRATE} ${REFER}`);
    throw new DaemonRefusal(`${key} flag is invalid. ${REFER}`);
  }
}

/** Undefined for a value of another type. A number or a switch is also a text, as in Go's YAML. */
function readValue(kind: Kind, value: unknown): ValueOf[Kind] | undefined {
  if (kind === 'whole') return Number.isSafeInteger(value) ? (value as number) : undefined;
  if (kind === 'switch') return typeof value === 'boolean' ? value : undefined;
  return isPlain(value) ? String(value) : undefined;
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

const GO_TYPES = { whole: 'int', text: 'string', switch: 'bool' } as const;

function describeMismatch(value: unknown, kind: Kind): string {
  const into = `into ${GO_TYPES[kind]}`;
  if (!isPlain(value)) return `cannot unmarshal map or list ${into}`;
  return `cannot unmarshal ${typeof value} \`${String(value).slice(0, 10)}\` ${into}`;
}

function refuseYaml(what: string): DaemonRefusal {
  return new DaemonRefusal(`Error occur when using config flag: yaml: ${what}`);
}
