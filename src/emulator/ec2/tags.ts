/**
 * EC2's tags on any of its resources by their ids.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
 */
import { type ActionHandler, AwsError, type AwsInput } from '../service.ts';
import { readEc2Tags } from './described.ts';
import { cutEc2Page, parseFilters, readEc2Texts } from './lists.ts';
import type { Ec2State } from './state.ts';

interface Tagged {
  readonly Key: string;
  readonly Value: string;
  readonly ResourceId: string;
  readonly ResourceType: string;
}

export function ec2TagActions(state: Ec2State): Record<string, ActionHandler> {
  const { network } = state;
  const requireAll = (input: AwsInput): string[] => {
    const ids = readEc2Texts(input, 'Resources');
    if (ids.length === 0)
      throw new AwsError(
        'MissingParameter',
        'The request must contain the parameter resourceIdSet',
      );
    for (const id of ids) state.requireResource(id);
    return ids;
  };
  return {
    CreateTags: (input) => {
      const tags = readEc2Tags(input['Tags']);
      for (const id of requireAll(input)) network.setTags(id, tags);
      return { Return: true };
    },
    DeleteTags: (input) => {
      const given = input['Tags'] as readonly AwsInput[] | undefined;
      for (const id of requireAll(input)) {
        const own = Object.entries(network.tagsOf(id));
        for (const [key, value] of own) {
          const isMeant = (one: AwsInput): boolean =>
            one['Key'] === key && (one['Value'] ?? value) === value;
          if (!key.startsWith('aws:') && (given === undefined || given.some(isMeant)))
            network.removeTag(id, key);
        }
      }
      return { Return: true };
    },
    DescribeTags: (input) => {
      const fits = parseFilters<Tagged>(
        input['Filters'],
        {
          key: ({ Key }) => Key,
          'resource-id': ({ ResourceId }) => ResourceId,
          'resource-type': ({ ResourceType }) => ResourceType,
          value: ({ Value }) => Value,
        },
        ({ Key, Value }) => ({ [Key]: Value }),
      );
      const { page, ...more } = cutEc2Page(listTagged(state).filter(fits), input, 'Tags');
      return { Tags: page, ...more };
    },
  };
}

function listTagged(state: Ec2State): Tagged[] {
  return state
    .listResources()
    .flatMap(({ id, type }) =>
      state.network.listTags(id).map((tag) => ({ ...tag, ResourceId: id, ResourceType: type })),
    );
}
