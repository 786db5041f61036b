/**
 * The instances of a service, by one of two ways that tell the same: DiscoverInstances, one call
 * with a limit of its own of thousands a second, asked only when the service's revision has
 * changed; or ListInstances, page by page, where the first is denied, has no route (its host is
 * another one) or is cut short. A way that fails is left for a while where the other works.
 */
import type { AwsAction } from '../../aws/calls.ts';
import { describeError, RecoverableError } from '../../kernel/errors.ts';
import type { Lack } from '../lacking.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import {
  type CloudMapApi,
  type Instance,
  isGone,
  type CloudMapNamespace,
  type CloudMapService,
} from './api.ts';
import { Denials, isDenied } from './denials.ts';

/** The calls that are needed, as CloudMapApi has them. */
export type InstanceSource = Pick<
  CloudMapApi,
  'readRevision' | 'discoverInstances' | 'listInstances' | 'listUnhealthy'
>;

/** A call that was denied is tried again after this. */
const DENIED_MS = 600_000;
/** One that failed in another way. */
const FAILED_MS = 60_000;

export interface InstancesReading {
  /** In the order of their ids. */
  readonly instances: readonly Instance[];
  /** Of which this is the list; unknown when it was read without. */
  readonly revision: number | undefined;
  readonly lacks: readonly Lack[];
}

type Way = 'discover' | 'list';

const ACTIONS: Record<Way, AwsAction> = {
  discover: 'servicediscovery:DiscoverInstances',
  list: 'servicediscovery:ListInstances',
};
const REVISION_ACTION = 'servicediscovery:DiscoverInstancesRevision';
const HEALTH_ACTION = 'servicediscovery:GetInstancesHealthStatus';

export class InstanceReader {
  readonly #source: InstanceSource;
  readonly #world: Pick<DiscoveryWorld, 'clock' | 'log'>;
  readonly #needsHealth: boolean;
  readonly #denials: Denials;
  /** Until when a call is not made first: for all services, or for one (`action service`). */
  readonly #avoidedUntilMs = new Map<string, number>();

  /**
   * @param needsHealth  whether unhealthy instances must be told; the revision says nothing of
   *                     health
   */
  constructor(
    source: InstanceSource,
    world: Pick<DiscoveryWorld, 'clock' | 'log'>,
    needsHealth: boolean,
  ) {
    this.#source = source;
    this.#world = world;
    this.#needsHealth = needsHealth;
    this.#denials = new Denials(world.log);
  }

  /**
   * @param since  the revision that is known
   * @throws RecoverableError that says what neither way could do; AwsCallError that `isGone`, when
   * the service is no more
   */
  async read(
    namespace: CloudMapNamespace,
    service: CloudMapService,
    since: number | undefined,
  ): Promise<InstancesReading | 'unchanged'> {
    if (since !== undefined && (await this.#isUnchanged(namespace, service, since)))
      return 'unchanged';
    const failures: { readonly way: Way; readonly error: unknown }[] = [];
    for (const way of this.#orderWays(service)) {
      try {
        const reading =
          way === 'discover'
            ? await this.#discover(namespace, service)
            : { ...(await this.#list(service)), revision: undefined };
        this.#denials.noteAllowed(ACTIONS[way], service.id);
        for (const failure of failures) this.#avoid(failure.way, service, failure.error);
        // The data plane may answer with what was before.
        if (since !== undefined && (reading.revision ?? since) < since) return 'unchanged';
        const instances = reading.instances.toSorted((a, b) => (a.id < b.id ? -1 : 1));
        return { ...reading, instances };
      } catch (error) {
        failures.push({ way, error });
      }
    }
    throw joinFailures(failures.map(({ error }) => error));
  }

  /** What was remembered of a service that is gone. */
  forget({ id }: CloudMapService): void {
    for (const action of [...Object.values(ACTIONS), HEALTH_ACTION])
      this.#avoidedUntilMs.delete(`${action} ${id}`);
    this.#denials.forget(id);
  }

  #isAvoided(action: AwsAction, id = ''): boolean {
    const nowMs = this.#world.clock.nowMs();
    return [action, `${action} ${id}`].some((key) => (this.#avoidedUntilMs.get(key) ?? 0) > nowMs);
  }

  /** Both, the better one first. */
  #orderWays({ id }: CloudMapService): Way[] {
    const isListBetter =
      this.#isAvoided(ACTIONS.discover, id) && !this.#isAvoided(ACTIONS.list, id);
    return isListBetter ? ['list', 'discover'] : ['discover', 'list'];
  }

  /** A denial may hold for one service; what fails otherwise fails for all. */
  #avoid(way: Way, { id }: CloudMapService, error: unknown): void {
    const isOwn = isDenied(error) || isGone(error);
    const untilMs = this.#world.clock.nowMs() + (isDenied(error) ? DENIED_MS : FAILED_MS);
    this.#avoidedUntilMs.set(isOwn ? `${ACTIONS[way]} ${id}` : ACTIONS[way], untilMs);
    const instead = `instances are read by ${ACTIONS[way === 'list' ? 'discover' : 'list']}`;
    if (isDenied(error))
      this.#denials.noteDenied(ACTIONS[way], id, `${instead} in its place`, error);
    else this.#world.log.debug(`${instead} for a while`, { error });
  }

  async #isUnchanged(
    namespace: CloudMapNamespace,
    service: CloudMapService,
    since: number,
  ): Promise<boolean> {
    if (this.#needsHealth || this.#isAvoided(REVISION_ACTION)) return false;
    try {
      const revision = await this.#source.readRevision(namespace, service);
      this.#denials.noteAllowed(REVISION_ACTION, '');
      return revision === since;
    } catch (error) {
      if (isGone(error)) return false;
      const waitMs = isDenied(error) ? DENIED_MS : FAILED_MS;
      this.#avoidedUntilMs.set(REVISION_ACTION, this.#world.clock.nowMs() + waitMs);
      const instead = 'the instances of every service are read each time';
      if (isDenied(error)) this.#denials.noteDenied(REVISION_ACTION, '', instead, error);
      return false;
    }
  }

  async #discover(
    namespace: CloudMapNamespace,
    service: CloudMapService,
  ): Promise<InstancesReading> {
    const { instances, revision, isCut } = await this.#source.discoverInstances(namespace, service);
    return isCut
      ? { ...(await this.#list(service)), revision }
      : { instances, revision, lacks: [] };
  }

  async #list(service: CloudMapService): Promise<Omit<InstancesReading, 'revision'>> {
    const instances = await this.#source.listInstances(service);
    if (!this.#needsHealth) return { instances, lacks: [] };
    const key = `${HEALTH_ACTION} ${service.id}`;
    const nowMs = this.#world.clock.nowMs();
    if ((this.#avoidedUntilMs.get(key) ?? 0) <= nowMs)
      try {
        const unhealthy = await this.#source.listUnhealthy(service);
        const marked = instances.map((one) => ({ ...one, isUnhealthy: unhealthy.has(one.id) }));
        return { instances: marked, lacks: [] };
      } catch (error) {
        if (!isDenied(error)) throw error;
        this.#avoidedUntilMs.set(key, nowMs + DENIED_MS);
      }
    return { instances, lacks: [makeHealthLack(service)] };
  }
}

function makeHealthLack({ name: scope }: CloudMapService): Lack {
  const words = `the role in use needs ${HEALTH_ACTION}: unhealthy instances stay targets`;
  return { what: HEALTH_ACTION, scope, cause: 'denied', words, isBlocking: false };
}

/** Gone, when both say so or one may not be asked. */
function joinFailures(errors: readonly unknown[]): unknown {
  const gone = errors.find(isGone);
  const isSure = errors.every((error) => isGone(error) || isDenied(error));
  if (gone !== undefined && isSure) return gone;
  const words = errors.map(describeError).join('; ');
  return new RecoverableError('CLOUD_MAP_INSTANCES', words, { cause: errors[0] });
}
