/**
 * A segment or subsegment while it is open. What is done inside one goes through `trace`, which
 * ends the subsegment with the work. When a segment holds more than 100 subsegments, those that
 * have ended are sent apart and the segment is sent as in progress, so that no document of a long
 * request grows without a limit.
 */
import type { Clock } from '../../kernel/clock.ts';
import { type SegmentDetails, type SegmentDocument, standAlone } from './document.ts';
import { describeException } from './exception.ts';

/** More subsegments than these are not held; the SDKs' default. */
const HELD_MAX = 100;

/** What one request's segments have in common. */
export interface TraceState {
  readonly traceId: string;
  readonly isSampled: boolean;
  readonly clock: Clock;
  /** 16 random hexadecimal digits. */
  readonly makeId: () => string;
  /** Where errors happened, for their causes. */
  readonly workingDirectory: string;
  /** Takes a finished document; it is called for sampled requests only. */
  readonly send: (document: SegmentDocument) => void;
}

/** What only the document of a whole segment has. */
export type SegmentOnly = Pick<SegmentDocument, 'parent_id' | 'origin' | 'service'>;

export class OpenSegment {
  readonly id: string;
  readonly details: SegmentDetails = {};
  readonly #state: TraceState;
  readonly #name: string;
  readonly #only: SegmentOnly;
  /** Undefined for the segment itself. */
  readonly #parent: OpenSegment | undefined;
  readonly #startMs: number;
  #endMs: number | undefined;
  #children: OpenSegment[] = [];
  /** Of the segment itself: how many subsegments it holds, those inside others too. */
  #held = 0;
  #isAnnounced = false;

  constructor(state: TraceState, name: string, only: SegmentOnly = {}, parent?: OpenSegment) {
    this.#state = state;
    this.#name = name;
    this.#only = only;
    this.#parent = parent;
    this.id = state.makeId();
    this.#startMs = state.clock.nowMs();
  }

  get traceId(): string {
    return this.#state.traceId;
  }

  get isSampled(): boolean {
    return this.#state.isSampled;
  }

  /** Does the work inside a subsegment. An error ends it as a fault, and is thrown on. */
  async trace<Result>(
    name: string,
    details: SegmentDetails,
    work: (inner: OpenSegment) => Promise<Result> | Result,
  ): Promise<Result> {
    const inner = new OpenSegment(this.#state, name, {}, this);
    Object.assign(inner.details, details);
    this.#children.push(inner);
    this.#root.#held += 1;
    try {
      return await work(inner);
    } catch (error) {
      if (inner.details.cause === undefined) inner.addException(error);
      throw error;
    } finally {
      inner.#end();
    }
  }

  /** Marks it by a status: 4xx is an error, 429 a throttle too, 5xx a fault. */
  addStatus(status: number): void {
    if (status === 429) this.details.throttle = true;
    if (status >= 400 && status < 500) this.details.error = true;
    if (status >= 500) this.details.fault = true;
  }

  /** A fault with the error as its cause, or an error of the callee that leaves no fault here. */
  addException(error: unknown, kind: 'fault' | 'remote error' = 'fault'): void {
    const isRemote = kind === 'remote error';
    if (isRemote) this.details.error = true;
    else this.details.fault = true;
    this.details.cause = {
      working_directory: this.#state.workingDirectory,
      exceptions: [describeException(error, this.#state.makeId(), isRemote)],
    };
  }

  /** Ends the segment itself and sends what it still holds. */
  finish(): void {
    this.#endMs ??= this.#state.clock.nowMs();
    if (this.#state.isSampled) this.#state.send(this.#toDocument());
  }

  get #root(): OpenSegment {
    return this.#parent === undefined ? this : this.#parent.#root;
  }

  #end(): void {
    this.#endMs = this.#state.clock.nowMs();
    const root = this.#root;
    if (root.#held > HELD_MAX) root.#sendEnded();
  }

  #sendEnded(): void {
    if (!this.#isAnnounced && this.#state.isSampled) this.#state.send(this.#toDocument(false));
    this.#isAnnounced = true;
    this.#held -= this.#takeEnded();
  }

  /** Sends the subsegments that have ended with all that is in them. @returns how many */
  #takeEnded(): number {
    let taken = 0;
    this.#children = this.#children.filter((child) => {
      const size = child.#isWhole() ? child.#size() : 0;
      if (size === 0) {
        taken += child.#takeEnded();
        return true;
      }
      const parent = { id: this.id, trace_id: this.#state.traceId };
      if (this.#state.isSampled) this.#state.send(standAlone(child.#toDocument(), parent));
      taken += size;
      return false;
    });
    return taken;
  }

  #isWhole(): boolean {
    return this.#endMs !== undefined && this.#children.every((child) => child.#isWhole());
  }

  #size(): number {
    return this.#children.reduce((sum, child) => sum + child.#size(), 1);
  }

  #toDocument(hasSubsegments = true): SegmentDocument {
    const subsegments = hasSubsegments ? this.#children.map((child) => child.#toDocument()) : [];
    return {
      name: this.#name,
      id: this.id,
      ...(this.#parent === undefined ? { trace_id: this.#state.traceId } : {}),
      ...this.#only,
      start_time: this.#startMs / 1_000,
      ...(this.#endMs === undefined
        ? { in_progress: true as const }
        : { end_time: this.#endMs / 1_000 }),
      ...this.details,
      ...(subsegments.length === 0 ? {} : { subsegments }),
    };
  }
}
