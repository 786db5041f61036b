/**
 * Units of OpenTelemetry (UCUM: `s`, `By/s`) as the words that Prometheus has in names and metadata
 * (`seconds`, `bytes_per_second`). A unit that a target gives as words is understood as well, since
 * a scraped family has it so. Pure.
 * Source: https://github.com/prometheus/otlptranslator (v1.0.0: metric_namer.go, unit_namer.go);
 * contrib's pkg/translator/prometheus/unit_to_ucum.go
 */

const WORDS: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  TiBy: 'tibibytes',
  KBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  TBy: 'terabytes',
  m: 'meters',
  V: 'volts',
  A: 'amperes',
  J: 'joules',
  W: 'watts',
  g: 'grams',
  Cel: 'celsius',
  Hz: 'hertz',
  '1': '',
  '%': 'percent',
};

const PER_WORDS: Readonly<Record<string, string>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
  y: 'year',
};

/** Both parts of a unit; '' for one that it lacks. `per` begins with `per_`. */
export interface UnitWords {
  readonly main: string;
  readonly per: string;
}

/** The words of a unit, with all their characters. What is in braces is a remark, and no unit. */
export function readUnit(unit: string): UnitWords {
  const [main = '', per = ''] = splitUnit(unit);
  const perWord = readWord(per, PER_WORDS);
  return { main: readWord(main, WORDS), per: perWord === '' ? '' : `per_${perWord}` };
}

/** Whether the unit is that of a ratio. */
export function isRatio(unit: string): boolean {
  return unit === '1' || unit === 'ratio';
}

/** The unit as metadata has it. @param isUtf8  leaves its characters as they are */
export function formatUnit(unit: string, isUtf8: boolean): string {
  const { main, per } = readUnit(unit);
  const words = isUtf8 ? [main, per] : [cleanUnit(main), cleanUnit(per)];
  return words
    .filter((word) => word !== '')
    .join('_')
    .replace(/^_/, '')
    .replace(/_$/, '');
}

/** Words of a unit as a part of a name: letters, digits and colons, joined by underscores. */
export function cleanUnit(words: string): string {
  return words.replaceAll(/[^a-zA-Z0-9:]+/g, '_').replace(/^_/, '');
}

function splitUnit(unit: string): readonly string[] {
  if (isRatio(unit)) return ['1'];
  const slash = unit.indexOf('/');
  if (slash >= 0) return [unit.slice(0, slash), unit.slice(slash + 1)];
  const at = unit.indexOf('_per_');
  return at < 0 ? [unit] : [unit.slice(0, at), unit.slice(at + '_per_'.length)];
}

function readWord(part: string, words: Readonly<Record<string, string>>): string {
  const unit = part.trim();
  if (/[{}]/.test(unit)) return '';
  return Object.hasOwn(words, unit) ? (words[unit] as string) : unit;
}
