/**
 * The rules for writers of OpenMetrics, far stricter than what a scrape accepts: families whole and
 * in one piece, metadata first, names and labels as the type requires, no negative counts,
 * cumulative buckets. Pure. Not here: the syntax (reader.ts), advice on names.
 * Source: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
import type { SeriesType } from '../../model/sample.ts';
import { ExpositionReader } from './reader.ts';
import { parseSampleValue } from './float.ts';

/** What may follow a family's name, by type. */
const SUFFIXES: Readonly<Record<SeriesType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  summary: ['', '_count', '_sum', '_created'],
  info: ['_info'],
  stateset: [''],
  unknown: [''],
};
/** Suffixes of counts, which are never NaN and never negative. */
const COUNTING = ['_total', '_bucket', '_count', '_sum', '_gcount'];
const EXEMPLAR_CHARS_MAX = 128;
const COMMA = 44;
const BRACE_CLOSE = 125;

interface Family {
  readonly name: string;
  type: SeriesType;
  readonly given: Set<string>;
  hasSamples: boolean;
  /** Label sets (without le and quantile) whose samples are complete; none may follow. */
  readonly doneGroups: Set<string>;
  group: Group | undefined;
}

/** The samples of one label set of a family, such as the buckets of a histogram. */
interface Group {
  readonly key: string;
  /** Time of the last sample by series; undefined for a sample without a time. */
  readonly times: Map<string, number | undefined>;
  lastBound: number | undefined;
  lastCumulative: number;
  hasNegativeBound: boolean;
  count: number | undefined;
  sum: number | undefined;
}

interface Sample {
  readonly name: string;
  readonly suffix: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly tMs: number | undefined;
}

/** @throws ExpositionError with line and column at the first fault */
export function checkOpenMetrics(body: Uint8Array): void {
  const reader = new ExpositionReader();
  reader.open(body, 'openmetrics');
  new Checker(reader).run();
}

class Checker {
  readonly #reader: ExpositionReader;
  /** The family that each possible sample name belongs to. */
  readonly #owners = new Map<string, string>();
  #family: Family | undefined;
  /** The offset of the current line. */
  #from = 0;

  constructor(reader: ExpositionReader) {
    this.#reader = reader;
  }

  run(): void {
    const reader = this.#reader;
    for (;;) {
      this.#from = reader.pos;
      const entry = reader.next();
      if (entry === 'end') break;
      if (entry === 'sample') this.#checkSample();
      else this.#checkMetadata(entry);
    }
    this.#closeGroup();
  }

  #checkMetadata(keyword: 'help' | 'type' | 'unit'): void {
    const { metricName, text, type } = this.#reader;
    if (this.#family?.name !== metricName) this.#openFamily(metricName);
    const family = this.#family as Family;
    if (family.hasSamples) this.#fail(`# ${keyword.toUpperCase()} follows samples of its family`);
    if (family.given.has(keyword))
      this.#fail(`a second # ${keyword.toUpperCase()} of ${metricName}`);
    family.given.add(keyword);
    if (keyword === 'type') {
      this.#owners.delete(metricName);
      family.type = type;
      for (const suffix of SUFFIXES[type]) this.#claimName(metricName + suffix, metricName);
    }
    const hasUnit = family.given.has('unit') && (keyword !== 'unit' || text !== '');
    if (hasUnit && (family.type === 'info' || family.type === 'stateset'))
      this.#fail(`a family of type ${family.type} cannot have a unit`);
  }

  #openFamily(name: string): void {
    this.#closeGroup();
    this.#family = {
      name,
      type: 'unknown',
      given: new Set(),
      hasSamples: false,
      doneGroups: new Set(),
      group: undefined,
    };
    this.#claimName(name, name);
  }

  #claimName(sampleName: string, family: string): void {
    const owner = this.#owners.get(sampleName);
    if (owner !== undefined)
      this.#fail(
        owner === family
          ? `family ${family} comes a second time, or was interrupted`
          : `the name ${sampleName} clashes with that of family ${owner}`,
      );
    this.#owners.set(sampleName, family);
  }

  #checkSample(): void {
    const { bytes, seriesEnd } = this.#reader;
    if (bytes[seriesEnd - 1] === BRACE_CLOSE && bytes[seriesEnd - 2] === COMMA)
      this.#fail('a comma stands before the closing brace');
    const [[, name] = ['', ''], ...labels] = this.#reader.rawLabels();
    let family = this.#family;
    let suffix = family === undefined ? undefined : findSuffix(name, family);
    if (family === undefined || suffix === undefined) {
      if (family?.name === name) this.#fail(`a sample of a ${family.type} cannot be named ${name}`);
      this.#openFamily(name);
      family = this.#family as Family;
      suffix = '';
    }
    family.hasSamples = true;
    const { value, hasTime, tMs } = this.#reader;
    const map = new Map(labels);
    const sample = { name, suffix, labels: map, value, tMs: hasTime ? tMs : undefined };
    this.#checkValue(family, sample);
    this.#checkExemplar(family, suffix);
    const group = this.#enterGroup(family, sample);
    if (family.type === 'histogram' || family.type === 'gaugehistogram')
      this.#addToHistogram(group, sample);
  }

  #checkValue(family: Family, { suffix, labels, value }: Sample): void {
    const { type, name } = family;
    const isCounting = COUNTING.includes(suffix);
    if ((isCounting || suffix === '_gsum') && Number.isNaN(value))
      this.#fail('a count cannot be NaN');
    if (isCounting && value < 0) this.#fail('a count cannot be negative');
    if (type === 'info' && value !== 1) this.#fail('the value of an info is 1');
    if (type === 'stateset') {
      if (value !== 0 && value !== 1) this.#fail('a state is 0 or 1');
      if (!labels.has(name)) this.#fail(`a state needs the label ${name}`);
    }
    if (type === 'summary' && suffix === '') {
      const quantile = parseSampleValue(labels.get('quantile') ?? '');
      if (quantile === undefined || !(quantile >= 0 && quantile <= 1))
        this.#fail('a quantile needs the label quantile, from 0 to 1');
      if (value < 0) this.#fail('a quantile cannot be negative');
    }
    if (suffix === '_bucket') {
      const text = labels.get('le') ?? '';
      const bound = parseSampleValue(text);
      if (bound === undefined || Number.isNaN(bound))
        this.#fail('a bucket needs the label le, a number');
      if (bound === Infinity && text !== '+Inf') this.#fail('the last bound is spelt +Inf');
    }
  }

  #checkExemplar(family: Family, suffix: string): void {
    const reader = this.#reader;
    if (!reader.hasExemplar) return;
    const isAllowed =
      (family.type === 'counter' && suffix === '_total') ||
      ((family.type === 'histogram' || family.type === 'gaugehistogram') && suffix === '_bucket');
    if (!isAllowed) this.#fail('only counters and buckets have exemplars');
    const chars = reader
      .exemplar()
      .labels.reduce(
        (sum, [name, value]) => sum + countCharacters(name) + countCharacters(value),
        0,
      );
    if (chars > EXEMPLAR_CHARS_MAX)
      this.#fail(`the labels of an exemplar have more than ${EXEMPLAR_CHARS_MAX} characters`);
  }

  #enterGroup(family: Family, { suffix, labels, tMs }: Sample): Group {
    const own = [...labels].filter(
      ([label, value]) =>
        value !== '' &&
        !(label === 'le' && suffix === '_bucket') &&
        !(label === 'quantile' && family.type === 'summary') &&
        !(label === family.name && family.type === 'stateset'),
    );
    const key = JSON.stringify(own.toSorted(([a], [b]) => (a < b ? -1 : 1)));
    if (family.group?.key !== key) {
      this.#closeGroup();
      if (family.doneGroups.has(key))
        this.#fail('samples of one label set are not next to each other');
      family.group = newGroup(key);
    }
    const { group } = family;
    const bound = labels.get('le') ?? labels.get('quantile') ?? labels.get(family.name) ?? '';
    const series = `${suffix} ${bound}`;
    if (group.times.has(series)) {
      const before = group.times.get(series);
      if (before === undefined || tMs === undefined)
        this.#fail('a series comes twice without a timestamp on each sample');
      if (tMs < before) this.#fail('timestamps go back');
    }
    group.times.set(series, tMs);
    return group;
  }

  #addToHistogram(group: Group, { suffix, labels, value }: Sample): void {
    if (suffix === '_count' || suffix === '_gcount') group.count = value;
    if (suffix === '_sum' || suffix === '_gsum') group.sum = value;
    if (suffix !== '_bucket') return;
    const bound = parseSampleValue(labels.get('le') ?? '') ?? NaN;
    if (group.lastBound !== undefined && bound < group.lastBound)
      this.#fail('the bounds of buckets must ascend');
    if (group.lastBound !== bound && value < group.lastCumulative)
      this.#fail('buckets are cumulative: a count is lower than the one before');
    group.lastBound = bound;
    group.lastCumulative = value;
    if (bound < 0) group.hasNegativeBound = true;
  }

  /** Checks what can be checked of a histogram only when all its samples were read. */
  #closeGroup(): void {
    const family = this.#family;
    const group = family?.group;
    if (family === undefined || group === undefined) return;
    family.doneGroups.add(group.key);
    family.group = undefined;
    if (family.type !== 'histogram' && family.type !== 'gaugehistogram') return;
    const { count, sum, hasNegativeBound } = group;
    if (group.lastBound !== Infinity) this.#fail(`histogram ${family.name} has no +Inf bucket`);
    if (count !== undefined && count !== group.lastCumulative)
      this.#fail(`the count of ${family.name} differs from its +Inf bucket`);
    if ((count === undefined) !== (sum === undefined))
      this.#fail(`${family.name} has a count without a sum, or a sum without a count`);
    if (family.type === 'histogram' && hasNegativeBound && sum !== undefined)
      this.#fail(`${family.name} has negative buckets and so cannot have a sum`);
    if (family.type === 'gaugehistogram' && !hasNegativeBound && sum !== undefined && sum < 0)
      this.#fail(`${family.name} has a negative sum without negative buckets`);
  }

  #fail(message: string): never {
    throw this.#reader.errorAt(this.#from, message);
  }
}

/**
 * What follows the family's name in a sample's name; undefined when the sample belongs to another
 * family.
 */
function findSuffix(name: string, family: Family): string | undefined {
  if (!name.startsWith(family.name)) return undefined;
  const suffix = name.slice(family.name.length);
  return SUFFIXES[family.type].includes(suffix) ? suffix : undefined;
}

/** Code points, as the specification counts. */
function countCharacters(text: string): number {
  return Array.from(text).length;
}

function newGroup(key: string): Group {
  return {
    key,
    times: new Map(),
    lastBound: undefined,
    lastCumulative: 0,
    hasNegativeBound: false,
    count: undefined,
    sum: undefined,
  };
}
