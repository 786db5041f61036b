/**
 * A running discovery of Cloud Map namespaces: which there are, their services, and what each of
 * those has, side by side. A list is whole when every call was answered, or can be done without and
 * was denied. Each namespace and each service keeps what was known of it while it cannot be read.
 */
import type { TargetGroup } from '../../model/target.ts';
import { makeFailedLack, type Lack, Lacking } from '../lacking.ts';
import { countFailure, type DiscoveryWorld } from '../mechanism.ts';
import { type CloudMapApi, isGone, type CloudMapNamespace } from './api.ts';
import type { CloudMapConfig } from './config.ts';
import { InstanceReader } from './instances.ts';
import { NamespaceList } from './namespaces.ts';
import { type ServiceEdges, ServiceState, TAGS_ACTION } from './service-state.ts';
import { TagTurns } from './tag-turns.ts';

/** Services that are read at once; AWS's rates are kept by the limits of calls. */
const SIDE_BY_SIDE = 32;

export class CloudMapReader {
  readonly #world: DiscoveryWorld;
  readonly #api: CloudMapApi;
  readonly #namespaces: NamespaceList;
  readonly #edges: ServiceEdges;
  readonly #lacking: Lacking;
  readonly #turns: TagTurns;
  /** By id, in the order in which they were listed. */
  #states = new Map<string, ServiceState>();
  #isWhole = false;

  constructor(config: CloudMapConfig, world: DiscoveryWorld, api: CloudMapApi) {
    this.#world = world;
    this.#api = api;
    this.#lacking = new Lacking(world);
    this.#namespaces = new NamespaceList(config, world, api);
    const nowMs = (): number => world.clock.nowMs();
    this.#turns = new TagTurns(config.tags_interval, nowMs);
    this.#edges = {
      api,
      nowMs,
      instances: new InstanceReader(api, world, config.drop_unhealthy),
      hasMeta: config.labels === 'meta',
      dropUnhealthy: config.drop_unhealthy,
    };
  }

  /**
   * Everything that is known after another reading; undefined as long as that is no list to give
   * out.
   */
  async read(): Promise<readonly TargetGroup[] | undefined> {
    const lacks: Lack[] = [];
    const states = await this.#list(lacks);
    for (const [id, { service }] of this.#states)
      if (!states.has(id)) this.#edges.instances.forget(service);
    this.#states = states;
    await this.#readServices(states, lacks);
    // What a stop broke off is no failure.
    this.#world.signal.throwIfAborted();
    const known = [...states.values()];
    lacks.push(...findAllTagsLack(known));
    if (lacks.some(({ cause }) => cause === 'failed')) countFailure(this.#world);
    this.#lacking.tell('', lacks);
    this.#isWhole ||= !lacks.some(({ isBlocking }) => isBlocking);
    const isPart = this.#world.takesPartial === true && known.length > 0;
    if (!this.#isWhole && !isPart) return undefined;
    this.#world.onExplained?.(known.flatMap(({ explained }) => explained));
    return known.flatMap(({ groups }) => groups);
  }

  /** The services of all namespaces; those of one that cannot be listed stay. */
  async #list(lacks: Lack[]): Promise<Map<string, ServiceState>> {
    const namespaces = await this.#namespaces.read(lacks);
    const lists = await Promise.all(namespaces.map((one) => this.#listServices(one, lacks)));
    return new Map(lists.flat().map((state) => [state.service.id, state]));
  }

  async #listServices(namespace: CloudMapNamespace, lacks: Lack[]): Promise<ServiceState[]> {
    try {
      const services = await this.#api.listServices(namespace);
      if (services.length === 0) this.#namespaces.doubt();
      return services.map(
        (service) =>
          this.#states.get(service.id) ?? new ServiceState(namespace, service, this.#edges),
      );
    } catch (error) {
      this.#world.signal.throwIfAborted();
      if (isGone(error)) {
        this.#namespaces.doubt();
        return [];
      }
      lacks.push(makeFailedLack('servicediscovery:ListServices', namespace.name, error));
      return [...this.#states.values()].filter((state) => state.namespace.id === namespace.id);
    }
  }

  async #readServices(states: Map<string, ServiceState>, lacks: Lack[]): Promise<void> {
    const all = [...states.values()];
    const due = this.#turns.chooseDue(all);
    const probe = this.#turns.chooseProbe(all);
    if (probe !== undefined) {
      await this.#refresh(states, [probe], due.add(probe), lacks);
      // What is allowed for one is asked of all again.
      if (!probe.isDenied) for (const state of all) if (state.isDenied) due.add(state);
    }
    await this.#refresh(
      states,
      all.filter((state) => state !== probe),
      due,
      lacks,
    );
  }

  /** Reads some of the services side by side. */
  async #refresh(
    states: Map<string, ServiceState>,
    some: readonly ServiceState[],
    dueTags: ReadonlySet<ServiceState>,
    lacks: Lack[],
  ): Promise<void> {
    const waiting = [...some];
    const work = async (): Promise<void> => {
      for (let state = waiting.shift(); state !== undefined; state = waiting.shift()) {
        try {
          lacks.push(...(await state.refresh(dueTags.has(state))));
        } catch (error) {
          this.#world.signal.throwIfAborted();
          if (!isGone(error)) throw error;
          states.delete(state.service.id);
          this.#edges.instances.forget(state.service);
        }
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  }
}

/** Without any tags nothing can be known: that is no list without targets. */
function findAllTagsLack(states: readonly ServiceState[]): Lack[] {
  if (states.length === 0 || !states.every(({ isDenied }) => isDenied)) return [];
  const words =
    `the role in use needs ${TAGS_ACTION}: tags say where a service is scraped, and none may ` +
    'be read';
  return [{ what: TAGS_ACTION, scope: '', cause: 'denied', words, isBlocking: true }];
}
