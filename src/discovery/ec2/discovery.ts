/**
 * A running discovery of EC2 instances: lists them once per interval, and reads those that an event
 * names right after it. What was found before a list failed is taken, and nothing is dropped for
 * it; the zones' ids are a label that may be lacking.
 * Limit: INSTANCES_MAX instances.
 * Source: docs/decisions/0012-known-means-whole.md
 */
import { runGivingWay } from '../../kernel/giving-way.ts';
import type { TargetGroup } from '../../model/target.ts';
import type { AwsAccess } from '../aws-client.ts';
import { type Lack, Lacking, makeFailedLack } from '../lacking.ts';
import {
  attempt,
  countFailure,
  type DiscoveryWorld,
  type Explained,
  pollLists,
  sleepUnlessAborted,
} from '../mechanism.ts';
import { NotTargets } from '../not-targets.ts';
import { followEvents } from '../queue-events.ts';
import { ReadingOutage } from '../reading-outage.ts';
import { Shelf } from '../shelf.ts';
import { type AwsFilter, FILTERS_MAX, VALUES_MAX } from '../aws-filters.ts';
import { Ec2Api } from './api.ts';
import type { InstanceFacts } from './facts.ts';
import { parseInstanceEvent } from './instance-events.ts';
import { judgeInstance } from './targets.ts';

/** Which instances are read, and how often. */
export interface Ec2Scope extends AwsAccess {
  readonly filters?: readonly AwsFilter[] | undefined;
  readonly port: number;
  readonly refresh_interval: number;
  readonly events_queue_url?: string | undefined;
}

/** The calls that are needed, as Ec2Api has them. */
type InstanceSource = Pick<Ec2Api, 'region' | 'session' | 'listInstances' | 'describeZones'>;

/** Far above any real list: with more, the filters are wrong. */
const INSTANCES_MAX = 100_000;
/** How long events are gathered before what they name is read: they come in bunches. */
const GATHER_MS = 1_000;
const ZONES_BATCH = 1_000;
/** Instances that are rendered between two checks of the time. */
const STEP = 50;
const ID_FILTER = 'instance-id';
const LIST_SCOPE = 'instances';
const ZONES_SCOPE = 'zones';
const EVENTS_SCOPE = 'events';

export class Ec2Discovery {
  readonly #config: Ec2Scope;
  readonly #world: DiscoveryWorld;
  readonly #notTargets: NotTargets;
  readonly #api: InstanceSource;
  readonly #filters: readonly AwsFilter[];
  readonly #zones: Shelf<string>;
  readonly #lacking: Lacking;
  readonly #outage: ReadingOutage;
  #instances = new Map<string, InstanceFacts>();
  /** The instances that events named since the last reading. */
  readonly #named = new Set<string>();
  /** Ends a wait early, because an event came. */
  #wake: (() => void) | undefined;
  /** When all instances were last asked for. */
  #askedMs = -Infinity;
  /** Whether all instances were ever read. */
  #isListed = false;
  #isWhole = false;

  constructor(config: Ec2Scope, world: DiscoveryWorld, api: InstanceSource) {
    this.#config = config;
    this.#world = world;
    this.#notTargets = new NotTargets(world);
    this.#api = api;
    this.#filters = config.filters ?? [];
    this.#lacking = new Lacking(world);
    this.#outage = new ReadingOutage(world);
    this.#zones = new Shelf({
      action: 'ec2:DescribeAvailabilityZones',
      batch: ZONES_BATCH,
      costs: 'no ids of availability zones as labels',
      read: (names) => api.describeZones(names),
    });
  }

  run(): AsyncIterable<readonly TargetGroup[]> {
    return pollLists(
      this.#config.refresh_interval,
      this.#world,
      () => this.#attempt(),
      (ms) => this.#wait(ms),
    );
  }

  /** Follows the queue of events, where there is one, until the signal aborts. */
  async followEvents(): Promise<void> {
    const { events_queue_url: queue } = this.#config;
    if (queue === undefined) return;
    await followEvents(queue, this.#api.session, this.#world, {
      parse: parseInstanceEvent,
      onEvents: async (ids) => this.noteChanged(ids),
      onLack: (lack) => this.#lacking.tell(EVENTS_SCOPE, lack === undefined ? [] : [lack]),
    });
  }

  /** Has these instances read soon, or all of them where they are too many. */
  noteChanged(ids: readonly string[]): void {
    for (const id of ids) if (this.#named.size <= VALUES_MAX) this.#named.add(id);
    this.#wake?.();
  }

  async #attempt(): Promise<readonly TargetGroup[] | undefined> {
    const onFailure = (error: unknown): void => this.#outage.failed('', error);
    const groups = await attempt(this.#world, () => this.#read(), onFailure);
    if (groups !== undefined) this.#outage.worked('');
    return groups;
  }

  /** Returns all groups that are known; undefined when that list must not be yielded. */
  async #read(): Promise<readonly TargetGroup[] | undefined> {
    const { clock, signal, takesPartial } = this.#world;
    const named = [...this.#named];
    this.#named.clear();
    const isRead = this.#mustList(named) ? await this.#list() : await this.#readNamed(named);
    const zones = new Set([...this.#instances.values()].map(({ zone }) => zone));
    zones.delete('');
    const lacks = await this.#zones.complete(zones, this.#api.region, clock.elapsedMs());
    signal.throwIfAborted();
    this.#lacking.tell(ZONES_SCOPE, lacks);
    if (!isRead || lacks.some(({ cause }) => cause === 'failed')) countFailure(this.#world);
    this.#isWhole ||= this.#isListed && !lacks.some(({ isBlocking }) => isBlocking);
    if (!this.#isWhole && !(takesPartial === true && this.#instances.size > 0)) return undefined;
    return runGivingWay(this.#render());
  }

  #mustList(named: readonly string[]): boolean {
    const isDue = this.#world.clock.elapsedMs() - this.#askedMs >= this.#config.refresh_interval;
    const isFew = named.length > 0 && named.length <= VALUES_MAX;
    // A second filter of one name is not defined.
    const canFilter =
      this.#filters.length < FILTERS_MAX && this.#filters.every(({ name }) => name !== ID_FILTER);
    return isDue || !this.#isListed || !isFew || !canFilter;
  }

  /** Reads all instances; returns false where it fails. */
  async #list(): Promise<boolean> {
    const { clock, signal } = this.#world;
    const lacks: Lack[] = [];
    const read = new Map<string, InstanceFacts>();
    try {
      await this.#api.listInstances(this.#filters, (page) => addInstances(read, page));
      this.#instances = read;
      this.#isListed = true;
    } catch (error) {
      signal.throwIfAborted();
      this.#put(read.values());
      lacks.push(makeFailedLack('ec2:DescribeInstances', this.#api.region, error));
    }
    this.#askedMs = clock.elapsedMs();
    this.#lacking.tell(LIST_SCOPE, lacks);
    return lacks.length === 0;
  }

  /** Reads what events named. One that AWS does not answer is gone, or the filters leave it out. */
  async #readNamed(ids: readonly string[]): Promise<true> {
    const read = new Map<string, InstanceFacts>();
    const filters = [...this.#filters, { name: ID_FILTER, values: ids }];
    await this.#api.listInstances(filters, (page) => addInstances(read, page));
    for (const id of ids) if (!read.has(id)) this.#instances.delete(id);
    this.#put(read.values());
    return true;
  }

  /** Adds or replaces instances, new ones up to the bound. */
  #put(instances: Iterable<InstanceFacts>): void {
    for (const one of instances)
      if (this.#instances.size < INSTANCES_MAX || this.#instances.has(one.id))
        this.#instances.set(one.id, one);
  }

  *#render(): Generator<undefined, TargetGroup[], undefined> {
    const { onExplained } = this.#world;
    const { region } = this.#api;
    const groups: TargetGroup[] = [];
    const explained: Explained[] = [];
    let count = 0;
    for (const facts of this.#instances.values()) {
      const zoneId = this.#zones.get(facts.zone);
      const verdict = judgeInstance(facts, { region, zoneId, port: this.#config.port });
      if ('target' in verdict)
        groups.push({ source: facts.id, targets: [verdict.target], labels: {} });
      const name = facts.tags.find(({ key }) => key === 'Name')?.value ?? '';
      if (onExplained !== undefined)
        explained.push({
          task: facts.id,
          group: name,
          verdicts: [{ container: '', rule: '', ...verdict }],
        });
      count += 1;
      if (count % STEP === 0) yield;
    }
    this.#notTargets.tell(new Map([['no_address', this.#instances.size - groups.length]]));
    onExplained?.(explained);
    return groups;
  }

  /**
   * Waits until the next list is due, or until events have been gathered. Returns false when the
   * discovery ends.
   */
  async #wait(ms: number): Promise<boolean> {
    const { clock, signal } = this.#world;
    const endMs = this.#askedMs + ms;
    while (!signal.aborted) {
      const leftMs = endMs - clock.elapsedMs();
      if (leftMs <= 0) return true;
      if (this.#named.size > 0) return sleepUnlessAborted(Math.min(GATHER_MS, leftMs), this.#world);
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      const rest = clock.sleep(leftMs, AbortSignal.any([signal, woken.signal]));
      await rest.catch(() => undefined);
      this.#wake = undefined;
    }
    return false;
  }
}

/** Opens the API and runs a discovery over it until the signal aborts. */
export async function* discoverInstances(
  config: Ec2Scope,
  given: DiscoveryWorld,
): AsyncIterable<readonly TargetGroup[]> {
  const ending = new AbortController();
  const world = { ...given, signal: AbortSignal.any([given.signal, ending.signal]) };
  const api = await Ec2Api.open(config, world);
  const discovery = new Ec2Discovery(config, world, api);
  // If reading the events throws, the polling ends too, and all of it is started again.
  const events = discovery.followEvents().catch((error: unknown) => {
    ending.abort();
    throw error;
  });
  events.catch(() => undefined);
  try {
    yield* discovery.run();
  } finally {
    ending.abort();
    await events.finally(() => api.close());
  }
}

/** @throws Error for more than INSTANCES_MAX */
function addInstances(read: Map<string, InstanceFacts>, page: readonly InstanceFacts[]): void {
  for (const one of page) read.set(one.id, one);
  if (read.size > INSTANCES_MAX)
    throw new Error(
      `ec2:DescribeInstances: more than ${INSTANCES_MAX} instances; narrow them by filters`,
    );
}
