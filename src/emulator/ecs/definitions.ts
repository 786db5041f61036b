/**
 * The task definitions of an emulated account: families with revisions, each active until it is
 * deregistered.
 * Source:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition.html
 */
import type { Clock } from '../../kernel/clock.ts';
import { AwsError } from '../service.ts';
import type { ContainerDefinition, Tag, TaskDefinition } from './shapes.ts';

export interface DefinitionRequest {
  readonly family: string;
  readonly containers: readonly ContainerDefinition[];
  readonly networkMode: string;
  readonly tags: readonly Tag[];
  /** Further members, which are returned as they came. */
  readonly more: Readonly<Record<string, unknown>>;
}

const DEFINITIONS_MAX = 50_000;

export class TaskDefinitions {
  /** All revisions by `family:revision`, the oldest first. */
  readonly all = new Map<string, TaskDefinition>();
  readonly #revisions = new Map<string, number>();
  readonly #arnOf: (id: string) => string;
  readonly #clock: Clock;

  constructor(arnOf: (id: string) => string, clock: Clock) {
    this.#arnOf = arnOf;
    this.#clock = clock;
  }

  /** @throws AwsError */
  register({ family, containers, networkMode, tags, more }: DefinitionRequest): TaskDefinition {
    if (this.all.size >= DEFINITIONS_MAX)
      throw new AwsError('LimitExceededException', `There are ${DEFINITIONS_MAX} already.`);
    const revision = (this.#revisions.get(family) ?? 0) + 1;
    this.#revisions.set(family, revision);
    const definition: TaskDefinition = {
      ...more,
      taskDefinitionArn: this.#arnOf(`${family}:${revision}`),
      family,
      revision,
      networkMode,
      containerDefinitions: containers,
      status: 'ACTIVE',
      registeredAt: this.#clock.nowMs() / 1_000,
      tags,
    };
    this.all.set(`${family}:${revision}`, definition);
    return definition;
  }

  /**
   * Finds a revision by ARN, by `family:revision`, or by `family`: its newest active revision.
   *
   * @throws AwsError
   */
  find(name: string): TaskDefinition {
    const key = name.split('/').at(-1) ?? '';
    const found = key.includes(':') ? this.all.get(key) : this.#newest(key);
    if (found === undefined)
      throw new AwsError('ClientException', 'Unable to describe task definition.');
    return found;
  }

  #newest(family: string): TaskDefinition | undefined {
    for (let revision = this.#revisions.get(family) ?? 0; revision > 0; revision--) {
      const found = this.all.get(`${family}:${revision}`);
      if (found?.status === 'ACTIVE') return found;
    }
    return undefined;
  }

  /**
   * Deregisters a revision: its tasks go on, and no new ones can be run.
   *
   * @throws AwsError
   */
  deregister(name: string): TaskDefinition {
    const key = name.split('/').at(-1) ?? '';
    if (!/:\d+$/.test(key))
      throw new AwsError(
        'ClientException',
        'A task definition is deregistered by family:revision.',
      );
    const found = this.all.get(key);
    if (found === undefined)
      throw new AwsError('ClientException', 'The specified task definition does not exist.');
    if (found.status === 'ACTIVE') found.status = 'INACTIVE';
    found.deregisteredAt ??= this.#clock.nowMs() / 1_000;
    return found;
  }

  /**
   * Deletes a revision that is INACTIVE. ECS keeps it in deletion while something uses it; here it
   * is described so for good, and nothing new can use it.
   *
   * @returns why not, in ECS's words
   */
  delete(name: string): TaskDefinition | string {
    const found = this.all.get(name.split('/').at(-1) ?? '');
    if (found === undefined) return 'The specified task definition does not exist.';
    if (found.status === 'ACTIVE')
      return 'The specified task definition is still in ACTIVE status. Deregister it, then try again.';
    found.status = 'DELETE_IN_PROGRESS';
    return found;
  }
}
