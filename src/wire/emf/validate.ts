/**
 * Validates an event of the embedded metric format, as CloudWatch does when it makes metrics of it:
 * structure, targets, limits and, where the time of arrival is given, its timestamp. Both forms are
 * known, that with `_aws` and the older one with `Version` "0". Pure.
 * Limits: 100 faults of an event.
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html,
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html,
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
 */
import {
  EMF_DIMENSIONS_MAX,
  EMF_EVENT_BYTES_MAX,
  EMF_METRICS_MAX,
  EMF_NAME_LENGTH_MAX,
  isEmfUnit,
  LOG_EVENT_OVERHEAD_BYTES,
} from './limits.ts';
import { findDimensionFault, findValueFaults } from './targets.ts';

/**
 * What is wrong with an event: it is no document of the format (`parsing`), or one that breaks a
 * rule (`validation`). CloudWatch counts them apart, as EMFParsingErrors and EMFValidationErrors.
 */
export interface EmfFault {
  readonly kind: 'parsing' | 'validation';
  /** Where in the document, such as `_aws.CloudWatchMetrics[0].Namespace`; '' is all of it. */
  readonly path: string;
  /** What is wrong and what the rule is; a sentence without full stop. */
  readonly message: string;
}

export interface EmfReport {
  /** None where CloudWatch takes all metrics of the event. */
  readonly faults: readonly EmfFault[];
  /** Whether the event asks for metrics at all; one that does not is a plain log event. */
  readonly hasDirectives: boolean;
  /** The root; undefined where the text is no JSON object. */
  readonly root: EmfRoot | undefined;
}

export type EmfRoot = Readonly<Record<string, unknown>>;

export interface ValidateOptions {
  /** When the event arrives, ms since 1970; the age of events is not looked at without it. */
  readonly nowMs?: number | undefined;
}

const FAULTS_MAX = 100;
/** How far a timestamp may lie ahead of the time of arrival, and behind it. */
const AHEAD_MAX_MS = 2 * 3_600_000;
const BEHIND_MAX_MS = 14 * 86_400_000;

/** @param message  the text of a log event */
export function validateEmf(message: string, options: ValidateOptions = {}): EmfReport {
  const faults = new Faults();
  const bytes = Buffer.byteLength(message) + LOG_EVENT_OVERHEAD_BYTES;
  if (bytes > EMF_EVENT_BYTES_MAX)
    faults.add('', `${bytes} bytes with the ${LOG_EVENT_OVERHEAD_BYTES} of an event: ${SIZE_RULE}`);
  const root = parseRoot(message, faults);
  if (root === undefined) return { faults: faults.list, hasDirectives: false, root };
  const found = findMetadata(root, faults);
  if (found === undefined) return { faults: faults.list, hasDirectives: false, root };
  const { directives, timestamp, path } = found;
  checkTimestamp(timestamp, path, options.nowMs, faults);
  const at = path === '' ? 'CloudWatchMetrics' : `${path}.CloudWatchMetrics`;
  if (!Array.isArray(directives)) {
    const what = directives === undefined ? 'is missing' : 'is no array';
    faults.add(at, `${what}: it holds the directives that name metrics`);
    return { faults: faults.list, hasDirectives: false, root };
  }
  for (const [index, directive] of directives.entries())
    checkDirective(directive, `${at}[${index}]`, root, faults);
  return { faults: faults.list, hasDirectives: directives.length > 0, root };
}

const SIZE_RULE = `an event has at most ${EMF_EVENT_BYTES_MAX}`;

class Faults {
  readonly list: EmfFault[] = [];

  add(path: string, message: string, kind: EmfFault['kind'] = 'validation'): void {
    if (this.list.length < FAULTS_MAX) this.list.push({ kind, path, message });
  }
}

function parseRoot(message: string, faults: Faults): EmfRoot | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(message);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    faults.add('', `is no JSON: ${why}`, 'parsing');
    return undefined;
  }
  if (isObject(parsed)) return parsed;
  faults.add('', 'is no JSON object', 'parsing');
  return undefined;
}

interface Metadata {
  readonly directives: unknown;
  readonly timestamp: unknown;
  /** Of the object that holds them. */
  readonly path: string;
}

function findMetadata(root: EmfRoot, faults: Faults): Metadata | undefined {
  const metadata = Object.hasOwn(root, '_aws') ? root['_aws'] : undefined;
  if (metadata === undefined) {
    if (Object.hasOwn(root, 'CloudWatchMetrics') && root['Version'] === '0')
      return { directives: root['CloudWatchMetrics'], timestamp: root['Timestamp'], path: '' };
    faults.add('_aws', 'is missing: without it no metric is made of the event', 'parsing');
    return undefined;
  }
  if (!isObject(metadata)) {
    faults.add('_aws', 'is no object', 'parsing');
    return undefined;
  }
  const { CloudWatchMetrics: directives, Timestamp: timestamp } = metadata;
  return { directives, timestamp, path: '_aws' };
}

/** The older form has a text here. */
function checkTimestamp(
  timestamp: unknown,
  path: string,
  nowMs: number | undefined,
  faults: Faults,
): void {
  const at = path === '' ? 'Timestamp' : `${path}.Timestamp`;
  const isText = path === '' && typeof timestamp === 'string' && /^\d+$/.test(timestamp);
  const tMs = isText ? Number(timestamp) : timestamp;
  if (typeof tMs !== 'number' || !Number.isSafeInteger(tMs) || tMs < 0) {
    const what = timestamp === undefined ? 'is missing' : `is ${JSON.stringify(timestamp)}`;
    faults.add(at, `${what}: it is a whole number of milliseconds since 1970`);
    return;
  }
  if (nowMs === undefined) return;
  if (tMs > nowMs + AHEAD_MAX_MS) faults.add(at, 'is more than 2 hours ahead');
  if (tMs < nowMs - BEHIND_MAX_MS) faults.add(at, 'is more than 14 days ago');
}

function checkDirective(directive: unknown, path: string, root: EmfRoot, faults: Faults): void {
  if (!isObject(directive)) {
    faults.add(path, 'is no object');
    return;
  }
  checkName(directive['Namespace'], `${path}.Namespace`, faults);
  if (typeof directive['Namespace'] === 'string' && directive['Namespace'].startsWith(':'))
    faults.add(`${path}.Namespace`, 'begins with a colon');
  const { Dimensions: sets, Metrics: metrics } = directive;
  if (!Array.isArray(sets) || sets.length === 0)
    faults.add(`${path}.Dimensions`, 'is no array of at least one set of dimensions');
  else
    for (const [index, set] of sets.entries())
      checkSet(set, `${path}.Dimensions[${index}]`, root, faults);
  if (!Array.isArray(metrics)) {
    faults.add(`${path}.Metrics`, 'is no array');
    return;
  }
  if (metrics.length > EMF_METRICS_MAX)
    faults.add(
      `${path}.Metrics`,
      `${metrics.length} metrics: a directive has at most ${EMF_METRICS_MAX}`,
    );
  for (const [index, metric] of metrics.entries())
    checkMetric(metric, `${path}.Metrics[${index}]`, root, faults);
}

function checkSet(set: unknown, path: string, root: EmfRoot, faults: Faults): void {
  if (!Array.isArray(set)) {
    faults.add(path, 'is no array of names');
    return;
  }
  if (set.length > EMF_DIMENSIONS_MAX)
    faults.add(path, `${set.length} dimensions: a set has at most ${EMF_DIMENSIONS_MAX}`);
  if (new Set(set).size < set.length) faults.add(path, 'names a dimension twice');
  for (const [index, name] of set.entries()) {
    if (!checkName(name, `${path}[${index}]`, faults)) continue;
    const target = Object.hasOwn(root, name) ? root[name] : undefined;
    const fault = findDimensionFault(name, target);
    if (fault !== undefined) faults.add(`${path}[${index}]`, `"${name}" ${fault}`);
  }
}

function checkMetric(metric: unknown, path: string, root: EmfRoot, faults: Faults): void {
  if (!isObject(metric)) {
    faults.add(path, 'is no object');
    return;
  }
  const { Name: name, Unit: unit, StorageResolution: resolution } = metric;
  if (unit !== undefined && (typeof unit !== 'string' || !isEmfUnit(unit)))
    faults.add(`${path}.Unit`, `${JSON.stringify(unit)} is no unit of CloudWatch`);
  if (resolution !== undefined && resolution !== 1 && resolution !== 60)
    faults.add(`${path}.StorageResolution`, `is ${JSON.stringify(resolution)}: it is 1 or 60`);
  if (!checkName(name, `${path}.Name`, faults)) return;
  const target = Object.hasOwn(root, name) ? root[name] : undefined;
  for (const fault of findValueFaults(target)) faults.add(`${path}.Name`, `"${name}" ${fault}`);
}

function checkName(name: unknown, path: string, faults: Faults): name is string {
  if (typeof name !== 'string') {
    faults.add(path, name === undefined ? 'is missing' : 'is no text');
    return false;
  }
  if (name.trim() === '') faults.add(path, 'is empty');
  else if (name.length > EMF_NAME_LENGTH_MAX)
    faults.add(path, `${name.length} characters: a name has at most ${EMF_NAME_LENGTH_MAX}`);
  else return true;
  return false;
}

function isObject(value: unknown): value is EmfRoot {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
