/**
 * The seam of sinks: what a kind of sink is, and what of it runs. A new one is a folder that calls
 * `defineSink` and one word in sinks.ts; from that table come its configuration key, its checks and
 * a run of the contract suite (test/contracts/sink.test.ts).
 */
import type { z } from 'zod';
import type { Delivery } from '../delivery/delivery.ts';
import type { DeliverySettings } from '../delivery/settings.ts';
import type { Component } from '../kernel/component.ts';
import type { World } from '../kernel/world.ts';
import type { ChunkQueue } from '../model/queue.ts';
import type { OpenAppender } from '../model/sample.ts';
import type { SeriesTransform } from '../model/transform.ts';
import type { CheckContext } from '../settings/finding.ts';

/** What a kind makes of one entry of its configuration. */
export interface ResolvedSink<Settings> {
  /** As configured; without it the address tells entries apart. */
  readonly name: string | undefined;
  /**
   * Where it delivers to: the whole URL, a file's path. May hold secrets: it is hashed, never
   * shown.
   */
  readonly address: string;
  /** The same for people. */
  readonly place: string;
  /** What else `check config` says of it: who signs, say. */
  readonly remark?: string | undefined;
  readonly delivery: DeliverySettings;
  /** What the entry wants done to series on their way to it, in order. */
  readonly transforms: readonly SeriesTransform[];
  readonly settings: Settings;
}

/** Its path is that of the entry. */
export interface SinkContext extends CheckContext {
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface SinkParts {
  /** `kind/name`, for logs and metrics. */
  readonly id: string;
  readonly name: string;
  /** Started before the sink and stopped after it. */
  readonly queue: ChunkQueue;
  readonly world: World;
  readonly userAgent: string;
  /**
   * The sink of this name that ran until now, released: where series look the same under the new
   * settings, its `openAppender` is gone on with, and with it the appenders that are open.
   */
  readonly before?: Sink | undefined;
}

/** Over a queue that is its own: the way in, and delivery out of it. */
export interface Sink extends Component {
  /** Opens the appender of a target; its chunks take the lane that the key says. */
  readonly openAppender: OpenAppender;
  /**
   * Ends after the requests under way, or at the deadline: another goes on with the queue, which
   * runs on.
   */
  release(deadlineMs: number): Promise<void>;
  /** For losses that the queue reports. @param bytes  of the chunk, where they can still be had */
  countDropped(items: number, reason: string, bytes: Uint8Array | undefined): void;
}

export interface SinkKind<
  Kind extends string = string,
  Key extends string = string,
  Schema extends z.ZodType = z.ZodType,
  Settings = unknown,
> {
  readonly kind: Kind;
  /** The key of the configuration that holds a list of its entries. */
  readonly key: Key;
  /** Of one entry. */
  readonly schema: Schema;
  /** Two entries of one address would stand in each other's way: the second one is refused. */
  readonly hasOneWriter?: boolean;
  /** Checks what the schema can't and fills in the defaults; faults go to the context's report. */
  resolve(input: z.output<Schema>, context: SinkContext): ResolvedSink<Settings>;
  open(resolved: ResolvedSink<Settings>, parts: SinkParts): Sink;
}

/** Checks the types of a kind and keeps its words as literals, for the table. */
export function defineSink<
  const Kind extends string,
  const Key extends string,
  Schema extends z.ZodType,
  Settings,
>(kind: SinkKind<Kind, Key, Schema, Settings>): SinkKind<Kind, Key, Schema, Settings> {
  return kind;
}

/** A sink that is its delivery and a way in, and nothing else. */
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
