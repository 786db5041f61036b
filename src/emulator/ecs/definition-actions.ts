/** ECS's calls for task definitions. */
import { requireOne } from '../members.ts';
import { type ActionHandler, requireText } from '../service.ts';
import { checkDefinition } from './definition-rules.ts';
import { cutEcsPage, isIncluded, pickDescribed, readEcsNames, readTags } from './requests.ts';
import type { ContainerDefinition } from './shapes.ts';
import type { EcsState } from './state.ts';

const NETWORK_MODES = ['bridge', 'host', 'awsvpc', 'none'] as const;
const DELETED_MAX = 10;
const DESCRIBED = [
  'taskRoleArn', 'executionRoleArn', 'cpu', 'memory', 'requiresCompatibilities', 'runtimePlatform',
  'volumes', 'placementConstraints', 'ephemeralStorage', 'pidMode', 'ipcMode', 'proxyConfiguration',
]; // prettier-ignore

export function definitionActions(state: EcsState): Record<string, ActionHandler> {
  return {
    RegisterTaskDefinition: (input) => {
      requireText(input, 'family');
      const networkMode = requireOne(input, 'networkMode', NETWORK_MODES) ?? 'bridge';
      checkDefinition({ ...input, networkMode });
      const { tags, ...taskDefinition } = state.register(
        requireText(input, 'family'),
        (input['containerDefinitions'] as ContainerDefinition[]).map((one) => ({
          essential: true,
          ...one,
        })),
        networkMode,
        readTags(input),
        pickDescribed(input, DESCRIBED),
      );
      return { taskDefinition, tags };
    },
    DeregisterTaskDefinition: (input) => {
      const { tags: _, ...definition } = state.definitions.deregister(
        requireText(input, 'taskDefinition'),
      );
      return { taskDefinition: definition };
    },
    DeleteTaskDefinitions: (input) => {
      const taskDefinitions: object[] = [];
      const failures: object[] = [];
      for (const arn of readEcsNames(input, 'taskDefinitions', DELETED_MAX)) {
        const deleted = state.definitions.delete(arn);
        if (typeof deleted === 'string') failures.push({ arn, reason: deleted });
        else taskDefinitions.push(deleted);
      }
      return { taskDefinitions, failures };
    },
    DescribeTaskDefinition: (input) => {
      const { tags, ...taskDefinition } = state.definition(requireText(input, 'taskDefinition'));
      return { taskDefinition, ...(isIncluded(input, 'TAGS') ? { tags } : {}) };
    },
    ListTaskDefinitions: (input) => {
      const prefix = input['familyPrefix'] as string | undefined;
      const wanted =
        requireOne(input, 'status', ['ACTIVE', 'INACTIVE', 'DELETE_IN_PROGRESS']) ?? 'ACTIVE';
      const all = [...state.definitions.all.values()].filter(
        ({ family, status }) => (prefix ?? family) === family && status === wanted,
      );
      if (requireOne(input, 'sort', ['ASC', 'DESC']) === 'DESC') all.reverse();
      const { page, nextToken } = cutEcsPage(all, input);
      const taskDefinitionArns = page.map(({ taskDefinitionArn }) => taskDefinitionArn);
      return { taskDefinitionArns, nextToken };
    },
    ListTaskDefinitionFamilies: (input) => {
      const prefix = (input['familyPrefix'] as string | undefined) ?? '';
      const wanted = requireOne(input, 'status', ['ACTIVE', 'INACTIVE', 'ALL']) ?? 'ALL';
      const active = new Map<string, boolean>();
      for (const { family, status } of state.definitions.all.values())
        if (family.startsWith(prefix))
          active.set(family, status === 'ACTIVE' || active.get(family) === true);
      const families = [...active]
        .filter(([, isActive]) => wanted === 'ALL' || isActive === (wanted === 'ACTIVE'))
        .map(([family]) => family)
        .sort();
      const { page, nextToken } = cutEcsPage(families, input);
      return { families: page, nextToken };
    },
  };
}
