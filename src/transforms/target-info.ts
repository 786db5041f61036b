/**
 * The series target_info: the attributes of a resource as labels, with the value 1, beside the
 * series of the resource. It gets a sample in each transaction in which one of them got one, at the
 * newest time of those, and ends with a stale marker when the last of them has ended.
 *
 * A target may serve a target_info of its own. Two of them for one `job` and `instance` would break
 * every join, so its labels are taken as further attributes of the resource, as the Prometheus
 * receiver does, and the one series has both (served-target-info.ts).
 *
 * A sample costs two comparisons and a look at the slot of its resource; all else happens once for
 * a series or once for a transaction.
 * Source: contrib's pkg/translator/prometheusremotewrite/helper.go (addResourceTargetInfo)
 */
import type { Extremes, NativeHistogram } from '../model/histogram.ts';
import {
  type LabelSet,
  labelSetKey,
  labelValue,
  makeLabelSet,
  METRIC_NAME,
} from '../model/labels.ts';
import {
  type Appender,
  DROPPED_REF,
  originOf,
  type Exemplar,
  type SeriesMetadata,
  type SeriesOrigin,
  type SeriesRef,
} from '../model/sample.ts';
import {
  applyAll,
  formatIdentity,
  type SeriesTransform,
  type StreamTransform,
} from '../model/transform.ts';
import { SERVICE_ATTRIBUTES } from './copied-resource.ts';
import { PassingAppender } from '../model/passing-appender.ts';
import { buildInfoLabelName, buildLabelName, type NameRules } from './prometheus-names.ts';
import { SERVED_FAMILY, TARGET_INFO } from './served-target-info.ts';

export interface TargetInfoOptions {
  readonly namespace: string;
  /**
   * What is done to series behind their names and before this transform, such as `job` and
   * `instance`; it is done to target_info too.
   */
  readonly ending: readonly SeriesTransform[];
  /** How attributes become labels; as the Collector's exporter names them by default. */
  readonly names?: Pick<NameRules, 'isUtf8' | 'labels'> | undefined;
  /** Whether the attributes that become `job` and `instance` are labels of their own too. */
  readonly withService?: boolean | undefined;
}

export function targetInfo(options: TargetInfoOptions): StreamTransform {
  const { namespace, ending, names, withService = false } = options;
  const name = namespace === '' ? TARGET_INFO : `${namespace}_${TARGET_INFO}`;
  return {
    identity: formatIdentity('target_info', {
      namespace,
      ending: ending.map(({ identity }) => identity).join(' '),
      isUtf8: names?.isUtf8,
      ...names?.labels,
      withService,
    }),
    openAppender: (next) =>
      new TargetInfoAppender(next, (resource) => build(name, resource, options)),
  };
}

/** The labels of the series; undefined for a resource that needs none. */
function build(
  name: string,
  resource: LabelSet,
  { ending, names, withService = false }: TargetInfoOptions,
): LabelSet | undefined {
  const isIdentified = ['service.name', 'service.instance.id'].some(
    (one) => labelValue(resource, one) !== '',
  );
  const described = resource.filter((one) => !SERVICE_ATTRIBUTES.has(one.name));
  if (!isIdentified || described.length === 0) return undefined;
  const labels = new Map<string, string>();
  for (const { name: attribute, value } of withService ? resource : described) {
    const label =
      names === undefined
        ? buildInfoLabelName(attribute)
        : buildLabelName(attribute, names.isUtf8, names.labels);
    const other = labels.get(label);
    const isSame = other === value && names?.labels?.joinsEqual !== true;
    labels.set(label, other === undefined || isSame ? value : `${other};${value}`);
  }
  labels.set(METRIC_NAME, name);
  const series = { labels: makeLabelSet(labels), ...originOf(name), resource, scale: 1 };
  return applyAll(ending, series)?.labels;
}

/** A resource of which there are series. */
interface Observed {
  readonly resource: LabelSet;
  /** `job` and `instance` of it, as a key. */
  readonly service: string;
  /** How many series it has. */
  count: number;
  /** The series target_info that it has now, and for which attributes that was made. */
  ref: SeriesRef;
  made: LabelSet | undefined;
  /** Whether the series has had a sample since it was made or ended. */
  isLive: boolean;
}

/** What a target serves as its target_info. */
interface Served {
  readonly attributes: LabelSet;
  readonly service: string;
}

/** Refs of served series are counted from here, above all refs of the next appender. */
const SERVED_FROM = 0x4000_0000;
/** The time of a slot without a sample in this transaction. */
const NONE = -Infinity;
/** Resources that are told between two yields. */
const SLICE_RESOURCES = 512;

class TargetInfoAppender extends PassingAppender {
  readonly #build: (resource: LabelSet) => LabelSet | undefined;
  /** By slot; a slot of a resource that is gone is free for another. */
  readonly #observed: (Observed | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #slots = new Map<string, number>();
  /** The slot that was taken last: the series of a resource come one after another. */
  #last: { readonly resource: LabelSet; readonly slot: number } | undefined;
  /** By ref, the slot of the series' resource. */
  #slotOf = new Int32Array(64);
  /** By slot, the newest time of a sample and of a stale marker in this transaction. */
  readonly #sampleMs: number[] = [];
  readonly #staleMs: number[] = [];
  readonly #served = new Map<SeriesRef, Served>();
  /** The attributes that are served for a service; those of the newest series. */
  readonly #servedFor = new Map<string, Served>();
  #nextServed = SERVED_FROM;

  constructor(next: Appender, make: (resource: LabelSet) => LabelSet | undefined) {
    super(next);
    this.#build = make;
  }

  override refOf(labels: LabelSet, origin?: SeriesOrigin): SeriesRef {
    const resource = origin?.resource ?? [];
    if (origin?.family === SERVED_FAMILY) return this.#serve(resource);
    const ref = this.next.refOf(labels, origin);
    if (ref === DROPPED_REF) return ref;
    if (ref >= this.#slotOf.length) this.#grow(ref);
    const slot = this.#takeSlot(resource);
    (this.#observed[slot] as Observed).count += 1;
    this.#slotOf[ref] = slot;
    return ref;
  }

  override append(ref: SeriesRef, tMs: number, value: number): void {
    if (ref >= SERVED_FROM) return;
    const slot = this.#slotOf[ref] as number;
    if (tMs > (this.#sampleMs[slot] as number)) this.#sampleMs[slot] = tMs;
    this.next.append(ref, tMs, value);
  }

  override appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    if (ref >= SERVED_FROM) return;
    const slot = this.#slotOf[ref] as number;
    if (tMs > (this.#sampleMs[slot] as number)) this.#sampleMs[slot] = tMs;
    this.next.appendHistogram(ref, tMs, histogram);
  }

  appendExtremes(ref: SeriesRef, tMs: number, extremes: Extremes): void {
    if (ref < SERVED_FROM) this.next.appendExtremes?.(ref, tMs, extremes);
  }

  override appendStale(ref: SeriesRef, tMs: number): void {
    if (ref >= SERVED_FROM) return;
    const slot = this.#slotOf[ref] as number;
    if (tMs > (this.#staleMs[slot] as number)) this.#staleMs[slot] = tMs;
    this.next.appendStale(ref, tMs);
  }

  override appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    if (ref < SERVED_FROM) this.next.appendExemplar(ref, exemplar);
  }

  override setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void {
    if (ref < SERVED_FROM) this.next.setMetadata(ref, family, metadata);
  }

  override setCreated(ref: SeriesRef, createdMs: number): void {
    if (ref < SERVED_FROM) this.next.setCreated(ref, createdMs);
  }

  override forget(ref: SeriesRef): void {
    if (ref >= SERVED_FROM) {
      this.#forgetServed(ref);
      return;
    }
    const slot = this.#slotOf[ref] as number;
    const observed = this.#observed[slot];
    if (observed === undefined) return;
    observed.count -= 1;
    // In a transaction, what it holds is told or ended by the commit first.
    if (observed.count === 0 && !this.#isTouched(slot)) this.#release(slot, observed);
    this.next.forget(ref);
  }

  protected override *settle(): Generator<undefined, void, undefined> {
    const told = new Set<string>();
    for (const [slot, observed] of this.#observed.entries()) {
      if (observed === undefined) continue;
      const sampleMs = this.#sampleMs[slot] as number;
      const staleMs = this.#staleMs[slot] as number;
      if (sampleMs > NONE) this.#tell(observed, sampleMs, told);
      else if (staleMs > NONE) this.#end(observed, staleMs);
      if (slot % SLICE_RESOURCES === SLICE_RESOURCES - 1) yield;
    }
    this.#reset();
  }

  protected override settled(): void {
    this.#releaseEmpty();
  }

  override rollback(): void {
    this.#reset();
    this.next.rollback();
    this.#releaseEmpty();
  }

  #isTouched(slot: number): boolean {
    return (this.#sampleMs[slot] as number) > NONE || (this.#staleMs[slot] as number) > NONE;
  }

  /** Releases the resources whose last series was forgotten during the transaction. */
  #releaseEmpty(): void {
    for (const [slot, observed] of this.#observed.entries())
      if (observed?.count === 0) this.#release(slot, observed);
  }

  /** Appends a sample, under other labels than before where the attributes have changed. */
  #tell(observed: Observed, tMs: number, told: Set<string>): void {
    const attributes = this.#servedFor.get(observed.service)?.attributes ?? observed.resource;
    if (attributes !== observed.made) {
      this.#end(observed, tMs);
      this.#forgetInfo(observed);
      observed.made = attributes;
      const labels = this.#build(attributes);
      if (labels !== undefined)
        observed.ref = this.next.refOf(labels, {
          ...originOf(labelValue(labels, METRIC_NAME)),
          resource: attributes,
        });
    }
    // What is served stands for all resources of its service; one of them tells it.
    if (attributes !== observed.resource && told.has(observed.service)) return;
    told.add(observed.service);
    if (observed.ref === DROPPED_REF) return;
    this.next.append(observed.ref, tMs, 1);
    observed.isLive = true;
  }

  #end(observed: Observed, tMs: number): void {
    if (!observed.isLive) return;
    this.next.appendStale(observed.ref, tMs);
    observed.isLive = false;
  }

  #serve(attributes: LabelSet): SeriesRef {
    const ref = this.#nextServed++;
    const served = { attributes, service: formatService(attributes) };
    this.#served.set(ref, served);
    this.#servedFor.set(served.service, served);
    return ref;
  }

  #forgetServed(ref: SeriesRef): void {
    const served = this.#served.get(ref);
    this.#served.delete(ref);
    if (served !== undefined && this.#servedFor.get(served.service) === served)
      this.#servedFor.delete(served.service);
  }

  #takeSlot(resource: LabelSet): number {
    if (this.#last?.resource === resource) return this.#last.slot;
    const key = labelSetKey(resource);
    const slot = this.#slots.get(key) ?? this.#openSlot(resource, key);
    this.#last = { resource, slot };
    return slot;
  }

  #openSlot(resource: LabelSet, key: string): number {
    const slot = this.#free.pop() ?? this.#observed.length;
    this.#observed[slot] = {
      resource,
      service: formatService(resource),
      count: 0,
      ref: DROPPED_REF,
      made: undefined,
      isLive: false,
    };
    this.#sampleMs[slot] = NONE;
    this.#staleMs[slot] = NONE;
    this.#slots.set(key, slot);
    return slot;
  }

  #release(slot: number, observed: Observed): void {
    this.#forgetInfo(observed);
    if (this.#last?.slot === slot) this.#last = undefined;
    this.#observed[slot] = undefined;
    this.#slots.delete(labelSetKey(observed.resource));
    this.#free.push(slot);
  }

  #forgetInfo(observed: Observed): void {
    if (observed.ref !== DROPPED_REF) this.next.forget(observed.ref);
    observed.ref = DROPPED_REF;
  }

  #reset(): void {
    this.#sampleMs.fill(NONE);
    this.#staleMs.fill(NONE);
  }

  #grow(ref: SeriesRef): void {
    const larger = new Int32Array(Math.max(ref + 1, this.#slotOf.length * 2));
    larger.set(this.#slotOf);
    this.#slotOf = larger;
  }
}

function formatService(attributes: LabelSet): string {
  return labelSetKey(attributes.filter(({ name }) => SERVICE_ATTRIBUTES.has(name)));
}
