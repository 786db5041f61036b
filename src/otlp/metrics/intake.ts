/**
 * Takes requests of metrics into the appenders of their resources: a resource is what a target is
 * elsewhere. Requests are taken one after another, since two of them may be of one resource; a long
 * one gives way to other work. All of a request is committed at its end, resource by resource, so
 * that nothing is of one that turns out to be malformed.
 *
 *     request ─► walk: resource ─► scope ─► metric ─► point: found by its bytes ─► append
 *             └► commit of each resource ─► answer
 *
 * No series gets a stale marker when its sender falls silent: Prometheus' receiver of OTLP knows
 * none either, and a sender that was away goes on where it was. Resources and series that are
 * silent for `idleMs` are forgotten, with what transforms have summed up for them.
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlp-metrics
 */
import { describeError } from '../../kernel/errors.ts';
import { runGivingWay } from '../../kernel/giving-way.ts';
import type { World } from '../../kernel/world.ts';
import { labelSetKey, makeLabelSet } from '../../model/labels.ts';
import { commitInSlices, type OpenRoutedAppender } from '../../model/sample.ts';
import { WireError } from '../../wire/errors.ts';
import { MalformedRequest, type OtlpIntake, type TakenRequest } from '../intake.ts';
import { hashRange, isSameKey, keepBytes } from '../../kernel/byte-keys.ts';
import { type ForgetReason, IntakeReport } from './intake-report.ts';
import { KnownResource, type SeriesBudget } from './known-resource.ts';
import type { ResourceHead } from './message-heads.ts';
import { addAttribute, readPointAttributes } from './point-labels.ts';
import type { PointScan } from './point-scan.ts';
import type { RoomRefusal } from './point-writer.ts';
import type { RejectReason } from './rejections.ts';
import { type Walked, walkRequest } from './request-walk.ts';
import type { MetricsIntakeSettings } from './settings.ts';

/** How often what is silent is looked for, at most. */
const SWEEP_MS = 60_000;

export interface MetricsIntakeOptions {
  /** The id of the source, by which routes know it. */
  readonly id: string;
  readonly openAppender: OpenRoutedAppender;
  readonly world: World;
  readonly settings: MetricsIntakeSettings;
}

export class MetricsIntake implements OtlpIntake {
  readonly #options: MetricsIntakeOptions;
  readonly #report: IntakeReport;
  /** By their attributes; the one that was silent longest comes first. */
  readonly #resources = new Map<string, KnownResource>();
  /** By the hash of their bytes. */
  readonly #byBytes = new Map<number, KnownResource>();
  readonly #budget: SeriesBudget = { count: 0, labelBytes: 0 };
  readonly #closed = new AbortController();
  #requests = 0;
  #sweptMs: number;
  /** The request that is under way, and all that wait behind it. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: MetricsIntakeOptions) {
    this.#options = options;
    this.#report = new IntakeReport(options.id, options.world, () => ({
      resources: this.#resources.size,
      series: this.#budget.count,
      labelBytes: this.#budget.labelBytes,
    }));
    this.#sweptMs = options.world.clock.elapsedMs();
  }

  take(body: Buffer): Promise<TakenRequest> {
    const taken = this.#last.then(() => this.#take(body));
    this.#last = taken.catch(() => undefined);
    return taken;
  }

  /** Ends it: what was taken stays, and nothing more is. Call it when no request is under way. */
  close(): void {
    this.#closed.abort();
    for (const resource of this.#resources.values()) resource.close();
    this.#resources.clear();
    this.#byBytes.clear();
    this.#report.close();
  }

  async #take(body: Buffer): Promise<TakenRequest> {
    this.#closed.signal.throwIfAborted();
    this.#requests += 1;
    const atMs = this.#options.world.clock.elapsedMs();
    if (atMs - this.#sweptMs >= Math.min(SWEEP_MS, this.#options.settings.idleMs))
      await runGivingWay(this.#sweep(atMs));
    const touched = new Set<KnownResource>();
    const { items, rejections } = await this.#walk(body, atMs, touched);
    await runGivingWay(this.#commit(touched));
    this.#report.countRejected(rejections.byReason);
    return { items, rejected: rejections.total, message: rejections.describe() };
  }

  async #walk(body: Buffer, atMs: number, touched: Set<KnownResource>): Promise<Walked> {
    const { settings } = this.#options;
    const request = this.#requests;
    const steps = walkRequest(body, {
      histograms: settings.histograms,
      request,
      atMs,
      makeRoom: (series, labelBytes) => this.#makeRoom(series, labelBytes),
      takeResource: (scan, range) => {
        const resource = this.#takeResource(scan, range);
        if (typeof resource === 'string') return resource;
        resource.seenIn = request;
        resource.seenMs = atMs;
        touched.add(resource);
        return resource;
      },
    });
    try {
      return await runGivingWay(steps);
    } catch (error) {
      if (!this.#closed.signal.aborted) for (const resource of touched) undo(resource, request);
      if (error instanceof WireError) throw new MalformedRequest(error.message);
      throw error;
    }
  }

  /**
   * The sender of a request whose commit fails sends it again: what is not committed is taken back,
   * or it would go with the next commit and once more with the request that is sent again.
   */
  *#commit(touched: ReadonlySet<KnownResource>): Generator<undefined, void, undefined> {
    const open = new Set(touched);
    try {
      for (const resource of touched) {
        // What is closed takes nothing, and must not be answered with success.
        this.#closed.signal.throwIfAborted();
        yield* commitInSlices(resource.appender);
        open.delete(resource);
        yield;
      }
    } catch (error) {
      if (this.#closed.signal.aborted) throw error;
      for (const resource of open) undo(resource, this.#requests);
      const done = touched.size - open.size;
      if (done === 0) throw error;
      const words = `${done} of its ${touched.size} resources are taken already`;
      throw new Error(`${describeError(error)}; ${words}`, { cause: error });
    }
  }

  #takeResource(
    scan: PointScan,
    { resourceAt, resourceEnd }: ResourceHead,
  ): KnownResource | RejectReason {
    const { bytes } = scan.request;
    const hash = hashRange(bytes, resourceAt, resourceEnd);
    const known = this.#byBytes.get(hash);
    if (known !== undefined && isSameKey(known.bytes, scan.request, resourceAt, resourceEnd))
      return this.#refresh(known);
    const labels = makeLabelSet(readResource(scan, resourceAt, resourceEnd));
    const key = labelSetKey(labels);
    const kept = keepBytes(bytes, resourceAt, resourceEnd);
    // The same attributes in another order, or with what is no attribute beside them.
    const same = this.#resources.get(key);
    if (same !== undefined) {
      // Longer bytes than it has are not kept, since nothing has counted them.
      if (kept.length > same.bytes.length) return this.#refresh(same);
      this.#byBytes.delete(same.bytesHash);
      same.bytes = kept;
      same.bytesHash = hash;
      this.#byBytes.set(hash, same);
      return this.#refresh(same);
    }
    const refusal = this.#makeRoomForResource(kept.length);
    if (refusal !== undefined) return refusal;
    const { id, openAppender } = this.#options;
    const appender = openAppender(id, `${id} ${key}`, labels);
    const resource = new KnownResource({
      key,
      appender,
      bytes: kept,
      bytesHash: hash,
      budget: this.#budget,
    });
    this.#resources.set(key, resource);
    this.#byBytes.set(hash, resource);
    return resource;
  }

  /** Puts a resource behind all others, among which the first ones make room. */
  #refresh(resource: KnownResource): KnownResource {
    this.#resources.delete(resource.key);
    this.#resources.set(resource.key, resource);
    return resource;
  }

  #makeRoomForResource(labelBytes: number): RejectReason | undefined {
    const { resourcesMax } = this.#options.settings;
    while (this.#resources.size >= resourcesMax)
      if (!this.#evictOldest('resources')) return 'resource_limit';
    return this.#makeRoom(0, labelBytes);
  }

  #makeRoom(series: number, labelBytes: number): RoomRefusal | undefined {
    const { seriesMax, labelBytesMax } = this.#options.settings;
    const budget = this.#budget;
    while (budget.count + series > seriesMax)
      if (!this.#evictOldest('series')) return 'series_limit';
    // What becomes less is never refused.
    if (labelBytes <= 0) return undefined;
    while (budget.labelBytes + labelBytes > labelBytesMax)
      if (!this.#evictOldest('label_bytes')) return 'label_bytes_limit';
    return undefined;
  }

  /** Forgets the resource that was silent longest; false where all are of this request. */
  #evictOldest(limit: Exclude<ForgetReason, 'idle'>): boolean {
    const [oldest] = this.#resources.values();
    if (oldest === undefined || oldest.seenIn === this.#requests) return false;
    this.#drop(oldest, limit);
    return true;
  }

  #drop(resource: KnownResource, reason: ForgetReason): void {
    this.#resources.delete(resource.key);
    if (this.#byBytes.get(resource.bytesHash) === resource)
      this.#byBytes.delete(resource.bytesHash);
    resource.close();
    this.#report.countForgotten(reason);
  }

  /** Forgets what has been silent for too long. */
  *#sweep(atMs: number): Generator<undefined, void, undefined> {
    this.#sweptMs = atMs;
    const oldestMs = atMs - this.#options.settings.idleMs;
    for (const resource of this.#resources.values()) {
      if (resource.seenMs < oldestMs) this.#drop(resource, 'idle');
      else resource.forget(({ seenMs }) => seenMs < oldestMs);
      yield;
    }
  }
}

/** Takes back what a request has appended to a resource, and tells all of it anew next time. */
function undo(resource: KnownResource, request: number): void {
  resource.appender.rollback();
  resource.forget(({ madeIn }) => madeIn === request);
  for (const { metrics } of resource.scopes)
    for (const metric of metrics) {
      metric.stamp += 1;
      for (const point of metric.points) point.startMs = 0;
    }
}

/** The attributes of a resource. One without a name is left out. */
function readResource(scan: PointScan, start: number, end: number): Map<string, string> {
  const { reader, request } = scan;
  const labels = new Map<string, string>();
  const { at, end: outer } = reader;
  reader.at = start;
  reader.end = end;
  while (reader.more()) {
    const from = reader.at;
    const tag = reader.tag();
    reader.skip(tag);
    if (tag !== 0x0a) continue;
    const one = readPointAttributes(request.bytes, from, reader.at);
    for (const [name, value] of one ?? []) addAttribute(labels, name, value);
  }
  reader.at = at;
  reader.end = outer;
  return labels;
}
