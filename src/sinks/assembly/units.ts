/**
 * Units as OpenTelemetry writes them: the words of Prometheus become those of UCUM, also in rates.
 * A word that is not known stays. Pure.
 *
 *     seconds → s    bytes_per_second → By/s    requests → requests
 *
 * Source: contrib's pkg/translator/prometheus/unit_to_ucum.go, https://ucum.org/ucum
 */
const WORDS: Readonly<Record<string, string>> = {
  days: 'd',
  hours: 'h',
  minutes: 'min',
  seconds: 's',
  milliseconds: 'ms',
  microseconds: 'us',
  nanoseconds: 'ns',
  bytes: 'By',
  kibibytes: 'KiBy',
  mebibytes: 'MiBy',
  gibibytes: 'GiBy',
  tibibytes: 'TiBy',
  kilobytes: 'KBy',
  megabytes: 'MBy',
  gigabytes: 'GBy',
  terabytes: 'TBy',
  meters: 'm',
  volts: 'V',
  amperes: 'A',
  joules: 'J',
  watts: 'W',
  grams: 'g',
  celsius: 'Cel',
  hertz: 'Hz',
  ratio: '1',
  percent: '%',
};

const WORDS_AFTER_PER: Readonly<Record<string, string>> = {
  second: 's',
  minute: 'm',
  hour: 'h',
  day: 'd',
  week: 'w',
  month: 'mo',
  year: 'y',
};

export function translateUnit(unit: string): string {
  const cut = unit.indexOf('_per_');
  const word = cut < 0 ? unit : unit.slice(0, cut);
  const per = cut < 0 ? '' : unit.slice(cut + '_per_'.length);
  const first = lookUp(WORDS, word);
  return per === '' ? first : `${first}/${lookUp(WORDS_AFTER_PER, per)}`;
}

function lookUp(words: Readonly<Record<string, string>>, word: string): string {
  return Object.hasOwn(words, word) ? (words[word] ?? word) : word;
}
