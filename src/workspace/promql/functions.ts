/**
 * Functions of single values. Which functions exist is in functions-table.ts; this file holds how
 * they compute.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/functions/
 */
const MATH: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs, ceil: Math.ceil, floor: Math.floor, exp: Math.exp, sqrt: Math.sqrt, ln: Math.log, log2: Math.log2, log10: Math.log10,
  sgn: (value) => (value < 0 ? -1 : value > 0 ? 1 : value),
  acos: Math.acos, acosh: Math.acosh, asin: Math.asin, asinh: Math.asinh, atan: Math.atan, atanh: Math.atanh,
  cos: Math.cos, cosh: Math.cosh, sin: Math.sin, sinh: Math.sinh, tan: Math.tan, tanh: Math.tanh,
  deg: (value) => (value * 180) / Math.PI, rad: (value) => (value * Math.PI) / 180,
}; // prettier-ignore

/** value → value, the same for every series and step. */
export const MATH_FUNCTIONS: ReadonlyMap<string, (value: number) => number> = new Map(
  Object.entries(MATH),
);

/** To the nearest multiple of `to`, halves up. */
export function round(value: number, to: number): number {
  // Dividing by the inverse is exact for more steps than multiplying: round(0.15, 0.05).
  const inverse = 1 / to;
  return Math.floor(value * inverse + 0.5) / inverse;
}

/** Within bounds. An infinity wins over NaN, as in Go's Min and Max. */
export function clamp(value: number, least: number, most: number): number {
  const atMost = value === -Infinity || most === -Infinity ? -Infinity : Math.min(most, value);
  return atMost === Infinity || least === Infinity ? Infinity : Math.max(least, atMost);
}
