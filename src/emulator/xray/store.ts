/**
 * The traces that an emulated X-Ray keeps: documents by trace and id, the oldest traces leaving at
 * a limit. A document whose id came before in its trace replaces the one before; one in progress
 * that comes after its complete segment changes nothing.
 * Limits: 20,000 traces, 128 MiB of documents, 500 kB a trace.
 */
import type { StoredDocument } from './entity.ts';

export interface StoredTrace {
  readonly id: string;
  /** The order in which the traces came. */
  readonly sequence: number;
  readonly segments: Map<string, StoredDocument>;
  /** The earliest start, seconds since the epoch. */
  startSeconds: number;
  /** The latest end, seconds since the epoch; undefined where nothing has ended. */
  endSeconds: number | undefined;
  sizeBytes: number;
  /** Whether a document was refused since the trace is too large. */
  isLimitExceeded: boolean;
  /** The number of changes. */
  revision: number;
}

/**
 * `repeated`: the same document was there. `superseded`: a complete one was there.
 * `trace_too_large`: it is not stored.
 */
export type Placement = 'stored' | 'replaced' | 'repeated' | 'superseded' | 'trace_too_large';

const TRACES_MAX = 20_000;
const BYTES_MAX = 128 * 1024 * 1024;
const TRACE_MAX_BYTES = 500 * 1_000;

export class TraceStore {
  /** In the order in which the traces came. */
  readonly #traces = new Map<string, StoredTrace>();
  #sizeBytes = 0;
  #sequence = 0;
  /** Called for each trace that leaves at a limit. */
  onDrop: (trace: StoredTrace) => void = () => undefined;

  get size(): number {
    return this.#traces.size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  find(id: string): StoredTrace | undefined {
    return this.#traces.get(id);
  }

  /** In the order in which they came. */
  list(): StoredTrace[] {
    return [...this.#traces.values()];
  }

  clear(): void {
    this.#traces.clear();
    this.#sizeBytes = 0;
  }

  put(document: StoredDocument): Placement {
    const trace = this.#open(document.traceId);
    const before = trace.segments.get(document.id);
    if (before?.text === document.text) return 'repeated';
    if (before !== undefined && isComplete(before) && !isComplete(document)) return 'superseded';
    const growth = document.sizeBytes - (before?.sizeBytes ?? 0);
    if (trace.sizeBytes + growth > TRACE_MAX_BYTES) {
      trace.isLimitExceeded = true;
      return 'trace_too_large';
    }
    trace.segments.set(document.id, document);
    if (before === undefined) extendTimes(trace, document);
    else measureTimes(trace);
    trace.sizeBytes += growth;
    trace.revision += 1;
    this.#sizeBytes += growth;
    this.#makeRoom(trace);
    return before === undefined ? 'stored' : 'replaced';
  }

  #open(id: string): StoredTrace {
    const found = this.#traces.get(id);
    if (found !== undefined) return found;
    const trace: StoredTrace = {
      id,
      sequence: this.#sequence++,
      segments: new Map(),
      startSeconds: Infinity,
      endSeconds: undefined,
      sizeBytes: 0,
      isLimitExceeded: false,
      revision: 0,
    };
    this.#traces.set(id, trace);
    return trace;
  }

  #makeRoom(current: StoredTrace): void {
    for (const trace of this.#traces.values()) {
      if (this.#traces.size <= TRACES_MAX && this.#sizeBytes <= BYTES_MAX) return;
      if (trace === current) continue;
      this.#traces.delete(trace.id);
      this.#sizeBytes -= trace.sizeBytes;
      this.onDrop(trace);
    }
  }
}

function measureTimes(trace: StoredTrace): void {
  trace.startSeconds = Infinity;
  trace.endSeconds = undefined;
  for (const document of trace.segments.values()) extendTimes(trace, document);
}

function extendTimes(trace: StoredTrace, { entities }: StoredDocument): void {
  for (const { startSeconds, endSeconds } of entities) {
    trace.startSeconds = Math.min(trace.startSeconds, startSeconds);
    if (endSeconds !== undefined)
      trace.endSeconds = Math.max(trace.endSeconds ?? endSeconds, endSeconds);
  }
}

function isComplete({ entities: [first] }: StoredDocument): boolean {
  return first.endSeconds !== undefined;
}
