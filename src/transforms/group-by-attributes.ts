/**
 * Moves attributes to the resource, as the processor `groupbyattrs` does; an attribute of the
 * resource that has the name already is replaced. Pure.
 * Source: contrib's processor/groupbyattrsprocessor/processor.go
 */
import { formatIdentity, type SeriesTransform } from '../model/transform.ts';

export function groupByAttributes(keys: readonly string[]): SeriesTransform {
  return {
    identity: formatIdentity('group_by_attributes', { keys: JSON.stringify(keys) }),
    change: ({ point }) => {
      const moved = keys.filter((key) => point.attributes.has(key));
      if (moved.length === 0) return 'unchanged';
      for (const key of moved) {
        point.resource.set(key, point.attributes.get(key) ?? '');
        point.attributes.delete(key);
      }
      return 'changed';
    },
  };
}
