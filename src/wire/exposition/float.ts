/**
 * Reads and writes numbers as Prometheus does: Go's ParseFloat without underscores and hexadecimal
 * numbers, and the OpenMetrics spelling of `le` and `quantile`. The fast path for plain decimals is
 * in reader.ts.
 * Source: https://pkg.go.dev/strconv#ParseFloat, prometheus/model/textparse (parseFloat,
 * formatOpenMetricsFloat)
 */

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;

/** Parses a sample's value; undefined for a text that Prometheus refuses, such as `1e999`. */
export function parseSampleValue(text: string): number | undefined {
  if (DECIMAL.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const infinity = INFINITY.exec(text);
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity;
  return text.toLowerCase() === 'nan' ? NaN : undefined;
}

/** `1` → `1.0`, `1000000` → `1e+06`: as Go's %g prints it, but always with a dot or an exponent. */
export function formatOpenMetricsFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Object.is(value, -0)) return '-0.0';
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (value !== 0 && (exponent < -4 || exponent >= 6)) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}
