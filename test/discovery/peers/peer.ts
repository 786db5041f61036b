/**
 * A peer of ECS discovery as a table: tasks, the targets that its code makes of them, and the
 * differences from ours.
 */
import assert from 'node:assert/strict';
import type { DefinitionFacts, TaskFacts } from '../../../src/discovery/ecs/facts.ts';
import type { Profile } from '../../../src/discovery/ecs/profiles.ts';
import type { Rules } from '../../../src/discovery/ecs/rules.ts';
import { type Kind, kinds } from '../task-kinds.ts';

export type Labels = Readonly<Record<string, string>>;
type Containers = DefinitionFacts['containers'];
/** Labels by kind of task, container and address. */
export type Targets = Readonly<Record<string, Labels>>;

export interface Peer {
  readonly profile: Profile;
  readonly rules: Rules;
  readonly tasks: readonly TaskFacts[];
  readonly theirs: Targets;
  readonly differences: readonly string[];
}

/**
 * Makes a task with these containers. On an instance in bridge mode each port is bound to the host
 * port 30,000 above it.
 */
export function withContainers(kind: Kind, containers: Containers): TaskFacts {
  const facts: TaskFacts = kinds[kind];
  const { task, definition } = facts;
  assert.ok(definition !== undefined);
  const isBridge = definition.networkMode === 'bridge';
  return {
    ...facts,
    definition: { ...definition, containers },
    task: {
      ...task,
      containers: containers.map(({ name, portMappings = [] }) => ({
        name,
        containerArn: `arn-of-${name}`,
        networkBindings: isBridge
          ? portMappings.map(({ containerPort = 0 }) => ({
              containerPort,
              hostPort: containerPort + 30_000,
            }))
          : [],
      })),
    },
  };
}

export const mapped = (...ports: number[]) => ({
  portMappings: ports.map((port) => ({ containerPort: port, hostPort: port })),
});
