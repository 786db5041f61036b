/**
 * Words for the state of a trace, and which rows a list keeps. Pure.
 */
import type { ListedTrace } from './ask.ts';

/** The state of a trace in words, worst first: `fault, throttle`, or `ok`. */
export function describeState(trace: ListedTrace): string {
  const words = [
    ...(trace.hasFault ? ['fault'] : []),
    ...(trace.hasError ? ['error'] : []),
    ...(trace.hasThrottle ? ['throttle'] : []),
    ...(trace.isPartial ? ['in progress'] : []),
  ];
  return words.length === 0 ? 'ok' : words.join(', ');
}

/** The word whose colour a state has. */
export function chooseTone(trace: ListedTrace): 'bad' | 'warn' | 'good' {
  if (trace.hasFault) return 'bad';
  return trace.hasError || trace.hasThrottle ? 'warn' : 'good';
}

/**
 * The traces to show: the newest, and among them those that are in use and would fall out.
 *
 * @param used  ids of the traces that have the focus or are open
 */
export function keepUsed(
  newest: readonly ListedTrace[],
  before: readonly ListedTrace[],
  used: ReadonlySet<string>,
): readonly ListedTrace[] {
  const known = new Set(newest.map(({ id }) => id));
  const kept = before.filter(({ id }) => used.has(id) && !known.has(id));
  return kept.length === 0 ? newest : [...newest, ...kept].sort((a, b) => b.startS - a.startS);
}

/** The id in a URL's hash such as `#trace=1-5759e988-bd862e3fe1be46a994272793`. */
export function readTraceHash(hash: string): string | undefined {
  return /^#trace=(1-[0-9a-f]{8}-[0-9a-f]{24})$/.exec(hash)?.[1];
}

/** A share in percent with at most one digit behind the point; an en dash of nothing. */
export function formatShare(part: number, whole: number): string {
  if (!(whole > 0)) return '–';
  const percent = (100 * part) / whole;
  if (percent > 0 && percent < 0.1) return '<\u202f0.1\u202f%';
  return `${Number(percent.toFixed(percent < 10 ? 1 : 0))}\u202f%`;
}

/** A count with its noun: `1 segment`, `3 segments`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A URL with its path first, by which rows differ: `/orders?id=1 at shop:8080`. */
export function formatPlace(url: string): string {
  const match = /^https?:\/\/([^/?#]+)([^#]*)/.exec(url);
  return match === null ? url : `${match[2] || '/'} at ${match[1]}`;
}
