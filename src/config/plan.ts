/**
 * What a collector runs by, in whatever dialect it was written: sources, transforms, sinks, and the
 * routes between them. Plain, checked, with all defaults. Every part has an identity made of named
 * fields, so that a reload can tell what stays, what changes and what is gone.
 *
 *     sources ──► route: transforms ──► sink: its own transforms ──► queue ──► receiver
 */
import type { JobDiscovery } from '../discovery/manager.ts';
import { assert } from '../kernel/errors.ts';
import type { SeriesTransform } from '../model/transform.ts';
import type { ScrapeConfig } from '../scrape/config.ts';
import type { OpenableSink } from '../sinks/sinks.ts';

/** A scrape job and how its targets are found; identity: the id that both have. */
export interface SourcePlan {
  readonly id: string;
  readonly scrape: ScrapeConfig;
  readonly discovery: JobDiscovery;
}

/** A function of series; identity: its id, and what it does by its own identity. */
export interface TransformPlan {
  readonly id: string;
  readonly transform: SeriesTransform;
}

/** Identity: kind and name. */
export interface SinkPlan extends Omit<OpenableSink, 'name' | 'transforms' | 'address'> {
  /** `kind/name`. */
  readonly id: string;
  /** As configured, else made of the address and its ordinal among equal ones. */
  readonly name: string;
  /** Of its queue, below the storage folder. */
  readonly folder: string;
  /** A digest of all that was written: one of another version goes over to what is written now. */
  readonly version: string;
  /** Ids: what the sink itself wants done to series. */
  readonly transforms: readonly string[];
}

/** Identity: signal and name. */
export interface RoutePlan {
  readonly id: string;
  readonly signal: 'metrics';
  /** Ids, as all that follow. */
  readonly sources: readonly string[];
  readonly transforms: readonly string[];
  readonly sinks: readonly string[];
}

export interface CollectorPlan {
  readonly sources: readonly SourcePlan[];
  readonly transforms: readonly TransformPlan[];
  readonly sinks: readonly SinkPlan[];
  readonly routes: readonly RoutePlan[];
}

/** The transforms of a route on its way to a sink, in order: the route's own, then the sink's. */
export function transformsBetween(
  plan: CollectorPlan,
  route: RoutePlan,
  sink: SinkPlan,
): readonly SeriesTransform[] {
  const byId = new Map(plan.transforms.map(({ id, transform }) => [id, transform]));
  return [...route.transforms, ...sink.transforms].map((id) => {
    const found = byId.get(id);
    assert(found, `route ${route.id} names the transform ${id}, which the plan lacks`);
    return found;
  });
}
