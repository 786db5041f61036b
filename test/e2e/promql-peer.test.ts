/**
 * Our engine against a real Prometheus over the same samples: the same series and steps, values
 * within 1e-9, and the same refusals.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelSetKey, makeLabelSet } from '../../src/model/labels.ts';
import {
  evaluateInstant,
  evaluateRange,
  type QueryResult,
} from '../../src/workspace/promql/engine.ts';
import type { Queryable } from '../../src/workspace/promql/queryable.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { startPrometheus, type PrometheusPeer } from './prometheus.ts';
import { inMemory, makeSeries, openMetrics, START_MS } from './promql-data.ts';
import { invalid, queries } from './promql-queries.ts';

const TOLERANCE = 1e-9;
const AT_MS = START_MS + 3_733_000;
const RANGE = { startMs: START_MS + 1_800_000, endMs: START_MS + 4_500_000, stepMs: 45_000 };

test('our engine answers as Prometheus does', { timeout: 120_000 }, async (context) => {
  const programs = skipUnlessPeer(context, 'prometheus', 'promtool');
  if (programs === undefined) return;
  const series = makeSeries();
  const features = ['promql-experimental-functions'];
  const peer = await startPrometheus(programs, openMetrics(series), features);
  try {
    const queryable = inMemory(series);
    const differences: string[] = [];
    for (const query of queries) {
      differences.push(...(await compareBoth(peer, queryable, query)));
    }
    for (const query of invalid) differences.push(...(await compareRefusal(peer, query)));
    const total = queries.length * 2 + invalid.length;
    context.diagnostic(`${total - differences.length} of ${total} answers agree`);
    assert.deepEqual(differences, []);
  } finally {
    await peer.stop();
  }
});

async function compareBoth(
  peer: PrometheusPeer,
  queryable: Queryable,
  query: string,
): Promise<string[]> {
  const instant = await peer.ask('query', { query, time: String(AT_MS / 1_000) });
  const range = await peer.ask('query_range', {
    query,
    start: String(RANGE.startMs / 1_000),
    end: String(RANGE.endMs / 1_000),
    step: String(RANGE.stepMs / 1_000),
  });
  return [
    compare(
      `instant ${query}`,
      instant.error ?? flattenPeer(instant.data),
      attempt(() => flatten(evaluateInstant(query, AT_MS, queryable), [AT_MS])),
    ),
    compare(
      `range   ${query}`,
      range.error ?? flattenPeer(range.data),
      attempt(() => flatten(evaluateRange(query, RANGE, queryable), rangeTimes())),
    ),
  ].filter((difference) => difference !== undefined);
}

async function compareRefusal(peer: PrometheusPeer, query: string): Promise<string[]> {
  const { error } = await peer.ask('query', { query, time: '0' });
  const answer = attempt(() => flatten(evaluateInstant(query, 0, inMemory([])), [0]));
  const ours = typeof answer === 'string' ? answer : 'no error';
  const wanted = error?.replace(/^invalid parameter "query": /, '') ?? 'no error';
  // Prometheus prints the number that its parser generator gave to "@".
  if (ours === wanted.replace(/"<Item \d+>" /, '')) return [];
  return [`refusal ${JSON.stringify(query)}: ${wanted} | ours: ${ours}`];
}

/** Series → `time value` in order; a scalar has the key "scalar". */
type Flat = Map<string, [number, number][]>;

function attempt(run: () => Flat): Flat | string {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function rangeTimes(): number[] {
  const times: number[] = [];
  for (let tMs = RANGE.startMs; tMs <= RANGE.endMs; tMs += RANGE.stepMs) times.push(tMs);
  return times;
}

function flatten(result: QueryResult, times: readonly number[]): Flat {
  const flat: Flat = new Map();
  if (result.type === 'vector') {
    for (const { labels, values, present } of result.columns) {
      const points = times.flatMap((tMs, i): [number, number][] =>
        present[i] === 1 ? [[tMs, values[i]!]] : [],
      );
      flat.set(labelSetKey(labels), points);
    }
  } else if (result.type === 'scalar') {
    flat.set(
      'scalar',
      times.map((tMs, i) => [tMs, result.values[i]!]),
    );
  } else if (result.type === 'matrix') {
    for (const { labels, timestampsMs, values } of result.series) {
      flat.set(
        labelSetKey(labels),
        Array.from(timestampsMs, (tMs, i) => [tMs, values[i]!]),
      );
    }
  } else flat.set(result.value, []);
  return flat;
}

interface PeerData {
  readonly resultType: string;
  readonly result: unknown;
}
type PeerPoint = readonly [number, string];
interface PeerSeries {
  readonly metric: Record<string, string>;
  readonly value?: PeerPoint;
  readonly values?: readonly PeerPoint[];
}

function flattenPeer(data: unknown): Flat {
  const { resultType, result } = data as PeerData;
  const flat: Flat = new Map();
  const point = ([seconds, text]: PeerPoint): [number, number] => [
    Math.round(seconds * 1_000),
    text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text),
  ];
  if (resultType === 'string') return new Map([[(result as PeerPoint)[1], []]]);
  if (resultType === 'scalar') return new Map([['scalar', [point(result as PeerPoint)]]]);
  for (const { metric, value, values } of result as readonly PeerSeries[]) {
    const points = values ?? (value === undefined ? [] : [value]);
    flat.set(labelSetKey(makeLabelSet(metric)), points.map(point));
  }
  return flat;
}

/** The difference in words; undefined where both agree. */
function compare(what: string, theirs: Flat | string, ours: Flat | string): string | undefined {
  if (typeof theirs === 'string' || typeof ours === 'string') {
    const show = (answer: Flat | string): string =>
      typeof answer === 'string' ? answer : `${answer.size} series`;
    return sameText(theirs, ours) ? undefined : `${what}: ${show(theirs)} | ours: ${show(ours)}`;
  }
  // For a scalar over a range Prometheus answers one series without labels.
  const scalar = ours.get('scalar');
  if (scalar !== undefined && theirs.has('')) ours = new Map([['', scalar]]);
  if ([...theirs.keys()].toSorted().join('\n') !== [...ours.keys()].toSorted().join('\n')) {
    return `${what}: series ${[...theirs.keys()].join(' ')} | ours: ${[...ours.keys()].join(' ')}`;
  }
  for (const [key, points] of theirs) {
    const own = ours.get(key) ?? [];
    if (own.length !== points.length)
      return `${what}: ${key} has ${points.length} points | ours: ${own.length}`;
    for (const [i, [tMs, value]] of points.entries()) {
      const [ownMs, ownValue] = own[i]!;
      if (ownMs !== tMs || !isClose(value, ownValue))
        return `${what}: ${key} at ${tMs} is ${value} | ours: ${ownValue} at ${ownMs}`;
    }
  }
  return undefined;
}

/**
 * Prometheus names duplicate series in the order of its hash map, so only the text before the names
 * is compared.
 */
function sameText(a: Flat | string, b: Flat | string): boolean {
  const cut = (text: string): string =>
    text.replace(/^invalid parameter "query": /, '').replace(/ for the match group .*;/, ';');
  return typeof a === 'string' && typeof b === 'string' && cut(a) === cut(b);
}

function isClose(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}
