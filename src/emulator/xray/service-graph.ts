/**
 * The service graph of traces: services, the clients before the roots, and the edges between them,
 * with counts, response times and their histograms.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-gettingdata.html
 */
import type { StoredEntity } from './entity.ts';
import { measureDuration, nameService } from './digest.ts';
import type { StoredTrace } from './store.ts';
import { listVisits, type Visit } from './visits.ts';
import { DEFAULT_ACCOUNT } from '../service.ts';

/** A graph that traces are added to, one after the other. */
export class ServiceGraph {
  readonly #services = new Map<string, ServiceNode>();

  /** @param isWithin  which visits count, by their start */
  add(trace: StoredTrace, isWithin: (startSeconds: number) => boolean = () => true): void {
    for (const visit of listVisits(trace)) {
      if (!isWithin(visit.entity.startSeconds)) continue;
      const service = this.#open(visit.name, visit.type);
      service.totals.count(visit.entity);
      service.isRoot ||= visit.caller === undefined;
      service.isInferred &&= visit.isInferred;
      this.#openCaller(visit)
        .edgeTo(service)
        .count(visit.call ?? visit.entity);
    }
  }

  /** The items of Services. */
  render(): object[] {
    return [...this.#services.values()].map((service) => service.render());
  }

  #open(name: string, type: string | undefined): ServiceNode {
    const key = nameService({ name, type });
    const found = this.#services.get(key);
    if (found !== undefined) return found;
    const made = new ServiceNode(this.#services.size, name, type);
    this.#services.set(key, made);
    return made;
  }

  /** The service that called; for a root the client that stands before it. */
  #openCaller({ caller, name, entity }: Visit): ServiceNode {
    if (caller !== undefined) return this.#open(caller.name, caller.type);
    const client = this.#open(name, 'client');
    client.totals.see(entity);
    return client;
  }
}

class ServiceNode {
  readonly totals = new Totals();
  isRoot = false;
  isInferred = true;
  readonly #reference: number;
  readonly #name: string;
  readonly #type: string | undefined;
  readonly #edges = new Map<ServiceNode, Totals>();

  constructor(reference: number, name: string, type: string | undefined) {
    this.#reference = reference;
    this.#name = name;
    this.#type = type;
  }

  edgeTo(service: ServiceNode): Totals {
    const found = this.#edges.get(service);
    if (found !== undefined) return found;
    const made = new Totals();
    this.#edges.set(service, made);
    return made;
  }

  render(): object {
    const isClient = this.#type === 'client';
    const histogram = this.totals.renderHistogram();
    return {
      ReferenceId: this.#reference,
      Name: this.#name,
      Names: [this.#name],
      ...(this.isRoot && !isClient ? { Root: true } : {}),
      AccountId: isClient ? undefined : DEFAULT_ACCOUNT,
      Type: this.#type,
      State: this.isInferred || isClient ? 'unknown' : 'active',
      ...this.totals.renderTimes(),
      Edges: [...this.#edges].map(([to, totals]) => ({
        ReferenceId: to.#reference,
        ...totals.renderTimes(),
        SummaryStatistics: totals.renderStatistics(),
        ResponseTimeHistogram: totals.renderHistogram(),
        Aliases: [],
      })),
      ...(isClient
        ? {}
        : {
            SummaryStatistics: this.totals.renderStatistics(),
            DurationHistogram: histogram,
            ResponseTimeHistogram: histogram,
          }),
    };
  }
}

/** Counts and times of completed requests. */
class Totals {
  #startSeconds = Infinity;
  #endSeconds = 0;
  #ok = 0;
  #throttles = 0;
  #otherErrors = 0;
  #faults = 0;
  #responseSeconds = 0;
  /** How many requests took about so long: two digits of the seconds. */
  readonly #histogram = new Map<number, number>();

  see({ startSeconds, endSeconds = startSeconds }: StoredEntity): void {
    this.#startSeconds = Math.min(this.#startSeconds, startSeconds);
    this.#endSeconds = Math.max(this.#endSeconds, endSeconds);
  }

  count(entity: StoredEntity): void {
    this.see(entity);
    const seconds = measureDuration(entity);
    if (seconds === undefined) return;
    if (entity.isFault) this.#faults += 1;
    else if (entity.isThrottle) this.#throttles += 1;
    else if (entity.isError) this.#otherErrors += 1;
    else this.#ok += 1;
    this.#responseSeconds += seconds;
    const about = Number(seconds.toPrecision(2));
    this.#histogram.set(about, (this.#histogram.get(about) ?? 0) + 1);
  }

  renderTimes(): object {
    return { StartTime: this.#startSeconds, EndTime: this.#endSeconds };
  }

  renderStatistics(): object {
    const errors = this.#throttles + this.#otherErrors;
    return {
      OkCount: this.#ok,
      ErrorStatistics: {
        ThrottleCount: this.#throttles,
        OtherCount: this.#otherErrors,
        TotalCount: errors,
      },
      FaultStatistics: { OtherCount: this.#faults, TotalCount: this.#faults },
      TotalCount: this.#ok + errors + this.#faults,
      TotalResponseTime: Math.round(this.#responseSeconds * 1e6) / 1e6,
    };
  }

  renderHistogram(): object[] {
    return [...this.#histogram]
      .sort(([a], [b]) => a - b)
      .map(([Value, Count]) => ({ Value, Count }));
  }
}
