/**
 * Latency distributions of the sample application, written as text:
 * `lognormal:median=600,sigma=0.8`, `uniform:min=50,max=900`, `constant:ms=300`. Drawn from a
 * seeded generator, so a run can be repeated.
 */
import { ConfigError } from '../kernel/errors.ts';

/** Draws latencies, ms ≥ 0. */
export type DrawLatencyMs = () => number;

const LATENCY_MAX_MS = 60_000;

const SHAPES: Readonly<Record<string, readonly string[]>> = {
  constant: ['ms'],
  uniform: ['min', 'max'],
  lognormal: ['median', 'sigma'],
};

export function parseLatency(text: string, random: () => number): DrawLatencyMs {
  const [shape = '', rest = ''] = text.split(':');
  const names = SHAPES[shape];
  const pairs = rest.split(',').map((pair) => pair.split('='));
  const values = new Map(pairs.map(([name, value]) => [name ?? '', Number(value)]));
  const isWhole =
    names !== undefined &&
    pairs.length === names.length &&
    names.every((name) => Number.isFinite(values.get(name)) && (values.get(name) ?? -1) >= 0);
  if (!isWhole) {
    throw new ConfigError(
      'FLAG_VALUE',
      `latency "${text}" is no distribution; write lognormal:median=600,sigma=0.8, ` +
        'uniform:min=50,max=900 or constant:ms=300',
    );
  }
  const of = (name: string): number => values.get(name) ?? 0;
  const draw = {
    constant: () => of('ms'),
    uniform: () => of('min') + (of('max') - of('min')) * random(),
    lognormal: () => of('median') * Math.exp(of('sigma') * drawNormal(random)),
  }[shape as 'constant' | 'uniform' | 'lognormal'];
  return () => Math.min(LATENCY_MAX_MS, Math.max(0, draw()));
}

/** A generator of numbers 0 ≤ x < 1 from a seed (mulberry32): repeatable, not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Box and Muller's transform of two uniform draws. */
function drawNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
