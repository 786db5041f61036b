/**
 * Pages as real exporters serve them, scrape after scrape, made of captured ones. Three loads:
 *
 *     stable    the same series in each scrape; values change
 *     flicker   one scrape of ten has up to 1 % of its series more or fewer, anywhere in the page
 *     churn     5 % of the series are new in each scrape, and as many have ended
 *
 * A page comes again after 20 scrapes at the earliest; those of churn never do.
 */

import { makeRandom } from './payloads.ts';

export const LOADS = ['stable', 'flicker', 'churn'] as const;
export type Load = (typeof LOADS)[number];

/** How many captured scrapes the values are of. */
export const CAPTURES = 20;
/** How many pages with some series more or fewer there are. */
const FLICKERS = 40;
const FLICKER_EVERY = 10;
const FLICKER_SHARE = 0.01;
/** Scrapes that a series of churn lives. */
const LIFETIME = 20;
/** Targets are scraped at different moments of an interval: pages of so many turns are kept. */
const TURNS_KEPT = 4;

/** A series with the comments above it, and its value in each capture. */
interface Line {
  readonly comments: string;
  readonly series: string;
  readonly values: readonly string[];
}

export interface Pages {
  /** The page of a target at its scrape of this number. */
  page(target: number, turn: number): Buffer;
}

/** @param series  how many series a page has; undefined for as many as were captured */
export function makePages(captures: readonly string[], load: Load, series?: number): Pages {
  const lines = resize(readLines(captures), series);
  if (load === 'churn') return makeChurn(lines);
  const stable = Array.from({ length: CAPTURES }, (_, turn) => write(lines, turn));
  if (load === 'stable') return { page: (target, turn) => stable[(target + turn) % CAPTURES]! };
  const random = makeRandom(1);
  const flickers = Array.from({ length: FLICKERS }, (_, turn) =>
    write(flicker(lines, random), turn),
  );
  return {
    page: (target, turn) =>
      (target + turn) % FLICKER_EVERY === 0
        ? flickers[((target * 7 + turn / FLICKER_EVERY) % FLICKERS) | 0]!
        : stable[(target + turn) % CAPTURES]!,
  };
}

/** The lines of the first capture whose series are in all captures. */
function readLines(captures: readonly string[]): Line[] {
  const maps = captures.map(
    (text) =>
      new Map(
        text
          .split('\n')
          .filter((line) => line !== '' && !line.startsWith('#'))
          .map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' '))]),
      ),
  );
  const lines: Line[] = [];
  let comments = '';
  for (const line of captures[0]?.split('\n') ?? []) {
    if (line.startsWith('#')) comments += `${line}\n`;
    const name = line.slice(0, line.lastIndexOf(' '));
    const values = maps.flatMap((map) => map.get(name) ?? []);
    if (line === '' || line.startsWith('#') || values.length < maps.length) continue;
    lines.push({ comments, series: name, values });
    comments = '';
  }
  return lines;
}

/** So many lines: the first ones, or several of each, which differ by a label. */
function resize(lines: readonly Line[], count = lines.length): Line[] {
  return Array.from({ length: count }, (_, i) => {
    const of = count > lines.length ? Math.floor((i * lines.length) / count) : i;
    const line = lines[of] as Line;
    const first = count > lines.length ? Math.ceil((of * count) / lines.length) : i;
    if (i === first) return line;
    return { ...line, comments: '', series: addLabel(line.series, `copy="${i - first}"`) };
  });
}

/** Leaves out, or puts between them, up to 1 % of the lines, at least one. */
function flicker(lines: readonly Line[], random: () => number): Line[] {
  const changed = [...lines];
  const most = Math.max(1, Math.floor(lines.length * FLICKER_SHARE));
  for (let left = 1 + Math.floor(random() * most); left > 0; left--) {
    const at = Math.floor(random() * changed.length);
    const line = changed[at];
    if (line === undefined) continue;
    if (random() < 0.5) changed.splice(at, 1);
    else {
      const series = addLabel(line.series, `some="${left}"`);
      changed.splice(at + 1, 0, { ...line, comments: '', series });
    }
  }
  return changed;
}

function makeChurn(lines: readonly Line[]): Pages {
  const kept = new Map<number, Buffer>();
  const births = lines.map((_, i) => (i * 7) % LIFETIME);
  const make = (turn: number): Buffer =>
    write(
      lines.map((line, i) => {
        const life = Math.floor((turn + (births[i] as number)) / LIFETIME);
        const pod = (Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(life + 1, 0x85ebca6b)) >>> 0;
        return { ...line, series: addLabel(line.series, `pod="web-${pod.toString(36)}"`) };
      }),
      turn,
    );
  return {
    page: (_, turn) => {
      const known = kept.get(turn);
      if (known !== undefined) return known;
      const page = make(turn);
      kept.set(turn, page);
      kept.delete(turn - TURNS_KEPT);
      return page;
    },
  };
}

function write(lines: readonly Line[], turn: number): Buffer {
  return Buffer.from(
    lines
      .map(
        ({ comments, series, values }) => `${comments}${series}${values[turn % values.length]}\n`,
      )
      .join(''),
  );
}

function addLabel(series: string, label: string): string {
  return series.endsWith('}') ? `${series.slice(0, -1)},${label}}` : `${series}{${label}}`;
}
