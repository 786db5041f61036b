/**
 * An appender that keeps what is committed, as text, for tests: `name{a="b"} 1 @1000`, `name{} stale @1000`.
 * It checks the rules of the seam: no ref that was not given out, nothing after close.
 */
import assert from 'node:assert/strict';
import { formatLabelSet, type LabelSet } from '../model/labels.ts';
import type { NativeHistogram } from '../model/histogram.ts';
import {
  type Appender,
  type Exemplar,
  type SeriesMetadata,
  type SeriesRef,
} from '../model/sample.ts';

export class RecordingAppender implements Appender {
  readonly committed: string[] = [];
  readonly live = new Map<SeriesRef, string>();
  /** Family, type, unit and help by series, as last set. */
  readonly metadata = new Map<string, string>();
  readonly created = new Map<string, number>();
  /** Every series that a ref was made for, in order. */
  readonly made: string[] = [];
  commits = 0;
  closed = false;
  #pending: string[] = [];

  refOf(labels: LabelSet): SeriesRef {
    const ref = this.made.push(formatLabelSet(labels));
    this.live.set(ref, formatLabelSet(labels));
    return ref;
  }

  append(ref: SeriesRef, tMs: number, value: number): void {
    this.#pending.push(`${this.#name(ref)} ${value} @${tMs}`);
  }

  appendStale(ref: SeriesRef, tMs: number): void {
    this.#pending.push(`${this.#name(ref)} stale @${tMs}`);
  }

  appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    this.#pending.push(`${this.#name(ref)} ${JSON.stringify(histogram)} @${tMs}`);
  }

  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    const { labels, value, tMs } = exemplar;
    this.#pending.push(`${this.#name(ref)} # ${formatLabelSet(labels)} ${value} @${tMs}`);
  }

  setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void {
    const { type, unit, help } = metadata;
    this.metadata.set(this.#name(ref), `${family} ${type} [${unit}] ${help}`);
  }

  setCreated(ref: SeriesRef, createdMs: number): void {
    this.created.set(this.#name(ref), createdMs);
  }

  forget(ref: SeriesRef): void {
    this.#name(ref);
    this.live.delete(ref);
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

  #name(ref: SeriesRef): string {
    assert.ok(!this.closed, 'nothing is appended after close');
    const name = this.live.get(ref);
    assert.ok(name !== undefined, `ref ${ref} was given out and not forgotten`);
    return name;
  }
}
