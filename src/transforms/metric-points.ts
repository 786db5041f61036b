/**
 * Transforms of whole points: what OpenTelemetry calls a point of a metric is here the samples of
 * several series, the buckets, sum and count of a histogram, or of one, that of a counter. They are
 * collected during a transaction and judged together at its commit, so that no histogram leaves in
 * part and a rollback changes no state.
 *
 *     append ─► open point of its stream ─┐
 *     rollback ─► the point is discarded  ├─► commit: judge ─► each member: join ─► next appender
 *     forget ─► the member is departed   ─┘            │ refused: counted
 *
 * The state of a stream outlives its series for as long as the rule says, within DEPARTED_MAX
 * streams of a target: a series that a body lacked once goes on where it was.
 */
import type { LabelSet } from '../model/labels.ts';
import { readPoint } from '../model/open-series.ts';
import type { Point } from '../model/point.ts';
import {
  type Appender,
  DROPPED_REF,
  type Exemplar,
  type SeriesFamily,
  type SeriesOrigin,
  type SeriesRef,
} from '../model/sample.ts';
import { PassingAppender } from '../model/passing-appender.ts';

/** Streams of a target that are remembered after their last series; the oldest is let go. */
const DEPARTED_MAX = 1_000;
/** Points that are judged between two yields. */
const SLICE_POINTS = 512;

/** One series of a stream. */
export interface StreamMember {
  /** DROPPED_REF while the target does not have the series. */
  ref: SeriesRef;
  /** `_bucket`, `_sum`, `_count`, or '' for a counter. */
  readonly suffix: string;
  /** Upper bound of a bucket; Infinity for all else. */
  readonly bound: number;
  /** What is kept of the points so far; NaN before the first one. */
  kept: number;
  /** The sample in the open point. */
  value: number;
  isOpen: boolean;
  /** Whether the last point that changed the state had it. */
  isInLast: boolean;
}

/** The series of one metric with the same attributes. */
export interface Stream {
  readonly key: string;
  /** Buckets in the order of their bounds come before all else. */
  readonly members: StreamMember[];
  /** Time of the last point that changed the state; -Infinity before the first one. */
  lastMs: number;
  /** When the counter began, as the target states it, as of the last point. */
  startMs: number | undefined;
  /** The same as of the open point. */
  nextStartMs: number | undefined;
  /** Time of the open point; NaN when there is none. */
  openMs: number;
  /** Whether a sample has been handed on. */
  hasSent: boolean;
  /** Whether the last settled point was handed on. */
  isSent: boolean;
}

/** Why a point is not handed on. */
export type Refusal = 'initial' | 'reset' | 'bucket_mismatch' | 'out_of_order' | 'limit';

/** Refused points that leave the state as it was. */
const KEEPS_STATE: ReadonlySet<string> = new Set<Refusal>(['out_of_order', 'limit']);

/** What a transform makes of points. */
export interface PointRule {
  /** False where `convert` passes the series on whatever its point is: making one is dear. */
  mayConvert(family: SeriesFamily): boolean;
  /** The family of the series behind the transform; undefined for a series that it passes on. */
  convert(point: Point, family: SeriesFamily): SeriesFamily | undefined;
  /** `whole` sends the samples as they are, `joined` with what is kept. */
  judge(stream: Stream, isFirst: boolean): 'whole' | 'joined' | Refusal;
  /** The sample that is sent for one in a point. */
  join(kept: number, value: number): number;
  /** Whether the sample as it came is kept, or as it was sent. */
  readonly keeps: 'value' | 'sent';
  /** How long after its last point a stream is remembered; Infinity: as long as it has series. */
  readonly stalenessMs: number;
  /**
   * Whether a stream begins anew with another start. One of increases has another with each point.
   */
  readonly beginsAtStart: boolean;
  /** Called when the state of a stream is given up. */
  letGo(stream: Stream): void;
  /** Counts samples that are not handed on. */
  countDropped(reason: Refusal, samples: number): void;
}

export class MetricPointAppender extends PassingAppender {
  readonly #rule: PointRule;
  /** By ref of the next appender, whose refs are given out. */
  readonly #owners: (Owner | undefined)[] = [];
  readonly #streams = new Map<string, Stream>();
  /** Streams without series, in the order in which they lost the last one. */
  readonly #departed = new Set<Stream>();
  readonly #open: Stream[] = [];
  /** Samples of a second point of a stream in this transaction. */
  #later: LaterSample[] = [];
  #exemplars: { readonly ref: SeriesRef; readonly exemplar: Exemplar }[] = [];
  /** Time of the newest sample, by which streams are let go. */
  #newestMs = -Infinity;

  constructor(next: Appender, rule: PointRule) {
    super(next);
    this.#rule = rule;
  }

  override refOf(labels: LabelSet, origin?: SeriesOrigin): SeriesRef {
    if (origin === undefined) return this.next.refOf(labels);
    const { family, resource = [] } = origin;
    if (!this.#rule.mayConvert(family)) return this.next.refOf(labels, origin);
    const point = readPoint({ labels, family, resource, scale: 1 });
    const converted = this.#rule.convert(point, family);
    if (converted === undefined) return this.next.refOf(labels, origin);
    const ref = this.next.refOf(labels, { ...origin, family: converted });
    if (ref !== DROPPED_REF) this.#owners[ref] = this.#own(point, ref);
    return ref;
  }

  override append(ref: SeriesRef, tMs: number, value: number): void {
    const owner = this.#owners[ref];
    if (tMs > this.#newestMs) this.#newestMs = tMs;
    if (owner === undefined || (owner.isAlone && Number.isNaN(value)))
      this.next.append(ref, tMs, value);
    else this.#take(owner, tMs, value);
  }

  /** Ends the series of what was sent; the state stays, for a target that comes back. */
  override appendStale(ref: SeriesRef, tMs: number): void {
    const owner = this.#owners[ref];
    if (owner === undefined || owner.stream.hasSent) this.next.appendStale(ref, tMs);
  }

  override appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    if (this.#owners[ref] === undefined) this.next.appendExemplar(ref, exemplar);
    else this.#exemplars.push({ ref, exemplar });
  }

  /** The start is a part of the state; the samples behind the transform began at another time. */
  override setCreated(ref: SeriesRef, createdMs: number): void {
    const owner = this.#owners[ref];
    if (owner === undefined) this.next.setCreated(ref, createdMs);
    else owner.stream.nextStartMs = createdMs;
  }

  override forget(ref: SeriesRef): void {
    const owner = this.#owners[ref];
    if (owner !== undefined) {
      this.#owners[ref] = undefined;
      owner.member.ref = DROPPED_REF;
      owner.member.isOpen = false;
      if (owner.stream.members.every((one) => one.ref === DROPPED_REF)) this.#depart(owner.stream);
    }
    this.next.forget(ref);
  }

  protected override *settle(): Generator<undefined, void, undefined> {
    let later = this.#later;
    yield* this.#settleAll();
    while (later.length > 0) {
      this.#later = [];
      later.sort((a, b) => a.tMs - b.tMs);
      for (const { owner, tMs, value } of later) this.#take(owner, tMs, value);
      later = this.#later;
      yield* this.#settleAll();
    }
    this.#later = [];
    for (const { ref, exemplar } of this.#exemplars)
      if (this.#owners[ref]?.stream.isSent === true) this.next.appendExemplar(ref, exemplar);
    this.#exemplars = [];
    this.#sweep();
  }

  override rollback(): void {
    for (const stream of this.#open) closeOpenPoint(stream);
    this.#open.length = 0;
    this.#later = [];
    this.#exemplars = [];
    this.next.rollback();
  }

  override close(): void {
    for (const stream of this.#streams.values()) this.#rule.letGo(stream);
    this.#streams.clear();
    this.#departed.clear();
    this.next.close();
  }

  /** The member that a new series is: one that had departed, or a new one. */
  #own(point: Point, ref: SeriesRef): Owner {
    const key = formatStreamKey(point);
    const stream = this.#streams.get(key) ?? newStream(key);
    this.#streams.set(key, stream);
    this.#departed.delete(stream);
    const bound = parseBound(point.bound?.value);
    let member = stream.members.find(
      (one) => one.suffix === point.suffix && one.bound === bound && one.ref === DROPPED_REF,
    );
    if (member === undefined) {
      member = newMember(point.suffix, bound);
      stream.members.push(member);
      stream.members.sort(compareMembers);
    }
    member.ref = ref;
    return { stream, member, isAlone: point.suffix === '' };
  }

  #take(owner: Owner, tMs: number, value: number): void {
    const { stream, member } = owner;
    if (Number.isNaN(stream.openMs)) {
      stream.openMs = tMs;
      this.#open.push(stream);
    } else if (stream.openMs !== tMs || member.isOpen) {
      this.#later.push({ owner, tMs, value });
      return;
    }
    member.value = value;
    member.isOpen = true;
  }

  *#settleAll(): Generator<undefined, void, undefined> {
    for (const [index, stream] of this.#open.entries()) {
      this.#judge(stream);
      closeOpenPoint(stream);
      if (index % SLICE_POINTS === SLICE_POINTS - 1) yield;
    }
    this.#open.length = 0;
  }

  #judge(stream: Stream): void {
    const { openMs, members } = stream;
    const rule = this.#rule;
    const isFirst =
      stream.lastMs === -Infinity ||
      (rule.beginsAtStart && stream.startMs !== stream.nextStartMs) ||
      openMs - stream.lastMs > rule.stalenessMs;
    const verdict = openMs <= stream.lastMs ? 'out_of_order' : rule.judge(stream, isFirst);
    stream.isSent = verdict === 'whole' || verdict === 'joined';
    if (!stream.isSent) rule.countDropped(verdict as Refusal, countOpen(members));
    if (KEEPS_STATE.has(verdict)) return;
    for (const member of members) this.#send(member, openMs, verdict);
    stream.hasSent ||= stream.isSent;
    stream.lastMs = openMs;
    stream.startMs = stream.nextStartMs;
    dropDeparted(members);
  }

  #send(member: StreamMember, tMs: number, verdict: string): void {
    member.isInLast = member.isOpen;
    if (!member.isOpen || member.ref === DROPPED_REF) return;
    const { value } = member;
    const sent = verdict === 'joined' ? this.#rule.join(member.kept, value) : value;
    if (verdict === 'joined' || verdict === 'whole') this.next.append(member.ref, tMs, sent);
    if (!Number.isNaN(value)) member.kept = this.#rule.keeps === 'value' ? value : sent;
  }

  #depart(stream: Stream): void {
    if (stream.lastMs === -Infinity) this.#letGo(stream);
    else this.#departed.add(stream);
  }

  /** Lets go what departed too long ago, and the oldest of too many. */
  #sweep(): void {
    for (const stream of this.#departed) {
      const isOld = this.#newestMs - stream.lastMs > this.#rule.stalenessMs;
      if (!isOld && this.#departed.size <= DEPARTED_MAX) return;
      this.#letGo(stream);
    }
  }

  #letGo(stream: Stream): void {
    this.#departed.delete(stream);
    this.#streams.delete(stream.key);
    this.#rule.letGo(stream);
  }
}

interface Owner {
  readonly stream: Stream;
  readonly member: StreamMember;
  /** Whether it is the only series of its metric. */
  readonly isAlone: boolean;
}

interface LaterSample {
  readonly owner: Owner;
  readonly tMs: number;
  readonly value: number;
}

function newStream(key: string): Stream {
  return {
    key,
    members: [],
    lastMs: -Infinity,
    startMs: undefined,
    nextStartMs: undefined,
    openMs: NaN,
    hasSent: false,
    isSent: false,
  };
}

function newMember(suffix: string, bound: number): StreamMember {
  return { ref: DROPPED_REF, suffix, bound, kept: NaN, value: 0, isOpen: false, isInLast: false };
}

/** The highest bucket, `+Inf`, comes last among buckets. */
function parseBound(text: string | undefined): number {
  return text === undefined || text === '+Inf' ? Infinity : Number(text);
}

function compareMembers(a: StreamMember, b: StreamMember): number {
  const [first, second] = [a, b].map(({ suffix }) => (suffix === '_bucket' ? 0 : 1));
  return (first ?? 0) - (second ?? 0) || (a.bound < b.bound ? -1 : a.bound > b.bound ? 1 : 0);
}

function closeOpenPoint(stream: Stream): void {
  stream.openMs = NaN;
  for (const member of stream.members) member.isOpen = false;
}

function countOpen(members: readonly StreamMember[]): number {
  return members.reduce((count, { isOpen }) => count + (isOpen ? 1 : 0), 0);
}

/** Forgets members that departed before the point that was just settled. */
function dropDeparted(members: StreamMember[]): void {
  for (let i = members.length - 1; i >= 0; i--)
    if (members[i]?.ref === DROPPED_REF && members[i]?.isInLast === false) members.splice(i, 1);
}

function formatStreamKey({ name, type, unit, attributes, resource }: Point): string {
  return JSON.stringify([name, type, unit, [...attributes], [...resource]]);
}
