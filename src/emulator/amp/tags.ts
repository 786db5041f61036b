/** AMP's calls on the tags of workspaces, namespaces, scrapers and detectors, by their ARNs. */
import * as z from 'zod';
import type { ActionHandler } from '../service.ts';
import { missResource, parseAmpCall, refuseData, TAGS_MAX, ampTagsSchema } from './requests.ts';
import type { AmpState } from './state.ts';

const resourceSchema = z.object({ resourceArn: z.string().min(1).max(1_011) });
const tagSchema = resourceSchema.extend({ tags: ampTagsSchema });
const untagSchema = resourceSchema.extend({ tagKeys: z.array(z.string().max(128)).max(TAGS_MAX) });

export function ampTagActions(state: AmpState): Record<string, ActionHandler> {
  return {
    TagResource: (input) => {
      const { resourceArn, tags } = parseAmpCall(tagSchema, input);
      const known = findTags(state, resourceArn);
      if (new Set([...known.keys(), ...Object.keys(tags)]).size > TAGS_MAX)
        throw refuseData(`A resource has at most ${TAGS_MAX} tags.`);
      for (const [name, value] of Object.entries(tags)) known.set(name, value);
      return {};
    },
    UntagResource: (input) => {
      const { resourceArn, tagKeys } = parseAmpCall(untagSchema, input);
      const known = findTags(state, resourceArn);
      for (const name of tagKeys) known.delete(name);
      return {};
    },
    ListTagsForResource: (input) => {
      const { resourceArn } = parseAmpCall(resourceSchema, input);
      return { tags: Object.fromEntries(findTags(state, resourceArn)) };
    },
  };
}

/** @throws AwsError ResourceNotFoundException */
function findTags(state: AmpState, resourceArn: string): Map<string, string> {
  const found = state.tagsOf(resourceArn);
  if (found === undefined) throw missResource('resource', resourceArn);
  return found;
}
