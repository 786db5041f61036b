/**
 * The seam of OTTL's functions, and the names of those that are known. Types and tables only.
 * Source: contrib's pkg/ottl/ottlfuncs/functions.go, internal/filter/filterottl/functions.go,
 * processor/transformprocessor/internal/metrics/functions.go
 */
import type { PathRules, Place } from './paths.ts';
import type { SearchRegex } from '../../relabel/search.ts';
import type { Subject } from './subject.ts';
import type { OttlValue, ValueMap } from './value.ts';

export type Getter<Type = OttlValue> = (subject: Subject) => Type;

export interface Compiling extends PathRules {
  /** Takes the place of each path that is read. */
  readonly onRead: (place: Place) => void;
}

/** A function of a series, and whether it is the same for all. */
export interface CompiledValue {
  readonly get: Getter;
  readonly isLiteral: boolean;
}

/** What an editor works on. */
export interface EditTarget {
  readonly place: Place;
  readonly get: Getter;
  readonly set: (subject: Subject, value: OttlValue) => void;
}

/** The arguments of a call. Each reads one, by its number, in the type that is needed. */
export interface Arguments {
  has(index: number): boolean;
  any(index: number): Getter;
  /** A text, and nothing else. */
  text(index: number): Getter<string>;
  /** Anything but nil made a text; undefined for nil. */
  textLike(index: number): Getter<string | undefined>;
  int(index: number): Getter<bigint>;
  map(index: number): Getter<ValueMap>;
  /** The items of a list that is written out. */
  texts(index: number): readonly Getter<string>[];
  textLikes(index: number): readonly Getter<string | undefined>[];
  anys(index: number): readonly Getter[];
  /** Literals. */
  literalText(index: number): string;
  literalTexts(index: number): readonly string[];
  literalInt(index: number): number;
  literalBoolean(index: number): boolean;
  /** A pattern; compiled once where it is a literal. */
  regex(index: number): Getter<SearchRegex>;
  wildcards(index: number): Getter<SearchRegex>;
  target(index: number): EditTarget;
  /** @throws OttlSyntaxError at the argument */
  refuse(index: number, message: string): never;
  /** @throws OttlUnsupportedError at the argument */
  lack(index: number, message: string): never;
}

export interface OttlFunction {
  /** In order; `?` behind the name of one that may be left out. */
  readonly parameters: readonly string[];
  create(given: Arguments): Getter;
}

/** An editor; what it gives is of no use. */
export interface OttlEditor {
  readonly parameters: readonly string[];
  /** Whether doing it again changes nothing more, as long as its other arguments are the same. */
  readonly isIdempotent: boolean;
  create(given: Arguments): (subject: Subject) => void;
}

const OF_ALL_POINTS =
  'it asks about all data points of a metric, and series are seen one by one; ' +
  'use a condition on datapoint.attributes, which drops those series that it is true for';

const OF_SEVERAL = 'it makes or joins series';

/** Functions that OTTL knows and that can't be done here, each with a reason or none. */
export const REFUSED_FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ['HasAttrOnDatapoint', OF_ALL_POINTS],
  ['HasAttrKeyOnDatapoint', OF_ALL_POINTS],
  ...(
    'convert_sum_to_gauge convert_gauge_to_sum extract_count_metric extract_sum_metric ' +
    'convert_summary_count_val_to_sum convert_summary_quantile_val_to_gauge ' +
    'convert_summary_sum_val_to_sum copy_metric scale_metric aggregate_on_attributes ' +
    'aggregate_on_attribute_value convert_exponential_histogram_to_histogram ' +
    'merge_histogram_buckets'
  )
    .split(' ')
    .map((name): [string, string] => [
      name,
      name === 'scale_metric'
        ? 'use experimental_scale_value of the processor metricstransform'
        : name.startsWith('aggregate_')
          ? `${OF_SEVERAL}; use aggregate_labels of the processor metricstransform`
          : OF_SEVERAL,
    ]),
  ...(
    'flatten stringify_all ' +
    'Base64Decode Base64Encode Bool Decode CommunityID ConvertAttributesToElementsXML ' +
    'ConvertTextToElementsXML Day Duration ExtractGrokPatterns FNV GetXML Hour Hours Index ' +
    'InsertXML Log IsValidLuhn MD5 Microseconds Milliseconds Minute Minutes Month Murmur3Hash ' +
    'Murmur3Hash128 Nanosecond Nanoseconds Now ParseCSV ParseJSON ParseKeyValue ' +
    'ParseSimplifiedXML ParseXML RemoveXML Second Seconds SHA1 SHA256 SHA512 Sort SpanID Format ' +
    'Time FormatTime ToKeyValueString ToCamelCase ToSnakeCase TruncateTime TraceID Unix ' +
    'UnixMicro UnixMilli UnixNano UnixSeconds UUID UUIDv7 URL Values Weekday UserAgent Append ' +
    'DeleteIndex Year Hex SliceToMap ParseSeverity ProfileID ParseInt Keys XXH3 XXH128 IsInCIDR'
  )
    .split(' ')
    .map((name): [string, string] => [name, '']),
]);
