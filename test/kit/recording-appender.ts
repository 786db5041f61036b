/**
 * An appender for tests that keeps what is committed, as text: `name{a="b"} 1 @1000`, `name{} stale
 * @1000`. It asserts the rules of the seam: only refs that were given out are used, nothing happens
 * after close, and no ref is renewed twice. Every second ref that is renewed gets a new number.
 */
import assert from 'node:assert/strict';
import { formatLabelSet, type LabelSet } from '../../src/model/labels.ts';
import type { NativeHistogram } from '../../src/model/histogram.ts';
import {
  DROPPED_REF,
  type Exemplar,
  type RoutedAppender,
  type SeriesMetadata,
  type SeriesRef,
} from '../../src/model/sample.ts';

export class RecordingAppender implements RoutedAppender {
  readonly committed: string[] = [];
  readonly live = new Map<SeriesRef, string>();
  /** Family, type, unit and help of each series, as last set. */
  readonly metadata = new Map<string, string>();
  readonly created = new Map<string, number>();
  /** Every series for which a ref was made, in order. */
  readonly made: string[] = [];
  /** Every series whose ref was renewed, in order. */
  readonly renewed: string[] = [];
  /** A test increments it to act as if new sinks had come. */
  generation = 0;
  /** A series for which this returns false gets DROPPED_REF. */
  wants: (series: string) => boolean = () => true;
  commits = 0;
  closed = false;
  #pending: string[] = [];
  #refs = 0;
  /** The generation in which a ref was given out or last renewed. */
  readonly #completeIn = new Map<SeriesRef, number>();
  readonly #droppedIn = new Map<string, number>();

  refOf(labels: LabelSet): SeriesRef {
    const series = formatLabelSet(labels);
    this.made.push(series);
    return this.#give(++this.#refs, series);
  }

  renew(ref: SeriesRef, labels: LabelSet): SeriesRef {
    const series = formatLabelSet(labels);
    const before = ref === DROPPED_REF ? this.#droppedIn.get(series) : this.#completeIn.get(ref);
    assert.ok(before !== undefined, `the ref of ${series} was given out`);
    assert.ok(before < this.generation, `the ref of ${series} was not complete`);
    if (ref !== DROPPED_REF) assert.equal(this.#name(ref), series);
    this.renewed.push(series);
    this.live.delete(ref);
    this.#completeIn.delete(ref);
    return this.#give(ref > 0 && ref % 2 === 0 ? ref : ++this.#refs, series);
  }

  /** Series whose refs are of an earlier generation. */
  get incomplete(): string[] {
    return [...this.live]
      .filter(([ref]) => this.#completeIn.get(ref) !== this.generation)
      .map(([, series]) => series);
  }

  append(ref: SeriesRef, tMs: number, value: number): void {
    if (ref === DROPPED_REF) return;
    this.#pending.push(`${this.#name(ref)} ${value} @${tMs}`);
  }

  appendStale(ref: SeriesRef, tMs: number): void {
    if (ref === DROPPED_REF) return;
    this.#pending.push(`${this.#name(ref)} stale @${tMs}`);
  }

  appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    if (ref === DROPPED_REF) return;
    this.#pending.push(`${this.#name(ref)} ${JSON.stringify(histogram)} @${tMs}`);
  }

  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    if (ref === DROPPED_REF) return;
    const { labels, value, tMs } = exemplar;
    this.#pending.push(`${this.#name(ref)} # ${formatLabelSet(labels)} ${value} @${tMs}`);
  }

  setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void {
    if (ref === DROPPED_REF) return;
    const { type, unit, help } = metadata;
    this.metadata.set(this.#name(ref), `${family} ${type} [${unit}] ${help}`);
  }

  setCreated(ref: SeriesRef, createdMs: number): void {
    if (ref === DROPPED_REF) return;
    this.created.set(this.#name(ref), createdMs);
  }

  forget(ref: SeriesRef): void {
    this.#name(ref);
    this.live.delete(ref);
    this.#completeIn.delete(ref);
  }

  commit(): void {
    this.commits += 1;
    this.committed.push(...this.#pending);
    this.#pending = [];
  }

  rollback(): void {
    this.#pending = [];
  }

  close(): void {
    this.closed = true;
  }

  /** What was committed since the last call. */
  take(): string[] {
    return this.committed.splice(0);
  }

  #give(ref: SeriesRef, series: string): SeriesRef {
    if (!this.wants(series)) {
      this.#droppedIn.set(series, this.generation);
      return DROPPED_REF;
    }
    this.live.set(ref, series);
    this.#completeIn.set(ref, this.generation);
    return ref;
  }

  #name(ref: SeriesRef): string {
    assert.ok(!this.closed, 'nothing is appended after close');
    const name = this.live.get(ref);
    assert.ok(name !== undefined, `ref ${ref} was given out and not forgotten`);
    return name;
  }
}
