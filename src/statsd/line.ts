/**
 * One line of StatsD, with the extensions of DogStatsD. Pure.
 *
 *     <name>:<value>[:<value>…]|<type>[|@<rate>][|#<tag>:<value>,…][|c:<container>][|T<seconds>]
 *
 * Events and service checks of DogStatsD are no metrics and are told apart from what is malformed.
 * Parts whose first letters are not known are passed over: the protocol grows by such parts.
 * Limits: LINE_BYTES_MAX, TAGS_MAX.
 * Source: https://github.com/statsd/statsd/blob/master/docs/metric_types.md,
 * https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/
 */

export const LINE_BYTES_MAX = 8 * 1024;
const TAGS_MAX = 100;
/** One line of a lower rate would stand for more than a thousand million, or for infinity. */
const RATE_MIN = 1e-9;

export const STATSD_TYPES = [
  'counter',
  'gauge',
  'timing',
  'histogram',
  'distribution',
  'set',
] as const;
export type StatsdType = (typeof STATSD_TYPES)[number];

const TYPES: Readonly<Record<string, StatsdType>> = {
  c: 'counter',
  g: 'gauge',
  ms: 'timing',
  h: 'histogram',
  d: 'distribution',
  s: 'set',
};

export interface StatsdLine {
  readonly name: string;
  readonly type: StatsdType;
  /** Of a set one text; else numbers, at least one. */
  readonly values: readonly StatsdValue[];
  /** Above 0, at most 1: which part of all observations the sender tells. */
  readonly rate: number;
  /** Tags in the order of the line, with the container as `container.id`. */
  readonly tags: readonly (readonly [string, string])[];
}

export interface StatsdValue {
  readonly text: string;
  /** NaN of a set. */
  readonly number: number;
  /** Whether it has a sign, by which it changes a gauge. */
  readonly isRelative: boolean;
}

/** Why a line is no metric. */
export const LINE_REFUSALS = [
  'event',
  'service_check',
  'malformed',
  'type',
  'value',
  'rate',
  'tag',
  'timestamp',
] as const;
export type LineRefusal = (typeof LINE_REFUSALS)[number];

/** @param takesSimpleTags  whether a tag may have no value; it is then `true` */
export function parseLine(text: string, takesSimpleTags: boolean): StatsdLine | LineRefusal {
  if (text.startsWith('_e{')) return 'event';
  if (text.startsWith('_sc|')) return 'service_check';
  const [head = '', code, ...parts] = text.split('|');
  const colon = head.indexOf(':');
  if (code === undefined || colon < 1 || colon === head.length - 1) return 'malformed';
  const type = TYPES[code.trimEnd()];
  if (type === undefined || !Object.hasOwn(TYPES, code.trimEnd())) return 'type';
  const written = head.slice(colon + 1);
  const values = type === 'set' ? [readMember(written)] : written.split(':').map(readValue);
  if (values.includes(undefined)) return 'value';
  const line = {
    name: head.slice(0, colon),
    type,
    values: values as readonly StatsdValue[],
    rate: 1,
    tags: [] as [string, string][],
  };
  for (const part of parts) {
    const refusal = readPart(part.trimEnd(), line, takesSimpleTags);
    if (refusal !== undefined) return refusal;
  }
  return line;
}

function readMember(text: string): StatsdValue {
  return { text, number: NaN, isRelative: false };
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Undefined for what is no finite number. */
function readValue(text: string): StatsdValue | undefined {
  const number = NUMBER.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(number)) return undefined;
  return { text, number, isRelative: text.startsWith('+') || text.startsWith('-') };
}

function readPart(
  part: string,
  line: { readonly type: StatsdType; rate: number; readonly tags: [string, string][] },
  takesSimpleTags: boolean,
): LineRefusal | undefined {
  if (part.startsWith('@')) {
    const rate = readValue(part.slice(1))?.number;
    if (rate === undefined || (rate > 0 && rate < RATE_MIN)) return 'rate';
    // As in the Collector, what is no part of a whole counts as 1.
    if (rate > 0 && rate < 1) line.rate = rate;
  } else if (part.startsWith('#')) {
    for (const tag of part.slice(1).split(',')) {
      if (tag === '') continue;
      const colon = tag.indexOf(':');
      const [key, value] = colon < 0 ? [tag, ''] : [tag.slice(0, colon), tag.slice(colon + 1)];
      if (key === '' || (value === '' && !takesSimpleTags)) return 'tag';
      if (line.tags.length >= TAGS_MAX) return 'tag';
      line.tags.push([key, value === '' ? 'true' : value]);
    }
  } else if (part.startsWith('c:')) {
    if (part.length > 2) line.tags.push(['container.id', part.slice(2)]);
  } else if (part.startsWith('T')) {
    const isTimed = line.type === 'counter' || line.type === 'gauge';
    if (!isTimed || !/^T\d{1,12}$/.test(part)) return 'timestamp';
  }
  return undefined;
}
