/**
 * Names of OpenTelemetry metrics and attributes as names of Prometheus: characters, the suffixes
 * that unit and type give, a prefix. Pure.
 *
 *     http.server.duration, s, histogram   http_server_duration_seconds
 *     jobs_total_done, counter             jobs_done_total
 *     http.method                          http_method
 *
 * Where nothing of a name would be left, the Collector drops the samples; here its characters are
 * replaced one by one.
 * Source: https://github.com/prometheus/otlptranslator (v1.0.0: metric_namer.go, label_namer.go)
 */
import { cleanUnit, isRatio, readUnit } from './prometheus-units.ts';

export interface NameRules {
  /** Put before each name with an underscore; '' for none. */
  readonly namespace: string;
  /** Whether unit and type give suffixes. */
  readonly hasSuffixes: boolean;
  /** Whether names keep all of their characters. */
  readonly isUtf8: boolean;
  /** How names of labels are made; as the Collector does it by default. */
  readonly labels?: LabelRules | undefined;
}

/** What becomes of a label's name that does not keep all of its characters. */
export interface LabelRules {
  /** Whether `key` is put before one underscore at the beginning. */
  readonly addsKey: boolean;
  /** Whether several underscores in a row stay several. */
  readonly keepsUnderscores: boolean;
  /** Whether attributes that get the same name are joined even where they have the same value. */
  readonly joinsEqual: boolean;
}

const COLLECTOR_LABELS: LabelRules = {
  addsKey: true,
  keepsUnderscores: false,
  joinsEqual: false,
};
const INFO_LABELS: LabelRules = { addsKey: false, keepsUnderscores: true, joinsEqual: false };

export interface NamedMetric {
  readonly name: string;
  readonly unit: string;
  /** What gives a suffix: only counters get `_total`, only gauges `_ratio`. */
  readonly kind: 'counter' | 'gauge' | 'other';
}

export function buildMetricName(metric: NamedMetric, rules: NameRules): string {
  if (rules.isUtf8) return buildWhole(metric, rules);
  const name = rules.hasSuffixes ? buildOfWords(metric, rules) : buildPlain(metric, rules);
  if (/[^_]/.test(name)) return name;
  const replaced = metric.name.replaceAll(/[^a-zA-Z0-9:_]/g, '_');
  return rules.namespace === '' ? replaced : `${rules.namespace}_${replaced}`;
}

/** Words and suffixes joined by single underscores; a unit that is among the words is not added. */
function buildOfWords({ name, unit, kind }: NamedMetric, { namespace }: NameRules): string {
  let words = name.split(/[^a-zA-Z0-9:]+/).filter((word) => word !== '');
  for (const word of listUnitWords(unit, words)) words.push(word);
  if (kind === 'counter') words = [...words.filter((word) => word !== 'total'), 'total'];
  if (kind === 'gauge' && isRatio(unit))
    words = [...words.filter((word) => word !== 'ratio'), 'ratio'];
  if (namespace !== '') words.unshift(namespace);
  return withoutLeadingDigit(words.join('_'));
}

function listUnitWords(unit: string, words: readonly string[]): readonly string[] {
  const { main, per } = readUnit(unit);
  const perWord = cleanUnit(per).replace(/_$/, '');
  const mainWord = cleanUnit(main);
  const hasPer = perWord !== '' && perWord !== 'per' && !words.includes(perWord);
  return [
    words.includes(mainWord) ? '' : hasPer ? mainWord.replace(/_$/, '') : mainWord,
    hasPer ? perWord : '',
  ].filter((word) => word !== '');
}

function buildPlain({ name }: NamedMetric, { namespace }: NameRules): string {
  const plain = joinValid(name);
  return namespace === '' ? withoutLeadingDigit(plain) : `${joinValid(namespace)}_${plain}`;
}

function joinValid(name: string): string {
  return name
    .split(/[^a-zA-Z0-9:_]+/)
    .filter((part) => part !== '')
    .join('_');
}

/** All characters stay; a suffix that is there already is moved to its place at the end. */
function buildWhole({ name, unit, kind }: NamedMetric, rules: NameRules): string {
  let whole = rules.namespace === '' ? name : `${rules.namespace}_${name}`;
  if (!rules.hasSuffixes) return whole;
  const { main, per } = readUnit(unit);
  const endings: string[] = [];
  const move = (suffix: string): void => {
    whole = trimSuffix(whole, suffix);
    endings.unshift(suffix);
  };
  if (kind === 'gauge' && isRatio(unit)) move('ratio');
  if (kind === 'counter') move('total');
  if (per !== '') move(per);
  if (main !== '' && !whole.endsWith(main)) whole += `_${main}`;
  return [whole, ...endings].join('_');
}

/** Trims a suffix and the character before it. */
function trimSuffix(name: string, suffix: string): string {
  return name.endsWith(suffix) && name.length > suffix.length + 1
    ? name.slice(0, -(suffix.length + 1))
    : name;
}

function withoutLeadingDigit(name: string): string {
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

/**
 * The name of a label. What begins with a digit gets `key_` before it. What begins and ends with
 * two underscores is reserved, and keeps them.
 */
export function buildLabelName(
  name: string,
  isUtf8: boolean,
  { addsKey, keepsUnderscores }: LabelRules = COLLECTOR_LABELS,
): string {
  if (isUtf8) return name;
  const plain = name.replaceAll(/[^a-zA-Z0-9_]/gu, '_');
  if (keepsUnderscores) return addKey(plain, addsKey);
  const [, reserved] = /^__(.*)__$/s.exec(plain) ?? [];
  const label =
    reserved === undefined ? addKey(collapse(plain), addsKey) : `__${collapse(reserved)}__`;
  // Where underscores alone would be left, there is one for each character.
  return /[^_]/.test(label) ? label : plain;
}

/** The name of a label of target_info, for which every character is replaced by itself. */
export function buildInfoLabelName(name: string): string {
  return buildLabelName(name, false, INFO_LABELS);
}

function addKey(label: string, addsKey: boolean): string {
  if (/^[0-9]/.test(label)) return `key_${label}`;
  return addsKey && /^_(?!_)/.test(label) ? `key${label}` : label;
}

function collapse(name: string): string {
  return name.replaceAll(/_+/g, '_');
}
