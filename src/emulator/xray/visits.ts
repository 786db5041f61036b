/**
 * Which services a trace went through. A segment is a visit to its service; a call of which the
 * called service sent no segment is a visit to an inferred service, as X-Ray infers it.
 */
import type { StoredEntity } from './entity.ts';
import type { StoredTrace } from './store.ts';

export interface Visit {
  readonly name: string;
  readonly type: string | undefined;
  /** The segment, or the call of an inferred service. */
  readonly entity: StoredEntity;
  readonly isInferred: boolean;
  /** The segment that called; undefined for a root, and where the caller did not come. */
  readonly caller: StoredEntity | undefined;
  /** How the caller saw it; undefined where the caller did not come. */
  readonly call: StoredEntity | undefined;
}

/** @returns the visits in the order of their start */
export function listVisits(trace: StoredTrace): Visit[] {
  const entities = new Map<string, StoredEntity>();
  const segments = new Map<string, StoredEntity>();
  for (const { isSubsegment, entities: all } of trace.segments.values()) {
    for (const entity of all) entities.set(entity.id, entity);
    if (!isSubsegment) segments.set(all[0].id, all[0]);
  }
  const answered = new Set([...segments.values()].map(({ parentId }) => parentId));
  const visits: Visit[] = [];
  for (const entity of segments.values()) {
    const call = entities.get(entity.parentId ?? '');
    const caller = findSegment(call, entities, segments);
    visits.push({ ...describe(entity), isInferred: false, caller, call });
  }
  for (const entity of entities.values())
    if (entity.isCall && !segments.has(entity.id) && !answered.has(entity.id)) {
      const caller = findSegment(entity, entities, segments);
      visits.push({ ...describe(entity), isInferred: true, caller, call: entity });
    }
  return visits.sort((a, b) => a.entity.startSeconds - b.entity.startSeconds);
}

function describe(entity: StoredEntity): Pick<Visit, 'name' | 'type' | 'entity'> {
  return { name: entity.name, type: entity.type, entity };
}

/** The segment that an entity stands in; undefined where it did not come, or in a circle. */
function findSegment(
  entity: StoredEntity | undefined,
  entities: ReadonlyMap<string, StoredEntity>,
  segments: ReadonlyMap<string, StoredEntity>,
): StoredEntity | undefined {
  let current = entity;
  for (let steps = 0; current !== undefined && steps <= entities.size; steps++) {
    const found = segments.get(current.id);
    if (found !== undefined) return found;
    current = entities.get(current.parentId ?? '');
  }
  return undefined;
}
