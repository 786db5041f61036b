/**
 * Joins the samples of series that have the same labels and resource, those of one transaction and
 * one time, to one sample. Numbers are joined as asked for; parts of histograms are added whatever
 * is asked for, as in the Collector: buckets by their bound, so that the members' bounds must
 * agree. Parts of summaries can't be joined and are dropped, also as in the Collector.
 *
 *     member 0 ──┐                       a group is what its members append in a transaction;
 *     member 1 ──┼─► group ─► ref        it is appended at the commit, and stale
 *     member 2 ──┘                       when the last of its members has ended
 */
import type { NativeHistogram } from '../model/histogram.ts';
import { type LabelSet, labelSetKey } from '../model/labels.ts';
import {
  type Appender,
  DROPPED_REF,
  type Exemplar,
  type SeriesMetadata,
  type SeriesOrigin,
  type SeriesRef,
} from '../model/sample.ts';
import { formatIdentity, type StreamTransform } from '../model/transform.ts';
import { type AggregationType, aggregateValues } from './aggregate-values.ts';
import { addHistograms } from './histogram-sum.ts';
import { openedSeries } from '../model/opened-series.ts';
import { PassingAppender } from '../model/passing-appender.ts';

/** The transform that joins series; what makes their labels the same stands before it. */
export function aggregation(type: AggregationType): StreamTransform {
  return {
    identity: formatIdentity('aggregation', { type }),
    openAppender: (next) => new AggregatingAppender(next, type),
  };
}

interface Group {
  readonly key: string;
  readonly ref: SeriesRef;
  readonly type: AggregationType;
  members: number;
  /** Members that had a sample and no stale marker since. */
  live: number;
  /** Whether the last that was appended of it was a sample. */
  isLive: boolean;
  createdMs: number;
  metadata: string;
  /** What the transaction has of it so far. */
  readonly samples: { readonly tMs: number; readonly value: number | NativeHistogram }[];
  readonly exemplars: Exemplar[];
  endedMs: number;
}

interface Member {
  readonly group: Group;
  isLive: boolean;
  /** After the transaction; undefined where it has nothing of the member. */
  willLive: boolean | undefined;
  isForgotten: boolean;
}

/** Members and groups that are gone over between two yields. */
const SLICE_GROUPS = 512;

class AggregatingAppender extends PassingAppender {
  readonly #type: AggregationType;
  readonly #groups = new Map<string, Group>();
  readonly #members: (Member | undefined)[] = [];
  readonly #free: SeriesRef[] = [];
  /** What the transaction has touched. */
  readonly #touched = new Set<Member>();
  readonly #touchedGroups = new Set<Group>();

  constructor(next: Appender, type: AggregationType) {
    super(next);
    this.#type = type;
  }

  override refOf(labels: LabelSet, origin?: SeriesOrigin): SeriesRef {
    const group = this.#openGroup(labels, origin);
    if (group === undefined) return DROPPED_REF;
    group.members += 1;
    const ref = this.#free.pop() ?? this.#members.length;
    this.#members[ref] = { group, isLive: false, willLive: undefined, isForgotten: false };
    return ref;
  }

  override append(ref: SeriesRef, tMs: number, value: number): void {
    this.#touch(ref, true)?.samples.push({ tMs, value });
  }

  override appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    this.#touch(ref, true)?.samples.push({ tMs, value: histogram });
  }

  override appendStale(ref: SeriesRef, tMs: number): void {
    const group = this.#touch(ref, false);
    if (group !== undefined) group.endedMs = Math.max(group.endedMs, tMs);
  }

  override appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    const group = this.#members[ref]?.group;
    if (group === undefined) return;
    this.#touchedGroups.add(group);
    group.exemplars.push(exemplar);
  }

  override setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void {
    const group = this.#members[ref]?.group;
    const { type, unit, help } = metadata;
    const said = JSON.stringify([family, type, unit, help]);
    if (group === undefined || group.metadata === said) return;
    group.metadata = said;
    this.next.setMetadata(group.ref, family, metadata);
  }

  /** A sum began when the first of its members did. */
  override setCreated(ref: SeriesRef, createdMs: number): void {
    const group = this.#members[ref]?.group;
    if (group === undefined || group.createdMs <= createdMs) return;
    group.createdMs = createdMs;
    this.next.setCreated(group.ref, createdMs);
  }

  override forget(ref: SeriesRef): void {
    const member = this.#members[ref];
    if (member === undefined) return;
    this.#members[ref] = undefined;
    this.#free.push(ref);
    member.isForgotten = true;
    // What the transaction has of it still counts when it is committed.
    if (!this.#touched.has(member)) this.#release(member);
  }

  protected override *settle(): Generator<undefined, void, undefined> {
    let count = 0;
    for (const member of this.#touched) {
      const { group, isLive, willLive = isLive } = member;
      group.live += Number(willLive) - Number(isLive);
      member.isLive = willLive;
      count += 1;
      if (count % SLICE_GROUPS === 0) yield;
    }
    for (const group of this.#touchedGroups) {
      this.#appendGroup(group);
      count += 1;
      if (count % SLICE_GROUPS === 0) yield;
    }
  }

  protected override settled(): void {
    this.#endTransaction();
  }

  override rollback(): void {
    this.next.rollback();
    this.#endTransaction();
  }

  override close(): void {
    this.#groups.clear();
    this.next.close();
  }

  #openGroup(labels: LabelSet, origin: SeriesOrigin | undefined): Group | undefined {
    const { family, resource } = openedSeries(labels, origin);
    if (family.type === 'summary') return undefined;
    const key = `${labelSetKey(labels)}|${labelSetKey(resource)}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const ref = this.next.refOf(labels, origin);
    if (ref < 0) return undefined;
    const isDistribution = family.type === 'histogram' || family.type === 'gaugehistogram';
    const group: Group = {
      key,
      ref,
      type: isDistribution ? 'sum' : this.#type,
      members: 0,
      live: 0,
      isLive: false,
      createdMs: Number.POSITIVE_INFINITY,
      metadata: '',
      samples: [],
      exemplars: [],
      endedMs: Number.NEGATIVE_INFINITY,
    };
    this.#groups.set(key, group);
    return group;
  }

  #touch(ref: SeriesRef, willLive: boolean): Group | undefined {
    const member = this.#members[ref];
    if (member === undefined) return undefined;
    member.willLive = willLive;
    this.#touched.add(member);
    this.#touchedGroups.add(member.group);
    return member.group;
  }

  #appendGroup(group: Group): void {
    const { ref, type, samples, exemplars, live, endedMs } = group;
    for (const [tMs, values] of groupByTime(samples)) {
      const numbers = values.filter((value) => typeof value === 'number');
      if (numbers.length > 0) this.next.append(ref, tMs, aggregateValues(type, numbers));
      const histograms = values.filter((value) => typeof value !== 'number');
      for (const sum of addHistograms(histograms)) this.next.appendHistogram(ref, tMs, sum);
    }
    for (const exemplar of exemplars) this.next.appendExemplar(ref, exemplar);
    group.isLive ||= samples.length > 0;
    if (!group.isLive || live > 0 || endedMs === Number.NEGATIVE_INFINITY) return;
    this.next.appendStale(ref, endedMs);
    group.isLive = false;
  }

  #endTransaction(): void {
    for (const group of this.#touchedGroups) {
      group.samples.length = 0;
      group.exemplars.length = 0;
      group.endedMs = Number.NEGATIVE_INFINITY;
    }
    this.#touchedGroups.clear();
    for (const member of this.#touched) {
      member.willLive = undefined;
      if (member.isForgotten) this.#release(member);
    }
    this.#touched.clear();
  }

  #release({ group, isLive }: Member): void {
    if (isLive) group.live -= 1;
    group.members -= 1;
    if (group.members > 0) return;
    this.#groups.delete(group.key);
    this.next.forget(group.ref);
  }
}

type Value = number | NativeHistogram;

/** The values of each time, earliest first; mostly there is one time. */
function groupByTime(
  samples: readonly { readonly tMs: number; readonly value: Value }[],
): readonly (readonly [tMs: number, values: readonly Value[]])[] {
  const first = samples[0]?.tMs;
  if (first === undefined) return [];
  if (samples.every(({ tMs }) => tMs === first))
    return [[first, samples.map(({ value }) => value)]];
  const byTime = new Map<number, Value[]>();
  for (const { tMs, value } of samples) {
    const values = byTime.get(tMs);
    if (values === undefined) byTime.set(tMs, [value]);
    else values.push(value);
  }
  return [...byTime].sort(([a], [b]) => a - b);
}
