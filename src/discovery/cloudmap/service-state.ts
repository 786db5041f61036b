/**
 * What is known of one Cloud Map service. A failed call leaves it unchanged and does not affect
 * other services.
 */
import { describeError } from '../../kernel/errors.ts';
import type { TargetGroup } from '../../model/target.ts';
import { makeFailedLack, type Lack } from '../lacking.ts';
import type { Explained } from '../mechanism.ts';
import {
  type CloudMapApi,
  type Instance,
  isGone,
  type CloudMapNamespace,
  type CloudMapService,
} from './api.ts';
import { isDenied } from './denials.ts';
import type { InstanceReader } from './instances.ts';
import { explainInstance, explainService, groupsOfInstance } from './labels.ts';

export interface ServiceEdges {
  readonly api: Pick<CloudMapApi, 'readTags'>;
  readonly instances: InstanceReader;
  readonly elapsedMs: () => number;
  readonly hasMeta: boolean;
  readonly dropUnhealthy: boolean;
}

export const TAGS_ACTION = 'servicediscovery:ListTagsForResource';
/**
 * Denials in a row before they are believed. A single one may come from a role that was just
 * created, and must not publish a list that lacks targets.
 */
const BELIEVED_DENIALS = 2;

export class ServiceState {
  readonly namespace: CloudMapNamespace;
  readonly service: CloudMapService;
  /** `namespace/service`. */
  readonly name: string;
  /** The groups of the last good reading. */
  groups: readonly TargetGroup[] = [];
  explained: readonly Explained[] = [];
  /** Whether it was ever read whole. */
  isKnown = false;
  /**
   * Whether its tags are denied and were never read, so it has no targets. Set after
   * BELIEVED_DENIALS denials in a row, until an attempt has another outcome.
   */
  isDenied = false;
  /** When its tags were last asked for, by elapsed time. */
  tagsTriedMs = -Infinity;
  hasTagsFailed = false;
  readonly #edges: ServiceEdges;
  #tags: ReadonlyMap<string, string> | undefined;
  /** What the last reading of the tags could not find out. */
  #tagsLack: readonly Lack[] = [];
  #revision: number | undefined;
  /** Denials of its tags in a row. */
  #denials = 0;

  constructor(namespace: CloudMapNamespace, service: CloudMapService, edges: ServiceEdges) {
    this.namespace = namespace;
    this.service = service;
    this.name = `${namespace.name}/${service.name}`;
    this.#edges = edges;
  }

  /**
   * Reads the instances if they may have changed, and the tags if they are due.
   *
   * @returns what is lacking now
   * @throws AwsCallError that `isGone` when the service does not exist
   */
  async refresh(areTagsDue: boolean): Promise<readonly Lack[]> {
    const isFirst = this.#tags === undefined && !this.isDenied;
    if (areTagsDue || isFirst) await this.#readTags();
    const lacks = this.#tags === undefined ? [] : await this.#readInstances(this.#tags);
    return [...this.#tagsLack, ...lacks];
  }

  async #readTags(): Promise<void> {
    const { api, elapsedMs } = this.#edges;
    this.tagsTriedMs = elapsedMs();
    // The revision does not increase when attributes change under the same id, so the instances are
    // also read again together with the tags.
    this.#revision = undefined;
    try {
      this.#tags = await api.readTags(this.service);
      this.hasTagsFailed = false;
      this.isDenied = false;
      this.#denials = 0;
      this.#tagsLack = [];
    } catch (error) {
      if (isGone(error)) throw error;
      this.hasTagsFailed = !isDenied(error);
      this.#denials = isDenied(error) ? this.#denials + 1 : 0;
      this.isDenied = this.#tags === undefined && this.#denials >= BELIEVED_DENIALS;
      if (this.isDenied)
        this.explained = [explainService(this.namespace, this.service, 'tags_denied')];
      this.#tagsLack = [this.#makeTagsLack(error)];
    }
  }

  #makeTagsLack(error: unknown): Lack {
    const lost = this.#tags === undefined ? 'it has no targets' : 'its tags stay as they were';
    return {
      what: TAGS_ACTION,
      scope: this.name,
      cause: isDenied(error) ? 'denied' : 'failed',
      words: `${describeError(error)}; ${lost}`,
      isBlocking: this.#tags === undefined && !this.isDenied,
    };
  }

  async #readInstances(tags: ReadonlyMap<string, string>): Promise<readonly Lack[]> {
    if (!tags.has('METRICS_PATH') && !tags.has('ECS_METRICS_PATH')) {
      this.#revision = undefined;
      this.groups = [];
      this.explained = [explainService(this.namespace, this.service, 'no_tags')];
      this.isKnown = true;
      return [];
    }
    const { instances } = this.#edges;
    try {
      const reading = await instances.read(this.namespace, this.service, this.#revision);
      if (reading === 'unchanged') return [];
      this.#take(reading.instances, tags);
      this.#revision = reading.revision;
      this.isKnown = true;
      return reading.lacks;
    } catch (error) {
      if (isGone(error)) throw error;
      const lack = makeFailedLack('servicediscovery:DiscoverInstances', this.name, error);
      return [{ ...lack, isBlocking: !this.isKnown }];
    }
  }

  #take(instances: readonly Instance[], tags: ReadonlyMap<string, string>): void {
    const { hasMeta, dropUnhealthy } = this.#edges;
    const groups: TargetGroup[] = [];
    const explained: Explained[] = [];
    for (const { id, attributes, isUnhealthy } of instances) {
      const isDropped = dropUnhealthy && isUnhealthy;
      const instance = {
        id,
        attributes,
        namespace: this.namespace.name,
        serviceId: this.service.id,
        serviceName: this.service.name,
        tags,
        hasMeta,
      };
      const own = isDropped ? [] : groupsOfInstance(instance);
      groups.push(...own);
      explained.push(explainInstance(instance, own, isDropped));
    }
    this.groups = groups;
    this.explained = explained;
  }
}
