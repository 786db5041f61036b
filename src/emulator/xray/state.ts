/**
 * The X-Ray of an emulated account: its traces, sampling rules and telemetry, and what became of
 * the documents that it received.
 */
import { SamplingRules } from './sampling-rules.ts';
import { SamplingTargets } from './sampling-targets.ts';
import { TraceStore } from './store.ts';
import { ReceivedTelemetry } from './telemetry.ts';
import { StepQueue } from './step-queue.ts';
import type { AwsPlace } from '../service.ts';

/**
 * What became of a document: `stored` anew; `replaced` one of the same id; `repeated`, the same was
 * there; `superseded`, a complete one was there; `unsampled`, taken and not stored; `unprocessed`.
 * A document of several spans counts as its first one.
 */
export type DocumentOutcome =
  | 'stored'
  | 'replaced'
  | 'repeated'
  | 'superseded'
  | 'unsampled'
  | 'unprocessed';

/** Where segments go: `CloudWatchLogs` is Transaction Search. */
export type SegmentDestination = 'XRay' | 'CloudWatchLogs';

export class XrayState {
  readonly traces = new TraceStore();
  readonly rules: SamplingRules;
  readonly targets: SamplingTargets;
  readonly telemetry = new ReceivedTelemetry();
  /** All long work on the traces goes by it. */
  readonly steps = new StepQueue();
  destination: SegmentDestination = 'XRay';
  readonly #outcomes = new Map<DocumentOutcome, number>();
  readonly #unprocessed = new Map<string, number>();
  #droppedTraces = 0;
  /** Called for each document, and for each trace that leaves at a limit. */
  onCount: (what: DocumentOutcome | 'dropped_trace') => void = () => undefined;

  constructor(place: AwsPlace, nowMs: number) {
    this.rules = new SamplingRules(place, nowMs / 1_000);
    this.targets = new SamplingTargets(this.rules);
    this.traces.onDrop = () => {
      this.#droppedTraces += 1;
      this.onCount('dropped_trace');
    };
  }

  /** @param code  of an unprocessed document */
  count(outcome: DocumentOutcome, code?: string): void {
    add(this.#outcomes, outcome);
    if (code !== undefined) add(this.#unprocessed, code);
    this.onCount(outcome);
  }

  /** Forgets traces, telemetry and counts; the sampling rules and the destination stay. */
  clear(): void {
    this.traces.clear();
    this.telemetry.clear();
    this.targets.clear();
    this.#outcomes.clear();
    this.#unprocessed.clear();
    this.#droppedTraces = 0;
  }

  /** What was received so far. */
  describe(): XrayDescription {
    return {
      documents: Object.fromEntries(this.#outcomes),
      unprocessed: Object.fromEntries(this.#unprocessed),
      droppedTraces: this.#droppedTraces,
      storedBytes: this.traces.sizeBytes,
      telemetry: this.telemetry.describe(),
      traces: Object.fromEntries(
        this.traces.list().map(({ id, segments }) => [id, [...segments.keys()]]),
      ),
    };
  }
}

export interface XrayDescription {
  readonly documents: Readonly<Partial<Record<DocumentOutcome, number>>>;
  /** Counts by code. */
  readonly unprocessed: Readonly<Record<string, number>>;
  readonly droppedTraces: number;
  readonly storedBytes: number;
  readonly telemetry: ReturnType<ReceivedTelemetry['describe']>;
  /** The ids of the documents of each trace that is kept, in the order in which they came. */
  readonly traces: Readonly<Record<string, readonly string[]>>;
}

/** The number of codes is bounded by those that documents are judged by and those of trouble. */
function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
