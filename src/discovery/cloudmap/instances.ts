/**
 * Reads the instances of a service in one of two ways that give the same result. DiscoverInstances
 * is one call with its own rate of a thousand per second, made only when the revision of the
 * service has changed. ListInstances goes page by page, for roles or networks where the first is
 * denied or cannot be reached (it has a host of its own), and for answers that are cut short. A way
 * that failed while the other worked is tried second for a while.
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

/** How long a denied call is avoided. */
const DENIED_MS = 600_000;
/** How long a call that failed in another way is avoided. */
const FAILED_MS = 60_000;

export interface InstancesReading {
  /** In the order of their ids. */
  readonly instances: readonly Instance[];
  /** The revision of this list; undefined when it was read without one. */
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
  /**
   * Until when (epoch ms) a call is avoided, by action for all services or by `action service` for
   * one.
   */
  readonly #avoidedUntilMs = new Map<string, number>();

  /**
   * @param needsHealth  whether unhealthy instances must be marked. Revisions are then of no use,
   *        because health does not change them.
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
   * @throws RecoverableError with the errors of both ways; AwsCallError that `isGone` when the
   * service does not exist any more
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
        // The data plane is eventually consistent: an older revision must not replace a newer list.
        if (since !== undefined && (reading.revision ?? since) < since) return 'unchanged';
        const instances = reading.instances.toSorted((a, b) => (a.id < b.id ? -1 : 1));
        return { ...reading, instances };
      } catch (error) {
        failures.push({ way, error });
      }
    }
    throw joinFailures(failures.map(({ error }) => error));
  }

  /** Forgets what was remembered of a service that is gone. */
  forget({ id }: CloudMapService): void {
    for (const action of [...Object.values(ACTIONS), HEALTH_ACTION])
      this.#avoidedUntilMs.delete(`${action} ${id}`);
    this.#denials.forget(id);
  }

  #isAvoided(action: AwsAction, id = ''): boolean {
    const atMs = this.#world.clock.elapsedMs();
    return [action, `${action} ${id}`].some((key) => (this.#avoidedUntilMs.get(key) ?? 0) > atMs);
  }

  /** Returns both ways, with the one that is not avoided first. */
  #orderWays({ id }: CloudMapService): Way[] {
    const isListBetter =
      this.#isAvoided(ACTIONS.discover, id) && !this.#isAvoided(ACTIONS.list, id);
    return isListBetter ? ['list', 'discover'] : ['discover', 'list'];
  }

  /**
   * A denial may concern only this service, so it is remembered for it alone. Other failures, such
   * as a missing route, are remembered for all services.
   */
  #avoid(way: Way, { id }: CloudMapService, error: unknown): void {
    const isOwn = isDenied(error) || isGone(error);
    const untilMs = this.#world.clock.elapsedMs() + (isDenied(error) ? DENIED_MS : FAILED_MS);
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
      this.#avoidedUntilMs.set(REVISION_ACTION, this.#world.clock.elapsedMs() + waitMs);
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
    const atMs = this.#world.clock.elapsedMs();
    if ((this.#avoidedUntilMs.get(key) ?? 0) <= atMs)
      try {
        const unhealthy = await this.#source.listUnhealthy(service);
        const marked = instances.map((instance) => ({
          ...instance,
          isUnhealthy: unhealthy.has(instance.id),
        }));
        return { instances: marked, lacks: [] };
      } catch (error) {
        if (!isDenied(error)) throw error;
        this.#avoidedUntilMs.set(key, atMs + DENIED_MS);
      }
    return { instances, lacks: [makeHealthLack(service)] };
  }
}

function makeHealthLack({ name: scope }: CloudMapService): Lack {
  const words = `the role in use needs ${HEALTH_ACTION}: unhealthy instances stay targets`;
  return { what: HEALTH_ACTION, scope, cause: 'denied', words, isBlocking: false };
}

/**
 * Returns the error for two failed ways. The service is gone when both say so, or one says so and
 * the other is denied.
 */
function joinFailures(errors: readonly unknown[]): unknown {
  const gone = errors.find(isGone);
  const isSure = errors.every((error) => isGone(error) || isDenied(error));
  if (gone !== undefined && isSure) return gone;
  const words = errors.map(describeError).join('; ');
  return new RecoverableError('CLOUD_MAP_INSTANCES', words, { cause: errors[0] });
}
