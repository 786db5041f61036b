/**
 * The seam of sinks: the interface of a kind, and of a sink that runs. A new kind is a folder that
 * calls `defineSink`, and one word in the table in sinks.ts. Its configuration key, its checks and
 * a run of the contract suite (test/contracts/sink.slow.test.ts) follow from the table.
 */
import type * as z from 'zod';
import type { Delivery } from '../delivery/delivery.ts';
import type { DeliverySettings } from '../delivery/settings.ts';
import type { Component } from '../kernel/component.ts';
import type { World } from '../kernel/world.ts';
import type { ChunkQueue } from '../model/queue.ts';
import type { OpenAppender } from '../model/sample.ts';
import type { OpenTraces } from '../model/trace-appender.ts';
import type { Transform } from '../model/transform.ts';
import type { CheckContext } from '../settings/finding.ts';

/** What a sink takes: samples of metrics, or segment documents of traces. */
export type Signal = 'metrics' | 'traces';

/** What a kind without a queue makes of one entry: checked, with defaults filled in. */
export interface ResolvedDirectSink<Settings> {
  /** The configured name; without one, the address tells entries apart. */
  readonly name: string | undefined;
  /** Where it delivers to: the whole URL, or a path. It may hold secrets: hashed, never shown. */
  readonly address: string;
  /** The address without secrets, to be shown. */
  readonly shownAddress: string;
  /** What else `check config` shows, such as that requests are signed. */
  readonly remark?: string | undefined;
  /** What this entry takes, where that is less than the kind does. */
  readonly signals?: readonly Signal[] | undefined;
  /** What is applied to series on their way to this sink, in order. */
  readonly transforms: readonly Transform[];
  readonly settings: Settings;
}

/** What a kind makes of one entry. */
export interface ResolvedSink<Settings> extends ResolvedDirectSink<Settings> {
  readonly delivery: DeliverySettings;
}

/** Where an entry is checked; `path` is that of the entry. */
export interface SinkContext extends CheckContext {
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface DirectSinkParts {
  /** `kind/name`, for logs and metrics. */
  readonly id: string;
  readonly name: string;
  readonly world: World;
  readonly userAgent: string;
}

export interface SinkParts extends DirectSinkParts {
  /** Started before the sink and stopped after it. */
  readonly queue: ChunkQueue;
  /** The folder of the queue, for what a sink keeps beside it; absent where nothing is kept. */
  readonly folder?: string | undefined;
  /**
   * The sink of this name that ran until now, already released. If series are encoded the same way
   * under the new settings, the new sink takes over its `openAppender`, and open appenders go on.
   */
  readonly before?: Sink | undefined;
}

/**
 * A running sink whose commits are done when they return: it has no queue, so nothing waits, is
 * sent again or is lost. Such a sink writes where writing neither waits nor fails.
 */
export interface DirectSink extends Component {
  /**
   * Opens the appender of a target; with a queue, the key decides the lane of its chunks. Present
   * in sinks of metrics.
   */
  readonly openAppender?: OpenAppender | undefined;
  /** Present in sinks of traces. The same function for as long as what it opens goes on. */
  readonly openTraces?: OpenTraces | undefined;
}

/** A running sink with a queue of its own: the way into it, and delivery from it. */
export interface Sink extends DirectSink {
  /**
   * Ends after the requests under way, or at the deadline. The queue runs on, and another sink
   * takes it over.
   */
  release(deadlineMs: number): Promise<void>;
  /** Counts a loss that the queue reports. @param bytes  of the chunk, if they could be read */
  countDropped(items: number, reason: string, bytes: Uint8Array | undefined): void;
}

interface AnyKind<Kind extends string, Key extends string, Schema extends z.ZodType> {
  readonly kind: Kind;
  /** The key of the configuration that holds a list of its entries. */
  readonly key: Key;
  /** The schema of one entry. */
  readonly schema: Schema;
  /** Whether two entries may not have one address, so that the second is refused. */
  readonly hasOneWriter?: boolean;
  /** What it takes; only metrics when absent. */
  readonly signals?: readonly Signal[];
}

export interface SinkKind<
  Kind extends string = string,
  Key extends string = string,
  Schema extends z.ZodType = z.ZodType,
  Settings = unknown,
> extends AnyKind<Kind, Key, Schema> {
  readonly isDirect?: false;
  /** Checks what the schema can't, and fills in the defaults; faults are reported. */
  resolve(input: z.output<Schema>, context: SinkContext): ResolvedSink<Settings>;
  open(resolved: ResolvedSink<Settings>, parts: SinkParts): Sink;
}

/** A kind without a queue: decision 18. */
export interface DirectSinkKind<
  Kind extends string = string,
  Key extends string = string,
  Schema extends z.ZodType = z.ZodType,
  Settings = unknown,
> extends AnyKind<Kind, Key, Schema> {
  readonly isDirect: true;
  resolve(input: z.output<Schema>, context: SinkContext): ResolvedDirectSink<Settings>;
  open(resolved: ResolvedDirectSink<Settings>, parts: DirectSinkParts): DirectSink;
}

/** Declares a kind: checks its types, and keeps `kind` and `key` as literal types for the table. */
export function defineSink<
  const Kind extends string,
  const Key extends string,
  Schema extends z.ZodType,
  Settings,
>(kind: SinkKind<Kind, Key, Schema, Settings>): SinkKind<Kind, Key, Schema, Settings> {
  return kind;
}

/** The same for a kind without a queue. */
export function defineDirectSink<
  const Kind extends string,
  const Key extends string,
  Schema extends z.ZodType,
  Settings,
>(kind: DirectSinkKind<Kind, Key, Schema, Settings>): DirectSinkKind<Kind, Key, Schema, Settings> {
  return kind;
}

/** A sink made of a delivery and a way in, for kinds that need nothing else. */
export function sinkOver(delivery: Delivery<unknown>, openAppender: OpenAppender): Sink {
  return {
    name: delivery.name,
    openAppender,
    start: () => delivery.start(),
    stop: (deadlineMs) => delivery.stop(deadlineMs),
    release: (deadlineMs) => delivery.release(deadlineMs),
    countDropped: (items, reason) => delivery.losses.lost(items, reason, ''),
  };
}
