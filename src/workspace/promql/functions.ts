/**
 * Functions from one value to one value. Which functions exist is in functions-table.ts. Pure.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/functions/
 */
const MATH: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs, ceil: Math.ceil, floor: Math.floor, exp: Math.exp, sqrt: Math.sqrt, ln: Math.log, log2: Math.log2, log10: Math.log10,
  sgn: (value) => (value < 0 ? -1 : value > 0 ? 1 : value),
  acos: Math.acos, acosh: Math.acosh, asin: Math.asin, asinh: Math.asinh, atan: Math.atan, atanh: Math.atanh,
  cos: Math.cos, cosh: Math.cosh, sin: Math.sin, sinh: Math.sinh, tan: Math.tan, tanh: Math.tanh,
  deg: (value) => (value * 180) / Math.PI, rad: (value) => (value * Math.PI) / 180,
}; // prettier-ignore

/** Name → function from value to value, the same for every series and step. */
export const MATH_FUNCTIONS: ReadonlyMap<string, (value: number) => number> = new Map(
  Object.entries(MATH),
);

/** Rounds to the nearest multiple of `to`, halves up. */
export function round(value: number, to: number): number {
  // As Prometheus does: dividing by the inverse is exact for more values of `to`, such as 0.05,
  // than multiplying by `to`.
  const inverse = 1 / to;
  return Math.floor(value * inverse + 0.5) / inverse;
}

/** Limits a value to bounds. As with Go's Min and Max, an infinity wins over NaN. */
export function clamp(value: number, least: number, most: number): number {
  const atMost = value === -Infinity || most === -Infinity ? -Infinity : Math.min(most, value);
  return atMost === Infinity || least === Infinity ? Infinity : Math.max(least, atMost);
}
