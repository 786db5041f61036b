/**
 * What a trace looks like from outside: times, status, the request of its root, its services,
 * annotations and users. Filters match it, and GetTraceSummaries shows it.
 * Source: https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html
 */
import type { AnnotationValue, StoredEntity } from './entity.ts';
import type { StoredTrace } from './store.ts';
import { listVisits, type Visit } from './visits.ts';
import { DEFAULT_ACCOUNT } from '../service.ts';

/** X-Ray indexes no more annotations of a trace. */
const ANNOTATIONS_MAX = 50;

export interface IndexedAnnotation {
  readonly key: string;
  readonly value: AnnotationValue;
  readonly services: Map<string, Visit>;
}

export interface TraceDigest {
  readonly trace: StoredTrace;
  /** The segment that began the trace; undefined where it did not come. */
  readonly root: Visit | undefined;
  readonly visits: readonly Visit[];
  readonly isPartial: boolean;
  readonly hasThrottle: boolean;
  readonly annotations: readonly IndexedAnnotation[];
  readonly users: ReadonlyMap<string, readonly Visit[]>;
}

export function digestTrace(trace: StoredTrace): TraceDigest {
  const visits = listVisits(trace);
  const root = visits.find((visit) => !visit.isInferred && visit.caller === undefined);
  const all = [...trace.segments.values()].flatMap(({ entities }) => entities);
  return {
    trace,
    root,
    visits,
    isPartial: root === undefined || all.some(({ endSeconds }) => endSeconds === undefined),
    hasThrottle: all.some(({ isThrottle }) => isThrottle),
    annotations: indexAnnotations(trace, visits),
    users: groupUsers(visits),
  };
}

/** In seconds; undefined while it is in progress. */
export function measureDuration({ startSeconds, endSeconds }: {
  readonly startSeconds: number;
  readonly endSeconds: number | undefined;
}): number | undefined {
  return endSeconds === undefined ? undefined : toMicroseconds(endSeconds - startSeconds);
} // prettier-ignore

/** The item of TraceSummaries. */
export function renderSummary(digest: TraceDigest): object {
  const { trace, root, visits, annotations, users } = digest;
  const { entity } = root ?? {};
  const { url, method, status, userAgent, clientIp } = entity?.http ?? {};
  const segments = visits.filter(({ isInferred }) => !isInferred);
  const all = segments.map((visit) => visit.entity);
  return {
    Id: trace.id,
    StartTime: trace.startSeconds,
    Duration: measureDuration(trace),
    ResponseTime: entity && measureDuration(entity),
    HasFault: entity?.isFault ?? false,
    HasError: entity?.isError ?? false,
    HasThrottle: digest.hasThrottle,
    IsPartial: digest.isPartial,
    Http: {
      HttpURL: url,
      HttpStatus: status,
      HttpMethod: method,
      UserAgent: userAgent,
      ClientIp: clientIp,
    },
    Annotations: renderAnnotations(annotations),
    Users: [...users].map(([UserName, seen]) => ({ UserName, ServiceIds: listServiceIds(seen) })),
    ServiceIds: listServiceIds(visits),
    EntryPoint: root && renderServiceId(root),
    ResourceARNs: listDistinct(all, 'resourceArn').map((ARN) => ({ ARN })),
    InstanceIds: listDistinct(all, 'instanceId').map((Id) => ({ Id })),
    AvailabilityZones: listDistinct(all, 'availabilityZone').map((Name) => ({ Name })),
    FaultRootCauses: [],
    ErrorRootCauses: [],
    ResponseTimeRootCauses: [],
    Revision: trace.revision,
  };
}

/** What tells a service apart from others. */
export function nameService({ name, type = '' }: Pick<Visit, 'name' | 'type'>): string {
  return `${name}\n${type}`;
}

function renderServiceId({ name, type }: Visit): object {
  return { Name: name, Names: [name], AccountId: DEFAULT_ACCOUNT, Type: type };
}

function listServiceIds(visits: readonly Visit[]): object[] {
  const services = new Map(visits.map((visit) => [nameService(visit), visit]));
  return [...services.values()].map(renderServiceId);
}

function renderAnnotations(annotations: readonly IndexedAnnotation[]): object {
  const byKey: Record<string, object[]> = Object.create(null);
  for (const { key, value, services } of annotations)
    (byKey[key] ??= []).push({
      AnnotationValue: {
        NumberValue: typeof value === 'number' ? value : undefined,
        BooleanValue: typeof value === 'boolean' ? value : undefined,
        StringValue: typeof value === 'string' ? value : undefined,
      },
      ServiceIds: [...services.values()].map(renderServiceId),
    });
  return byKey;
}

function indexAnnotations(trace: StoredTrace, visits: readonly Visit[]): IndexedAnnotation[] {
  const visitOf = new Map(visits.map((visit) => [visit.entity.id, visit]));
  const found = new Map<string, IndexedAnnotation>();
  for (const { entities } of trace.segments.values()) {
    const service = visitOf.get(entities[0].id);
    for (const { annotations } of entities)
      for (const [key, value] of annotations) {
        const identity = `${key}\n${typeof value}\n${String(value)}`;
        if (!found.has(identity) && found.size >= ANNOTATIONS_MAX) continue;
        const indexed = found.get(identity) ?? { key, value, services: new Map() };
        found.set(identity, indexed);
        if (service !== undefined) indexed.services.set(nameService(service), service);
      }
  }
  return [...found.values()];
}

function groupUsers(visits: readonly Visit[]): Map<string, Visit[]> {
  const users = new Map<string, Visit[]>();
  for (const visit of visits) {
    const { user } = visit.entity;
    if (user === undefined) continue;
    const seen = users.get(user);
    if (seen === undefined) users.set(user, [visit]);
    else seen.push(visit);
  }
  return users;
}

function listDistinct(
  entities: readonly StoredEntity[],
  key: 'resourceArn' | 'instanceId' | 'availabilityZone',
): string[] {
  const values = entities.map((entity) => entity[key]).filter((value) => value !== undefined);
  return [...new Set(values)];
}

function toMicroseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
