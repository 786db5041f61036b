/**
 * What a path of OTTL means for a series: how it is read and set. Pure. What depends on a sample's
 * value or time, or on what a scraped series does not have, is refused by its name.
 * Source: contrib's pkg/ottl/contexts/internal/{ctxmetric,ctxdatapoint,ctxresource,ctxcommon}
 */
import type { SeriesType } from '../../model/sample.ts';
import { OttlEvaluationError, OttlSyntaxError, OttlUnsupportedError } from './fault.ts';
import type { PathField, PathNode } from './syntax.ts';
import { type Context, CONTEXTS, type Subject } from './subject.ts';
import { describeType, type OttlValue, type ValueMap } from './value.ts';

/** A path without its keys. */
export interface Place {
  /** `metric.name`, `datapoint.attributes`. */
  readonly name: string;
  /**
   * Whose it is: all data points of a metric have one name, all metrics of a resource its
   * attributes.
   */
  readonly owner: Context;
  get(subject: Subject): OttlValue;
  /** Absent: it is not set; `idle` says whether that is no loss. */
  set?(subject: Subject, value: OttlValue): void;
  /** Setting it changes no sample, for this reason. */
  readonly idle?: string;
  /** It can't be read, for this reason. */
  readonly unreadable?: string;
  /** A map can have keys. */
  readonly isMap: boolean;
}

export interface FoundPath {
  readonly place: Place;
  readonly keys: PathField['keys'];
}

/** What OTTL calls the types of metrics, and their numbers. */
const TYPE_NUMBERS = { gauge: 1n, sum: 2n, histogram: 3n, exponential: 4n, summary: 5n } as const;

export const ENUMS: ReadonlyMap<string, bigint> = new Map([
  ['AGGREGATION_TEMPORALITY_UNSPECIFIED', 0n],
  ['AGGREGATION_TEMPORALITY_DELTA', 1n],
  ['AGGREGATION_TEMPORALITY_CUMULATIVE', 2n],
  ['METRIC_DATA_TYPE_NONE', 0n],
  ['METRIC_DATA_TYPE_GAUGE', TYPE_NUMBERS.gauge],
  ['METRIC_DATA_TYPE_SUM', TYPE_NUMBERS.sum],
  ['METRIC_DATA_TYPE_HISTOGRAM', TYPE_NUMBERS.histogram],
  ['METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM', TYPE_NUMBERS.exponential],
  ['METRIC_DATA_TYPE_SUMMARY', TYPE_NUMBERS.summary],
]);

/** Types as contrib's prometheusreceiver translates them; gaugehistogram it does not know. */
const TYPES: Readonly<Record<SeriesType, keyof typeof TYPE_NUMBERS | undefined>> = {
  unknown: 'gauge',
  gauge: 'gauge',
  counter: 'sum',
  info: 'sum',
  stateset: 'sum',
  histogram: 'histogram',
  gaugehistogram: undefined,
  summary: 'summary',
};

function typeOf({ point: { type, suffix } }: Subject): keyof typeof TYPE_NUMBERS | undefined {
  // A histogram whose series has no suffix is a native one.
  return type === 'histogram' && suffix === '' ? 'exponential' : TYPES[type];
}

const TEMPORAL: ReadonlySet<string | undefined> = new Set(['sum', 'histogram', 'exponential']);

const HELP = 'help texts are sent as they are scraped';

const METRIC_PLACES: Readonly<Record<string, Omit<Place, 'name' | 'owner'>>> = {
  name: {
    get: ({ point }) => point.name,
    set: ({ point }, value) => {
      const name = expectText(value);
      if (name === '') throw new OttlEvaluationError('a metric without a name');
      point.name = name;
    },
    isMap: false,
  },
  unit: {
    get: ({ point }) => point.unit,
    set: ({ point }, value) => void (point.unit = expectText(value)),
    isMap: false,
  },
  type: {
    get: (subject) => {
      const type = typeOf(subject);
      return type === undefined ? 0n : TYPE_NUMBERS[type];
    },
    idle: 'a type is not changed by it, in the Collector neither',
    isMap: false,
  },
  description: {
    get: () => null,
    idle: HELP,
    unreadable: HELP,
    isMap: false,
  },
  aggregation_temporality: {
    get: (subject) => {
      if (!TEMPORAL.has(typeOf(subject))) return null;
      return subject.point.isDelta ? 1n : 2n;
    },
    isMap: false,
  },
  is_monotonic: {
    get: (subject) => (typeOf(subject) === 'sum' ? subject.point.type === 'counter' : null),
    isMap: false,
  },
};

const PLACES: Readonly<Record<Context, Readonly<Record<string, Omit<Place, 'name' | 'owner'>>>>> = {
  metric: METRIC_PLACES,
  datapoint: { attributes: makeMapPlace((subject) => subject.attributes) },
  resource: { attributes: makeMapPlace((subject) => subject.resource) },
};

const OF_A_SAMPLE = 'it depends on the sample, and series are told apart by labels only';

/** Paths that OTTL knows and that can't be done, with the reason. */
const REFUSED: Readonly<Record<Context, Readonly<Record<string, string>>>> = {
  resource: {
    dropped_attributes_count: 'a scraped resource has none',
    schema_url: 'a scraped resource has none',
  },
  metric: {
    data_points: 'series are seen one by one; use datapoint.attributes',
    metadata: 'a scraped metric has none',
  },
  datapoint: Object.fromEntries(
    (
      'value_double value_int start_time_unix_nano time_unix_nano start_time time exemplars ' +
      'flags count sum bucket_counts explicit_bounds scale zero_count positive negative ' +
      'quantile_values'
    )
      .split(' ')
      .map((name) => [name, OF_A_SAMPLE]),
  ),
};

const OTHER_CONTEXTS: Readonly<Record<string, string>> = {
  scope: 'a scraped series has no scope of its own',
  instrumentation_scope: 'a scraped series has no scope of its own',
  otelcol: 'there is no client whose request it was',
};

function makeMapPlace(mapOf: (subject: Subject) => ValueMap): Omit<Place, 'name' | 'owner'> {
  return {
    get: mapOf,
    set: (subject, value) => {
      if (!(value instanceof Map))
        throw new OttlEvaluationError(`${describeType(value)} where a map is expected`);
      const copy = [...value];
      const map = mapOf(subject);
      map.clear();
      for (const [key, one] of copy) map.set(key, one);
    },
    isMap: true,
  };
}

function expectText(value: OttlValue): string {
  if (typeof value === 'string') return value;
  throw new OttlEvaluationError(`${describeType(value)} where a text is expected`);
}

/** The contexts whose paths a context sees: its own and those of what it is a part of. */
export function visibleContexts(context: Context): readonly Context[] {
  return CONTEXTS.slice(0, CONTEXTS.indexOf(context) + 1);
}

/**
 * The context that a path names: one that is known, or not by us; undefined where it names none.
 */
export function namedContext({ fields }: PathNode): string | undefined {
  const [first] = fields;
  if (first === undefined || fields.length < 2 || first.keys.length > 0) return undefined;
  const isKnown = (CONTEXTS as readonly string[]).includes(first.name);
  return isKnown || first.name in OTHER_CONTEXTS ? first.name : undefined;
}

export interface PathRules {
  readonly context: Context;
  /** Whether a path that names no context is one of `context`. */
  readonly allowsBare: boolean;
}

/**
 * What a path means.
 *
 * @throws OttlSyntaxError for one that does not exist, OttlUnsupportedError for one refused
 */
export function findPath(path: PathNode, { context, allowsBare }: PathRules): FoundPath {
  const text = formatPath(path);
  const named = namedContext(path);
  if (named !== undefined && named in OTHER_CONTEXTS)
    throw new OttlUnsupportedError(`"${text}": ${OTHER_CONTEXTS[named]}`, path.offset);
  const visible = visibleContexts(context);
  const owner = visible.find((one) => one === named) ?? (allowsBare ? context : undefined);
  if (owner === undefined) {
    const options = visible.map((one) => `${one}.${text}`).join(' or ');
    throw new OttlSyntaxError(
      named === undefined
        ? `the path "${text}" names no context; write ${options}`
        : `"${text}" is not seen from the context ${context}`,
      path.offset,
    );
  }
  const [field, ...rest] = owner === named ? path.fields.slice(1) : path.fields;
  if (field === undefined) throw new OttlSyntaxError(`"${text}" is no path`, path.offset);
  const reason = lookUp(REFUSED[owner], field.name);
  if (reason !== undefined) throw new OttlUnsupportedError(`"${text}": ${reason}`, path.offset);
  const found = field.name === 'cache' ? findCache(owner, context) : PLACES[owner];
  const shape = lookUp(found, field.name);
  if (shape === undefined || rest.length > 0) {
    const names = Object.keys(PLACES[owner]).join(', ');
    throw new OttlSyntaxError(`"${text}" is not in the context ${owner} (${names})`, path.offset);
  }
  if (field.keys.length > 0 && !shape.isMap)
    throw new OttlSyntaxError(`"${field.name}" has no keys`, path.offset);
  return { place: { ...shape, name: `${owner}.${field.name}`, owner }, keys: field.keys };
}

/** A cache is seen from its own context only. */
function findCache(owner: Context, context: Context): (typeof PLACES)[Context] {
  if (owner !== context) return {};
  return { cache: makeMapPlace(({ caches }) => caches[owner]) };
}

function lookUp<Found>(table: Readonly<Record<string, Found>>, name: string): Found | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

export function formatPath({ fields }: PathNode): string {
  return fields.map(({ name, keys }) => name + '[…]'.repeat(keys.length)).join('.');
}
