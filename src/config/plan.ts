/**
 * What a collector runs by, whatever dialect it was written in: sources, transforms, sinks, and the
 * routes between them. Plain values, checked, with all defaults. Every part has an identity made of
 * named fields, by which a reload finds what stays, what changes and what is gone.
 *
 *     sources ──► route: transforms ──► sink: its own transforms ──► queue ──► receiver
 */
import type { JobDiscovery } from '../discovery/manager.ts';
import { assert } from '../kernel/errors.ts';
import type { Transform } from '../model/transform.ts';
import type { ScrapeConfig } from '../scrape/config.ts';
import type { OpenableSink } from '../sinks/sinks.ts';
import type { DetectionSettings } from '../transforms/detected-resource/settings.ts';

/** A scrape job and how its targets are found. Identity: the id, which both have. */
export interface SourcePlan {
  readonly id: string;
  readonly scrape: ScrapeConfig;
  readonly discovery: JobDiscovery;
}

/** A reading of this task's metadata at an interval. Identity: id and interval. */
export interface TaskSourcePlan {
  readonly id: string;
  readonly intervalMs: number;
  /** Where it is configured, as `file:line:column`, for what can be told at the start only. */
  readonly position: string;
}

/** Identity: its id, and for what it does the identity of `transform`. */
export interface TransformPlan {
  readonly id: string;
  /** Of a detection: the transform while nothing is known. */
  readonly transform: Transform;
  /** The transform is made of what is found out where the collector runs. */
  readonly detection?: DetectionSettings;
}

/** Identity: kind and name. */
export interface SinkPlan extends Omit<OpenableSink, 'name' | 'transforms' | 'address'> {
  /** `kind/name`. */
  readonly id: string;
  /** As configured, else made of the address and the ordinal among sinks with the same address. */
  readonly name: string;
  /** Folder of its queue, below the storage folder. */
  readonly folder: string;
  /** A digest of its configuration; when it differs after a reload, the sink is changed. */
  readonly version: string;
  /** Ids of the transforms that the sink itself asks for. */
  readonly transforms: readonly string[];
}

/** Identity: signal and name. */
export interface RoutePlan {
  readonly id: string;
  readonly signal: 'metrics';
  /** Ids of sources of both kinds; transforms and sinks are named by their ids too. */
  readonly sources: readonly string[];
  readonly transforms: readonly string[];
  readonly sinks: readonly string[];
}

export interface CollectorPlan {
  readonly sources: readonly SourcePlan[];
  readonly taskSources: readonly TaskSourcePlan[];
  readonly transforms: readonly TransformPlan[];
  readonly sinks: readonly SinkPlan[];
  readonly routes: readonly RoutePlan[];
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
