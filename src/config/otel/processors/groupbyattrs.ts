/**
 * The processor `groupbyattrs`: attributes move to the resource.
 * Source: contrib's processor/groupbyattrsprocessor/{config,factory}.go
 */
import * as z from 'zod';
import { listOf, textSchema } from '../../../settings/text.ts';
import { groupByAttributes } from '../../../transforms/group-by-attributes.ts';
import { besideFor } from '../components.ts';
import { defineProcessor } from './processor.ts';

const schema = z.strictObject({
  keys: listOf(textSchema)
    .optional()
    .describe('Names of attributes that move to the resource. Without any, nothing is changed.'),
});

export const groupByAttributesKind = defineProcessor({
  minimal: { keys: ['a'] },
  names: ['groupbyattrs', 'group_by_attrs'],
  schema,
  inTraces: ({ keys = [] }) =>
    keys.some((key) => key !== '')
      ? { refused: `spans keep their resource: remove it, or ${besideFor('traces')}`, key: 'keys' }
      : { idle: 'without keys it only joins resources' },
  resolve: ({ keys = [] }, { at, report }) => {
    for (const [index, key] of keys.entries())
      if (keys.indexOf(key) < index)
        report.warn([...at, 'keys', index], `key "${key}" is already there`);
    const names = [...new Set(keys)].filter((key) => key !== '');
    if (names.length > 0) return [groupByAttributes(names)];
    report.warn(at, 'groupbyattrs has no effect without keys: series need no compaction', 'key');
    return [];
  },
});
