/**
 * Latency distributions of the sample application, written as text:
 * `lognormal:median=600,sigma=0.8`, `uniform:min=50,max=900`, `constant:ms=300`. They are drawn
 * from a seeded generator, so that a run can be repeated.
 */
import { ConfigError } from '../kernel/errors.ts';

/** Draws a latency in ms, from 0 to 60,000. */
export type DrawLatencyMs = () => number;

const LATENCY_MAX_MS = 60_000;

const SHAPES: Readonly<Record<string, readonly string[]>> = {
  constant: ['ms'],
  uniform: ['min', 'max'],
  lognormal: ['median', 'sigma'],
};

/** @param random  gives numbers 0 ≤ x < 1. @throws ConfigError FLAG_VALUE */
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
  const valueOf = (name: string): number => values.get(name) ?? 0;
  const draw = {
    constant: () => valueOf('ms'),
    uniform: () => valueOf('min') + (valueOf('max') - valueOf('min')) * random(),
    lognormal: () => valueOf('median') * Math.exp(valueOf('sigma') * drawNormal(random)),
  }[shape as 'constant' | 'uniform' | 'lognormal'];
  return () => Math.min(LATENCY_MAX_MS, Math.max(0, draw()));
}

/** Makes a generator of numbers 0 ≤ x < 1 from a seed (mulberry32): repeatable, not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Draws from the normal distribution by Box and Muller's transform of two uniform numbers. */
function drawNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
