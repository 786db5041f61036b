/**
 * A running discovery of Cloud Map namespaces. A reading lists the namespaces and their services
 * and reads the services in parallel. The list is whole when every call was answered, or was
 * optional and denied. A namespace or service that cannot be read keeps what was known of it.
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

/** Services that are read at once. The call limits keep to the rates of AWS. */
const PARALLEL_SERVICES = 32;

export class CloudMapReader {
  readonly #world: DiscoveryWorld;
  readonly #api: CloudMapApi;
  readonly #namespaces: NamespaceList;
  readonly #edges: ServiceEdges;
  readonly #lacking: Lacking;
  readonly #turns: TagTurns;
  /** The services by id, in the order in which they were listed. */
  #states = new Map<string, ServiceState>();
  #isWhole = false;

  constructor(config: CloudMapConfig, world: DiscoveryWorld, api: CloudMapApi) {
    this.#world = world;
    this.#api = api;
    this.#lacking = new Lacking(world);
    this.#namespaces = new NamespaceList(config, world, api);
    const elapsedMs = (): number => world.clock.elapsedMs();
    this.#turns = new TagTurns(config.tags_interval, elapsedMs);
    this.#edges = {
      api,
      elapsedMs,
      instances: new InstanceReader(api, world, config.drop_unhealthy),
      hasMeta: config.labels === 'meta',
      dropUnhealthy: config.drop_unhealthy,
    };
  }

  /**
   * Reads once and returns all groups that are known then; undefined when that list must not be
   * yielded.
   */
  async read(): Promise<readonly TargetGroup[] | undefined> {
    const lacks: Lack[] = [];
    const states = await this.#list(lacks);
    for (const [id, { service }] of this.#states)
      if (!states.has(id)) this.#edges.instances.forget(service);
    this.#states = states;
    await this.#readServices(states, lacks);
    // An aborted reading is not counted as a failure.
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

  /**
   * Lists the services of all namespaces. A namespace that cannot be listed keeps its known
   * services.
   */
  async #list(lacks: Lack[]): Promise<Map<string, ServiceState>> {
    const namespaces = await this.#namespaces.read(lacks);
    const lists = await Promise.all(
      namespaces.map((namespace) => this.#listServices(namespace, lacks)),
    );
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
      // When the tags of one service are allowed again, those of all are read again.
      if (!probe.isDenied) for (const state of all) if (state.isDenied) due.add(state);
    }
    await this.#refresh(
      states,
      all.filter((state) => state !== probe),
      due,
      lacks,
    );
  }

  /** Reads some of the services, up to PARALLEL_SERVICES at once. */
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
    await Promise.all(Array.from({ length: PARALLEL_SERVICES }, work));
  }
}

/**
 * When the tags of every service are denied, no target can be known. That is not an empty list, so
 * the lack is blocking.
 */
function findAllTagsLack(states: readonly ServiceState[]): Lack[] {
  if (states.length === 0 || !states.every(({ isDenied }) => isDenied)) return [];
  const words =
    `the role in use needs ${TAGS_ACTION}: tags say where a service is scraped, and no tags may ` +
    'be read';
  return [{ what: TAGS_ACTION, scope: '', cause: 'denied', words, isBlocking: true }];
}
