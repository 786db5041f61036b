/** Tags of resources of EC2: given when one is made, changed by calls of their own. */
import {
  compareTags,
  joinTags,
  type Change,
  type Site,
  type ResourceTag,
} from '../resource-kind.ts';
import type { Values } from '../values.ts';

/** The member of a call that makes a resource with tags. */
export function specifyTags(
  kind: string,
  properties: Values,
  site: Site,
): { TagSpecifications?: readonly { ResourceType: string; Tags: readonly ResourceTag[] }[] } {
  const tags = [...joinTags(properties['Tags'], site.tags), ...site.systemTags];
  return { TagSpecifications: [{ ResourceType: kind, Tags: tags }] };
}

export async function changeTags(id: string, change: Change, site: Site): Promise<void> {
  const { added, removed } = compareTags(
    joinTags(change.before['Tags'], change.tagsBefore),
    joinTags(change.after['Tags'], site.tags),
  );
  const Resources = [id];
  if (removed.length > 0)
    await site.call('ec2', 'DeleteTags', { Resources, Tags: removed.map((Key) => ({ Key })) });
  if (added.length > 0) await site.call('ec2', 'CreateTags', { Resources, Tags: added });
}
