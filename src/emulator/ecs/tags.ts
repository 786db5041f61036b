/**
 * Reads, sets and removes the tags of ECS resources, by ARN.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html
 */
import { type ActionHandler, AwsError, requireText } from '../service.ts';
import type { CapacityProviders } from './capacity-providers.ts';
import type { Tag } from './shapes.ts';
import type { EcsState } from './state.ts';
import { parseTags } from './tag-list.ts';

interface Tagged {
  tags: readonly Tag[];
}

interface TaggedParts {
  readonly state: EcsState;
  readonly providers: CapacityProviders;
}

const TAGS_MAX = 50;

export function tagActions(parts: TaggedParts): Record<string, ActionHandler> {
  return {
    TagResource: (input) => {
      const found = requireTagged(parts, requireText(input, 'resourceArn'));
      const given = parseTags(input['tags']);
      const merged = new Map([...found.tags, ...given].map((tag) => [tag.key, tag]));
      if (merged.size > TAGS_MAX)
        throw new AwsError(
          'InvalidParameterException',
          `The maximum number of tags is ${TAGS_MAX}.`,
        );
      found.tags = [...merged.values()];
      return {};
    },
    UntagResource: (input) => {
      const found = requireTagged(parts, requireText(input, 'resourceArn'));
      const keys = input['tagKeys'];
      if (!Array.isArray(keys))
        throw new AwsError('InvalidParameterException', 'tagKeys must be a list.');
      found.tags = found.tags.filter(({ key }) => !keys.includes(key));
      return {};
    },
    ListTagsForResource: (input) => ({
      tags: requireTagged(parts, requireText(input, 'resourceArn')).tags,
    }),
  };
}

/**
 * Finds the cluster, task, service, container instance, task definition or capacity provider with
 * this ARN.
 *
 * @throws AwsError
 */
function requireTagged({ state, providers }: TaggedParts, arn: string): Tagged {
  if (!/^arn:aws[\w-]*:ecs:[\w-]*:\d{12}:[\w-]+\/.+/.test(arn))
    throw new AwsError('InvalidParameterException', `Invalid ARN: ${arn}`);
  const definition = state.definitions.all.get(arn.split('/').at(-1) ?? '');
  if (definition?.taskDefinitionArn === arn) return definition;
  const provider = [...providers.all.values()].find((one) => one.capacityProviderArn === arn);
  if (provider !== undefined) return provider;
  for (const cluster of state.clusters.values()) {
    const { clusterArn, services, tasks, instances } = cluster;
    if (clusterArn === arn) return cluster;
    const service = [...services.values()].find(({ serviceArn }) => serviceArn === arn);
    const found = service ?? tasks.get(arn)?.task ?? instances.get(arn);
    if (found !== undefined) return found;
  }
  throw new AwsError('ResourceNotFoundException', 'The specified resource was not found.');
}
