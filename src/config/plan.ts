/**
 * What a collector runs by, whatever dialect it was written in: sources, transforms, sinks, and the
 * routes between them. Plain values, checked, with all defaults. Every part has an identity made of
 * named fields, by which a reload finds what stays, what changes and what is gone.
 *
 *     sources ──► route: transforms ──► sink: its own transforms ──► queue ──► receiver
 */
import type { JobDiscovery } from '../discovery/manager.ts';
import { assert } from '../kernel/errors.ts';
import type { LogFields, LogFormat, LogLevel } from '../kernel/logger.ts';
import type { Transform } from '../model/transform.ts';
import type { ScrapeConfig } from '../scrape/config.ts';
import type { OtlpReceiverSettings } from '../otlp/settings.ts';
import type { TlsServerInput } from '../settings/web-config.ts';
import type { OpenableDirectSink, OpenableQueuedSink } from '../sinks/sinks.ts';
import type { Signal } from '../sinks/sink.ts';
import type { SpanTransform } from '../wire/otlp/span-transform.ts';
import type { DetectionSettings } from '../transforms/detected-resource/settings.ts';
import type { StatsdReceiverSettings } from '../statsd/settings.ts';
import type { ForwarderSettings } from '../xray/forwarder.ts';
import type { TraceReceiverSettings } from '../xray/receiver.ts';

/** A scrape job and how its targets are found. Identity: the id, which both have. */
export interface SourcePlan {
  readonly id: string;
  readonly scrape: ScrapeConfig;
  readonly discovery: JobDiscovery;
  /** Where it is configured, as `file:line:column`. */
  readonly position: string;
}

/** A reading of this task's metadata at an interval. Identity: id and interval. */
export interface TaskSourcePlan {
  readonly id: string;
  readonly intervalMs: number;
  /** Where it is configured, as `file:line:column`, for what can be told at the start only. */
  readonly position: string;
}

/** A receiver of segment documents: a source of routes of traces. Identity: all of it. */
export type TraceReceiverPlan = TraceReceiverSettings;

/** A receiver of OTLP: a source of routes of both signals. Identity: all of it. */
export type OtlpReceiverPlan = OtlpReceiverSettings;
/** A receiver of StatsD: a source of routes of metrics. Identity: all of it. */
export type StatsdReceiverPlan = StatsdReceiverSettings;

/** A listener that signs requests and forwards them to AWS. Identity: all of it. */
export type ForwarderPlan = ForwarderSettings;

/** Identity: its id, and for what it does the identity of `transform`. */
export interface TransformPlan {
  readonly id: string;
  /** Of a detection: the transform while nothing is known. */
  readonly transform: Transform;
  /** The transform is made of what is found out where the collector runs. */
  readonly detection?: DetectionSettings;
}

/** A transform of spans. Identity: its id, and for what it does the identity of `transform`. */
export interface SpanTransformPlan {
  readonly id: string;
  /** Of a detection: the transform while nothing is known. */
  readonly transform: SpanTransform;
  readonly detection?: DetectionSettings;
}

interface SinkNames {
  /** `kind/name`. */
  readonly id: string;
  /** As configured, else made of the address and the ordinal among sinks with the same address. */
  readonly name: string;
  /** A digest of its configuration; when it differs after a reload, the sink is changed. */
  readonly version: string;
  /** Ids of the transforms that the sink itself asks for. */
  readonly transforms: readonly string[];
  /** Where it is configured, as `file:line:column`. */
  readonly position: string;
}

type Replaced = 'name' | 'transforms' | 'address';

export interface QueuedSinkPlan extends Omit<OpenableQueuedSink, Replaced>, SinkNames {
  /** Folder of its queue, below the storage folder. */
  readonly folder: string;
}

export interface DirectSinkPlan extends Omit<OpenableDirectSink, Replaced>, SinkNames {
  readonly folder?: undefined;
}

/** Identity: kind and name. */
export type SinkPlan = QueuedSinkPlan | DirectSinkPlan;

/** Identity: signal and name. */
export interface RoutePlan {
  readonly id: string;
  readonly signal: Signal;
  /** Ids of sources of both kinds; transforms and sinks are named by their ids too. */
  readonly sources: readonly string[];
  readonly transforms: readonly string[];
  readonly sinks: readonly string[];
}

/**
 * A listener that the configuration asks for, beside the one that flags ask for. Identity: the
 * address, together with TLS and headers.
 */
export interface ServerPlan {
  /** What asks for it, as it is written: the name of an extension, or a path of keys. */
  readonly id: string;
  /** `host:port`; never wider than what is written. */
  readonly listen: string;
  readonly content: ServedContent;
  /** TLS, in the keys of `--web.config.file`; plain HTTP when undefined. Paths are absolute. */
  readonly tls?: TlsServerInput | undefined;
  /** Further headers of every answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a listener serves. */
export type ServedContent =
  /** Whether the collector runs, at `path` and below; with texts of its own where they are set. */
  | {
      readonly is: 'health';
      readonly path: string;
      readonly texts?: { readonly healthy: string; readonly unhealthy: string } | undefined;
    }
  /** The process' own metrics. */
  | { readonly is: 'metrics' }
  /** Pages about what runs. */
  | { readonly is: 'pages' }
  /** How this process is profiled. */
  | { readonly is: 'profiles' };

/** How the process logs; undefined is as its flags say, which win over all of these. */
export interface LogPlan {
  readonly level?: LogLevel | undefined;
  readonly format?: LogFormat | undefined;
  readonly outputs?: readonly ('stdout' | 'stderr')[] | undefined;
  /** Added to each line. */
  readonly fields?: LogFields | undefined;
  readonly repeats?: { readonly max: number; readonly windowMs: number } | undefined;
}

export interface CollectorPlan {
  readonly sources: readonly SourcePlan[];
  readonly taskSources: readonly TaskSourcePlan[];
  readonly traceReceivers: readonly TraceReceiverPlan[];
  readonly otlpReceivers: readonly OtlpReceiverPlan[];
  readonly statsdReceivers: readonly StatsdReceiverPlan[];
  readonly forwarders: readonly ForwarderPlan[];
  readonly transforms: readonly TransformPlan[];
  /** Those that routes of traces name. */
  readonly spanTransforms: readonly SpanTransformPlan[];
  readonly sinks: readonly SinkPlan[];
  readonly routes: readonly RoutePlan[];
  readonly servers: readonly ServerPlan[];
  readonly log: LogPlan;
}

/**
 * The transforms between a route and a sink, in order: the route's own, then the sink's.
 *
 * @param detected  by id, those that stand for what has been detected
 */
export function transformsBetween(
  plan: CollectorPlan,
  route: RoutePlan,
  sink: SinkPlan,
  detected: ReadonlyMap<string, Transform> = new Map(),
): readonly Transform[] {
  const byId = new Map(plan.transforms.map(({ id, transform }) => [id, transform]));
  return [...route.transforms, ...sink.transforms].map((id) => {
    const found = detected.get(id) ?? byId.get(id);
    assert(found, `route ${route.id} names the transform ${id}, which the plan lacks`);
    return found;
  });
}

/** The transforms of a route of traces, in order. */
export function spanTransformsOf(
  plan: CollectorPlan,
  route: RoutePlan,
  detected: ReadonlyMap<string, SpanTransform>,
): readonly SpanTransform[] {
  const byId = new Map(plan.spanTransforms.map(({ id, transform }) => [id, transform]));
  return route.transforms.map((id) => {
    const found = detected.get(id) ?? byId.get(id);
    assert(found, `route ${route.id} names the transform ${id}, which the plan lacks`);
    return found;
  });
}

/**
 * Leads what is pushed where what is scraped goes: on the routes that have a job, or without any on
 * one of its own to all sinks of metrics.
 *
 * @param id  of the source of pushes
 */
export function routePushes(plan: CollectorPlan, id: string): CollectorPlan {
  const jobs = new Set(plan.sources.map((source) => source.id));
  const isOfJobs = ({ signal, sources }: RoutePlan): boolean =>
    signal === 'metrics' && sources.some((source) => jobs.has(source));
  const ways = plan.routes.filter(isOfJobs);
  const routes = plan.routes.map((route) =>
    ways.includes(route) ? { ...route, sources: [...route.sources, id] } : route,
  );
  const sinks = plan.sinks.filter(({ signals }) => signals.includes('metrics'));
  const own: RoutePlan = {
    id,
    signal: 'metrics',
    sources: [id],
    transforms: [],
    sinks: sinks.map((sink) => sink.id),
  };
  return { ...plan, routes: ways.length > 0 ? routes : [...routes, own] };
}
